/** The validator units of each round, as lists in typed arrays: an array object a round would cost more than the units. */
import { FAR_BYTES, ShortColumn } from './columns.ts'

/** Rounds of one piece of the table, a power of two: a stranger's far round number takes no more memory than its unit does. */
const PIECE = 64

export class RoundIndex {
  /** Last unit + 1 of each round, 0: none, in pieces: rounds leap at the end of an epoch, and start high after pruning. */
  readonly #pieces = new Map<number, Int32Array>()
  #lastPiece: Int32Array | undefined
  #lastNumber = -1
  /** How many units before it another of the same round came, by unit; 0: none, 65,535: see `#farBefore`. */
  readonly #distances = new ShortColumn()
  readonly #farBefore = new Map<number, number>()

  /** Adds the next unit; round 0: no validator's. */
  add(unit: number, round: number): void {
    if (round === 0) {
      this.#distances.push(0)
      return
    }
    let piece = this.#piece(round)
    if (!piece) {
      piece = new Int32Array(PIECE)
      this.#pieces.set(Math.floor(round / PIECE), piece)
    }
    const before = piece[round % PIECE]! - 1
    const distance = before < 0 ? 0 : Math.min(unit - before, 0xffff)
    if (distance === 0xffff) this.#farBefore.set(unit, before)
    this.#distances.push(distance)
    piece[round % PIECE] = unit + 1
  }

  #piece(round: number): Int32Array | undefined {
    const number = Math.floor(round / PIECE)
    if (number !== this.#lastNumber || !this.#lastPiece) {
      this.#lastNumber = number
      this.#lastPiece = this.#pieces.get(number)
    }
    return this.#lastPiece
  }

  /** The units of a round in the order of arrival. */
  units(round: number): number[] {
    const units: number[] = []
    let unit = (this.#piece(round)?.[round % PIECE] ?? 0) - 1
    for (; unit >= 0; unit = this.#before(unit)) units.push(unit)
    return units.reverse()
  }

  #before(unit: number): number {
    const distance = this.#distances.values[unit]!
    if (distance === 0) return -1
    return distance === 0xffff ? this.#farBefore.get(unit)! : unit - distance
  }

  get byteLength(): number {
    return 4 * PIECE * this.#pieces.size + 2 * this.#distances.length + FAR_BYTES * this.#farBefore.size
  }
}
