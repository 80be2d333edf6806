/** Typed arrays that grow: plain objects for each unit cost ten times the memory and the collector's time. */

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

const CHUNK_BITS = 7
const ZERO = 0xfffe
const FAR = 0xffff

/**
 * A growing list of natural numbers that are mostly near each other, such as heights: two bytes each, counted from a base that 128 of
 * them share. Zeros are near everything; other far values are kept apart.
 */
export class NearColumn {
  #values = new Uint16Array(1 << CHUNK_BITS)
  readonly #bases = new IntColumn()
  readonly #far = new Map<number, number>()
  #last = 0
  length = 0

  push(value: number): void {
    const at = this.length++
    if (at === this.#values.length) {
      const grown = new Uint16Array(2 * at)
      grown.set(this.#values)
      this.#values = grown
    }
    if (at >> CHUNK_BITS === this.#bases.length) this.#bases.push(Math.max(0, this.#last - 0x8000))
    if (value === 0) {
      this.#values[at] = ZERO
      return
    }
    this.#last = value
    const distance = value - this.#bases.values[at >> CHUNK_BITS]!
    if (distance >= 0 && distance < ZERO) this.#values[at] = distance
    else {
      this.#values[at] = FAR
      this.#far.set(at, value)
    }
  }

  get(at: number): number {
    const value = this.#values[at]!
    if (value < ZERO) return this.#bases.values[at >> CHUNK_BITS]! + value
    return value === ZERO ? 0 : this.#far.get(at)!
  }

  /** The values whose new place in `remap`, ascending, is not −1. */
  compacted(remap: Int32Array): NearColumn {
    const after = new NearColumn()
    for (let at = 0; at < remap.length; at++) if (remap[at]! >= 0) after.push(this.get(at))
    return after
  }

  get byteLength(): number {
    return 2 * this.length + 4 * this.#bases.length + FAR_BYTES * this.#far.size
  }
}

/** What a Map takes for a number, about. */
export const FAR_BYTES = 40

const PAGE_BITS = 10

/** A list of 32-bit integers with gaps: pages of 1,024 appear when one of them is set. What was never set reads 0. */
export class PagedColumn {
  readonly #pages: (Int32Array | undefined)[] = []

  get(at: number): number {
    return this.#pages[at >> PAGE_BITS]?.[at & ((1 << PAGE_BITS) - 1)] ?? 0
  }

  set(at: number, value: number): void {
    let page = this.#pages[at >> PAGE_BITS]
    if (!page) {
      page = new Int32Array(1 << PAGE_BITS)
      while (this.#pages.length <= at >> PAGE_BITS) this.#pages.push(undefined)
      this.#pages[at >> PAGE_BITS] = page
    }
    page[at & ((1 << PAGE_BITS) - 1)] = value
  }

  get byteLength(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.byteLength ?? 8), 0)
  }
}
