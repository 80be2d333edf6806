/** U7: dropping final history, and joining without it. */
import { PRUNED_ROUNDS, type PrunedUnit, type PruningPoint, type UnitRef } from '../dag/dag.ts'
import { DagError } from '../errors.ts'
import { createLedger, type Ledger, type LedgerOptions } from '../order/ledger.ts'
import { CborReader, CborWriter } from '../unit/cbor.ts'
import { blake2b256, decodeHeader, encodeHeader, type Hash } from '../unit/header.ts'
import { bytesToHex, type Hex, hexToBytes, type UnitId } from '../unit/id.ts'
import { FORMAT_BOUNDS } from '../unit/limits.ts'

/** Where a ledger can be joined. A pure function of the main chain up to the point, so all honest nodes make the same. */
export interface Snapshot {
  readonly point: PruningPoint
  /** The accumulator of the main chain up to and with the point. */
  readonly chain: { readonly size: number; readonly peaks: readonly Hex[] }
}

const DOMAIN = 'zos-snapshot'
/** Units below a point that a snapshot names at most: 61 indices of a busy network. */
const MAX_BELOW = 1_000_000

function byId(a: PrunedUnit, b: PrunedUnit): number {
  return a.id < b.id ? -1 : 1
}

/** The pruning point of an index: the unit there, and the places of units up to 60 indices below. Throws `DAG_INVALID_ARGUMENT`. */
function pointAt(ledger: Ledger, mci: number): PruningPoint {
  const { dag, mainChain } = ledger
  const id = mainChain.unitAt(mci)
  if (id === undefined) {
    throw new DagError(
      'DAG_INVALID_ARGUMENT',
      `index ${mci} is not between ${mainChain.base} and the tip ${mainChain.tip.mci}`,
      { mci },
    )
  }
  const { view } = dag
  const below = (dag.pruningPoint?.below ?? []).filter((unit) => unit.mci > mci - PRUNED_ROUNDS)
  for (let unit = 0; unit < view.size; unit++) {
    const other = view.idOf(unit)
    const index = mainChain.mciOf(other)
    if (other === id || index === undefined || index > mci || index <= mci - PRUNED_ROUNDS) continue
    below.push({ id: other, height: view.heightOf(unit), round: view.roundOf(unit), mci: index })
  }
  return { unit: { id, header: dag.header(id) }, height: dag.height(id), mci, below: below.sort(byId) }
}

/** The snapshot of an index that is indexed and not pruned. `chain` is the accumulator of exactly the main chain up to it. */
export function createSnapshot(ledger: Ledger, mci: number, chain: Snapshot['chain']): Snapshot {
  if (chain.size !== mci + 1) {
    throw new DagError(
      'DAG_INVALID_ARGUMENT',
      `the accumulator has ${chain.size} units, index ${mci} needs ${mci + 1}`,
      { mci },
    )
  }
  return { point: pointAt(ledger, mci), chain: { size: chain.size, peaks: [...chain.peaks] } }
}

/** What pruning took away. */
export interface Pruned {
  /** Units that are gone: payload and header can be deleted. */
  readonly dropped: readonly UnitId[]
  /** Main-chain units below the point: the payload can be deleted, the header stays. */
  readonly chain: readonly UnitId[]
}

/**
 * Drops everything with an index up to `mci` but that main-chain unit, where the ledger then begins. Headers of the main chain stay.
 * Ancestry, order and votes among the rest stay as they were. Cost: linear in the ledger.
 */
export function pruneLedger(ledger: Ledger, mci: number): Pruned {
  const { dag, mainChain } = ledger
  const point = pointAt(ledger, mci)
  const { view } = dag
  const keep = new Uint8Array(view.size)
  const pruned = { dropped: [] as UnitId[], chain: [] as UnitId[] }
  for (let unit = 0; unit < view.size; unit++) {
    const id = view.idOf(unit)
    const index = mainChain.mciOf(id)
    if (id === point.unit.id || index === undefined || index > mci) keep[unit] = 1
    else if (mainChain.unitAt(index) === id) pruned.chain.push(id)
    else pruned.dropped.push(id)
  }
  dag.prune(point, keep, pruned.dropped)
  return pruned
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
  for (const { id, height, round, mci } of point.below)
    writer.array(4).bytes(hexToBytes(id)).uint(height).uint(round).uint(mci)
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
    if (reader.array(4) !== 4) reader.fail('id, height, round and index')
    const id = bytesToHex(reader.bytesOf(32)) as UnitId
    below.push({ id, height: reader.uint(0x7fffffff), round: reader.uint(0x7fffffff), mci: reader.uint() })
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
