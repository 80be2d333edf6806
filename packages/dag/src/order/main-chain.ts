/** C7: the main chain and the index of every unit, from the sequence of committed leaders. */

import { IntColumn } from '../dag/columns.ts'
import type { Dag } from '../dag/dag.ts'
import { sortByHeight } from '../dag/traverse.ts'
import type { DagView } from '../dag/view.ts'
import { DagError } from '../errors.ts'
import type { UnitId } from '../unit/id.ts'

/** A unit with its place in the order. */
export interface IndexedUnit {
  readonly id: UnitId
  /** Main-chain index. */
  readonly mci: number
  readonly height: number
}

/** The result of one committed leader. */
export interface MainChainCommit {
  readonly leader: UnitId
  /** Every unit newly in the leader's past, and the leader, ordered by (index, height, id). */
  readonly indexed: readonly IndexedUnit[]
  /** The new main-chain units: their indices follow each other, the last is the leader's. */
  readonly chain: readonly IndexedUnit[]
}

/** Not indexed yet. */
const NONE = -1

/** The main chain over one DAG. */
export class MainChain {
  readonly #view: DagView
  readonly #pruned: Dag['pruned'] | undefined
  /** Index of each unit, −1: none yet. */
  readonly #mci = new IntColumn()
  /** Main-chain unit of each index from `#base` on. */
  readonly #chain = new IntColumn()
  #base: number
  readonly #listeners = new Set<(commit: MainChainCommit) => void>()

