/** U7: joining without the history that was dropped. */
import type { PrunedUnit, PruningPoint, UnitRef } from '../dag/dag.ts'
import { DagError } from '../errors.ts'
import { createLedger, type Ledger, type LedgerOptions } from '../order/ledger.ts'
import { CborReader, CborWriter } from '../unit/cbor.ts'
import { blake2b256, decodeHeader, encodeHeader, type Hash } from '../unit/header.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, type UnitId } from '../unit/id.ts'
import { FORMAT_BOUNDS } from '../unit/limits.ts'
import { type LedgerParts, pointAt } from './prune.ts'

/** Where a ledger can be joined. A pure function of the main chain up to the point, so all honest nodes make the same. */
export interface Snapshot {
  readonly point: PruningPoint
  /** The accumulator of the main chain up to and with the point. */
  readonly chain: { readonly size: number; readonly peaks: readonly Hex[] }
}

const DOMAIN = 'zos-snapshot'
/** Units below a point that a snapshot names at most: 61 indices of a busy network. */
const MAX_BELOW = 1_000_000

/** The snapshot of an index that is indexed and not pruned. `chain` is the accumulator of exactly the main chain up to it. */
export function createSnapshot(ledger: LedgerParts, mci: number, chain: Snapshot['chain']): Snapshot {
  if (chain.size !== mci + 1) {
    throw new DagError(
      'DAG_INVALID_ARGUMENT',
      `the accumulator has ${chain.size} units, index ${mci} needs ${mci + 1}`,
      { mci },
    )
  }
  return { point: pointAt(ledger, mci), chain: { size: chain.size, peaks: [...chain.peaks] } }
}

/** The canonical bytes of a snapshot. */
export function encodeSnapshot({ point, chain }: Snapshot): Uint8Array {
  const writer = new CborWriter(512 + 64 * point.below.length)
  writer
    .array(7)
    .text(DOMAIN)
    .uint(point.mci)
    .uint(point.height)
    .bytes(encodeHeader(point.unit.header))
    .uint(chain.size)
  writer.array(chain.peaks.length)
  for (const peak of chain.peaks) writer.bytes(hexToBytes(peak))
  writer.array(point.below.length)
  for (const { id, height, round, mci, author, isMainChain } of point.below) {
    writer.array(6).bytes(hexToBytes(id)).uint(height).uint(round).uint(mci)
    writer.bytes(author ? hexToBytes(author) : new Uint8Array(0)).uint(isMainChain ? 1 : 0)
  }
  return writer.finish()
}

/** What a checkpoint carries: BLAKE2b-256 of the canonical bytes. */
export function snapshotRoot(snapshot: Snapshot, hash: Hash = blake2b256): Hex {
  return bytesToHex(hash(encodeSnapshot(snapshot)))
}

/** Reads a snapshot that a checkpoint vouches for. Throws `DAG_SNAPSHOT_INVALID` unless it hashes to `root`, `DAG_ENCODING` unless canonical. */
export function decodeSnapshot(bytes: Uint8Array, root: Hex, hash: Hash = blake2b256): Snapshot {
  const found = bytesToHex(hash(bytes))
  if (found !== root)
    throw new DagError('DAG_SNAPSHOT_INVALID', `snapshot hashes to ${found}, the checkpoint says ${root}`, {
      root,
      found,
    })
  const reader = new CborReader(bytes)
  if (reader.array(7) !== 7) reader.fail('the seven parts of a snapshot')
  reader.text(DOMAIN)
  const mci = reader.uint()
  const height = reader.uint(0x7fffffff)
  const headerBytes = reader.bytes(FORMAT_BOUNDS.parents * 43 + 4096)
  const size = reader.uint()
  const peaks: Hex[] = []
  for (let left = reader.array(53); left > 0; left--) peaks.push(bytesToHex(reader.bytesOf(32)))
  const below: PrunedUnit[] = []
  for (let left = reader.array(MAX_BELOW); left > 0; left--) {
    if (reader.array(6) !== 6) reader.fail('id, height, round, index, author and whether it is on the main chain')
    const id = bytesToHex(reader.bytesOf(32)) as UnitId
    const place = { height: reader.uint(0x7fffffff), round: reader.uint(0x7fffffff), mci: reader.uint() }
    const author = reader.bytes(20)
    if (author.length !== 0 && author.length !== 20) reader.fail('an address or nothing')
    const isMainChain = reader.uint(1) === 1
    below.push({ id, ...place, author: author.length > 0 ? (bytesToHex(author) as Address) : undefined, isMainChain })
  }
  reader.end()
  const unit = { id: bytesToHex(hash(headerBytes)) as UnitId, header: decodeHeader(headerBytes) }
  return { point: { unit, height, mci, below }, chain: { size, peaks } }
}

/**
 * A ledger that begins at a snapshot. `known` units (any order, of an older join or from peers) are appended; those below the
 * snapshot are ignored. To follow a pruning point that moved, open the new snapshot with the units of the ledger so far.
 */
export function openSnapshot(
  snapshot: Snapshot,
  options: Omit<LedgerOptions, 'pruningPoint'>,
  known: Iterable<UnitRef> = [],
): Ledger {
  const ledger = createLedger({ ...options, pruningPoint: snapshot.point })
  for (const unit of known) if (unit.header.parents.length > 0) ledger.append(unit)
  return ledger
}
