/**
 * Exact sums of big weights in doubles: a value is three limbs of base 2^40, which a few thousand additions cannot push
 * beyond 2^53. `bigint` arithmetic in the innermost loop of recursive voting costs ten times as much.
 */
const LIMBS = 3
const BASE_BITS = 40n
const MASK = (1n << BASE_BITS) - 1n
const LIMIT = 1n << (BASE_BITS * BigInt(LIMBS))
/** Additions to one sum before limbs must be carried: 2^53 / 2^40. */
const CARRY_AFTER = 8000

export class WeightSums {
  #limbs = new Float64Array(64 * LIMBS)
  #additions: number[] = []

  get length(): number {
    return this.#additions.length
  }

  #reserve(): number {
    const at = this.#additions.length * LIMBS
    if (at + LIMBS > this.#limbs.length) {
      const grown = new Float64Array(this.#limbs.length * 2)
      grown.set(this.#limbs)
      this.#limbs = grown
    }
    return at
  }

  /** Appends a value. Throws RangeError unless 0 ≤ value < 2^120. */
  push(value: bigint): void {
    if (value < 0n || value >= LIMIT) throw new RangeError(`a vote's weight must be from 0 to 2^120 − 1, not ${value}`)
    const at = this.#reserve()
    this.#write(at, value)
    this.#additions.push(1)
  }

  #write(at: number, value: bigint): void {
    const sign = value < 0n ? -1 : 1
    let rest = value < 0n ? -value : value
    for (let k = 0; k < LIMBS; k++) {
      this.#limbs[at + k] = sign * Number(k === LIMBS - 1 ? rest : rest & MASK)
      rest >>= BASE_BITS
    }
  }

  /** Appends a copy of the sum `from`, zero for −1. */
  copyPush(from: number): void {
    const at = this.#reserve()
    for (let k = 0; k < LIMBS; k++) this.#limbs[at + k] = from < 0 ? 0 : this.#limbs[from * LIMBS + k]!
    this.#additions.push(from < 0 ? 0 : this.#additions[from]!)
  }

  /** Adds `factor` (−1, 0, 1) times a value of `values` to a sum. */
  addTo(sum: number, values: WeightSums, value: number, factor: number): void {
    const to = sum * LIMBS
    const from = value * LIMBS
    for (let k = 0; k < LIMBS; k++) this.#limbs[to + k]! += factor * values.#limbs[from + k]!
    this.#additions[sum]!++
    if (this.#additions[sum]! > CARRY_AFTER) {
      this.#write(to, this.value(sum))
      this.#additions[sum] = 1
    }
  }

  value(index: number): bigint {
    let value = 0n
    for (let k = LIMBS - 1; k >= 0; k--) value = (value << BASE_BITS) + BigInt(this.#limbs[index * LIMBS + k]!)
    return value
  }
}
