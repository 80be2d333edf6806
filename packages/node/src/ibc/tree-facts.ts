/**
 * What the state itself says of the trees beside it, in two slots of the host: a proof of the state root reaches what other chains see, and whoever takes the
 * trees from somebody else can check them.
 */
import { bigIntToUnpaddedBytes, bytesToBigInt } from '@ethereumjs/util'
import { slotAt } from '../native/native-storage.ts'
import type { StoreName } from './host-records.ts'

/** The app hash after the block, 32 bytes. */
export const APP_HASH_SLOT = slotAt(2n)
/** Time of the block and versions of the trees, 64 bits each. */
export const TREES_SLOT = slotAt(5n)

export interface TreeFacts extends Readonly<Record<StoreName, number>> {
  /** Nanoseconds since 1970. */
  readonly time: bigint
}

export function encodeTreeFacts({ time, ibc, zones }: TreeFacts): Uint8Array {
  return bigIntToUnpaddedBytes((time << 128n) | (BigInt(ibc) << 64n) | BigInt(zones))
}

export function decodeTreeFacts(slot: Uint8Array): TreeFacts {
  const value = bytesToBigInt(slot)
  const number = (shift: bigint) => Number(BigInt.asUintN(64, value >> shift))
  return { time: value >> 128n, ibc: number(64n), zones: number(0n) }
}

/** Without leading zeros, as slots hold bytes. */
export function trimmed(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length && bytes[start] === 0) start++
  return bytes.slice(start)
}
