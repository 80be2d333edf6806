/** The newest rounds of the DAG, kept up to date. */
import type { Unit } from './ledger.ts'
import { call } from './rpc.ts'

/** What `zos_getUnits` gives at once. */
const MAX_ROUNDS = 64
/** Shown at the first load: a wide screen's worth. */
const FIRST_ROUNDS = 60
/** Kept while somebody looks at older rounds. */
const MAX_KEPT_ROUNDS = 240

export interface DagWindow {
  readonly units: ReadonlyMap<string, Unit>
  /** Units of the same author and round lie beside each other: the author signed twice. */
  readonly rounds: ReadonlyMap<number, readonly Unit[]>
  /** Lanes. */
  readonly authors: readonly string[]
  /** Highest round, 0 at first. */
  readonly round: number
  /** Asks for what is new up to `round`, and again for what was not final. Keeps rounds from `keepFrom` on if it can. */
  refresh(round: number, keepFrom: number): Promise<void>
}

export function createDagWindow(): DagWindow {
  const units = new Map<string, Unit>()
  const rounds = new Map<number, Unit[]>()
  const authors: string[] = []
  let highest = 0

  const put = (unit: Unit) => {
    units.set(unit.id, unit)
    const round = rounds.get(unit.round!) ?? []
    rounds.set(unit.round!, [...round.filter(({ id }) => id !== unit.id), unit])
    if (authors.includes(unit.author)) return
    authors.push(unit.author)
    authors.sort()
  }

  return {
    units,
    rounds,
    authors,
    get round() {
      return highest
    },
    async refresh(round, keepFrom) {
      let from = Math.max(1, round - (highest === 0 ? FIRST_ROUNDS : MAX_ROUNDS) + 1)
      while (from <= highest && rounds.get(from)?.every(({ block }) => block !== null)) from++
      if (round < from) return
      for (const unit of await call<Unit[]>('zos_getUnits', { fromRound: from, toRound: round })) put(unit)
      highest = Math.max(highest, round)
      const oldest = Math.max(Math.min(keepFrom, highest - MAX_ROUNDS), highest - MAX_KEPT_ROUNDS)
      for (const [number, gone] of rounds) {
        if (number >= oldest) continue
        rounds.delete(number)
        for (const { id } of gone) units.delete(id)
      }
    },
  }
}
