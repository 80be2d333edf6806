/** BLAKE2b's compression function as RFC 7693 §3.2 writes it, with the number of rounds as a parameter: slow, and easy to compare with the text. */
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
]
const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
]

const word = (value: bigint) => BigInt.asUintN(64, value)
const rotated = (value: bigint, bits: bigint) => word((value >> bits) | (value << (64n - bits)))

/** `input` is h ‖ m ‖ t, words little-endian. */
export function blake2bReference(rounds: number, input: Uint8Array, isFinal: boolean): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset)
  const words = Array.from({ length: 26 }, (_, index) => view.getBigUint64(8 * index, true))
  const h = words.slice(0, 8)
  const m = words.slice(8, 24)
  const v = [...h, ...IV]
  v[12]! ^= words[24]!
  v[13]! ^= words[25]!
  if (isFinal) v[14] = word(~v[14]!)
  const mix = (a: number, b: number, c: number, d: number, x: bigint, y: bigint) => {
    v[a] = word(v[a]! + v[b]! + x)
    v[d] = rotated(v[d]! ^ v[a]!, 32n)
    v[c] = word(v[c]! + v[d]!)
    v[b] = rotated(v[b]! ^ v[c]!, 24n)
    v[a] = word(v[a]! + v[b]! + y)
    v[d] = rotated(v[d]! ^ v[a]!, 16n)
    v[c] = word(v[c]! + v[d]!)
    v[b] = rotated(v[b]! ^ v[c]!, 63n)
  }
  for (let round = 0; round < rounds; round++) {
    const s = SIGMA[round % 10]!.map((index) => m[index]!)
    mix(0, 4, 8, 12, s[0]!, s[1]!)
    mix(1, 5, 9, 13, s[2]!, s[3]!)
    mix(2, 6, 10, 14, s[4]!, s[5]!)
    mix(3, 7, 11, 15, s[6]!, s[7]!)
    mix(0, 5, 10, 15, s[8]!, s[9]!)
    mix(1, 6, 11, 12, s[10]!, s[11]!)
    mix(2, 7, 8, 13, s[12]!, s[13]!)
    mix(3, 4, 9, 14, s[14]!, s[15]!)
  }
  const out = new Uint8Array(64)
  const result = new DataView(out.buffer)
  for (let i = 0; i < 8; i++) result.setBigUint64(8 * i, h[i]! ^ v[i]! ^ v[i + 8]!, true)
  return out
}
