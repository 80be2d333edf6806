/** The DAG of units: takes them in any order of arrival, keeps headers and structure, never payloads. */
import { DagError } from '../errors.ts'
import type { UnitHeader } from '../unit/header.ts'
import { unitId } from '../unit/header.ts'
import type { Address, UnitId } from '../unit/id.ts'
import { UNIT_LIMITS, type UnitLimits } from '../unit/limits.ts'
import type { UnitProblem } from '../unit/validate.ts'
import { validateHeaderShape } from '../unit/validate.ts'
import { DagCore } from './core.ts'
import { anticone, collect, markFuture, markPast } from './traverse.ts'
import type { DagView } from './view.ts'
import { WaitingPool } from './waiting.ts'

/** What the DAG needs of a unit. `id` must be the hash of `header`: `decodeUnit`, `createUnit` and `unitId` compute it. */
export interface UnitRef {
  readonly id: UnitId
  readonly header: UnitHeader
}

/** A unit that was refused, and why. */
export interface RefusedUnit extends UnitProblem {
  readonly id: UnitId
}

/** What became of a unit. Foreign units never throw. */
export type AppendResult =
  /** It is connected; `added` lists it and every waiting unit that it connected, parents first. `refused`: those that waited for it in vain. */
  | { readonly status: 'added'; readonly added: readonly UnitId[]; readonly refused: readonly RefusedUnit[] }
  | { readonly status: 'duplicate' }
  /** Kept until its ancestors arrive; `missing` are the ones to ask for. */
  | { readonly status: 'waiting'; readonly missing: readonly UnitId[] }
  | ({ readonly status: 'invalid' } & UnitProblem)

/** Bounds of a DAG. */
export interface DagLimits {
  readonly unit: UnitLimits
  /** Waiting units of one source. 1,024: ten rounds of a committee of a hundred. */
  readonly waitingPerSource: number
  /** Waiting units in all. */
  readonly waiting: number
}

/** How far below the pruning point units stay known by place, in rounds and indices: the garbage line of C12. */
export const PRUNED_ROUNDS = 60

/** The bounds of the ZOS network. */
export const DAG_LIMITS: DagLimits = { unit: UNIT_LIMITS, waitingPerSource: 1024, waiting: 16_384 }

/** Where headers are kept. The default keeps them in memory; a node may read them from its database. */
export interface HeaderStore {
  get(id: UnitId): UnitHeader | undefined
  set(id: UnitId, header: UnitHeader): void
  delete(id: UnitId): void
}

/** A unit below the pruning point that later units may still reference (U7): no more than its place is known. */
export interface PrunedUnit {
  readonly id: UnitId
  readonly height: number
  /** 0 for user units. */
  readonly round: number
  readonly mci: number
  /** The validator, undefined for user units. */
  readonly author: Address | undefined
  /** True if it carries the main chain: its header stays for good. */
  readonly isMainChain: boolean
}

/** The main-chain unit at which a pruned DAG begins. */
export interface PruningPoint {
  readonly unit: UnitRef
  readonly height: number
  readonly mci: number
  /** Units of the last {@link PRUNED_ROUNDS} indices, and the last unit of each validator however old: it goes on from there. */
  readonly below: readonly PrunedUnit[]
}

/** Options of {@link createDag}. */
export interface DagOptions {
  /** The root: a unit or header without parents. */
  readonly genesis: UnitRef | UnitHeader
  /** Where the DAG begins instead of the genesis, when it is joined from a snapshot. */
  readonly pruningPoint?: PruningPoint
  readonly limits?: Partial<DagLimits>
  readonly headers?: HeaderStore
}

/** Options of {@link Dag.append}. */
export interface AppendOptions {
  /** Whose bound the unit counts against while it waits, such as a peer's id. Default `local`. */
  readonly source?: string
  /** True: the caller has run `validateHeaderShape` with these limits already, as `decodeUnit` does. */
  readonly shapeChecked?: boolean
}

const NONE_REFUSED: readonly RefusedUnit[] = Object.freeze([])

/**
 * A set of units. Functions throw `DAG_UNIT_UNKNOWN` for ids that it does not hold, except `has`, `pruned` and `isWaiting`. Of a unit that
 * was pruned lately `has`, `header`, `height` and `isAncestor` still know what can be known.
 */
