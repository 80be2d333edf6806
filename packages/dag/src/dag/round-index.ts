/** The validator units of each round, as lists in typed arrays: an array object a round would cost more than the units. */
import { IntColumn } from './columns.ts'

/** Rounds of one piece of the table, a power of two: a stranger's far round number takes no more memory than its unit does. */
const PIECE = 64

export class RoundIndex {
  /** Last unit + 1 of each round, 0: none, in pieces: rounds leap at the end of an epoch, and start high after pruning. */
  readonly #pieces = new Map<number, Int32Array>()
  #lastPiece: Int32Array | undefined
  #lastNumber = -1
  /** The unit of the same round that came before, by unit; −1: none. */
  readonly #before = new IntColumn()

  /** Adds the next unit; round 0: no validator's. */
  add(unit: number, round: number): void {
    if (round === 0) {
      this.#before.push(-1)
      return
    }
    let piece = this.#piece(round)
    if (!piece) {
      piece = new Int32Array(PIECE)
      this.#pieces.set(Math.floor(round / PIECE), piece)
    }
    this.#before.push(piece[round % PIECE]! - 1)
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
    for (; unit >= 0; unit = this.#before.values[unit]!) units.push(unit)
    return units.reverse()
  }

  get byteLength(): number {
    return 4 * (PIECE * this.#pieces.size + this.#before.length)
  }
}
