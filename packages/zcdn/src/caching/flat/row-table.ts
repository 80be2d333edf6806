import { FIRST_ROWS, LONGEST_RUN, TABLE_PER_ROW } from './constants.ts'

/**
 * Finds rows by a hash: open addressing with linear probing. An entry has the upper bits of a hash above the row, in as many bits as the places
 * need; 0 is empty. A key that is not here is told from the others by the entries alone.
 */
export class RowTable {
  private entries = new Int32Array(FIRST_ROWS * TABLE_PER_ROW)
  private mask = this.entries.length - 1
  /** True when so many keys stood side by side that they should be hashed anew. */
  crowded = false

  /** The row of this hash for which `isIt` holds, or 0. */
  find(hash: number, isIt: (row: number) => boolean): number {
    const { entries, mask } = this
    let at = hash & mask
    for (let entry = entries[at]!; entry !== 0; entry = entries[at]!) {
      if (((entry ^ hash) & ~mask) === 0 && isIt(entry & mask)) return entry & mask
      at = (at + 1) & mask
    }
    return 0
  }

  link(row: number, hash: number): void {
    const { entries, mask } = this
    let passed = 0
    let at = hash & mask
    while (entries[at] !== 0) {
      at = (at + 1) & mask
      passed++
    }
    entries[at] = (hash & ~mask) | row
    if (passed > LONGEST_RUN) this.crowded = true
  }

  /** Takes a row out and closes the gap (Knuth, TAOCP 3, 6.4, algorithm R), so that no tombstones are left. */
  unlink(row: number, hashOf: (row: number) => number): void {
    const { entries, mask } = this
    let at = hashOf(row) & mask
    while ((entries[at]! & mask) !== row) at = (at + 1) & mask
    let gap = at
    for (;;) {
      at = (at + 1) & mask
      const entry = entries[at]!
      if (entry === 0) break
      const home = hashOf(entry & mask) & mask
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      entries[gap] = entry
      gap = at
    }
    entries[gap] = 0
  }

  /** Empty, with places for so many rows. */
  reset(rows: number): void {
    this.entries = new Int32Array(rows * TABLE_PER_ROW)
    this.mask = this.entries.length - 1
  }
}
