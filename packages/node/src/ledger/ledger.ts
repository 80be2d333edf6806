/**
 * The ledger as one node sees it: units come in, get checked, stored and connected; what consensus makes final comes out as
 * committed leaders with the units that they index (DESIGN.md C6, C7). Knows nothing of networks, clocks or execution.
 */
import {
  type Address,
  createDag,
  createMainChain,
  type Dag,
  decodeUnit,
  isDagError,
  type MainChain,
  type SignatureVerifier,
  signatureItems,
  type Unit,
  type UnitHeader,
  type UnitId,
} from '@zos/dag'
import { type Committee, checkValidatorUnit, epochOfRound } from '@zos/zpos'
import type { BlockUnit } from '../chain/block-codec.ts'
import type { KeyValueStore } from '../store/kv.ts'
import { type Epoch, firstEpoch, nextEpoch } from './epoch.ts'
import { HeaderCache } from './header-cache.ts'
import { unitHash } from './unit-hash.ts'
import { UnitStore } from './unit-store.ts'
import { type WaitingUnit, WaitingUnits } from './waiting-units.ts'

/** A committed leader with what became final through it. */
export interface CommittedLeader {
  /** 1 for the first: the number of the Ethereum block. */
  number: number
  unit: UnitId
  round: number
  header: UnitHeader
  epoch: number
  /** Main-chain index of the leader unit. */
  mci: number
  /** True if the epoch ends with it (C2). */
  endsEpoch: boolean
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
  /** Members of every epoch. */
  committee: Committee
  /** Rounds after which an epoch ends at the next committed leader. */
  epochRounds: number
  verifier: SignatureVerifier
}

/** Units of the next epoch that came before this node has seen the end of its own. */
const MAX_EARLY_UNITS = 4_096

export class Ledger {
  readonly dag: Dag
  readonly mainChain: MainChain
  readonly committee: Committee
  readonly #epochs: Epoch[]
  readonly #epochRounds: number
  readonly #verifier: SignatureVerifier
  readonly #waiting = new WaitingUnits()
  readonly #checking = new Set<UnitId>()
  readonly #early = new Map<UnitId, WaitingUnit>()
  /** The last unit of each author in each epoch, by epoch and address. */
  readonly #lastUnits = new Map<string, { id: UnitId; round: number }>()
  #store!: UnitStore
  #commits = 0
  #highestRound = 0

