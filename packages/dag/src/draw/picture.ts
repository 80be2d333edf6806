/** What a picture of a ledger shows, computed once: places, main chain, indices, conflicts, zones. */
import type { UnitRef } from '../dag/dag.ts'
import { createLedger } from '../order/ledger.ts'
import type { Address, UnitId } from '../unit/id.ts'
import { type Access, zoneClasses } from '../zones/trace.ts'

/** What to draw. */
export interface PictureSource {
  readonly genesis: UnitRef
  /** Parents first. */
  readonly units: readonly UnitRef[]
  readonly commits?: readonly UnitId[]
  /** Units that spend the same thing, by key. */
  readonly claims?: ReadonlyMap<string, readonly UnitId[]>
  /** Keys that units write. */
  readonly writes?: ReadonlyMap<UnitId, readonly string[]>
  readonly nameOf?: (id: UnitId) => string
}

/** A unit in a picture. */
export interface PictureUnit {
  readonly id: UnitId
  readonly name: string
  readonly parents: readonly UnitId[]
  readonly height: number
  /** Row: validators have one each, user units share the rows below. */
  readonly row: number
  readonly round: number | undefined
  readonly author: Address | undefined
  readonly mci: number | undefined
  readonly isMain: boolean
  readonly isLeader: boolean
  /** Number of its zone class, when several units write the same keys. */
  readonly zone: number | undefined
  readonly conflict: 'won' | 'lost' | 'open' | undefined
}

/** A laid out ledger. */
export interface Picture {
  readonly units: readonly PictureUnit[]
  readonly rows: number
  readonly columns: number
}

/** Lays a ledger out: columns are heights, rows are authors. Throws what `Ledger` throws for units that do not fit. */
export function pictureOf(source: PictureSource): Picture {
  const ledger = createLedger({ genesis: source.genesis, stakeAt: () => 1n })
  const ids = [source.genesis.id]
  for (const unit of source.units) {
    const result = ledger.append(unit)
    if (result.status === 'added') ids.push(...result.added)
  }
  const conflicts = new Map<UnitId, 'won' | 'lost' | 'open'>()
  for (const [key, rivals] of source.claims ?? []) {
    for (const rival of rivals) {
      ledger.claim(key, rival)
      if (rivals.length > 1) conflicts.set(rival, 'open')
    }
  }
  ledger.on('conflict', ({ rivals, decision }) => {
    if (decision) for (const rival of rivals) conflicts.set(rival, rival === decision.winner ? 'won' : 'lost')
  })
  const leaders = new Set(source.commits ?? [])
  const main = new Set<UnitId>([source.genesis.id])
  for (const leader of leaders) for (const { id } of ledger.commit(leader).chain) main.add(id)
  const zones = zonesOf(ids, source.writes ?? new Map())
  const rowOf = rows(ids, ledger.dag.header.bind(ledger.dag), ledger.dag.height.bind(ledger.dag))
  const units = ids.map((id): PictureUnit => {
    const header = ledger.dag.header(id)
    return {
      id,
      name: source.nameOf?.(id) ?? id.slice(2, 8),
      parents: header.parents,
      height: ledger.dag.height(id),
      row: rowOf.get(id)!,
      round: header.validator?.round,
      author: header.authors[0],
      mci: ledger.mainChain.mciOf(id),
      isMain: main.has(id),
      isLeader: leaders.has(id),
      zone: zones.get(id),
      conflict: conflicts.get(id),
    }
  })
  return {
    units,
    rows: 1 + Math.max(...units.map(({ row }) => row)),
    columns: 1 + Math.max(...units.map(({ height }) => height)),
  }
}

function zonesOf(ids: readonly UnitId[], writes: ReadonlyMap<UnitId, readonly string[]>): Map<UnitId, number> {
  const items = ids
    .filter((id) => writes.has(id))
    .map((id): Access => ({ label: id, reads: [], writes: writes.get(id)! }))
  const zones = new Map<UnitId, number>()
  zoneClasses(items).forEach((members, zone) => {
    for (const { label } of members) zones.set(label as UnitId, zone)
  })
  return zones
}

/** Validators from the top, in the order of their addresses; each other unit in the first row that is free at its height. */
function rows(
  ids: readonly UnitId[],
  headerOf: (id: UnitId) => { readonly authors: readonly Address[]; readonly validator?: unknown },
  heightOf: (id: UnitId) => number,
): Map<UnitId, number> {
  const validators = [
    ...new Set(ids.filter((id) => headerOf(id).validator).map((id) => headerOf(id).authors[0]!)),
  ].sort()
  const taken = new Set<string>()
  const result = new Map<UnitId, number>()
  for (const id of ids) {
    const lane = headerOf(id).validator ? validators.indexOf(headerOf(id).authors[0]!) : validators.length
    let row = id === ids[0] ? Math.floor(validators.length / 2) : lane
    while (taken.has(`${heightOf(id)}:${row}`)) row = Math.max(row + 1, validators.length)
    taken.add(`${heightOf(id)}:${row}`)
    result.set(id, row)
  }
  return result
}
