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
import { IntColumn, ShortColumn } from '../dag/columns.ts'

/** Branches that one author may open, before its further units are treated as unclocked; a fork is slashed at once, so few are real. */
const BRANCHES_PER_AUTHOR = 8
/** Units that one branch holds at most: what a column of a row can count. */
const MAX_LENGTH = 0xffff

export class ClockIndex {
  /** Row of each unit. */
  readonly #rowOf = new IntColumn()
  /** Branch of each unit, −1: on none. */
  readonly #branchOf = new IntColumn()
  /** Where each row starts; its length is the number of branches when it was made. */
  readonly #rowStart = new IntColumn()
  readonly #rows = new ShortColumn(256)
  /** Last unit of each branch. */
  readonly #branchTip = new IntColumn()
  readonly #authorOfBranch = new IntColumn()
  /** The fork that a branch belongs to: a branch that goes on with a full one is of the same line. */
  readonly #lineOfBranch = new IntColumn()
  #lines = 0
  /** Lines of each author. */
  readonly #linesOfAuthor = new IntColumn()

  constructor() {
    this.#rowStart.push(0)
  }

  /** True if the unit is on a branch. */
  isClocked(unit: number): boolean {
    return this.#branchOf.values[unit]! >= 0
  }

  /** True if the author's units are more than one chain. */
  hasBranches(author: number): boolean {
    return author < this.#linesOfAuthor.length && this.#linesOfAuthor.values[author]! > 1
  }

  /** True if clocked `a` is `b` or in the past of `b`. */
  covers(a: number, b: number): boolean {
    const starts = this.#rowStart.values
    const branch = this.#branchOf.values[a]!
    const row = this.#rowOf.values[b]!
    const at = starts[row]! + branch
    return (
      at < starts[row + 1]! && this.#rows.values[at]! >= this.#rows.values[starts[this.#rowOf.values[a]!]! + branch]!
    )
  }