  private constructor({ genesis, committee, epochRounds, verifier }: LedgerOptions) {
    const load = (id: UnitId) => (id === genesis.id ? genesis.header : this.#store.unit(id)?.header)
    this.dag = createDag({ genesis, headers: new HeaderCache(load) })
    this.mainChain = createMainChain(this.dag)
    this.committee = committee
    this.#epochs = [firstEpoch(this.dag, committee)]
    this.#epochRounds = epochRounds
    this.#verifier = verifier
  }

  /** Opens the ledger in `store` and connects the units that are there. They were checked when they first came. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options)
    ledger.#store = await UnitStore.open(options.store, (unit) => {
      ledger.dag.append(unit, { shapeChecked: true })
      ledger.#note(unit.id, unit.header)
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

  /** The epoch that is running. */
  get epoch(): Epoch {
    return this.#epochs.at(-1)!
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
      unit = decodeUnit(bytes, { hash: unitHash })
    } catch (error) {
      if (isDagError(error)) return { status: 'invalid', reason: error.message }
      throw error
    }
    if (this.dag.has(unit.id) || this.#waiting.has(unit.id) || this.#checking.has(unit.id) || this.#early.has(unit.id))
      return { status: 'duplicate' }
    if (unit.header.networkId !== this.dag.networkId) return { status: 'invalid', reason: 'of another network' }
    const author = unit.header.authors[0]
    if (!unit.header.validator || !author || !this.committee.has(author))
      return { status: 'invalid', reason: 'not by a validator' }
    this.#checking.add(unit.id)
    try {
      if (!(await this.#isSignedBy(author, unit)))
        return { status: 'invalid', reason: `the signature of ${author} does not hold` }
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

  /** The last unit of `author` in a round up to `round`. */
  lastUnitBelow(author: Address, round: number): UnitId | undefined {
    for (let epoch = epochOfRound(round); epoch >= 0; epoch--) {
      const last = this.#lastUnits.get(`${epoch}${author}`)
      if (last && last.round <= round) return last.id
    }
    return undefined
  }

  /** Everything connected so far is in the store. */
  flush(): Promise<void> {
    return this.#store.flush()
  }

  /** The leaders that became final since the last call, in order. An epoch ends with the first of them that is late enough (C2). */
  commit(): CommittedLeader[] {
    const leaders: CommittedLeader[] = []
    for (let epoch: Epoch | undefined = this.epoch; epoch; ) {
      let ended: UnitId | undefined
      for (const decision of epoch.committer.update()) {
        if (decision.outcome !== 'commit') continue
        const { indexed } = this.mainChain.commit(decision.unit)
        const units = indexed.map(({ id, mci, height }) => ({ id, mci, height }))
        const endsEpoch = decision.round >= epoch.base.round + this.#epochRounds
        leaders.push({
          number: ++this.#commits,
          unit: decision.unit,
          round: decision.round,
          header: this.dag.header(decision.unit),
          epoch: epoch.number,
          mci: this.mainChain.tip.mci,
          endsEpoch,
          units,
        })
        if (!endsEpoch) continue
        ended = decision.unit
        break
      }
      epoch = ended && nextEpoch(this.dag, epoch, ended)
      if (epoch) this.#epochs.push(epoch)
    }
    return leaders
  }

  /** Connects the units that waited for the epoch that has begun. */
  connectEarly(): Unit[] {
    const waiting = [...this.#early.values()].filter(({ unit }) => this.#epochOf(unit))
    const units: Unit[] = []
    for (const { unit, bytes, source } of waiting) {
      this.#early.delete(unit.id)
      const acceptance = this.#connect(unit, bytes, source)
      if (acceptance.status === 'connected') units.push(...acceptance.units)
    }
    return units
  }

  /** The committee says which key an author signs with, so nothing has to be derived from the unit. */
  async #isSignedBy(author: Address, unit: Unit): Promise<boolean> {
    const member = this.committee.members[this.committee.indexOf(author)]
    const [signature] = unit.signatures
    if (!member || !signature || unit.signatures.length !== 1) return false
    if (Buffer.compare(signature.publicKey, member.publicKey) !== 0) return false
    const [valid] = await this.#verifier.verify(signatureItems(unit, unitHash))
    return valid === true
  }

  #epochOf(unit: Unit): Epoch | undefined {
    return this.#epochs[epochOfRound(unit.header.validator!.round)]
  }

  #connect(unit: Unit, bytes: Uint8Array, source: string): Acceptance {
    if (this.dag.has(unit.id)) return { status: 'duplicate' }
    const missing = unit.header.parents.filter((parent) => !this.dag.has(parent))
    if (missing.length > 0) {
      this.#waiting.add({ unit, bytes, source }, missing)
      return {
        status: 'waiting',
        missing: missing.filter((parent) => !this.#waiting.has(parent) && !this.#checking.has(parent)),
      }
    }
    const epoch = this.#epochOf(unit)
    if (!epoch) {
      if (this.#early.size < MAX_EARLY_UNITS) this.#early.set(unit.id, { unit, bytes, source })
      return { status: 'waiting', missing: [] }
    }
    const fault = checkValidatorUnit(unit.header, this.dag, epoch.committee, epoch.base)
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
    this.#note(unit.id, unit.header)
  }

  #note(id: UnitId, { authors, validator }: UnitHeader): void {
    if (!validator) return
    const { round } = validator
    this.#highestRound = Math.max(this.#highestRound, round)
    const key = `${epochOfRound(round)}${authors[0]}`
    if (round > (this.#lastUnits.get(key)?.round ?? 0)) this.#lastUnits.set(key, { id, round })
  }
}
