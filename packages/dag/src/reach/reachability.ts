/**
 * Is a in the past of b? Units on authors' chains answer by vector clock; for the others the index knows the carriers, the
 * first clocked units with it in their past, and a path through unclocked units alone is looked up in an interval tree.
 *
 * A path from b down to unclocked a either meets a clocked unit, then the one nearest to a has a carrier of a in its past or
 * is one, or it does not: both cases are tested, so the answer is exact.
 */
import { IntColumn, PagedColumn } from '../dag/columns.ts'
import { ClockIndex } from './clocks.ts'
import { type IntervalSource, IntervalTree } from './interval-tree.ts'

/** Answers ancestry for the units of one DAG. */
export class Reachability {
  readonly #source: IntervalSource
  #clocks = new ClockIndex()
  /** The carriers of each unclocked unit as a list: its first entry, counted from 1; 0: none yet. No carrier has another in its past. */
  #firstEntry = new PagedColumn()
  #entryCarrier = new IntColumn()
  #nextEntry = new IntColumn()
  readonly #stack: number[] = []
  #tree: IntervalTree

  constructor(source: IntervalSource) {
    this.#source = source
    this.#tree = this.#newTree()
  }

  #newTree(): IntervalTree {
    return new IntervalTree(this.#source, (unit) => !this.#clocks.isClocked(unit))
  }

  /** Adds the next unit, whose structure is in the source already. `author` −1: no validator's. */
  add(unit: number, author: number, selfParent: number, parents: Int32Array, count: number): void {
    if (author < 0) {
      this.#clocks.addPlain(parents, count)
      return
    }
    if (this.#clocks.addOnBranch(unit, author, selfParent, parents, count)) this.#carry(unit, parents, count)
  }

  /** True if the author's units are not one chain by self-parents: it may have equivocated. */
  hasBranches(author: number): boolean {
    return this.#clocks.hasBranches(author)
  }

  /** The author of a validator's unit, −1 for others. */
  authorOf(unit: number): number {
    return this.#clocks.authorOf(unit)
  }

  #isCarriedInto(unit: number, clocked: number): boolean {
    for (let entry = this.#firstEntry.get(unit); entry > 0; entry = this.#nextEntry.values[entry - 1]!) {
      if (this.#clocks.covers(this.#entryCarrier.values[entry - 1]!, clocked)) return true
    }
    return false
  }

  /** Marks the clocked unit as carrier of the unclocked ones that enter its past with it. Cost: once a unit, for honest traffic. */
  #carry(clocked: number, parents: Int32Array, count: number): void {
    const stack = this.#stack
    for (let k = 0; k < count; k++) if (!this.#clocks.isClocked(parents[k]!)) stack.push(parents[k]!)
    while (stack.length > 0) {
      const unit = stack.pop()!
      if (this.#isCarriedInto(unit, clocked)) continue
      this.#nextEntry.push(this.#firstEntry.get(unit))
      this.#entryCarrier.push(clocked)
      this.#firstEntry.set(unit, this.#entryCarrier.length)
      this.#pushUnclockedParents(unit, stack)
    }
  }

  #pushUnclockedParents(unit: number, stack: number[]): void {
    const { edges } = this.#source
    for (let k = edges.count(unit) - 1; k >= 0; k--) {
      const parent = edges.at(unit, k)
      if (!this.#clocks.isClocked(parent)) stack.push(parent)
    }
  }

  /** True if `a` is in the past of `b`. */
  isAncestor(a: number, b: number): boolean {
    if (a >= b) return false
    if (this.#clocks.isClocked(a)) return this.#clocks.covers(a, b)
    const { heights } = this.#source
    if (heights.get(a) >= heights.get(b)) return false
    if (this.#isCarriedInto(a, b)) return true
    if (this.#clocks.isClocked(b)) return false
    this.#tree.catchUp(b)
    return this.#tree.reaches(a, b)
  }

  /**
   * Follows a compaction of the source: keeps what is known of the units whose new index in `remap` is not −1. What is on a path
   * between them is kept too. The interval tree is built again when it is next asked. Cost: the bytes of what is kept.
   */
  compact(remap: Int32Array): void {
    const [first, carrier, next] = [this.#firstEntry, this.#entryCarrier, this.#nextEntry]
    this.#clocks = this.#clocks.compacted(remap)
    this.#firstEntry = new PagedColumn()
    this.#entryCarrier = new IntColumn()
    this.#nextEntry = new IntColumn()
    for (let unit = 0; unit < remap.length; unit++) {
      const to = remap[unit]!
      if (to < 0) continue
      for (let entry = first.get(unit); entry > 0; entry = next.values[entry - 1]!) {
        const kept = remap[carrier.values[entry - 1]!]!
        if (kept < 0) continue
        this.#nextEntry.push(this.#firstEntry.get(to))
        this.#entryCarrier.push(kept)
        this.#firstEntry.set(to, this.#entryCarrier.length)
      }
    }
    this.#tree = this.#newTree()
  }

  get byteLength(): number {
    return this.#clocks.byteLength + this.#firstEntry.byteLength + 8 * this.#entryCarrier.length
  }
}