  /** Use {@link createMainChain}. */
  constructor(view: DagView, base = 0, pruned?: Dag['pruned']) {
    this.#view = view
    this.#pruned = pruned
    this.#base = base
    this.#mci.push(base)
    this.#chain.push(0)
    view.onRemap((remap, size) => this.#remap(remap, size))
  }

  #remap(remap: Int32Array, size: number): void {
    let dropped = 0
    while (remap[this.#chain.values[dropped]!]! < 0) dropped++
    this.#base += dropped
    for (let at = dropped; at < this.#chain.length; at++)
      this.#chain.values[at - dropped] = remap[this.#chain.values[at]!]!
    this.#chain.shrink(this.#chain.length - dropped)
    const before = this.#mci.length
    this.#mci.reserve(size)
    const values = this.#mci.values
    for (let unit = 0; unit < remap.length; unit++) {
      const to = remap[unit]!
      if (to >= 0) values[to] = unit < before ? values[unit]! : NONE
    }
    this.#mci.shrink(size)
  }

  /** The first index that is kept: 0, or the pruning point's. */
  get base(): number {
    return this.#base
  }

  /** The last main-chain unit, genesis at first. */
  get tip(): IndexedUnit {
    return this.#indexed(this.#chain.values[this.#chain.length - 1]!)
  }

  #indexed(unit: number): IndexedUnit {
    return { id: this.#view.idOf(unit), mci: this.#mci.values[unit]!, height: this.#view.heightOf(unit) }
  }

  /** The index of a unit, undefined while it has none. Throws `DAG_UNIT_UNKNOWN` if the DAG does not hold it and pruned it long ago. */
  mciOf(id: UnitId): number | undefined {
    const unit = this.#view.indexOf(id)
    if (unit >= 0) return this.indexAt(unit)
    const pruned = this.#pruned?.(id)
    if (!pruned) throw new DagError('DAG_UNIT_UNKNOWN', `unit ${id} is not in the DAG`, { unit: id })
    return pruned.mci
  }

  /** The index of the unit with this dense index, undefined while it has none. */
  indexAt(unit: number): number | undefined {
    const mci = unit < this.#mci.length ? this.#mci.values[unit]! : NONE
    return mci === NONE ? undefined : mci
  }

  /** True if the unit with this dense index carries the main chain. */
  carries(unit: number): boolean {
    const mci = this.indexAt(unit)
    return mci !== undefined && this.#chain.values[mci - this.#base] === unit
  }

  /** The main-chain unit with an index, undefined beyond the tip and below the pruning point. */
  unitAt(mci: number): UnitId | undefined {
    const at = mci - this.#base
    return at >= 0 && at < this.#chain.length ? this.#view.idOf(this.#chain.values[at]!) : undefined
  }

  /**
   * Extends the main chain to a committed leader. Throws `DAG_UNIT_UNKNOWN` for a unit that the DAG does not hold, and
   * `DAG_INVALID_ARGUMENT` unless the tip is in its past: the commit rule guarantees that.
   * Cost: the edges of the units that become indexed, plus an ancestry test for each parent on the path.
   */
  commit(leader: UnitId): MainChainCommit {
    const view = this.#view
    const last = view.indexOf(leader)
    if (last < 0) throw new DagError('DAG_UNIT_UNKNOWN', `leader ${leader} is not in the DAG`, { unit: leader })
    const tip = this.#chain.values[this.#chain.length - 1]!
    if (!view.isAncestor(tip, last)) {
      throw new DagError(
        'DAG_INVALID_ARGUMENT',
        `main-chain tip ${view.idOf(tip)} is not in the past of leader ${leader}`,
        {
          tip: view.idOf(tip),
          leader,
        },
      )
    }
    while (this.#mci.length < view.size) this.#mci.push(NONE)
    const path: number[] = []
    for (let unit = last; unit !== tip; unit = this.#stepDown(unit, tip)) path.push(unit)
    const indexed: IndexedUnit[] = []
    const chain: IndexedUnit[] = []
    for (const unit of path.reverse()) {
      const mci = this.#base + this.#chain.length
      this.#chain.push(unit)
      for (const entered of this.#enter(unit, mci)) indexed.push(this.#indexed(entered))
      chain.push(this.#indexed(unit))
    }
    const commit = { leader, indexed, chain }
    for (const listener of this.#listeners) listener(commit)
    return commit
  }

  /** The parent that is the earlier leader or has it in its past: highest round, then smallest id. */
  #stepDown(unit: number, tip: number): number {
    const view = this.#view
    let best = -1
    for (let k = view.parentCount(unit) - 1; k >= 0; k--) {
      const parent = view.parentAt(unit, k)
      if (best >= 0 && !this.#better(parent, best)) continue
      if (parent === tip || view.isAncestor(tip, parent)) best = parent
    }
    return best
  }

  #better(a: number, b: number): boolean {
    const [rankA, rankB] = [this.#rank(a), this.#rank(b)]
    return rankA !== rankB ? rankA > rankB : this.#view.compareIds(a, b) < 0
  }

  /** The round; user units after all others, so that they carry the chain only where nothing else can. */
  #rank(unit: number): number {
    return this.#view.authorOf(unit) < 0 && this.#view.parentCount(unit) > 0 ? -1 : this.#view.roundOf(unit)
  }

  /** Gives `mci` to the unit and its past that has none, and returns them by height, then id. */
  #enter(unit: number, mci: number): number[] {
    const view = this.#view
    const index = this.#mci.values
    const entered = [unit]
    index[unit] = mci
    for (let at = 0; at < entered.length; at++) {
      const next = entered[at]!
      for (let k = view.parentCount(next) - 1; k >= 0; k--) {
        const parent = view.parentAt(next, k)
        if (index[parent] !== NONE) continue
        index[parent] = mci
        entered.push(parent)
      }
    }
    // From the unit downwards: turned round it is nearly sorted.
    return sortByHeight(view, entered.reverse())
  }

  /** Calls `listener` after every commit. Returns the way to stop. */
  onCommit(listener: (commit: MainChainCommit) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** A main chain that starts at the DAG's genesis, index 0, or at its pruning point. */
export function createMainChain(dag: Pick<Dag, 'view'> & Partial<Pick<Dag, 'pruningPoint' | 'pruned'>>): MainChain {
  return new MainChain(dag.view, dag.pruningPoint?.mci ?? 0, dag.pruned && ((id) => dag.pruned!(id)))
}
