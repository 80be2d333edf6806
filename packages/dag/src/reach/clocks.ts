/**
 * Ancestry in O(1) for units that sit on an author's chain: a vector clock a unit.
 *
 * An author's units form branches: a unit extends the branch whose last unit is its self-parent, any other unit opens a new
 * branch (the first of an author, and each fork). A branch is a chain, so its units in the past of u are a prefix of it, and
 * one number says which: how many. Column k of u's row is that number for branch k, so two bytes hold it; a chain of more than
 * 65,535 units goes on in another branch. Rows are inclusive: a unit sees itself. A unit that is on no branch shares the row of a
 * parent when that parent's row covers the others', else gets its own. The technique is that of vector clocks with a branch for
 * each fork (Fidge 1988; Lachesis).
 */
import { FAR_BYTES, IntColumn, NearColumn, ShortColumn } from '../dag/columns.ts'

/** Branches that one author may open, before its further units are treated as unclocked; a fork is slashed at once, so few are real. */
const BRANCHES_PER_AUTHOR = 8
/** Units that one branch holds at most: what a column of a row can count. */
const MAX_LENGTH = 0xffff

/** Branches in all; beyond, units are unclocked. A few thousand would make rows too long to be of use. */
const MAX_BRANCHES = 0xfffe
const NO_BRANCH = 0xffff

export class ClockIndex {
  /** Where the row of each unit starts, plus one. */
  #rowOf = new NearColumn()
  /** Branch of each unit. */
  readonly #branchOf = new ShortColumn()
  readonly #rows = new ShortColumn(256)
  /** Last unit of each branch. */
  readonly #branchTip = new IntColumn()
  readonly #authorOfBranch = new IntColumn()
  /** Rows that start there or later have a column for the branch: ascending. */
  readonly #since = new IntColumn()
  /** The fork that a branch belongs to: a branch that goes on with a full one is of the same line. */
  readonly #lineOfBranch = new IntColumn()
  #lines = 0
  /** Lines of each author. */
  readonly #linesOfAuthor = new IntColumn()
  /** Authors of units on no branch. */
  readonly #unclockedAuthors = new Map<number, number>()

  /** True if the unit is on a branch. */
  isClocked(unit: number): boolean {
    return this.#branchOf.values[unit]! !== NO_BRANCH
  }

  /** The author of a validator's unit, −1 for others. */
  authorOf(unit: number): number {
    const branch = this.#branchOf.values[unit]!
    if (branch !== NO_BRANCH) return this.#authorOfBranch.values[branch]!
    return this.#unclockedAuthors.get(unit) ?? -1
  }

  /** True if the author's units are more than one chain. */
  hasBranches(author: number): boolean {
    return author < this.#linesOfAuthor.length && this.#linesOfAuthor.values[author]! > 1
  }

