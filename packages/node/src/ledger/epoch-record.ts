/** The canonical bytes of an epoch's start: in the store, and in snapshots. */
import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import { type Address, decodeHeader, encodeHeader, type Hex, type UnitId } from '@zos/dag'
import { MAX_COMMITTEE } from '@zos/zpos'
import { NodeError } from '../errors.ts'
import type { EpochStart } from './epoch.ts'
import { unitHash } from './unit-hash.ts'

/** Peaks of an accumulator over 2^53 units. */
const MAX_PEAKS = 53

export function encodeEpochStart({ number, unit, height, mci, block, members, chain }: EpochStart): Uint8Array {
  return RLP.encode([
    number,
    encodeHeader(unit.header),
    height,
    mci,
    block,
    members.map(({ address, publicKey, isogenyKey, vrfKey, stake }) => [
      address,
      publicKey,
      bigIntToUnpaddedBytes(stake),
      isogenyKey ?? '',
      vrfKey ?? '',
    ]),
    chain.size,
    [...chain.peaks],
  ])
}

/** Reads {@link encodeEpochStart}. The unit's id is the hash of its header. Throws `NODE_SNAPSHOT_INVALID` for anything else. */
export function decodeEpochStart(bytes: Uint8Array): EpochStart {
  try {
    const [number, header, height, mci, block, members, size, peaks] = RLP.decode(bytes) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array][],
      Uint8Array,
      Uint8Array[],
    ]
    if (members.length > MAX_COMMITTEE || peaks.length > MAX_PEAKS) throw new Error('too many members or peaks')
    return {
      number: integer(number),
      unit: { id: bytesToHex(unitHash(header)) as UnitId, header: decodeHeader(header) },
      height: integer(height),
      mci: integer(mci),
      block: integer(block),
      members: members.map(([address, publicKey, stake, isogenyKey, vrfKey]) => ({
        address: bytesToHex(address) as Address,
        publicKey,
        ...(isogenyKey.length > 0 ? { isogenyKey } : {}),
        ...(vrfKey.length > 0 ? { vrfKey } : {}),
        stake: bytesToBigInt(stake),
      })),
      chain: { size: integer(size), peaks: peaks.map((peak) => bytesToHex(peak) as Hex) },
    }
  } catch (cause) {
    throw new NodeError(
      'NODE_SNAPSHOT_INVALID',
      `an epoch's start cannot be read: ${(cause as Error).message}`,
      { bytes: bytes.length },
      { cause },
    )
  }
}

function integer(bytes: Uint8Array): number {
  const value = Number(bytesToBigInt(bytes))
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is out of range`)
  return value
}
