/** The dense structure of a DAG: ids, heights, rounds, authors and edges in typed arrays, and what is derived from them. */
import { Reachability } from '../reach/reachability.ts'
import type { Address, UnitId } from '../unit/id.ts'
import { NearColumn } from './columns.ts'
import { ParentEdges } from './edges.ts'
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
  heights = new NearColumn()
  rounds = new NearColumn()
  edges = new ParentEdges()
  readonly #authorNumbers = new Map<Address, number>()
  readonly #addresses: Address[] = []
  #rounds = new RoundIndex()
  /** No unit below this is a tip. */
  #firstTip = 0
  readonly #reach: Reachability
  readonly #remapListeners = new Set<(remap: Int32Array, newSize: number) => void>()
  /** A bit for each unit: 1 if it has a child. */
  #hasChild = new Uint8Array(64)
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
    if (index >> 3 === this.#hasChild.length) {
      const grown = new Uint8Array(this.#hasChild.length * 2)
      grown.set(this.#hasChild)
      this.#hasChild = grown
    }
    const hasChild = this.#hasChild
    for (let k = 0; k < count; k++) hasChild[parents[k]! >> 3]! |= 1 << (parents[k]! & 7)
    this.edges.add(parents, count)
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
    return this.heights.get(unit)
  }

  roundOf(unit: number): number {
    return this.rounds.get(unit)
  }

  authorOf(unit: number): number {
    return this.#reach.authorOf(unit)
  }

  addressOf(author: number): Address {
    return this.#addresses[author]!
  }

  /** The number of a validator, −1 if it has no unit here. */
  numberOf(address: Address): number {
    return this.#authorNumbers.get(address) ?? -1
  }

  parentCount(unit: number): number {
    return this.edges.count(unit)
  }

  parentAt(unit: number, k: number): number {
    return this.edges.at(unit, k)
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
      if (this.authorOf(unit) !== author || (observer >= 0 && !this.isAncestor(unit, observer))) continue
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

  #isTip(unit: number): boolean {
    return ((this.#hasChild[unit >> 3]! >> (unit & 7)) & 1) === 0
  }

  /** Units without children. Cost: a bit read for each unit since the oldest of them. */
  tips(): number[] {
    while (this.#firstTip < this.size && !this.#isTip(this.#firstTip)) this.#firstTip++
    const tips: number[] = []
    for (let unit = this.#firstTip; unit < this.size; unit++) if (this.#isTip(unit)) tips.push(unit)
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
    const hasChild = new Uint8Array(Math.max(64, (kept >> 3) + 1))
    const rounds = new RoundIndex()
    let parents = new Int32Array(64)
    for (let unit = 0; unit < size; unit++) {
      const to = remap[unit]!
      if (to < 0) continue
      const count = before.count(unit)
      if (count > parents.length) parents = new Int32Array(count)
      for (let k = 0; k < count; k++) {
        const parent = remap[before.at(unit, k)]!
        parents[k] = parent
        if (parent >= 0) hasChild[parent >> 3]! |= 1 << (parent & 7)
      }
      after.add(parents, count)
      rounds.add(to, this.authorOf(unit) < 0 ? 0 : this.rounds.get(unit))
    }
    this.edges = after
    this.#rounds = rounds
    this.heights = this.heights.compacted(remap)
    this.rounds = this.rounds.compacted(remap)
    this.#hasChild = hasChild
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
    const parts = [this.heights, this.rounds, this.edges, this.#ids, this.#reach, this.#rounds]
    return parts.reduce((sum, { byteLength }) => sum + byteLength, this.size >> 3)
  }
}
