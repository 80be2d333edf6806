/**
 * GHOSTDAG: the greedy k-cluster colouring and linear order (Sompolinsky, Wyborski, Zohar: PHANTOM GHOSTDAG, Algorithm 1), as
 * Kaspa runs it. Here for comparison and for ledgers that want it; ZOS orders by its main chain.
 *
 * Every unit picks the parent with the most blue work as selected parent and colours the rest of its past beyond that parent's:
 * blue if at most k blues are in its anticone and it is in the anticone of no blue that has k already.
 */
import type { DagView } from '../dag/view.ts'
import { DagError } from '../errors.ts'

/** What GHOSTDAG knows of a unit. All of it follows from the unit's past. */
export interface GhostdagData {
  /** Blue units in the past. */
  readonly blueScore: number
  /** Sum of the work of the blue units in the past. */
  readonly blueWork: bigint
  /** −1 for the genesis. */
  readonly selectedParent: number
  /** Blue units that this one merges, the selected parent first. */
  readonly blues: readonly number[]
  readonly reds: readonly number[]
  /** Blues of the past in the anticone of a blue unit, where this unit's merging set the number. */
  readonly anticoneSizes: ReadonlyMap<number, number>
}

/** Options of {@link Ghostdag}. */
export interface GhostdagOptions {
  /** How many blue units an honest unit may have in its anticone: follows from block rate and delay. */
  readonly k: number
  /** Work of a unit; default 1 each. */
  readonly work?: (unit: number) => bigint
}

/** Colours all units of a view, and those that come later when asked. For a DAG that is not pruned: the colours need the whole past. */
export class Ghostdag {
  readonly #view: DagView
  readonly #k: number
  readonly #work: ((unit: number) => bigint) | undefined
  readonly #data: GhostdagData[] = []
  #marks = new Int32Array(64)
  #mark = 0

  constructor(view: DagView, { k, work }: GhostdagOptions) {
    if (!Number.isInteger(k) || k < 0)
      throw new DagError('DAG_INVALID_ARGUMENT', `k must be a natural number, not ${k}`, { k })
    this.#view = view
    this.#k = k
    this.#work = work
  }

