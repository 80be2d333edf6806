/** The dense structure of a DAG: ids, heights, rounds, authors and edges in typed arrays, and what is derived from them. */
import { Reachability } from '../reach/reachability.ts'
import type { Address, UnitId } from '../unit/id.ts'
import { IntColumn, ParentEdges } from './columns.ts'
import { IdTable } from './id-table.ts'
import { RoundIndex } from './round-index.ts'
import type { DagView } from './view.ts'

/** A unit's place in the structure, parents known. */
export interface CoreUnit {
  readonly id: UnitId
  readonly height: number
  /** 0 for user units. */
  readonly round: number
  /** The validator, undefined for user units. */
  readonly author: Address | undefined
}

/** Structure only, no rules: the parents of an appended unit must be there. */
export class DagCore implements DagView {
  readonly #ids = new IdTable()
  readonly heights = new IntColumn()
  readonly rounds = new IntColumn()
  readonly authors = new IntColumn()
  edges = new ParentEdges()
  readonly #authorNumbers = new Map<Address, number>()
  readonly #addresses: Address[] = []
  #rounds = new RoundIndex()
  /** No unit below this is a tip. */
  #firstTip = 0
  readonly #reach: Reachability
  readonly #remapListeners = new Set<(remap: Int32Array, newSize: number) => void>()
  #childFlags = new Uint8Array(64)
  /** Children lists are made when first asked for, then kept: ordering does not need them. */
  #children: number[][] | undefined

  constructor() {
    this.#reach = new Reachability(this)
  }

  get size(): number {
    return this.#ids.count
  }

  /**
   * Appends a unit and returns its dense index. `parents[0 … count − 1]` are dense, in the order of the header; parents that were
   * pruned are left out. `selfParent` is −1 if it was.
   */
  append(unit: CoreUnit, parents: Int32Array, count: number, selfParent = count > 0 ? parents[0]! : -1): number {
    const index = this.#ids.add(unit.id)
    const author = unit.author === undefined ? -1 : this.#authorNumber(unit.author)
    this.heights.push(unit.height)
    this.rounds.push(unit.round)
    this.authors.push(author)
    if (index >= this.#childFlags.length) {
      const grown = new Uint8Array(this.#childFlags.length * 2)
      grown.set(this.#childFlags)
      this.#childFlags = grown
    }
    for (let k = 0; k < count; k++) {
      const parent = parents[k]!
      this.edges.add(parent)
      this.#childFlags[parent] = 1
    }
    this.edges.close()
    this.#rounds.add(index, author < 0 ? 0 : unit.round)
    if (this.#children) this.#linkChildren(this.#children, index)
    this.#reach.add(index, author, selfParent, parents, count)
    return index
  }

  #authorNumber(address: Address): number {
    let number = this.#authorNumbers.get(address)
    if (number === undefined) {
      number = this.#addresses.length
      this.#addresses.push(address)
      this.#authorNumbers.set(address, number)
    }
    return number
  }

  indexOf(id: UnitId): number {
    return this.#ids.find(id)
  }

  idOf(unit: number): UnitId {
    return this.#ids.text(unit)
  }

  compareIds(a: number, b: number): number {
    return this.#ids.compare(a, b)
  }

  heightOf(unit: number): number {
    return this.heights.values[unit]!
  }

  roundOf(unit: number): number {
    return this.rounds.values[unit]!
  }

  authorOf(unit: number): number {
    return this.authors.values[unit]!
  }

  addressOf(author: number): Address {
    return this.#addresses[author]!
  }

  /** The number of a validator, −1 if it has no unit here. */
  numberOf(address: Address): number {
    return this.#authorNumbers.get(address) ?? -1
  }

  parentCount(unit: number): number {
    return this.edges.start(unit + 1) - this.edges.start(unit)
  }

  parentAt(unit: number, k: number): number {
    return this.edges.at(unit, this.edges.start(unit) + k)
  }

  childCount(unit: number): number {
    return this.childrenOf(unit).length
  }

  childrenOf(unit: number): readonly number[] {
    if (!this.#children) {
      this.#children = []
      for (let index = 0; index < this.size; index++) this.#linkChildren(this.#children, index)
    }
    return this.#children[unit]!
  }

  #linkChildren(children: number[][], index: number): void {
    children.push([])
    for (let k = 0; k < this.parentCount(index); k++) children[this.parentAt(index, k)]!.push(index)
  }

  isEquivocator(author: number, observer: number): boolean {
    if (!this.#reach.hasBranches(author)) return false
    let last = -1
    for (let unit = 0; unit < this.size; unit++) {
      if (this.authors.values[unit] !== author || (observer >= 0 && !this.isAncestor(unit, observer))) continue
      if (last >= 0 && !this.isAncestor(last, unit)) return true
      last = unit
    }
    return false
  }

  isAncestor(a: number, b: number): boolean {
    return this.#reach.isAncestor(a, b)
  }

  roundUnits(round: number): readonly number[] {
    return this.#rounds.units(round)
  }

  /** Units without children. Cost: a byte read for each unit since the oldest of them. */
  tips(): number[] {
    while (this.#firstTip < this.size && this.#childFlags[this.#firstTip] === 1) this.#firstTip++
    const tips: number[] = []
    for (let unit = this.#firstTip; unit < this.size; unit++) if (this.#childFlags[unit] === 0) tips.push(unit)
    return tips
  }

  /**
   * Drops the units whose flag is 0, and the edges to them; the others keep their order and heights. No dropped unit may be both an
   * ancestor and a descendant of kept ones. Cost: a pass over the units, and a copy of what is kept: nothing is derived again.
   */
  compact(keep: Uint8Array): void {
    const size = this.size
    const remap = new Int32Array(size).fill(-1)
    let kept = 0
    for (let unit = 0; unit < size; unit++) if (keep[unit] === 1) remap[unit] = kept++
    const before = this.edges
    const after = new ParentEdges()
    const childFlags = new Uint8Array(Math.max(64, kept))
    this.#rounds = new RoundIndex()
    for (let unit = 0; unit < size; unit++) {
      const to = remap[unit]!
      if (to < 0) continue
      for (let edge = before.start(unit), end = before.start(unit + 1); edge < end; edge++) {
        const parent = remap[before.at(unit, edge)]!
        if (parent < 0) continue
        after.add(parent)
        childFlags[parent] = 1
      }
      after.close()
      for (const column of [this.heights, this.rounds, this.authors]) column.values[to] = column.values[unit]!
      this.#rounds.add(to, this.authors.values[to]! < 0 ? 0 : this.rounds.values[to]!)
    }
    this.edges = after
    for (const column of [this.heights, this.rounds, this.authors]) column.shrink(kept)
    this.#childFlags = childFlags
    this.#firstTip = 0
    this.#children = undefined
    this.#ids.compact(remap)
    this.#reach.compact(remap)
    for (const listener of this.#remapListeners) listener(remap, kept)
  }

  onRemap(listener: (remap: Int32Array, newSize: number) => void): () => void {
    this.#remapListeners.add(listener)
    return () => this.#remapListeners.delete(listener)
  }

  /** Bytes of the typed arrays in use. */
  get byteLength(): number {
    const parts = [this.edges, this.#ids, this.#reach, this.#rounds]
    return parts.reduce((sum, { byteLength }) => sum + byteLength, 12 * this.size)
  }
}
