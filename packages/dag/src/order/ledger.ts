/** DAG, main chain and double-spend rules in one object that tells what happens. */
import {
  type AppendOptions,
  type AppendResult,
  createDag,
  type Dag,
  type DagOptions,
  type UnitRef,
} from '../dag/dag.ts'
import { DagError } from '../errors.ts'
import type { UnitId } from '../unit/id.ts'
import { type Decision, DoubleSpendRules, type StakeAt } from './double-spend.ts'
import { createMainChain, type IndexedUnit, type MainChain, type MainChainCommit } from './main-chain.ts'

/** What {@link Ledger.on} reports. */
export interface LedgerEvents {
  /** A unit became connected. */
  unit: UnitRef
  /** A unit got its index, in the order of the ledger. */
  indexed: IndexedUnit
  /** A leader was committed: the units of its past are final. Comes after their `indexed`. */
  final: MainChainCommit
  /** A second unit claims a key (`decision` undefined), or the claims of a key were decided. */
  conflict: { readonly key: string; readonly rivals: readonly UnitId[]; readonly decision: Decision | undefined }
}

/** Options of {@link createLedger}. */
export interface LedgerOptions extends DagOptions {
  readonly stakeAt: StakeAt
  /** Keys with open claims kept at once; the oldest gives way. Default 65,536: what a block's worth of transactions spends, doubled. */
  readonly openClaims?: number
}

type Listener<E extends keyof LedgerEvents> = (event: LedgerEvents[E]) => void

/** A ledger: units in, order and winners out. */
export class Ledger {
  readonly dag: Dag
  readonly mainChain: MainChain
  readonly rules: DoubleSpendRules
  readonly #listeners: { [E in keyof LedgerEvents]: Set<Listener<E>> } = {
    unit: new Set(),
    indexed: new Set(),
    final: new Set(),
    conflict: new Set(),
  }
  readonly #openClaims: number
  /** Units that claim a key, until one of them is final. */
  readonly #claims = new Map<string, UnitId[]>()
  readonly #keysOf = new Map<UnitId, Set<string>>()

  /** Use {@link createLedger}. */
  constructor({ stakeAt, openClaims = 65_536, ...options }: LedgerOptions) {
    this.dag = createDag(options)
    this.mainChain = createMainChain(this.dag)
    this.rules = new DoubleSpendRules(this.dag, this.mainChain, stakeAt)
    this.#openClaims = openClaims
    this.dag.onUnit((unit) => this.#emit('unit', unit))
    this.dag.view.onRemap(() => this.#forgetDropped())
  }

  /** Calls `listener` for every such event. Returns the way to stop. */
  on<E extends keyof LedgerEvents>(event: E, listener: Listener<E>): () => void {
    this.#listeners[event].add(listener)
    return () => this.#listeners[event].delete(listener)
  }

  #emit<E extends keyof LedgerEvents>(event: E, value: LedgerEvents[E]): void {
    for (const listener of this.#listeners[event]) listener(value)
  }

  /** See `Dag.append`. */
  append(unit: UnitRef, options?: AppendOptions): AppendResult {
    return this.dag.append(unit, options)
  }

  /**
   * Says that a unit uses up `key` (an output, an account's nonce): of all that claim it one is valid. Claims are made when a
   * unit's payload is checked, before the leader that indexes it is committed. Throws `DAG_UNIT_UNKNOWN`.
   */
  claim(key: string, unit: UnitId): void {
    if (!this.dag.has(unit)) throw new DagError('DAG_UNIT_UNKNOWN', `unit ${unit} is not in the DAG`, { unit })
    const rivals = this.#claims.get(key) ?? []
    if (rivals.includes(unit)) return
    rivals.push(unit)
    this.#claims.set(key, rivals)
    const keys = this.#keysOf.get(unit) ?? new Set()
    this.#keysOf.set(unit, keys.add(key))
    if (this.#claims.size > this.#openClaims) this.#forget(this.#claims.keys().next().value!)
    if (rivals.length > 1) this.#emit('conflict', { key, rivals: [...rivals], decision: undefined })
  }

  #forget(key: string): void {
    for (const unit of this.#claims.get(key) ?? []) {
      const keys = this.#keysOf.get(unit)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysOf.delete(unit)
    }
    this.#claims.delete(key)
  }

  /** Takes back the claims of units that pruning dropped: they expired without an index. */
  #forgetDropped(): void {
    for (const [unit, keys] of this.#keysOf) {
      if (this.dag.view.indexOf(unit) >= 0) continue
      this.#keysOf.delete(unit)
      for (const key of keys) {
        const rivals = this.#claims.get(key)!.filter((rival) => rival !== unit)
        if (rivals.length > 0) this.#claims.set(key, rivals)
        else this.#claims.delete(key)
      }
    }
  }

  /** The units that claim a key and wait for a decision, in the order of their claims. */
  rivals(key: string): readonly UnitId[] {
    return [...(this.#claims.get(key) ?? [])]
  }

  /** Commits a leader (see `MainChain.commit`) and decides every claim of the units that it made final. */
  commit(leader: UnitId): MainChainCommit {
    const commit = this.mainChain.commit(leader)
    const decided = new Set<string>()
    for (const unit of commit.indexed) {
      this.#emit('indexed', unit)
      for (const key of this.#keysOf.get(unit.id) ?? []) decided.add(key)
    }
    for (const key of decided) {
      const rivals = this.rivals(key)
      const decision = this.rules.decide(rivals)
      this.#forget(key)
      if (rivals.length > 1) this.#emit('conflict', { key, rivals, decision })
    }
    this.#emit('final', commit)
    return commit
  }
}

/** A ledger that holds its genesis. */
export function createLedger(options: LedgerOptions): Ledger {
  return new Ledger(options)
}
