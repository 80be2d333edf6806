/**
 * Grøstl-256 (Gauravaram et al., SHA-3 submission, March 2011), one of the four finalisers of CryptoNight. Written for
 * inputs of a few hundred bytes: a table of the S-box and plain loops.
 */
import { AES_SBOX } from './aes.ts'

const SHIFT_P = [0, 1, 2, 3, 4, 5, 6, 7]
const SHIFT_Q = [1, 3, 5, 7, 0, 2, 4, 6]
/** First row of the circulant matrix of MixBytes. */
const MIX = [2, 2, 3, 4, 5, 3, 5, 7]
const ROUNDS = 10
const BLOCK = 64

/** Multiplication in GF(2^8) by the small constants of MixBytes. */
const TIMES: Uint8Array[] = Array.from({ length: 8 }, (_, factor) =>
  Uint8Array.from({ length: 256 }, (_, value) => {
    const twice = (x: number) => (x << 1) ^ (x & 0x80 ? 0x11b : 0)
    return (factor & 1 ? value : 0) ^ (factor & 2 ? twice(value) : 0) ^ (factor & 4 ? twice(twice(value)) : 0)
  }),
)

/** The permutations P and Q; `state[8 · column + row]`. */
function permute(state: Uint8Array, q: boolean): void {
  const shift = q ? SHIFT_Q : SHIFT_P
  const shifted = new Uint8Array(BLOCK)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let column = 0; column < 8; column += 1) {
      if (q) {
        for (let row = 0; row < 8; row += 1) state[8 * column + row]! ^= 0xff
        state[8 * column + 7]! ^= (column << 4) ^ round
      } else {
        state[8 * column]! ^= (column << 4) ^ round
      }
    }
    for (let column = 0; column < 8; column += 1) {
      for (let row = 0; row < 8; row += 1) {
        shifted[8 * column + row] = AES_SBOX[state[8 * ((column + shift[row]!) % 8) + row]!]!
      }
    }
    for (let column = 0; column < 8; column += 1) {
      for (let row = 0; row < 8; row += 1) {
        let sum = 0
        for (let k = 0; k < 8; k += 1) sum ^= TIMES[MIX[(k - row + 8) % 8]!]![shifted[8 * column + k]!]!
        state[8 * column + row] = sum
      }
    }
  }
}

/** Grøstl-256 of `data`. */
export function groestl256(data: Uint8Array): Uint8Array {
  const blocks = Math.ceil((data.length + 9) / BLOCK)
  const padded = new Uint8Array(blocks * BLOCK)
  padded.set(data)
  padded[data.length] = 0x80
  new DataView(padded.buffer).setUint32(padded.length - 4, blocks)
  const chain = new Uint8Array(BLOCK)
  chain[62] = 1 // 256 bits of output
  for (let at = 0; at < padded.length; at += BLOCK) {
    const message = padded.subarray(at, at + BLOCK)
    const p = chain.map((byte, i) => byte ^ message[i]!)
    const q = message.slice()
    permute(p, false)
    permute(q, true)
    for (let i = 0; i < BLOCK; i += 1) chain[i]! ^= p[i]! ^ q[i]!
  }
  const last = chain.slice()
  permute(last, false)
  return chain.map((byte, i) => byte ^ last[i]!).slice(32)
}
