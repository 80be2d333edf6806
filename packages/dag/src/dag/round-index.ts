/** The validator units of each round, as lists in typed arrays: an array object a round would cost more than the units. */
import { IntColumn } from './columns.ts'

/** Rounds that may lie beyond the last known one before they go to a Map: a stranger's round number must not allocate memory. */
const MAX_GAP = 4096

export class RoundIndex {
  /** Last unit of each round, −1: none. */
  readonly #lastOf = new IntColumn()
  readonly #farLastOf = new Map<number, number>()
  /** The unit of the same round that came before, by unit; −1: none. */
  readonly #before = new IntColumn()

  /** Adds the next unit; round 0: no validator's. */
  add(unit: number, round: number): void {
    this.#before.push(-1)
    if (round === 0) return
    this.#before.values[unit] = this.#last(round)
    if (round - this.#lastOf.length > MAX_GAP) this.#farLastOf.set(round, unit)
    else {
      while (this.#lastOf.length <= round) this.#lastOf.push(this.#farLastOf.get(this.#lastOf.length) ?? -1)
      this.#lastOf.values[round] = unit
    }
  }

  #last(round: number): number {
    if (round < this.#lastOf.length) return this.#lastOf.values[round]!
    return this.#farLastOf.get(round) ?? -1
  }

  /** The units of a round in the order of arrival. */
  units(round: number): number[] {
    const units: number[] = []
    for (let unit = this.#last(round); unit >= 0; unit = this.#before.values[unit]!) units.push(unit)
    return units.reverse()
  }

  get byteLength(): number {
    return 4 * (this.#lastOf.length + this.#before.length)
  }
}
