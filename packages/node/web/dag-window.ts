/**
 * The newest rounds of the DAG, kept up to date. Rounds stand in columns that follow each other: a new epoch begins thousands of round
 * numbers later, right after the last column of the one before.
 */
import type { Unit } from './ledger.ts'

/** What `zos_getUnits` gives at once. */
const MAX_ROUNDS = 64
/** Columns kept while somebody looks at older ones. */
const MAX_COLUMNS = 240

export interface Column {
  readonly round: number
  /** Two of the same author: it signed twice. */
  readonly units: readonly Unit[]
}

/** Answers `zos_getUnits`. */
export type GetUnits = (fromRound: number, toRound: number) => Promise<Unit[]>

export class DagWindow {
  readonly units = new Map<string, Unit>()
  /** By column number. */
  readonly columns = new Map<number, Column>()
  /** Lanes. */
  readonly authors: string[] = []
  readonly #getUnits: GetUnits
  readonly #columnOf = new Map<number, number>()
  #last = 0
  #round = 0

  constructor(getUnits: GetUnits) {
    this.#getUnits = getUnits
  }

  /** The newest column, 0 while there is none. */
  get last(): number {
    return this.#last
  }

  /** The column of a unit that the window holds. */
  columnOf({ round }: Unit): number {
    return this.#columnOf.get(round!)!
  }

  /** Asks for what is new up to `round`, and again for what was in no block. Keeps columns from `keepFrom` on if it can. */
  async refresh(round: number, keepFrom: number): Promise<void> {
    const from = Math.max(1, round - MAX_ROUNDS + 1)
    const open = this.#openRounds()
    const again = open.find((one) => one < from)
    const next = open.find((one) => one >= from) ?? Math.max(from, this.#round + 1)
    const answers = await Promise.all([
      again === undefined ? [] : this.#getUnits(again, again + MAX_ROUNDS - 1),
      next > round ? [] : this.#getUnits(next, round),
    ])
    for (const unit of answers.flat().sort((a, b) => a.round! - b.round!)) this.#put(unit)
    this.#drop(Math.max(Math.min(keepFrom, this.#last - MAX_ROUNDS), this.#last - MAX_COLUMNS))
  }

  /** Rounds with a unit in no block, ascending. */
  #openRounds(): number[] {
    return [...this.columns.values()]
      .filter(({ units }) => units.some(({ block }) => block === null))
      .map(({ round }) => round)
      .sort((a, b) => a - b)
  }

  #put(unit: Unit): void {
    const round = unit.round!
    let column = this.#columnOf.get(round)
    if (column === undefined) {
      if (round < this.#round) return
      this.#round = round
      column = ++this.#last
      this.#columnOf.set(round, column)
    }
    const others = this.columns.get(column)?.units.filter(({ id }) => id !== unit.id) ?? []
    this.columns.set(column, { round, units: [...others, unit] })
    this.units.set(unit.id, unit)
    if (this.authors.includes(unit.author)) return
    this.authors.push(unit.author)
    this.authors.sort()
  }

  #drop(oldest: number): void {
    for (const [number, { round, units }] of this.columns) {
      if (number >= oldest) continue
      this.columns.delete(number)
      this.#columnOf.delete(round)
      for (const { id } of units) this.units.delete(id)
    }
  }
}
