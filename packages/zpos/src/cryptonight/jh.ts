/**
 * JH-256 (Hongjun Wu, SHA-3 submission, January 2011), one of the four finalisers of CryptoNight. This is the specification's
 * own form over 256 elements of four bits; round constants are computed, not listed.
 */

const S0 = [9, 0, 4, 11, 13, 12, 3, 15, 1, 10, 2, 6, 7, 5, 8, 14]
const S1 = [3, 12, 6, 13, 5, 7, 1, 9, 15, 2, 0, 4, 11, 10, 14, 8]
const ROUNDS = 42
const BLOCK = 64

/** Multiplication by 2 in GF(2^4) modulo x^4 + x + 1. */
const TWICE = Array.from({ length: 16 }, (_, a) => ((a << 1) ^ (a >> 3) ^ ((a >> 2) & 2)) & 15)

/** Linear transformation and permutation of a round over `size` elements (256 for the state, 64 for the constants). */
function mixAndPermute(from: Uint8Array, to: Uint8Array): void {
  const half = from.length / 2
  for (let i = 0; i < from.length; i += 2) {
    from[i + 1]! ^= TWICE[from[i]!]!
    from[i]! ^= TWICE[from[i + 1]!]!
  }
  for (let i = 0; i < from.length; i += 4) {
    const third = from[i + 2]!
    from[i + 2] = from[i + 3]!
    from[i + 3] = third
  }
  for (let i = 0; i < half; i += 1) {
    to[i] = from[2 * i]!
    to[(half + i) ^ 1] = from[2 * i + 1]!
  }
}

/** The constants of the 42 rounds as bits, one for each element. */
const ROUND_BITS: readonly Uint8Array[] = (() => {
  const constant = Uint8Array.from('6a09e667f3bcc908b2fb1366ea957d3e3adec17512775099da2f590b0667322a', (digit) =>
    Number.parseInt(digit, 16),
  )
  return Array.from({ length: ROUNDS }, () => {
    const bits = Uint8Array.from({ length: 256 }, (_, i) => (constant[i >> 2]! >> (3 - (i & 3))) & 1)
    mixAndPermute(
      constant.map((element) => S0[element]!),
      constant,
    )
    return bits
  })
})()

const bit = (bytes: Uint8Array, at: number): number => (bytes[at >> 3]! >> (7 - (at & 7))) & 1

/** The bijection E8 on 1,024 bits. */
function e8(state: Uint8Array): void {
  const elements = new Uint8Array(256)
  for (let i = 0; i < 256; i += 1) {
    const element = (bit(state, i) << 3) | (bit(state, i + 256) << 2) | (bit(state, i + 512) << 1) | bit(state, i + 768)
    elements[i < 128 ? 2 * i : 2 * (i - 128) + 1] = element
  }
  for (const bits of ROUND_BITS) {
    mixAndPermute(
      elements.map((element, i) => (bits[i] === 1 ? S1 : S0)[element]!),
      elements,
    )
  }
  state.fill(0)
  for (let i = 0; i < 256; i += 1) {
    const element = elements[i < 128 ? 2 * i : 2 * (i - 128) + 1]!
    for (let row = 0; row < 4; row += 1) {
      const at = i + 256 * row
      state[at >> 3]! |= ((element >> (3 - row)) & 1) << (7 - (at & 7))
    }
  }
}

function compress(state: Uint8Array, block: Uint8Array): void {
  for (let i = 0; i < BLOCK; i += 1) state[i]! ^= block[i]!
  e8(state)
  for (let i = 0; i < BLOCK; i += 1) state[BLOCK + i]! ^= block[i]!
}

/** The chaining value before the first block: the output length, then one compression of zeros. */
const START: Uint8Array = (() => {
  const state = new Uint8Array(128)
  state[0] = 1 // 256 bits
  compress(state, new Uint8Array(BLOCK))
  return state
})()

/** JH-256 of `data`. */
export function jh256(data: Uint8Array): Uint8Array {
  // At least 512 bits of padding, so that the length is alone in the last block unless the data ends a block.
  const whole = data.length % BLOCK === 0 ? data.length : data.length - (data.length % BLOCK) + BLOCK
  const padded = new Uint8Array(whole + BLOCK)
  padded.set(data)
  padded[data.length] = 0x80
  new DataView(padded.buffer).setBigUint64(padded.length - 8, 8n * BigInt(data.length))
  const state = START.slice()
  for (let at = 0; at < padded.length; at += BLOCK) compress(state, padded.subarray(at, at + BLOCK))
  return state.slice(96)
}
