/** The seed of a term's lottery (C3): nobody knows it before the term before begins, nobody chooses it. */
import { blake2b } from '@noble/hashes/blake2.js'
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { UnitId } from '../dag-port.ts'

const SEED_DOMAIN = utf8ToBytes('zos-lottery-seed')
const VRF_DOMAIN = utf8ToBytes('zos-lottery-vrf')
/** Bytes of a VRF output. */
const OUTPUT_BYTES = 64

/** A number as 8 bytes, little-endian. */
export function uint64(number: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number), true)
  return bytes
}

/** What a validator proves with its VRF key in term `term`: one output a validator and term, that it cannot choose. */
export function vrfInput(term: number, seed: Uint8Array): Uint8Array {
  return concatBytes(VRF_DOMAIN, uint64(term), seed)
}

/**
 * The seed of `term`.
 *
 * @param lastFinal the committed leader that ended term − 2, so that the seed is known while term − 1 runs and tickets can be
 *   found; the genesis for the terms 0 and 1.
 * @param vrfOutputs the outputs in its past that were made for the term that it ended, one a validator, in any order (64 bytes each).
 */
export function termSeed(term: number, lastFinal: UnitId, vrfOutputs: Iterable<Uint8Array>): Uint8Array {
  const mix = new Uint8Array(OUTPUT_BYTES)
  for (const output of vrfOutputs) for (let i = 0; i < OUTPUT_BYTES; i += 1) mix[i]! ^= output[i]!
  return blake2b(concatBytes(SEED_DOMAIN, uint64(term), hexToBytes(lastFinal.slice(2)), mix), { dkLen: 32 })
}
