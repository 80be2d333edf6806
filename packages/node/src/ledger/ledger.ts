/**
 * The ledger as one node sees it: units come in, get checked, stored and connected; what consensus makes final comes out as
 * committed leaders with the units that they index (DESIGN.md C6, C7). Knows nothing of networks, clocks or execution.
 */
import {
  createDag,
  createMainChain,
  type Dag,
  decodeUnit,
  isDagError,
  type MainChain,
  type SignatureVerifier,
  type Unit,
  type UnitHeader,
  type UnitId,
  verifyUnitSignatures,
} from '@zos/dag'
import { type Committee, type Committer, checkValidatorUnit, createCommitter, roundRobinSchedule } from '@zos/zpos'
import type { BlockUnit } from '../chain/block-codec.ts'
import type { KeyValueStore } from '../store/kv.ts'
import { UnitStore } from './unit-store.ts'
import { WaitingUnits } from './waiting-units.ts'

/** A committed leader with what became final through it. */
export interface CommittedLeader {
  /** 1 for the first: the number of the Ethereum block. */
  number: number
  unit: UnitId
  round: number
  header: UnitHeader
  /** Newly indexed units in the ledger's order (index, height, id). */
  units: BlockUnit[]
}

/** What became of a unit that somebody sent. */
export type Acceptance =
  | { status: 'connected'; units: Unit[] }
  | { status: 'duplicate' }
  | { status: 'waiting'; missing: UnitId[] }
  | { status: 'invalid'; reason: string }

export interface LedgerOptions {
  store: KeyValueStore
  genesis: Unit
  committee: Committee
  verifier: SignatureVerifier
}

export class Ledger {
  readonly dag: Dag
  readonly mainChain: MainChain
  readonly committee: Committee
  readonly #committer: Committer
  readonly #verifier: SignatureVerifier
  readonly #waiting = new WaitingUnits()
  readonly #checking = new Set<UnitId>()
  #store!: UnitStore
  #commits = 0
  #highestRound = 0

  private constructor({ genesis, committee, verifier }: LedgerOptions) {
    this.dag = createDag({ genesis })
    this.mainChain = createMainChain(this.dag)
    this.committee = committee
    this.#committer = createCommitter({ dag: this.dag, committee, schedule: roundRobinSchedule(committee) })
    this.#verifier = verifier
  }

  /** Opens the ledger in `store` and connects the units that are there. They were checked when they first came. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options)
    ledger.#store = await UnitStore.open(options.store, (unit) => {
      ledger.dag.append(unit, { shapeChecked: true })
      ledger.#note(unit.header)
    })
    return ledger
  }

  /** The highest round of any connected unit. */
  get highestRound(): number {
    return this.#highestRound
  }

  get waiting(): number {
    return this.#waiting.size
  }

  leaderAt(round: number): string | undefined {
    return this.#committer.leaderAt(round)
  }

  unit(id: UnitId): Unit | undefined {
    return this.#store.unit(id)
  }

  unitBytes(id: UnitId): Uint8Array | undefined {
    return this.#store.bytes(id)
  }

  /**
   * Takes an encoded unit from `source`. Checks format, signature and rules before it is stored and connected; those that waited for it
   * follow. Never throws on foreign bytes.
   */
  async accept(bytes: Uint8Array, source: string): Promise<Acceptance> {
    let unit: Unit
    try {
      unit = decodeUnit(bytes)
    } catch (error) {
      if (isDagError(error)) return { status: 'invalid', reason: error.message }
      throw error
    }
    if (this.dag.has(unit.id) || this.#waiting.has(unit.id) || this.#checking.has(unit.id))
      return { status: 'duplicate' }
    if (unit.header.networkId !== this.dag.networkId) return { status: 'invalid', reason: 'of another network' }
    const author = unit.header.authors[0]
    if (!unit.header.validator || !author || !this.committee.has(author))
      return { status: 'invalid', reason: 'not by a validator' }
    this.#checking.add(unit.id)
    try {
      const problem = await verifyUnitSignatures(unit, this.#verifier)
      if (problem) return { status: 'invalid', reason: problem.reason }
    } finally {
      this.#checking.delete(unit.id)
    }
    return this.#connect(unit, bytes, source)
  }

  /** Connects a unit of this node, durably: it may be sent once this resolves. */
  async addOwn(unit: Unit): Promise<void> {
    this.#append(unit)
    await this.#store.flush({ sync: true })
  }

  /** Keeps an own unit before it is claimed and connected: see `Producer`. */
  saveDraft(unit: Unit): Promise<void> {
    return this.#store.saveDraft(unit)
  }

  /** The last own unit that was saved, sent or not. */
  draft(): Unit | undefined {
    return this.#store.draft()
  }

  /** Everything connected so far is in the store. */
  flush(): Promise<void> {
    return this.#store.flush()
  }

  /** The leaders that became final since the last call, in order. */
  commit(): CommittedLeader[] {
    return this.#committer.update().flatMap((decision) => {
      if (decision.outcome !== 'commit') return []
      const { indexed } = this.mainChain.commit(decision.unit)
      const units = indexed.map(({ id, mci, height }) => ({ id, mci, height }))
      return [
        {
          number: ++this.#commits,
          unit: decision.unit,
          round: decision.round,
          header: this.dag.header(decision.unit),
          units,
        },
      ]
    })
  }

  #connect(unit: Unit, bytes: Uint8Array, source: string): Acceptance {
    const missing = unit.header.parents.filter((parent) => !this.dag.has(parent))
    if (missing.length > 0) {
      this.#waiting.add({ unit, bytes, source }, missing)
      return {
        status: 'waiting',
        missing: missing.filter((parent) => !this.#waiting.has(parent) && !this.#checking.has(parent)),
      }
    }
    const fault = checkValidatorUnit(unit.header, this.dag, this.committee)
    if (fault) return { status: 'invalid', reason: fault.reason }
    this.#append(unit, bytes)
    const units = [unit]
    for (const freed of this.#waiting.release(unit.id)) {
      const acceptance = this.#connect(freed.unit, freed.bytes, freed.source)
      if (acceptance.status === 'connected') units.push(...acceptance.units)
    }
    return { status: 'connected', units }
  }

  #append(unit: Unit, bytes?: Uint8Array): void {
    const result = this.dag.append(unit, { shapeChecked: true })
    if (result.status !== 'added') throw new Error(`a checked unit was not added: ${JSON.stringify(result)}`)
    this.#store.add(unit, bytes)
    this.#note(unit.header)
  }

  #note(header: UnitHeader): void {
    this.#highestRound = Math.max(this.#highestRound, header.validator?.round ?? 0)
  }
}