export class Dag {
  readonly genesis: UnitId
  readonly networkId: number
  readonly limits: DagLimits
  readonly #core = new DagCore()
  readonly #headers: HeaderStore
  readonly #waiting: WaitingPool
  readonly #listeners = new Set<(unit: UnitRef) => void>()
  #pruningPoint: PruningPoint | undefined
  readonly #below = new Map<UnitId, PrunedUnit>()
  #parents = new Int32Array(64)
  /** Parents of the unit in hand that are in the DAG, and the height and round that pruned ones give. */
  #count = 0
  #prunedHeight = -1
  /** Its first parent, −1 if that was pruned. */
  #selfParent = -1

  /** Use {@link createDag}. */
  constructor({ genesis, limits, headers, pruningPoint }: DagOptions) {
    const root = 'header' in genesis ? genesis : { id: unitId(genesis), header: genesis }
    this.limits = { ...DAG_LIMITS, ...limits }
    const wrong = validateHeaderShape(root.header, this.limits.unit)
    if (wrong || root.header.parents.length > 0) {
      const reason = wrong?.reason ?? 'it has parents'
      throw new DagError('DAG_INVALID_ARGUMENT', `not a genesis: ${reason}`, { unit: root.id })
    }
    this.genesis = root.id
    this.networkId = root.header.networkId
    this.#headers = headers ?? new Map<UnitId, UnitHeader>()
    this.#waiting = new WaitingPool(this.limits.waitingPerSource, this.limits.waiting)
    this.#pruningPoint = pruningPoint
    const first = pruningPoint?.unit ?? root
    const round = first.header.validator?.round ?? 0
    const author = first.header.validator && first.header.authors[0]
    this.#core.append({ id: first.id, height: pruningPoint?.height ?? 0, round, author }, this.#parents, 0)
    this.#headers.set(first.id, first.header)
    for (const unit of pruningPoint?.below ?? []) this.#below.set(unit.id, unit)
  }

  /** Where the DAG begins, undefined: at the genesis. */
  get pruningPoint(): PruningPoint | undefined {
    return this.#pruningPoint
  }

  /** The dense view that ordering rules read. */
  get view(): DagView {
    return this.#core
  }

  /** Number of units, genesis included, waiting ones not. */
  get size(): number {
    return this.#core.size
  }

  /** Number of units that wait for ancestors. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Bytes of the dense structure: ids, edges, clocks. Headers are apart. */
  get byteLength(): number {
    return this.#core.byteLength
  }

