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
}
