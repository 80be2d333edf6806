/** Typed arrays that grow by doubling: plain objects for each unit cost ten times the memory and the collector's time. */

/** A growing list of 32-bit integers; read `values` directly in loops, and again after each push. */
export class IntColumn {
  values: Int32Array
  length = 0

  constructor(capacity = 64) {
    this.values = new Int32Array(capacity)
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(this.length + 1)
    this.values[this.length++] = value
  }

  /** Makes room for `capacity` values in all. */
  reserve(capacity: number): void {
    if (capacity <= this.values.length) return
    const grown = new Int32Array(Math.max(capacity, this.values.length * 2))
    grown.set(this.values.subarray(0, this.length))
    this.values = grown
  }

  /** Keeps the first `length` values and gives the memory of the others back. */
  shrink(length: number): void {
    this.length = length
    this.values = this.values.slice(0, Math.max(64, length))
  }
}

/** A growing list of 16-bit unsigned integers. */
export class ShortColumn {
  values: Uint16Array
  length = 0

  constructor(capacity = 64) {
    this.values = new Uint16Array(capacity)
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(this.length + 1)
    this.values[this.length++] = value
  }

  /** Makes room for `capacity` values in all. */
  reserve(capacity: number): void {
    if (capacity <= this.values.length) return
    const grown = new Uint16Array(Math.max(capacity, this.values.length * 2))
    grown.set(this.values.subarray(0, this.length))
    this.values = grown
  }
}

/**
 * The parents of units, in the order of the units. A parent is stored as its distance from the child in two bytes: parents are
 * recent, and a hundred of them are most of what a unit of a large committee takes. Farther ones are kept apart.
 */
export class ParentEdges {
  readonly #starts = new IntColumn()
  readonly #distances = new ShortColumn(256)
  readonly #far = new Map<number, number>()

  constructor() {
    this.#starts.push(0)
  }

  /** Adds a parent of the unit that comes next. */
  add(parent: number): void {
    const distance = this.#starts.length - 1 - parent
    if (distance > 0xffff) this.#far.set(this.#distances.length, parent)
    this.#distances.push(distance > 0xffff ? 0 : distance)
  }

  /** Ends the list of the unit that comes next. */
  close(): void {
    this.#starts.push(this.#distances.length)
  }

  /** The first edge of a unit; the last is before the first of the next. */
  start(unit: number): number {
    return this.#starts.values[unit]!
  }

  /** The parent of a unit at one of its edges. */
  at(unit: number, edge: number): number {
    const distance = this.#distances.values[edge]!
    return distance === 0 ? this.#far.get(edge)! : unit - distance
  }

  get byteLength(): number {
    return 4 * this.#starts.length + 2 * this.#distances.length
  }
}
