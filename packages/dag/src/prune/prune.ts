/**
 * U7: dropping final history from a running ledger. Payloads go first, then headers off the main chain; structure below the
 * point goes at once, but for the places of units that others may still reference.
 */
import { type Dag, PRUNED_ROUNDS, type PrunedUnit, type PruningPoint } from '../dag/dag.ts'
import { DagError } from '../errors.ts'
import type { MainChain } from '../order/main-chain.ts'
import type { UnitId } from '../unit/id.ts'

/** What pruning and snapshots read of a ledger; `createLedger` makes both, a node may bring its own. */
export interface LedgerParts {
  readonly dag: Dag
  readonly mainChain: MainChain
}

function byId(a: PrunedUnit, b: PrunedUnit): number {
  return a.id < b.id ? -1 : 1
}

/** The place of the unit with a dense index; `mci` is its index. */
function placeOf({ dag: { view }, mainChain }: LedgerParts, unit: number, mci: number): PrunedUnit {
  const author = view.authorOf(unit)
  return {
    id: view.idOf(unit),
    height: view.heightOf(unit),
    round: view.roundOf(unit),
    mci,
    author: author < 0 ? undefined : view.addressOf(author),
    isMainChain: mainChain.carries(unit),
  }
}

/**
 * The pruning point of an index: the unit there, the places of units up to 60 indices below, and each validator's last unit up to it.
 * A function of the main chain alone. Throws `DAG_INVALID_ARGUMENT` for an index that is not between the main chain's base and its tip.
 * @internal
 */
export function pointAt(ledger: LedgerParts, mci: number): PruningPoint {
  const { dag, mainChain } = ledger
  const id = mainChain.unitAt(mci)
  if (id === undefined) {
    const reason = `index ${mci} is not between ${mainChain.base} and the tip ${mainChain.tip.mci}`
    throw new DagError('DAG_INVALID_ARGUMENT', reason, { mci })
  }
  const { view } = dag
  const point = view.indexOf(id)
  const below: PrunedUnit[] = []
  const lastOf = new Map<string, PrunedUnit>()
  const isLater = (round: number, other: UnitId, last: PrunedUnit | undefined) =>
    !last || round > last.round || (round === last.round && other < last.id)
  for (const unit of dag.pruningPoint?.below ?? []) {
    if (unit.mci > mci - PRUNED_ROUNDS) below.push(unit)
    if (unit.author && isLater(unit.round, unit.id, lastOf.get(unit.author))) lastOf.set(unit.author, unit)
  }
  const last = new Map<number, number>()
  for (let unit = 0; unit < view.size; unit++) {
    const index = mainChain.indexAt(unit)
    if (unit === point || index === undefined || index > mci) continue
    if (index > mci - PRUNED_ROUNDS) below.push(placeOf(ledger, unit, index))
    const author = view.authorOf(unit)
    if (author < 0) continue
    const before = last.get(author) ?? -1
    const rounds = before < 0 ? 1 : view.roundOf(unit) - view.roundOf(before)
    if (rounds > 0 || (rounds === 0 && view.compareIds(unit, before) < 0)) last.set(author, unit)
  }
  for (const [author, unit] of last) {
    const address = view.addressOf(author)
    if (!isLater(view.roundOf(unit), view.idOf(unit), lastOf.get(address))) continue
    lastOf.set(address, placeOf(ledger, unit, mainChain.indexAt(unit)!))
  }
  for (const unit of lastOf.values()) if (unit.mci <= mci - PRUNED_ROUNDS) below.push(unit)
  return { unit: { id, header: dag.header(id) }, height: dag.height(id), mci, below: below.sort(byId) }
}

/** What pruning took away, for whoever keeps payloads and headers. */
export interface Pruned {
  /** Units that are gone: payload and header can be deleted. */
  readonly dropped: readonly UnitId[]
  /** Units whose payload can be deleted; the header stays, of main-chain units for good, of the others until a later pruning drops it. */
  readonly headersOnly: readonly UnitId[]
}

/** True if the DAG refuses such a unit from now on: it is too old to be referenced (C12). */
function isExpired({ dag }: LedgerParts, unit: number, point: PruningPoint): boolean {
  const { view } = dag
  const pointRound = point.unit.header.validator?.round ?? 0
  if (view.authorOf(unit) >= 0) return view.roundOf(unit) <= pointRound - PRUNED_ROUNDS
  return dag.header(view.idOf(unit)).validUntilMci < point.mci
}

/** A flag for each unit: 1 if it stays. That is what has no index up to the point's, but for expired units that nothing fresh builds on. */
function keptBy(ledger: LedgerParts, point: PruningPoint): Uint8Array {
  const { dag, mainChain } = ledger
  const { view } = dag
  const keep = new Uint8Array(view.size)
  const hasChild = new Uint8Array(view.size)
  for (let unit = view.size - 1; unit >= 0; unit--) {
    const index = mainChain.indexAt(unit)
    if (index !== undefined && index <= point.mci) continue
    if (index === undefined && hasChild[unit] === 0 && isExpired(ledger, unit, point)) continue
    keep[unit] = 1
    for (let k = view.parentCount(unit) - 1; k >= 0; k--) hasChild[view.parentAt(unit, k)] = 1
  }
  keep[view.indexOf(point.unit.id)] = 1
  return keep
}

/**
 * Drops everything with an index up to `mci` but that main-chain unit, where the ledger then begins, and what expired without an index.
 * Ancestry, order, rounds and votes among the rest stay as they were; dense indices change (`DagView.onRemap`). Throws
 * `DAG_INVALID_ARGUMENT` for an index that is not between the main chain's base and its tip. Cost: a pass over the units held and a copy
 * of those kept; `docs/figures.md` has it in milliseconds.
 */
export function pruneLedger(ledger: LedgerParts, mci: number): Pruned {
  const { dag, mainChain } = ledger
  const { view } = dag
  const point = pointAt(ledger, mci)
  const keep = keptBy(ledger, point)
  const known = new Set(point.below.map(({ id }) => id))
  const pruned = { dropped: [] as UnitId[], headersOnly: [] as UnitId[] }
  for (const { id, isMainChain } of dag.pruningPoint?.below ?? []) {
    if (!isMainChain && !known.has(id)) pruned.dropped.push(id)
  }
  for (let unit = 0; unit < view.size; unit++) {
    if (keep[unit] === 1) continue
    const id = view.idOf(unit)
    if (mainChain.carries(unit) || known.has(id)) pruned.headersOnly.push(id)
    else pruned.dropped.push(id)
  }
  dag.prune(point, keep, pruned.dropped)
  return pruned
}
