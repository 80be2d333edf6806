/**
 * Ancestry in O(1) for units that sit on an author's chain: a vector clock a unit.
 *
 * An author's units form branches: a unit extends the branch whose last unit is its self-parent, any other unit opens a new
 * branch (the first of an author, and each fork). A branch is a chain, so its units in the past of u are a prefix of it, and
 * one number says which: the highest round seen. Column k of u's row is that round for branch k, counted from one before the first
 * round of the branch so that two bytes hold it; 0 is none. A chain of more than 65,535 rounds goes on in another branch.
 * Rows are inclusive: a unit sees itself. A unit that is on no branch shares the row of a parent when that parent's row covers
 * the others', else gets its own. The technique is that of vector clocks with a branch for each fork (Fidge 1988; Lachesis).
 */
import { IntColumn, ShortColumn } from '../dag/columns.ts'

/** Branches that one author may open, before its further units are treated as unclocked; a fork is slashed at once, so few are real. */
const BRANCHES_PER_AUTHOR = 8
/** Rounds that one branch spans at most: what a column of a row can count. */
const MAX_SPAN = 0xffff

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
  /** The round before the first of each branch. */
  readonly #baseOfBranch = new IntColumn()
  readonly #branchesOfAuthor = new IntColumn()

  constructor() {
    this.#rowStart.push(0)
  }

  /** True if the unit is on a branch. */
  isClocked(unit: number): boolean {
    return this.#branchOf.values[unit]! >= 0
  }

  /** True if the author opened a second branch. */
  hasBranches(author: number): boolean {
    return author < this.#branchesOfAuthor.length && this.#branchesOfAuthor.values[author]! > 1
  }

  /** True if clocked `a` of round `roundOfA` is `b` or in the past of `b`. */
  covers(a: number, roundOfA: number, b: number): boolean {
    const branch = this.#branchOf.values[a]!
    const row = this.#rowOf.values[b]!
    const at = this.#rowStart.values[row]! + branch
    return (
      at < this.#rowStart.values[row + 1]! && this.#rows.values[at]! >= roundOfA - this.#baseOfBranch.values[branch]!
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
  addOnBranch(
    unit: number,
    author: number,
    round: number,
    selfParent: number,
    parents: Int32Array,
    count: number,
  ): boolean {
    let branch = selfParent < 0 ? -1 : this.#branchOf.values[selfParent]!
    const isForked =
      branch < 0 || this.#branchTip.values[branch] !== selfParent || this.#authorOfBranch.values[branch] !== author
    if (isForked && !this.#countFork(author)) {
      this.addPlain(parents, count)
      return false
    }
    // A branch that is continued has its tip moved on, also when another branch carries it further.
    if (!isForked) this.#branchTip.values[branch] = unit
    if (isForked || round - this.#baseOfBranch.values[branch]! > MAX_SPAN) {
      branch = this.#branchTip.length
      this.#branchTip.push(unit)
      this.#authorOfBranch.push(author)
      this.#baseOfBranch.push(round - 1)
    }
    const start = this.#joinRows(parents, count)
    this.#rows.values[start + branch] = round - this.#baseOfBranch.values[branch]!
    this.#branchOf.push(branch)
    this.#rowOf.push(this.#closeRow())
    return true
  }

  /** Notes that the author opens a branch that does not continue its last; false if it has too many. */
  #countFork(author: number): boolean {
    while (this.#branchesOfAuthor.length <= author) this.#branchesOfAuthor.push(0)
    if (this.#branchesOfAuthor.values[author]! >= BRANCHES_PER_AUTHOR) return false
    this.#branchesOfAuthor.values[author]!++
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

  get byteLength(): number {
    return 4 * (this.#rowOf.length + this.#branchOf.length + this.#rowStart.length) + 2 * this.#rows.length
  }
}
