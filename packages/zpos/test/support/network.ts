/** Committees named A, B, C … */

import type { Address } from '../../src/index.ts'
import { type Committee, createCommittee } from '../../src/index.ts'

export function names(count: number): Address[] {
  return Array.from({ length: count }, (_, i) => (i < 26 ? String.fromCharCode(65 + i) : `V${String(i)}`) as Address)
}

/** A committee of `stakes.length` members, or of `stakes` members with stake 1. */
export function committeeOf(stakes: number | readonly number[], epoch = 0): Committee {
  const list = typeof stakes === 'number' ? Array.from({ length: stakes }, () => 1) : stakes
  return createCommittee({
    epoch,
    members: names(list.length).map((address, i) => ({
      address,
      publicKey: new Uint8Array(33).fill(i + 1),
      stake: BigInt(list[i]!),
    })),
  })
}

/** Seeded generator of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