  /**
   * Adds a unit, in any order of arrival. Signatures, stake and quorum are not looked at here. A unit that the pruning point knows by place
   * is a `duplicate`, and its header is kept: so a node that joined from a snapshot learns what it needs to judge its children.
   * Cost: linear in the parents, times the validators for a validator unit (its vector clock).
   */
  append(unit: UnitRef, { source = 'local', shapeChecked = false }: AppendOptions = {}): AppendResult {
    const { id, header } = unit
    if (this.#core.indexOf(id) >= 0) return { status: 'duplicate' }
    if (this.#below.size > 0 && this.#below.has(id)) {
      if (!this.#headers.get(id)) this.#headers.set(id, header)
      return { status: 'duplicate' }
    }
    const wrong = (shapeChecked ? undefined : validateHeaderShape(header, this.limits.unit)) ?? this.#foreign(header)
    if (wrong) return { status: 'invalid', ...wrong }
    if (!this.#findParents(header)) {
      if (!this.#waiting.has(id)) this.#waiting.add(id, header, source)
      return { status: 'waiting', missing: this.#missing(id) }
    }
    const problem = this.#insert(id, header)
    if (problem) return { status: 'invalid', ...problem }
    const added = [id]
    if (this.#waiting.size === 0) return { status: 'added', added, refused: NONE_REFUSED }
    const refused: RefusedUnit[] = []
    this.#waiting.remove(id)
    this.#connectWaiting(added, refused)
    return { status: 'added', added, refused }
  }

  #foreign(header: UnitHeader): UnitProblem | undefined {
    if (header.networkId !== this.networkId) {
      return { code: 'UNIT_NETWORK', reason: `of network ${header.networkId}, this is ${this.networkId}` }
    }
    if (header.parents.length === 0)
      return { code: 'UNIT_SECOND_GENESIS', reason: `no parents, genesis is ${this.genesis}` }
    const point = this.#pruningPoint
    if (!point) return undefined
    const pointRound = point.unit.header.validator?.round ?? 0
    const { validator, validUntilMci } = header
    if (validUntilMci < point.mci || (validator && validator.round <= pointRound - PRUNED_ROUNDS)) {
      const until = validator ? `of round ${validator.round}` : `valid until index ${validUntilMci}`
      return { code: 'UNIT_EXPIRED', reason: `${until}, pruned to index ${point.mci}, round ${pointRound}` }
    }
    return undefined
  }

  /** Fills the scratch array with dense parents; false if one is not there. */
  #findParents({ parents }: UnitHeader): boolean {
    if (parents.length > this.#parents.length) this.#parents = new Int32Array(parents.length)
    this.#count = 0
    this.#prunedHeight = -1
    for (let k = 0; k < parents.length; k++) {
      const id = parents[k]!
      const parent = this.#core.indexOf(id)
      if (k === 0) this.#selfParent = parent
      if (parent >= 0) this.#parents[this.#count++] = parent
      else {
        const pruned = this.#below.get(id)
        if (!pruned) return false
        this.#prunedHeight = Math.max(this.#prunedHeight, pruned.height)
      }
    }
    return true
  }

  /** Adds a unit whose parents are in the scratch array, unless it breaks U3. */
  #insert(id: UnitId, header: UnitHeader): UnitProblem | undefined {
    const round = header.validator?.round ?? 0
    let height = this.#prunedHeight + 1
    for (let k = 0; k < this.#count; k++) {
      const parent = this.#parents[k]!
      height = Math.max(height, this.#core.heightOf(parent) + 1)
      const parentRound = this.#core.roundOf(parent)
      if (round > 0 && parentRound >= round) {
        const reason = `unit of round ${round} references ${this.#core.idOf(parent)} of round ${parentRound}`
        return { code: 'UNIT_PARENT_ROUND', reason }
      }
    }
    const author = header.validator ? header.authors[0] : undefined
    this.#core.append({ id, height, round, author }, this.#parents, this.#count, this.#selfParent)
    this.#headers.set(id, header)
    if (this.#listeners.size > 0) for (const listener of this.#listeners) listener({ id, header })
    return undefined
  }

  /** Follows `added`, which grows while the loop runs: every waiting unit whose last parent arrived. */
  #connectWaiting(added: UnitId[], refused: RefusedUnit[]): void {
    for (let at = 0; at < added.length; at++) {
      for (const id of this.#waiting.dependents(added[at]!)) {
        const header = this.#waiting.header(id)
        if (!header || !this.#findParents(header)) continue
        this.#waiting.remove(id)
        const problem = this.#insert(id, header)
        if (problem) this.#refuse({ id, ...problem }, refused)
        else added.push(id)
      }
    }
  }

  #refuse(unit: RefusedUnit, refused: RefusedUnit[]): void {
    const queue = [unit]
    for (const next of queue) {
      refused.push(next)
      for (const id of this.#waiting.dependents(next.id)) {
        this.#waiting.remove(id)
        queue.push({ id, code: 'UNIT_PARENT_INVALID', reason: `ancestor ${next.id} is invalid` })
      }
    }
  }

  /** The ancestors of a waiting unit that are neither here nor waiting themselves. */
  #missing(id: UnitId): UnitId[] {
    const missing = new Set<UnitId>()
    const seen = new Set([id])
    for (const unit of seen) {
      for (const parent of this.#waiting.header(unit)!.parents) {
        if (this.#waiting.has(parent)) seen.add(parent)
        else if (this.#core.indexOf(parent) < 0 && !this.#below.has(parent)) missing.add(parent)
      }
    }
    return [...missing].sort()
  }

  #index(id: UnitId): number {
    const index = this.#core.indexOf(id)
    if (index < 0) throw new DagError('DAG_UNIT_UNKNOWN', `unit ${id} is not in the DAG`, { unit: id })
    return index
  }

  #ids(units: readonly number[]): UnitId[] {
    return units.map((unit) => this.#core.idOf(unit))
  }

  /** True if the unit is connected, or was pruned so lately that units may still reference it ({@link Dag.pruned}). */
  has(id: UnitId): boolean {
    return this.#core.indexOf(id) >= 0 || this.#below.has(id)
  }

  /** Where a unit below the pruning point was, as long as units may reference it; undefined for all others. */
  pruned(id: UnitId): PrunedUnit | undefined {
    return this.#below.get(id)
  }

  /** True if the unit waits for ancestors. */
  isWaiting(id: UnitId): boolean {
    return this.#waiting.has(id)
  }

  /** The header of a unit, also of one that was pruned lately, and of any main-chain unit below the pruning point. */
  header(id: UnitId): UnitHeader {
    const header = this.#headers.get(id)
    if (!header) throw new DagError('DAG_UNIT_UNKNOWN', `no header of ${id}`, { unit: id })
    return header
  }

  /** U4: 0 for the genesis, else one more than the highest parent. */
  height(id: UnitId): number {
    return this.#below.get(id)?.height ?? this.#core.heightOf(this.#index(id))
  }

  /** Parents in the order of the header. */
  parents(id: UnitId): UnitId[] {
    const unit = this.#index(id)
    return Array.from({ length: this.#core.parentCount(unit) }, (_, k) => this.#core.idOf(this.#core.parentAt(unit, k)))
  }

  /** Children, ascending by id. The first call builds an index over all units. */
  children(id: UnitId): UnitId[] {
    return this.#ids(this.#core.childrenOf(this.#index(id))).sort()
  }

  /** Units without children, ascending by id. Cost: linear in the units since the oldest of them, a byte each. */
  tips(): UnitId[] {
    return this.#ids(this.#core.tips()).sort()
  }

  /**
   * True if `a` is in the past of `b`. O(1) if `a` is a validator unit or a validator unit carries it into the past of `b`.
   * Of a pruned `a` that is known for what has the pruning point in its past; throws `DAG_UNIT_UNKNOWN` for other `b`.
   */
  isAncestor(a: UnitId, b: UnitId): boolean {
    if (this.#below.size > 0 && (this.#below.has(a) || this.#below.has(b))) return this.#isPrunedAncestor(a, b)
    return this.#core.isAncestor(this.#index(a), this.#index(b))
  }

  /** Everything below the point is in its past, and nothing above it is in the past of what is below. */
  #isPrunedAncestor(a: UnitId, b: UnitId): boolean {
    if (this.#core.indexOf(a) >= 0) return false
    const point = this.#pruningPoint!.unit.id
    if (b === point || (this.#core.indexOf(b) >= 0 && this.isAncestor(point, b))) return true
    const reason = `unit ${a} was pruned: whether it is in the past of ${b} is not known`
    throw new DagError('DAG_UNIT_UNKNOWN', reason, { unit: a })
  }

  /** The ancestors, by height, then id. */
  *past(id: UnitId): Generator<UnitId, void, undefined> {
    for (const unit of collect(this.#core, markPast(this.#core, this.#index(id)))) yield this.#core.idOf(unit)
  }

  /** The descendants, by height, then id. */
  *future(id: UnitId): Generator<UnitId, void, undefined> {
    for (const unit of collect(this.#core, markFuture(this.#core, this.#index(id)))) yield this.#core.idOf(unit)
  }

  /** The units that are neither ancestors nor descendants, by height, then id. */
  *anticone(id: UnitId): Generator<UnitId, void, undefined> {
    for (const unit of anticone(this.#core, this.#index(id))) yield this.#core.idOf(unit)
  }

  /** The validator units of a round, ascending by id. */
  roundUnits(round: number): UnitId[] {
    return this.#ids(this.#core.roundUnits(round)).sort()
  }

  /** The units of a validator in a round, ascending by id; more than one when it equivocates. */
  authorUnits(author: Address, round: number): UnitId[] {
    const number = this.#core.numberOf(author)
    return this.#ids(this.#core.roundUnits(round).filter((unit) => this.#core.authorOf(unit) === number)).sort()
  }

  /**
   * Makes `point` the begin of the DAG (U7): drops every unit whose flag in `keep`, by dense index, is 0, the headers of `forget`, and
   * what waits and is expired now. Use `pruneLedger`, which knows what may go. @internal
   */
  prune(point: PruningPoint, keep: Uint8Array, forget: readonly UnitId[]): void {
    for (const id of forget) this.#headers.delete(id)
    this.#core.compact(keep)
    this.#pruningPoint = point
    this.#below.clear()
    for (const unit of point.below) this.#below.set(unit.id, unit)
    this.#waiting.drop((header) => this.#foreign(header) !== undefined)
  }

  /** Calls `listener` for every unit as it becomes connected, parents first. Returns the way to stop. */
  onUnit(listener: (unit: UnitRef) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** A DAG that holds its genesis. Throws `DAG_INVALID_ARGUMENT` if that is not one. */
export function createDag(options: DagOptions): Dag {
  return new Dag(options)
}
