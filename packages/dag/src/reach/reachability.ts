/**
 * Is a in the past of b? Units on authors' chains answer by vector clock; for the others the index knows the carriers, the
 * first clocked units with it in their past, and a path through unclocked units alone is looked up in an interval tree.
 *
 * A path from b down to unclocked a either meets a clocked unit, then the one nearest to a has a carrier of a in its past or
 * is one, or it does not: both cases are tested, so the answer is exact.
 */
import { IntColumn } from '../dag/columns.ts'
import { ClockIndex } from './clocks.ts'
import { type IntervalSource, IntervalTree } from './interval-tree.ts'

/** Answers ancestry for the units of one DAG. */
export class Reachability {
  readonly #source: IntervalSource
  #clocks = new ClockIndex()
  /** The carriers of each unclocked unit as a list: its first entry, −1: none yet. No carrier has another in its past. */
  #firstEntry = new IntColumn()
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
    this.#firstEntry.push(-1)
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

  #isCarriedInto(unit: number, clocked: number): boolean {
    for (let entry = this.#firstEntry.values[unit]!; entry >= 0; entry = this.#nextEntry.values[entry]!) {
      if (this.#clocks.covers(this.#entryCarrier.values[entry]!, clocked)) return true
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
      this.#nextEntry.push(this.#firstEntry.values[unit]!)
      this.#firstEntry.values[unit] = this.#entryCarrier.length
      this.#entryCarrier.push(clocked)
      this.#pushUnclockedParents(unit, stack)
    }
  }

  #pushUnclockedParents(unit: number, stack: number[]): void {
    const { edges } = this.#source
    for (let at = edges.start(unit), end = edges.start(unit + 1); at < end; at++) {
      const parent = edges.at(unit, at)
      if (!this.#clocks.isClocked(parent)) stack.push(parent)
    }
  }

  /** True if `a` is in the past of `b`. */
  isAncestor(a: number, b: number): boolean {
    const heights = this.#source.heights.values
    if (a >= b || heights[a]! >= heights[b]!) return false
    if (this.#clocks.isClocked(a)) return this.#clocks.covers(a, b)
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
    this.#firstEntry = new IntColumn()
    this.#entryCarrier = new IntColumn()
    this.#nextEntry = new IntColumn()
    for (let unit = 0; unit < remap.length; unit++) {
      const to = remap[unit]!
      if (to < 0) continue
      this.#firstEntry.push(-1)
      for (let entry = first.values[unit]!; entry >= 0; entry = next.values[entry]!) {
        const kept = remap[carrier.values[entry]!]!
        if (kept < 0) continue
        this.#nextEntry.push(this.#firstEntry.values[to]!)
        this.#firstEntry.values[to] = this.#entryCarrier.length
        this.#entryCarrier.push(kept)
      }
    }
    this.#tree = this.#newTree()
  }

  get byteLength(): number {
    return this.#clocks.byteLength + 4 * this.#firstEntry.length + 8 * this.#entryCarrier.length
  }
}