  /** The data of a unit. Cost: amortised, each unit once; the merged units × k. */
  dataOf(unit: number): GhostdagData {
    while (this.#data.length <= unit) {
      const next = this.#data.length
      const parents: number[] = []
      for (let at = 0; at < this.#view.parentCount(next); at++) parents.push(this.#view.parentAt(next, at))
      this.#data.push(this.#color(parents))
    }
    return this.#data[unit]!
  }

  /** The data of a unit with these parents, which need not exist: of the virtual unit over all tips. */
  virtual(parents: readonly number[]): GhostdagData {
    for (const parent of parents) this.dataOf(parent)
    return this.#color(parents)
  }

  /** True if `a` has more blue work than `b`, or as much and the larger id. */
  #better(a: number, b: number): boolean {
    const [left, right] = [this.#data[a]!, this.#data[b]!]
    if (this.#work) {
      if (left.blueWork !== right.blueWork) return left.blueWork > right.blueWork
    } else if (left.blueScore !== right.blueScore) return left.blueScore > right.blueScore
    return this.#view.compareIds(a, b) > 0
  }

  #color(parents: readonly number[]): GhostdagData {
    if (parents.length === 0) {
      return { blueScore: 0, blueWork: 0n, selectedParent: -1, blues: [], reds: [], anticoneSizes: new Map() }
    }
    let selected = parents[0]!
    for (const parent of parents) if (parent !== selected && this.#better(parent, selected)) selected = parent
    const blues = [selected]
    const reds: number[] = []
    const sizes = new Map([[selected, 0]])
    for (const candidate of this.#merged(parents, selected)) {
      if (blues.length > this.#k || !this.#tryBlue(candidate, selected, blues, sizes)) reds.push(candidate)
      else blues.push(candidate)
    }
    const base = this.#data[selected]!
    let blueWork = base.blueWork
    if (this.#work) for (const blue of blues) blueWork += this.#work(blue)
    const blueScore = base.blueScore + blues.length
    if (!this.#work) blueWork = BigInt(blueScore)
    return { blueScore, blueWork, selectedParent: selected, blues, reds, anticoneSizes: sizes }
  }

  /** Past of the parents beyond the selected one's, by blue work, then id: a topological order. */
  #merged(parents: readonly number[], selected: number): number[] {
    const view = this.#view
    if (this.#marks.length < view.size) this.#marks = new Int32Array(2 * view.size)
    const mark = ++this.#mark
    this.#marks[selected] = mark
    const merged: number[] = []
    const visit = (unit: number) => {
      if (this.#marks[unit] === mark) return
      this.#marks[unit] = mark
      if (!view.isAncestor(unit, selected)) merged.push(unit)
    }
    for (const parent of parents) visit(parent)
    for (let at = 0; at < merged.length; at++) {
      const unit = merged[at]!
      for (let k = view.parentCount(unit) - 1; k >= 0; k--) visit(view.parentAt(unit, k))
    }
    return merged.length < 2 ? merged : merged.sort((a, b) => (this.#better(a, b) ? 1 : -1))
  }

  /** Adds the candidate to the blues if the k-cluster property allows, and updates the anticone sizes. */
  #tryBlue(candidate: number, selected: number, blues: readonly number[], sizes: Map<number, number>): boolean {
    const grown: [number, number][] = []
    const fits = (peers: readonly number[]): boolean => {
      for (const peer of peers) {
        if (this.#view.isAncestor(peer, candidate)) continue
        const size = sizes.get(peer) ?? this.#anticoneSize(peer, selected)
        if (size === this.#k || grown.length === this.#k) return false
        grown.push([peer, size + 1])
      }
      return true
    }
    if (!fits(blues)) return false
    for (let chain = selected; chain >= 0 && !this.#view.isAncestor(chain, candidate); ) {
      const data = this.#data[chain]!
      if (!fits(data.blues)) return false
      chain = data.selectedParent
    }
    sizes.set(candidate, grown.length)
    for (const [peer, size] of grown) sizes.set(peer, size)
    return true
  }

  /** The size recorded by the highest unit of the selected chain that knows the blue unit. */
  #anticoneSize(blue: number, from: number): number {
    for (let chain = from; chain >= 0; ) {
      const data = this.#data[chain]!
      const size = data.anticoneSizes.get(blue)
      if (size !== undefined) return size
      chain = data.selectedParent
    }
    throw new DagError('DAG_INVALID_ARGUMENT', `unit ${this.#view.idOf(blue)} is not blue in this past`, { unit: blue })
  }

  /** All units in the past of these parents, and them, in GHOSTDAG's linear order. Cost: linear in the past. */
  order(parents: readonly number[]): number[] {
    const chain: GhostdagData[] = [this.virtual(parents)]
    while (chain.at(-1)!.selectedParent >= 0) chain.push(this.dataOf(chain.at(-1)!.selectedParent))
    const order: number[] = []
    for (const { selectedParent, blues, reds } of chain.reverse()) {
      if (selectedParent < 0) continue
      order.push(selectedParent)
      const merged = [...blues.slice(1), ...reds]
      order.push(...merged.sort((a, b) => (this.#better(a, b) ? 1 : -1)))
    }
    return order
  }

  /** Which of two units comes first in the order of these parents' past; 1: x. Both must be in it. Cost: the selected chain above them. */
  first(x: number, y: number, parents: readonly number[]): 1 | -1 {
    let data = this.virtual(parents)
    for (;;) {
      const chain = data.selectedParent
      const below = (unit: number) => unit === chain || this.#view.isAncestor(unit, chain)
      const [xBelow, yBelow] = chain < 0 ? [true, true] : [below(x), below(y)]
      if (xBelow !== yBelow) return xBelow ? 1 : -1
      if (!xBelow) return this.#better(y, x) ? 1 : -1
      if (chain === x || chain === y || chain < 0) return chain === x ? -1 : 1
      data = this.dataOf(chain)
    }
  }
}
