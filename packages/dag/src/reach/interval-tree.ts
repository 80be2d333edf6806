/**
 * Ancestry by intervals for units that are on no author's chain.
 *
 * Every unit hangs in a tree under its highest parent and owns an interval of integers that contains the intervals of its
 * subtree: tree ancestry is containment. What a unit reaches outside the tree is covered by its future covering set, the
 * roots of the subtrees that merge it, sorted by interval: one binary search answers the rest. After rusty-kaspa's
 * `consensus/src/processes/reachability` (ISC): the reindexing root trails the tip so that exhausted intervals are re-spread
 * in a small subtree only, and slack is reserved along the chain for branches that attach far below it.
 *
 * Differences: intervals are below 2^52 (exact doubles); units without an indexed parent start trees of their own; a first child
 * gets 7/8 of what is left and the n-th 1/(n + 1), so that chains and fans both run out late; a re-spread subtree gets at least
 * twice what it needs and passes the spare on to its tip, which makes the cost of a long branch far below the root amortised
 * (on the 2^14 attack DAG: 52 units/s before, 40,000 after); indexing is lazy.
 */
import type { NearColumn } from '../dag/columns.ts'
import type { ParentEdges } from '../dag/edges.ts'

/** The reindexing root stays this many levels below the tip (rusty-kaspa's default). */
const REINDEX_DEPTH = 100
/** Spare room left on each side along the chain, and the lead that another branch needs before the root moves to it. */
const REINDEX_SLACK = 4096
/** What a branch below the reindexing root gets beyond twice its size when it asks for room. */
const REINDEX_RESERVE = 64
const SPACE = 2 ** 52

/** The structure that the index reads. */
export interface IntervalSource {
  readonly heights: NearColumn
  readonly edges: ParentEdges
}

const EMPTY: number[] = []

/** The index over the units for which `includes` holds. */
export class IntervalTree {
  readonly #source: IntervalSource
  readonly #includes: (unit: number) => boolean
  /** Units below this are indexed. */
  #indexed = 0
  #start = new Float64Array(64)
  #end = new Float64Array(64)
  #treeParent = new Int32Array(64)
  #root = new Int32Array(64)
  #depth = new Int32Array(64)
  #sizes = new Float64Array(64)
  #marks = new Int32Array(64)
  #mark = 0
  #children: number[][] = []
  #covering: number[][] = []
  /** Of each tree with more than its root: the deepest unit and the reindexing root. */
  readonly #tips = new Map<number, number>()
  readonly #reindexRoots = new Map<number, number>()

  constructor(source: IntervalSource, includes: (unit: number) => boolean) {
    this.#source = source
    this.#includes = includes
  }

