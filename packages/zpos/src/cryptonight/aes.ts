/** The parts of AES (FIPS 197) that CryptoNight is made of: S-box, round as four tables, key expansion. */

/** The S-box. */
export const AES_SBOX: Uint8Array = (() => {
  const box = new Uint8Array(256)
  // Walks the multiplicative group: p runs through powers of 3, q through their inverses.
  let p = 1
  let q = 1
  do {
    p = (p ^ (p << 1) ^ (p & 0x80 ? 0x1b : 0)) & 0xff
    q ^= q << 1
    q ^= q << 2
    q = (q ^ (q << 4)) & 0xff
    if (q & 0x80) q ^= 0x09
    const rotate = (by: number) => ((q << by) | (q >> (8 - by))) & 0xff
    box[p] = q ^ rotate(1) ^ rotate(2) ^ rotate(3) ^ rotate(4) ^ 0x63
  } while (p !== 1)
  box[0] = 0x63
  return box
})()

/**
 * SubBytes and MixColumns in one look-up a byte, little-endian: entries 0–255 for row 0, then the three other rows, each
 * the one before turned by a byte.
 */
export const AES_TABLES: Uint32Array = (() => {
  const tables = new Uint32Array(1024)
  for (let byte = 0; byte < 256; byte += 1) {
    const s = AES_SBOX[byte]!
    const twice = ((s << 1) ^ (s & 0x80 ? 0x11b : 0)) & 0xff
    let entry = (twice | (s << 8) | (s << 16) | ((twice ^ s) << 24)) >>> 0
    for (let row = 0; row < 4; row += 1) {
      tables[256 * row + byte] = entry
      entry = ((entry << 8) | (entry >>> 24)) >>> 0
    }
  }
  return tables
})()

/** Rounds that CryptoNight applies to a block. */
export const CN_ROUNDS = 10

/** The first ten round keys of the AES-256 key schedule, as 40 little-endian words. */
export function expandKey(key: Uint32Array): Uint32Array {
  const words = new Uint32Array(4 * CN_ROUNDS)
  words.set(key)
  const substitute = (word: number): number =>
    AES_SBOX[word & 255]! |
    (AES_SBOX[(word >>> 8) & 255]! << 8) |
    (AES_SBOX[(word >>> 16) & 255]! << 16) |
    (AES_SBOX[word >>> 24]! << 24)
  let constant = 1
  for (let i = 8; i < words.length; i += 1) {
    let word = words[i - 1]!
    if (i % 8 === 0) {
      word = substitute((word >>> 8) | (word << 24)) ^ constant
      constant <<= 1
    } else if (i % 8 === 4) word = substitute(word)
    words[i] = words[i - 8]! ^ word
  }
  return words
}
