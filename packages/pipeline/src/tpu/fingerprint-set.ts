/**
 * A set of whole numbers 1 … 2^53 − 1 in flat memory: open addressing with linear probing. A `Set` of a million such numbers is a million
 * objects, which the garbage collector moves and marks. The numbers must be hard to choose, like those of a keyed or cryptographic hash.
 */
export class FingerprintSet {
  readonly #slots: Float64Array
  readonly #mask: number
  #size = 0

  /** For at most `capacity` numbers; 16 to 32 bytes each, taken as they are used. */
  constructor(capacity: number) {
    const length = 2 ** Math.ceil(Math.log2(Math.max(2, 2 * capacity)))
    this.#slots = new Float64Array(length)
    this.#mask = length - 1
  }

  get size(): number {
    return this.#size
  }

  has(value: number): boolean {
    return this.#slots[this.#find(value)] === value
  }

  /** The caller keeps to the capacity. */
  add(value: number): void {
    const at = this.#find(value)
    if (this.#slots[at] === value) return
    this.#slots[at] = value
    this.#size++
  }

  delete(value: number): void {
    const slots = this.#slots
    const mask = this.#mask
    let hole = this.#find(value)
    if (slots[hole] !== value) return
    this.#size--
    // What stands behind and would not be found across the hole moves into it (Knuth, vol. 3, 6.4, algorithm R).
    for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(slots[at]!)
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      slots[hole] = slots[at]!
      hole = at
    }
    slots[hole] = 0
  }

  #home(value: number): number {
    return value & this.#mask
  }

  /** Where `value` stands, or the empty slot where it would. */
  #find(value: number): number {
    const slots = this.#slots
    let at = this.#home(value)
    while (slots[at] !== 0 && slots[at] !== value) at = (at + 1) & this.#mask
    return at
  }
}