  /** Adds a unit that is no validator's. Cost: the branches for each parent with a row of its own. */
  addPlain(parents: Int32Array, count: number): void {
    this.#branchOf.push(-1)
    if (count === 0) {
      this.#joinRows(parents, 0)
      this.#rowOf.push(this.#closeRow())
      return
    }
    let best = this.#rowOf.values[parents[0]!]!
    for (let k = 1; k < count; k++) {
      const row = this.#rowOf.values[parents[k]!]!
      if (row === best || this.#dominates(best, row)) continue
      if (this.#dominates(row, best)) best = row
      else {
        this.#joinRows(parents, count)
        this.#rowOf.push(this.#closeRow())
        return
      }
    }
    this.#rowOf.push(best)
  }

  /** Adds a validator's unit; `selfParent` −1: it was pruned. Cost: parents × branches. Returns false if the author has too many branches: the unit is then unclocked. */
  addOnBranch(unit: number, author: number, selfParent: number, parents: Int32Array, count: number): boolean {
    let branch = selfParent < 0 ? -1 : this.#branchOf.values[selfParent]!
    const isForked =
      branch < 0 || this.#branchTip.values[branch] !== selfParent || this.#authorOfBranch.values[branch] !== author
    if (isForked && !this.#countLine(author)) {
      this.addPlain(parents, count)
      return false
    }
    const place = isForked ? 0 : this.#rows.values[this.#rowStart.values[this.#rowOf.values[selfParent]!]! + branch]!
    // A branch that is continued has its tip moved on, also when another branch carries it further.
    if (!isForked) this.#branchTip.values[branch] = unit
    const isFull = place === MAX_LENGTH
    if (isForked || isFull) {
      this.#lineOfBranch.push(isForked ? this.#lines++ : this.#lineOfBranch.values[branch]!)
      branch = this.#branchTip.length
      this.#branchTip.push(unit)
      this.#authorOfBranch.push(author)
    }
    const start = this.#joinRows(parents, count)
    this.#rows.values[start + branch] = isFull ? 1 : place + 1
    this.#branchOf.push(branch)
    this.#rowOf.push(this.#closeRow())
    return true
  }

  /** Notes that the author opens a branch that does not continue its last; false if it has too many. */
  #countLine(author: number): boolean {
    while (this.#linesOfAuthor.length <= author) this.#linesOfAuthor.push(0)
    if (this.#linesOfAuthor.values[author]! >= BRANCHES_PER_AUTHOR) return false
    this.#linesOfAuthor.values[author]!++
    return true
  }

  #dominates(a: number, b: number): boolean {
    const starts = this.#rowStart.values
    const rows = this.#rows.values
    const [startA, startB] = [starts[a]!, starts[b]!]
    const [lengthA, lengthB] = [starts[a + 1]! - startA, starts[b + 1]! - startB]
    if (lengthB > lengthA) return false
    for (let k = 0; k < lengthB; k++) if (rows[startB + k]! > rows[startA + k]!) return false
    return true
  }

  /** Writes the maximum of the parents' rows after the last row; returns where. */
  #joinRows(parents: Int32Array, count: number): number {
    const start = this.#rows.length
    this.#rows.reserve(start + this.#branchTip.length)
    const rows = this.#rows.values
    const starts = this.#rowStart.values
    rows.fill(0, start, start + this.#branchTip.length)
    for (let k = 0; k < count; k++) {
      const row = this.#rowOf.values[parents[k]!]!
      for (let from = starts[row]!, end = starts[row + 1]!, to = start; from < end; from++, to++) {
        if (rows[from]! > rows[to]!) rows[to] = rows[from]!
      }
    }
    return start
  }

  #closeRow(): number {
    const row = this.#rowStart.length - 1
    const start = this.#rowStart.values[row]!
    this.#rows.reserve(start + this.#branchTip.length)
    this.#rows.length = start + this.#branchTip.length
    this.#rowStart.push(this.#rows.length)
    return row
  }

  /**
   * The clocks of the units whose new index in `remap` is not −1. Rows are copied, not joined again; branches without a kept
   * unit lose their column, and what was dropped of the others is no longer counted.
   */
  compacted(remap: Int32Array): ClockIndex {
    const after = new ClockIndex()
    const { columns, cut } = this.#keptColumns(remap, after)
    const newRow = new Int32Array(this.#rowStart.length).fill(-1)
    for (let unit = 0; unit < remap.length; unit++) {
      const to = remap[unit]!
      if (to < 0) continue
      const branch = this.#branchOf.values[unit]!
      const row = this.#rowOf.values[unit]!
      if (newRow[row]! < 0) newRow[row] = this.#copyRow(row, columns, cut, after)
      after.#rowOf.push(newRow[row]!)
      after.#branchOf.push(branch < 0 ? -1 : columns[branch]!)
      if (branch >= 0) after.#branchTip.values[columns[branch]!] = to
    }
    return after
  }

  /** The new column of each branch, −1 if no unit of it is kept, and how many of its units are dropped. Fills in the branches of `after`. */
  #keptColumns(remap: Int32Array, after: ClockIndex): { columns: Int32Array; cut: Uint16Array } {
    const columns = new Int32Array(this.#branchTip.length).fill(-1)
    const cut = new Uint16Array(this.#branchTip.length)
    for (let unit = 0; unit < remap.length; unit++) {
      const branch = this.#branchOf.values[unit]!
      if (remap[unit]! < 0 || branch < 0 || columns[branch]! >= 0) continue
      columns[branch] = 0
      cut[branch] = this.#rows.values[this.#rowStart.values[this.#rowOf.values[unit]!]! + branch]! - 1
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
      after.#lineOfBranch.push(line)
    }
    return { columns, cut }
  }

  #copyRow(row: number, columns: Int32Array, cut: Uint16Array, after: ClockIndex): number {
    const rows = this.#rows.values
    const [from, end] = [this.#rowStart.values[row]!, this.#rowStart.values[row + 1]!]
    for (let branch = 0; branch < end - from; branch++) {
      if (columns[branch]! >= 0) after.#rows.push(Math.max(0, rows[from + branch]! - cut[branch]!))
    }
    after.#rowStart.push(after.#rows.length)
    return after.#rowStart.length - 2
  }

  get byteLength(): number {
    return 4 * (this.#rowOf.length + this.#branchOf.length + this.#rowStart.length) + 2 * this.#rows.length
  }
}