  /** True if clocked `a` is `b` or in the past of `b`. */
  covers(a: number, b: number): boolean {
    const branch = this.#branchOf.values[a]!
    const start = this.#rowOf.get(b) - 1
    if (start < this.#since.values[branch]!) return false
    const rows = this.#rows.values
    return rows[start + branch]! >= rows[this.#rowOf.get(a) - 1 + branch]!
  }

  /** Number of columns of the row that starts there. */
  #width(start: number): number {
    const since = this.#since
    let width = since.length
    while (width > 0 && since.values[width - 1]! > start) width--
    return width
  }

  /** Adds a unit that is no validator's. Cost: the branches for each parent with a row of its own. */
  addPlain(parents: Int32Array, count: number): void {
    this.#branchOf.push(NO_BRANCH)
    let best = count === 0 ? this.#closeRow(this.#joinRows(parents, 0)) : this.#rowOf.get(parents[0]!) - 1
    for (let k = 1; k < count; k++) {
      const row = this.#rowOf.get(parents[k]!) - 1
      if (row === best || this.#dominates(best, row)) continue
      if (this.#dominates(row, best)) best = row
      else {
        best = this.#closeRow(this.#joinRows(parents, count))
        break
      }
    }
    this.#rowOf.push(best + 1)
  }

  /** Adds a validator's unit; `selfParent` −1: it was pruned. Cost: parents × branches. Returns false if the author has too many branches: the unit is then unclocked. */
  addOnBranch(unit: number, author: number, selfParent: number, parents: Int32Array, count: number): boolean {
    let branch = selfParent < 0 ? NO_BRANCH : this.#branchOf.values[selfParent]!
    const isForked =
      branch === NO_BRANCH ||
      this.#branchTip.values[branch] !== selfParent ||
      this.#authorOfBranch.values[branch] !== author
    if (isForked && !this.#countLine(author)) {
      this.#unclockedAuthors.set(unit, author)
      this.addPlain(parents, count)
      return false
    }
    const place = isForked ? 0 : this.#rows.values[this.#rowOf.get(selfParent) - 1 + branch]!
    // A branch that is continued has its tip moved on, also when another branch carries it further.
    if (!isForked) this.#branchTip.values[branch] = unit
    const isFull = place === MAX_LENGTH
    if (isForked || isFull) {
      this.#lineOfBranch.push(isForked ? this.#lines++ : this.#lineOfBranch.values[branch]!)
      branch = this.#branchTip.length
      this.#branchTip.push(unit)
      this.#authorOfBranch.push(author)
      this.#since.push(this.#rows.length)
    }
    const start = this.#joinRows(parents, count)
    this.#rows.values[start + branch] = isFull ? 1 : place + 1
    this.#branchOf.push(branch)
    this.#rowOf.push(this.#closeRow(start) + 1)
    return true
  }

  /** Notes that the author opens a branch that does not continue its last; false if it has too many. */
  #countLine(author: number): boolean {
    while (this.#linesOfAuthor.length <= author) this.#linesOfAuthor.push(0)
    if (this.#linesOfAuthor.values[author]! >= BRANCHES_PER_AUTHOR || this.#branchTip.length >= MAX_BRANCHES)
      return false
    this.#linesOfAuthor.values[author]!++
    return true
  }

  #dominates(a: number, b: number): boolean {
    const rows = this.#rows.values
    const width = this.#width(b)
    if (width > this.#width(a)) return false
    for (let k = 0; k < width; k++) if (rows[b + k]! > rows[a + k]!) return false
    return true
  }

  /** Writes the maximum of the parents' rows after the last row; returns where. */
  #joinRows(parents: Int32Array, count: number): number {
    const start = this.#rows.length
    const width = this.#branchTip.length
    this.#rows.reserve(start + width + 1)
    const rows = this.#rows.values
    const lastSince = width === 0 ? 0 : this.#since.values[width - 1]!
    // The first parent's row is copied, which saves filling with zeros and a join: with four validators that is a third of the work.
    let filled = 0
    if (count > 0) {
      const row = this.#rowOf.get(parents[0]!) - 1
      filled = row >= lastSince ? width : this.#width(row)
      for (let column = 0; column < filled; column++) rows[start + column] = rows[row + column]!
    }
    for (let column = filled; column < width; column++) rows[start + column] = 0
    for (let k = 1; k < count; k++) {
      const row = this.#rowOf.get(parents[k]!) - 1
      const end = row + (row >= lastSince ? width : this.#width(row))
      for (let from = row, to = start; from < end; from++, to++) {
        if (rows[from]! > rows[to]!) rows[to] = rows[from]!
      }
    }
    return start
  }

  /** Ends the row that starts there. A row takes an entry at least, so that no other starts at the same place. */
  #closeRow(start: number): number {
    this.#rows.length = start + Math.max(1, this.#branchTip.length)
    return start
  }

  /**
   * The clocks of the units whose new index in `remap` is not −1. Rows are copied, not joined again; branches without a kept
   * unit lose their column, and what was dropped of the others is no longer counted.
   */
  compacted(remap: Int32Array): ClockIndex {
    const after = new ClockIndex()
    const { columns, cut } = this.#keptColumns(remap, after)
    const newRows = new Map<number, number>()
    for (let unit = 0; unit < remap.length; unit++) {
      const to = remap[unit]!
      if (to < 0) continue
      const branch = this.#branchOf.values[unit]!
      const row = this.#rowOf.get(unit)
      let newRow = newRows.get(row)
      if (newRow === undefined) {
        newRow = this.#copyRow(row - 1, columns, cut, after)
        newRows.set(row, newRow)
      }
      after.#rowOf.push(newRow + 1)
      after.#branchOf.push(branch === NO_BRANCH ? NO_BRANCH : columns[branch]!)
      if (branch !== NO_BRANCH) after.#branchTip.values[columns[branch]!] = to
      const author = this.#unclockedAuthors.get(unit)
      if (author !== undefined) after.#unclockedAuthors.set(to, author)
    }
    return after
  }

  /** The new column of each branch, −1 if no unit of it is kept, and how many of its units are dropped. Fills in the branches of `after`. */
  #keptColumns(remap: Int32Array, after: ClockIndex): { columns: Int32Array; cut: Uint16Array } {
    const columns = new Int32Array(this.#branchTip.length).fill(-1)
    const cut = new Uint16Array(this.#branchTip.length)
    for (let unit = 0; unit < remap.length; unit++) {
      const branch = this.#branchOf.values[unit]!
      if (remap[unit]! < 0 || branch === NO_BRANCH || columns[branch]! >= 0) continue
      columns[branch] = 0
      cut[branch] = this.#rows.values[this.#rowOf.get(unit) - 1 + branch]! - 1
    }
    const lines = new Map<number, number>()
    for (let branch = 0; branch < columns.length; branch++) {
      if (columns[branch]! < 0) continue
      columns[branch] = after.#branchTip.length
      const author = this.#authorOfBranch.values[branch]!
      let line = lines.get(this.#lineOfBranch.values[branch]!)
      if (line === undefined) {
        line = after.#lines++
        lines.set(this.#lineOfBranch.values[branch]!, line)
        after.#countLine(author)
      }
      after.#branchTip.push(-1)
      after.#authorOfBranch.push(author)
      after.#since.push(0)
      after.#lineOfBranch.push(line)
    }
    return { columns, cut }
  }

  /** Copies a row without the columns that go, and with a zero for those that it did not have. */
  #copyRow(row: number, columns: Int32Array, cut: Uint16Array, after: ClockIndex): number {
    const start = after.#rows.length
    after.#rows.reserve(start + after.#branchTip.length + 1)
    after.#closeRow(start)
    const [from, to] = [this.#rows.values, after.#rows.values]
    for (let branch = this.#width(row) - 1; branch >= 0; branch--) {
      if (columns[branch]! >= 0) to[start + columns[branch]!] = Math.max(0, from[row + branch]! - cut[branch]!)
    }
    return start
  }

  get byteLength(): number {
    const perUnit = this.#rowOf.byteLength + 2 * this.#branchOf.length
    return perUnit + 2 * this.#rows.length + FAR_BYTES * this.#unclockedAuthors.size
  }
}
