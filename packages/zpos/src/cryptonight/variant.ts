/** The variants of CryptoNight and what they share: absorbing the input, and the choice of the last hash. */
import { blake256 } from '@noble/hashes/blake1.js'
import { keccakP } from '@noble/hashes/sha3.js'
import { ZposError } from '../errors.ts'
import { groestl256 } from './groestl.ts'
import { jh256 } from './jh.ts'
import { skein512256 } from './skein.ts'

/**
 * 0: the original (CNS-008). 1: "v7" of April 2018, the one that the lottery uses. 2: of October 2018, with division and square root.
 */
export type CryptonightVariant = 0 | 1 | 2

/** Bytes of the scratchpad. */
export const SCRATCHPAD_BYTES = 1 << 21
/** Steps of the main loop. */
export const ITERATIONS = 1 << 19
/** Variant 1 mixes in bytes 35–42 of the input. */
export const MIN_INPUT_V1 = 43

const RATE = 136
const FINALISERS = [blake256, groestl256, jh256, skein512256]

/** The 200-byte state after the input: Keccak with the padding of 2012 (0x01), all of the state kept. */
export function absorb(data: Uint8Array): Uint32Array {
  const state = new Uint32Array(50)
  const bytes = new Uint8Array(state.buffer)
  for (let at = 0; ; at += RATE) {
    const block = data.subarray(at, at + RATE)
    for (let i = 0; i < block.length; i += 1) bytes[i]! ^= block[i]!
    if (block.length < RATE) {
      bytes[block.length]! ^= 1
      bytes[RATE - 1]! ^= 0x80
      keccakP(state, 24)
      return state
    }
    keccakP(state, 24)
  }
}

/** The digest of the state after the main loop. Wipes the state. */
export function finish(state: Uint32Array): Uint8Array {
  keccakP(state, 24)
  const digest = FINALISERS[state[0]! & 3]!(new Uint8Array(state.buffer, state.byteOffset, 200))
  state.fill(0)
  return digest
}

/** The two words that variant 1 mixes in: state bytes 192–199 against input bytes 35–42. Zero for the others. */
export function tweakOf(variant: CryptonightVariant, data: Uint8Array, state: Uint32Array): [number, number] {
  if (variant !== 0 && variant !== 1 && variant !== 2) {
    throw new ZposError('ZPOS_INVALID_ARGUMENT', `CryptoNight has no variant ${String(variant)} here`, { variant })
  }
  if (variant !== 1) return [0, 0]
  if (data.length < MIN_INPUT_V1) {
    throw new ZposError('ZPOS_INVALID_ARGUMENT', `variant 1 needs ${MIN_INPUT_V1} bytes of input, not ${data.length}`, {
      length: data.length,
    })
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return [(state[48]! ^ view.getUint32(35, true)) >>> 0, (state[49]! ^ view.getUint32(39, true)) >>> 0]
}