  /** Indexes all units up to `unit`. Cost: once a unit. */
  catchUp(unit: number): void {
    while (this.#indexed <= unit) this.#add(this.#indexed++)
  }

  /** True if `a` is `b` or `b`'s ancestor through indexed units only. Both must be caught up. */
  reaches(a: number, b: number): boolean {
    if (this.#contains(a, b)) return true
    const covering = this.#covering[a]!
    const at = this.#lastBefore(covering, b)
    return at >= 0 && this.#contains(covering[at]!, b)
  }

  #contains(a: number, b: number): boolean {
    return this.#root[a] === this.#root[b] && this.#start[a]! <= this.#start[b]! && this.#end[b]! <= this.#end[a]!
  }

  /** Position of the last of `units`, sorted by (tree, start), that does not start after `unit`; −1 if all do. */
  #lastBefore(units: readonly number[], unit: number): number {
    const root = this.#root[unit]!
    const start = this.#start[unit]!
    let low = 0
    let high = units.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const candidate = units[middle]!
      const rootOf = this.#root[candidate]!
      if (rootOf < root || (rootOf === root && this.#start[candidate]! <= start)) low = middle + 1
      else high = middle - 1
    }
    return high
  }

  #reserve(unit: number): void {
    if (unit < this.#start.length) return
    const capacity = this.#start.length * 2
    const grow = <T extends Float64Array | Int32Array>(from: T, to: T): T => {
      to.set(from)
      return to
    }
    this.#start = grow(this.#start, new Float64Array(capacity))
    this.#end = grow(this.#end, new Float64Array(capacity))
    this.#sizes = grow(this.#sizes, new Float64Array(capacity))
    this.#treeParent = grow(this.#treeParent, new Int32Array(capacity))
    this.#root = grow(this.#root, new Int32Array(capacity))
    this.#depth = grow(this.#depth, new Int32Array(capacity))
    this.#marks = grow(this.#marks, new Int32Array(capacity))
  }

  #add(unit: number): void {
    this.#reserve(unit)
    this.#children.push(EMPTY)
    this.#covering.push(EMPTY)
    if (!this.#includes(unit)) return
    const parent = this.#highestParent(unit)
    this.#treeParent[unit] = parent
    if (parent < 0) {
      this.#root[unit] = unit
      this.#depth[unit] = 0
      this.#start[unit] = 1
      this.#end[unit] = SPACE
      return
    }
    const merged = this.#merged(unit, parent)
    this.#root[unit] = this.#root[parent]!
    this.#depth[unit] = this.#depth[parent]! + 1
    this.#attach(unit, parent)
    for (const other of merged) this.#cover(other, unit)
    this.#advance(unit)
  }

  #highestParent(unit: number): number {
    const { edges, heights } = this.#source
    let best = -1
    for (let k = 0, count = edges.count(unit); k < count; k++) {
      const parent = edges.at(unit, k)
      if (!this.#includes(parent)) continue
      if (best < 0 || heights.get(parent) > heights.get(best)) best = parent
    }
    return best
  }

  /** The units in the past of `unit` that `parent` does not reach. */
  #merged(unit: number, parent: number): number[] {
    const { edges } = this.#source
    const mark = ++this.#mark
    const merged: number[] = []
    this.#marks[parent] = mark
    for (let next = unit, i = -1; i < merged.length; next = merged[++i]!) {
      for (let k = 0, count = edges.count(next); k < count; k++) {
        const candidate = edges.at(next, k)
        if (this.#marks[candidate] === mark) continue
        this.#marks[candidate] = mark
        if (this.#includes(candidate) && !this.reaches(candidate, parent)) merged.push(candidate)
      }
    }
    return merged
  }

  #cover(unit: number, by: number): void {
    const covering = this.#covering[unit]!
    if (covering.length === 0) this.#covering[unit] = [by]
    else covering.splice(this.#lastBefore(covering, by) + 1, 0, by)
  }

  #attach(unit: number, parent: number): void {
    const children = this.#children[parent]!
    const next = children.length === 0 ? this.#start[parent]! : this.#end[children.at(-1)!]! + 1
    const left = this.#end[parent]! - next
    if (children.length === 0) this.#children[parent] = [unit]
    else children.push(unit)
    const room = children.length === 1 ? left - Math.floor(left / 8) : Math.ceil(left / (children.length + 1))
    this.#start[unit] = next
    this.#end[unit] = next + room - 1
    if (room < 1) this.#reindex(unit)
  }

  /** Gives `unit`, whose interval is empty, room: re-spreads the smallest subtree above it that has enough. */
  #reindex(unit: number): void {
    const reindexRoot = this.#reindexRoots.get(this.#root[unit]!) ?? this.#root[unit]!
    let needed = this.#count(unit)
    for (let current = unit; ; ) {
      if (this.#end[current]! - this.#start[current]! + 1 >= 2 * needed) {
        this.#spread(current)
        return
      }
      const parent = this.#treeParent[current]!
      if (parent !== reindexRoot && this.#contains(parent, reindexRoot)) {
        this.#reclaim(current, reindexRoot, parent, 2 * needed + REINDEX_RESERVE)
        return
      }
      let size = 1 + needed
      for (const sibling of this.#children[parent]!) if (sibling !== current) size += this.#count(sibling)
      this.#sizes[parent] = size
      needed = size
      current = parent
    }
  }

  /** Subtree sizes of everything below `top`; returns that of `top`. */
  #count(top: number): number {
    const order = [top]
    for (let i = 0; i < order.length; i++) {
      for (const child of this.#children[order[i]!]!) order.push(child)
    }
    for (let i = order.length - 1; i >= 0; i--) {
      let size = 1
      for (const child of this.#children[order[i]!]!) size += this.#sizes[child]!
      this.#sizes[order[i]!] = size
    }
    return this.#sizes[top]!
  }

  /** Re-assigns the intervals below `top`, whose sizes are counted: to each its size, and most of the spare to the largest. */
  #spread(top: number): void {
    const order = [top]
    for (let i = 0; i < order.length; i++) {
      const unit = order[i]!
      const children = this.#children[unit]!
      if (children.length === 0) continue
      let total = 0
      let largest = 0
      for (const child of children) {
        total += this.#sizes[child]!
        largest = Math.max(largest, this.#sizes[child]!)
      }
      let weights = 0
      for (const child of children) weights += 2 ** (this.#sizes[child]! - largest)
      const spare = this.#end[unit]! - this.#start[unit]! - total
      const given = spare - Math.min(REINDEX_SLACK, Math.floor(spare / (4 * (total + 1))))
      let at = this.#start[unit]!
      for (const child of children) {
        const share = Math.floor((given * 2 ** (this.#sizes[child]! - largest)) / weights)
        this.#start[child] = at
        this.#end[child] = at + this.#sizes[child]! + share - 1
        at = this.#end[child]! + 1
        order.push(child)
      }
    }
  }

  #place(unit: number, start: number, end: number): void {
    this.#start[unit] = start
    this.#end[unit] = end
    this.#spread(unit)
  }

  /** The child of `ancestor` on the way to `unit`. */
  #childToward(unit: number, ancestor: number): number {
    const children = this.#children[ancestor]!
    return children[this.#lastBefore(children, unit)]!
  }

  #roomBefore(unit: number): number {
    const children = this.#children[unit]!
    return (children.length === 0 ? this.#end[unit]! : this.#start[children[0]!]!) - this.#start[unit]!
  }

  #roomAfter(unit: number): number {
    const children = this.#children[unit]!
    return children.length === 0 ? 0 : this.#end[unit]! - this.#end[children.at(-1)!]! - 1
  }

  /**
   * `unit` hangs under `ancestor`, which is below the reindexing root, and needs room: takes it from the slack along the chain
   * from `ancestor` to the root, or from the root's own interval, and shifts the siblings in between.
   */
  #reclaim(unit: number, reindexRoot: number, ancestor: number, needed: number): void {
    const chosen = this.#childToward(reindexRoot, ancestor)
    const before = this.#start[unit]! < this.#start[chosen]!
    const roomAt = (at: number) => (before ? this.#roomBefore(at) : this.#roomAfter(at))
    const narrow = (at: number, offset: number) => {
      if (before) this.#start[at]! += offset
      else this.#end[at]! -= offset
      this.#shiftSiblings(unit, at, offset, before)
    }
    let found = 0
    let length = 0
    let reserve = 0
    let current = chosen
    for (; ; current = this.#childToward(reindexRoot, current), length++) {
      if (current === reindexRoot) {
        const offset = needed + REINDEX_SLACK * length - found
        this.#count(current)
        narrow(current, offset)
        this.#spread(current)
        reserve = REINDEX_SLACK
        break
      }
      const room = roomAt(current)
      found += room
      if (found >= needed) {
        narrow(current, room - (found - needed))
        break
      }
    }
    for (current = this.#treeParent[current]!; current !== ancestor; current = this.#treeParent[current]!) {
      narrow(current, roomAt(current) - reserve)
    }
  }

  /** Moves the siblings between `unit`'s branch and `at` by `offset`, or gives `unit` the offset when it is one of them. */
  #shiftSiblings(unit: number, at: number, offset: number, before: boolean): void {
    const siblings = this.#children[this.#treeParent[at]!]!
    const step = before ? -1 : 1
    for (let i = siblings.indexOf(at) + step; i >= 0 && i < siblings.length; i += step) {
      const sibling = siblings[i]!
      if (sibling !== unit) this.#shift(sibling, before ? offset : -offset)
      else {
        this.#count(sibling)
        const [start, end] = [this.#start[sibling]!, this.#end[sibling]!]
        if (before) this.#place(sibling, start, end + offset)
        else this.#place(sibling, start - offset, end)
        return
      }
    }
  }

  /** Moves a subtree's intervals as they are. */
  #shift(top: number, offset: number): void {
    const order = [top]
    for (let i = 0; i < order.length; i++) {
      const unit = order[i]!
      this.#start[unit]! += offset
      this.#end[unit]! += offset
      for (const child of this.#children[unit]!) order.push(child)
    }
  }

  /** Moves the reindexing root after the tip. */
  #advance(unit: number): void {
    const tree = this.#root[unit]!
    const tip = this.#tips.get(tree)
    if (tip !== undefined && this.#depth[unit]! <= this.#depth[tip]!) return
    this.#tips.set(tree, unit)
    const current = this.#reindexRoots.get(tree) ?? tree
    let next = current
    if (!this.#contains(current, unit)) {
      if (this.#depth[unit]! - this.#depth[current]! < REINDEX_SLACK) return
      while (!this.#contains(next, unit)) next = this.#treeParent[next]!
    }
    let last = next
    while (next !== unit) {
      const child = this.#childToward(unit, next)
      if (this.#depth[unit]! - this.#depth[child]! < REINDEX_DEPTH) break
      next = child
    }
    for (; last !== next; last = this.#childToward(unit, last)) {
      const child = this.#childToward(unit, last)
      this.#concentrate(last, child, child === next)
    }
    this.#reindexRoots.set(tree, next)
  }

  /** Packs the siblings of the chosen child tightly, and gives the child the rest but for slack on both sides. */
  #concentrate(parent: number, chosen: number, isLast: boolean): void {
    const siblings = this.#children[parent]!
    const middle = siblings.indexOf(chosen)
    const [start, end] = [this.#start[parent]!, this.#end[parent]!]
    let at = start + REINDEX_SLACK
    for (let i = 0; i < middle; i++) {
      const size = this.#count(siblings[i]!)
      this.#place(siblings[i]!, at, at + size - 1)
      at += size
    }
    const from = at
    at = end - REINDEX_SLACK - 1
    for (let i = siblings.length - 1; i > middle; i--) {
      const size = this.#count(siblings[i]!)
      this.#place(siblings[i]!, at - size + 1, at)
      at -= size
    }
    const to = at
    if (isLast && !(from <= this.#start[chosen]! && this.#end[chosen]! <= to)) {
      // Leave slack inside, so that the next move of the root finds the subtree in place already.
      this.#count(chosen)
      this.#place(chosen, from + REINDEX_SLACK, to - REINDEX_SLACK)
    }
    this.#start[chosen] = from
    this.#end[chosen] = to
  }
}
