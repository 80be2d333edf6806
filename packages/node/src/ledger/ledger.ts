/**
 * The ledger as one node sees it: units come in, get checked, stored and connected; what consensus makes final comes out as
 * committed leaders with the units that they index. Knows nothing of networks, clocks or execution.
 *
 * In memory are the epoch that runs and the one before it; older ones are read from the store as long as they are kept there.
 */
import {
  type Dag,
  decodeUnit,
  isDagError,
  type MainChain,
  MainChainAccumulator,
  type SignatureVerifier,
  signatureItems,
  type Unit,
  type UnitHeader,
  type UnitId,
} from '@zos/dag'
import { type Committee, checkValidatorUnit, EPOCH_ROUNDS, epochOfRound, GARBAGE_DEPTH } from '@zos/zpos'
import type { BlockUnit } from '../chain/block-codec.ts'
import type { KeyValueStore } from '../store/kv.ts'
import { type EarlyUnit, EarlyUnits } from './early-units.ts'
import { type Epoch, type EpochStart, type Lottery, openEpoch } from './epoch.ts'
import { HeaderCache } from './header-cache.ts'
import { unitHash } from './unit-hash.ts'
import { UnitStore } from './unit-store.ts'
import { roundTime, timeBounds } from './unit-time.ts'
import { WaitingUnits, type WaitOutcome } from './waiting-units.ts'

/** A committed leader with what became final through it. */
export interface CommittedLeader {
  /** 1 for the first: the number of the Ethereum block. */
  number: number
  unit: UnitId
  round: number
  header: UnitHeader
  epoch: number
  /** Unix milliseconds: the median of the round below it, so that no single author sets the clock. */
  timeMs: number
  /** Main-chain index of the leader unit. */
  mci: number
  /** True if the epoch ends with it. */
  endsEpoch: boolean
  /** Newly indexed units in the ledger's order (index, height, id). */
  units: BlockUnit[]
}

/** What became of a unit that somebody sent. */
export type Acceptance =
  | { status: 'connected'; units: Unit[] }
  /**
   * Known already, or of an epoch that is over or far ahead: nothing to do, and nobody's fault. `passOn`: it is the very unit, signature and payload too,
   * that this node has checked, and recent; anything else under a known id nobody has checked.
   */
  | { status: 'duplicate'; passOn: boolean }
  /** Whether it holds will be known later: `settled` tells. */
  | { status: 'waiting'; missing: UnitId[]; settled: Promise<WaitOutcome> }
  | { status: 'invalid'; reason: string }

/** Where a unit stands. */
export interface UnitPlace {
  readonly header: UnitHeader
  /** Undefined for a unit of an epoch that is no longer in memory. */
  readonly height: number | undefined
  readonly mci: number | undefined
  readonly isMainChain: boolean
}

export interface LedgerOptions {
  store: KeyValueStore
  genesis: Unit
  /** The committee of an epoch; undefined while it is not known here. Epoch 0's always is. */
  committeeOf: (epoch: number) => Committee | undefined
  lottery: Lottery
  /** Rounds after which an epoch ends at the next committed leader. */
  epochRounds: number
  verifier: SignatureVerifier
  /** The newest executed block: the ledger is opened at the last epoch that began at it or before. Default 0. */
  head?: number
}

/**
 * Units of one author and round that are taken as they come: two prove that it equivocates. More are taken only where another unit builds on them, so that an
 * equivocator cannot fill memory and disks with as many as it likes to sign.
 */
const MAX_UNITS_OF_A_ROUND = 2

const UNKNOWN_COPY: Acceptance = { status: 'duplicate', passOn: false }

export class Ledger {
  readonly #genesis: Unit
  readonly #committeeOf: LedgerOptions['committeeOf']
  readonly #lottery: Lottery
  readonly #headers: HeaderCache
  readonly #epochRounds: number
  readonly #verifier: SignatureVerifier
  readonly #store: UnitStore
  readonly #checking = new Set<UnitId>()
  readonly #early = new EarlyUnits()
  readonly #waiting = new WaitingUnits()
  #epoch: Epoch
  #previous: Epoch | undefined
  #chain: MainChainAccumulator
  /** The leader that ended the running epoch, while the next committee is not known. */
  #ended: CommittedLeader | undefined
  #commits: number
  #highestRound: number
  /** Leaders that were committed while the ledger was opened. */
  #leaders: CommittedLeader[] = []

  private constructor({ genesis, committeeOf, lottery, epochRounds, verifier, store, head = 0 }: LedgerOptions) {
    this.#genesis = genesis
    this.#committeeOf = committeeOf
    this.#lottery = lottery
    this.#epochRounds = epochRounds
    this.#verifier = verifier
    this.#store = new UnitStore(store)
    this.#headers = new HeaderCache((id) => (id === genesis.id ? genesis.header : this.#store.unit(id)?.header))
    const start = this.#startFor(head) ?? firstEpoch(genesis, committeeOf(0)!)
    this.#epoch = openEpoch(start, genesis, this.#headers, lottery)
    this.#chain = new MainChainAccumulator(start.chain, unitHash)
    this.#commits = start.block
    this.#highestRound = this.#epoch.base.round
  }

  /**
   * Opens the ledger in `store` at its last epoch whose beginning is executed, and connects the units that are there from then on.
   * They were checked when they first came. Cost: the units of that epoch and later ones, not those before.
   */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options)
    await ledger.#replay()
    return ledger
  }

  /** The DAG of the epoch that runs. */
  get dag(): Dag {
    return this.#epoch.dag
  }

  /** The main chain from the beginning of the epoch that runs. */
  get mainChain(): MainChain {
    return this.#epoch.mainChain
  }

  get committee(): Committee {
    return this.#epoch.committee
  }

  /** The epoch that is running. */
  get epoch(): Epoch {
    return this.#epoch
  }

  /** The highest round of any connected unit. */
  get highestRound(): number {
    return this.#highestRound
  }

  get waiting(): number {
    return this.#waiting.size + this.#early.size
  }

  /** Parents that units wait for, and that have not come themselves. */
  missingParents(limit: number): UnitId[] {
    return this.#waiting.missing(limit).filter((id) => !this.#checking.has(id))
  }

  /** The start of an epoch that this node has reached, also of one whose units were dropped. */
  epochStart(number: number): EpochStart | undefined {
    if (number !== this.#epoch.number) return this.#store.epoch(number)
    // The start alone: whoever keeps it does not keep the units of the epoch.
    const { unit, height, mci, block, members, chain } = this.#epoch
    return { number, unit, height, mci, block, members, chain }
  }

  has(id: UnitId): boolean {
    return this.dag.has(id) || this.#store.bytes(id) !== undefined
  }

  /** The header of a unit, from memory or the store. Undefined: this node does not have it, or no longer. */
  header(id: UnitId): UnitHeader | undefined {
    return this.#headers.get(id)
  }

  place(id: UnitId): UnitPlace | undefined {
    for (const epoch of [this.#epoch, this.#previous]) {
      if (!epoch?.dag.has(id)) continue
      const mci = epoch.mainChain.mciOf(id)
      const isMainChain = mci !== undefined && epoch.mainChain.unitAt(mci) === id
      return { header: epoch.dag.header(id), height: epoch.dag.height(id), mci, isMainChain }
    }
    const header = this.header(id)
    return header && { header, height: undefined, mci: undefined, isMainChain: false }
  }

  /** The units of a round of the running epoch or the one before it. */
  roundUnits(round: number): readonly UnitId[] {
    const number = epochOfRound(round)
    return (number === this.#epoch.number ? this.#epoch : this.#previous)?.dag.roundUnits(round) ?? []
  }

  /** The encoded units of the rounds `from` to `to`, both included, of any epoch that is kept: parents first. */
  rounds(from: number, to: number): AsyncGenerator<Uint8Array> {
    return this.#store.rounds(from, to)
  }

  /** True while the running epoch is over and the next cannot begin, because execution has not come to its election. */
  get waitsForCommittee(): boolean {
    return this.#ended !== undefined
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
    if (this.dag.has(unit.id)) return this.#duplicate(unit, bytes)
    if (this.#waiting.has(unit.id) || this.#checking.has(unit.id) || this.#early.has(unit.id)) return UNKNOWN_COPY
    if (unit.header.networkId !== this.dag.networkId) return { status: 'invalid', reason: 'of another network' }
    const author = unit.header.authors[0]
    if (!unit.header.validator || !author) return { status: 'invalid', reason: 'not by a validator' }
    const number = epochOfRound(unit.header.validator.round)
    // Of epochs further on nobody here can say anything; they are asked for when they come.
    if (number < this.#epoch.number || number > this.#epoch.number + 1) return UNKNOWN_COPY
    const { epoch } = this
    const committee = number === epoch.number ? epoch.committee : this.#committeeOf(number)
    if (committee) {
      if (!committee.has(author)) return { status: 'invalid', reason: 'not by a validator of the epoch' }
      if (this.#isSuperfluous(unit)) return UNKNOWN_COPY
      this.#checking.add(unit.id)
      try {
        if (!(await this.#isSignedBy(author, unit, committee)))
          return { status: 'invalid', reason: `the signature of ${author} does not hold` }
      } finally {
        this.#checking.delete(unit.id)
      }
    }
    if (number < this.#epoch.number) return UNKNOWN_COPY
    if (number === this.#epoch.number) return this.#connect(unit, bytes, source)
    return this.#keepEarly(unit.id, number, bytes, source)
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

  /** The leaders that became final since the last call, in order. An epoch ends with the first of them that is late enough. */
  commit(): CommittedLeader[] {
    const leaders = this.#leaders
    this.#leaders = []
    while (this.#commitEpoch(leaders)) {}
    return leaders
  }

  /** The units that waited for the epoch that has begun; they are to be accepted now. */
  takeEarly(): EarlyUnit[] {
    return this.#early.take(this.#epoch.number)
  }

  /** Commits within the running epoch. True if it ended and the next one runs. */
  #commitEpoch(leaders: CommittedLeader[]): boolean {
    if (this.#ended) return this.#beginEpoch(this.#ended)
    const { committer, committee, mainChain, dag, base, number } = this.#epoch
    for (const decision of committer.update()) {
      if (decision.outcome !== 'commit') continue
      const { unit, round } = decision
      const { indexed, chain } = mainChain.commit(unit)
      for (const { id } of chain) this.#chain.append(id)
      const header = dag.header(unit)
      const leader: CommittedLeader = {
        number: ++this.#commits,
        unit,
        round,
        header,
        epoch: number,
        timeMs: roundTime(dag, committee, header.parents, round - 1) ?? header.timestampMs,
        mci: mainChain.tip.mci,
        endsEpoch: round >= base.round + this.#epochRounds,
        units: indexed.map(({ id, mci, height }) => ({ id, mci, height })),
      }
      leaders.push(leader)
      if (!leader.endsEpoch) continue
      this.#ended = leader
      return this.#beginEpoch(leader)
    }
    return false
  }

  /** False while its committee is not known. One that this node was in before is in the store. */
  #beginEpoch({ unit, header }: CommittedLeader): boolean {
    const ended = this.#epoch
    const number = ended.number + 1
    const members = this.#store.epoch(number)?.members ?? this.#committeeOf(number)?.members
    if (!members) return false
    this.#ended = undefined
    ended.committer.close()
    const { mci, height } = ended.mainChain.tip
    const { size, peaks } = this.#chain
    const start: EpochStart = {
      number,
      unit: { id: unit, header },
      height,
      mci,
      block: this.#commits,
      members,
      chain: { size, peaks },
    }
    this.#store.addEpoch(start)
    this.#previous = ended
    this.#headers.rotate()
    this.#epoch = openEpoch(start, this.#genesis, this.#headers, this.#lottery)
    // The nodes below the peaks are of the epoch that ended.
    this.#chain = new MainChainAccumulator(start.chain, unitHash)
    this.#waiting.dropAll()
    this.#highestRound = Math.max(this.#highestRound, this.#epoch.base.round)
    return true
  }

  /** The last epoch that began with a block up to `head`; undefined: the first. */
  #startFor(head: number): EpochStart | undefined {
    for (let number = this.#store.lastEpoch(); number > 0; number--) {
      const start = this.#store.epoch(number)
      if (start && start.block <= head) return start
    }
    return undefined
  }

  async #replay(): Promise<void> {
    const last = (this.#store.lastEpoch() + 1) * EPOCH_ROUNDS
    for await (const bytes of this.#store.rounds(this.#epoch.base.round + 1, last)) {
      const unit = decodeUnit(bytes, { hash: unitHash })
      const number = epochOfRound(unit.header.validator!.round)
      if (number > this.#epoch.number) while (this.#commitEpoch(this.#leaders)) {}
      // A unit whose parents were lost with the power is not part of the ledger; peers have it.
      if (number === this.#epoch.number && unit.header.parents.every((parent) => this.dag.has(parent))) this.#add(unit)
    }
  }

  /** The committee says which key an author signs with, so nothing has to be derived from the unit. */
  async #isSignedBy(author: UnitHeader['authors'][number], unit: Unit, committee: Committee): Promise<boolean> {
    const member = committee.members[committee.indexOf(author)]
    const [signature] = unit.signatures
    if (!member || !signature || unit.signatures.length !== 1) return false
    if (Buffer.compare(signature.publicKey, member.publicKey) !== 0) return false
    const [valid] = await this.#verifier.verify(signatureItems(unit, unitHash))
    return valid === true
  }

  #connect(unit: Unit, bytes: Uint8Array, source: string): Acceptance {
    if (this.dag.has(unit.id)) return this.#duplicate(unit, bytes)
    const missing = unit.header.parents.filter((parent) => !this.dag.has(parent))
    if (missing.length > 0) {
      if (missing.some((parent) => this.#isOlder(parent)))
        return { status: 'invalid', reason: 'it references a unit of an epoch before its own' }
      const { promise: settled, resolve: settle } = Promise.withResolvers<WaitOutcome>()
      this.#waiting.add({ unit, bytes, source, settle }, missing)
      return {
        status: 'waiting',
        settled,
        missing: missing.filter((parent) => !this.#waiting.has(parent) && !this.#checking.has(parent)),
      }
    }
    // Again: others may have come while this one was checked or waited.
    if (this.#isSuperfluous(unit)) return UNKNOWN_COPY
    const fault = checkValidatorUnit(unit.header, this.dag, this.committee, this.#epoch.base)
    if (fault) return { status: 'invalid', reason: fault.reason }
    const { from, to } = timeBounds(this.#epoch, { round: unit.header.validator!.round, parents: unit.header.parents })
    if (unit.header.timestampMs < from || unit.header.timestampMs > to)
      return {
        status: 'invalid',
        reason: `its time ${unit.header.timestampMs} is not between ${from} and ${to}, which the round below allows`,
      }
    this.#append(unit, bytes)
    const units = [unit]
    for (const freed of this.#waiting.release(unit.id)) {
      const acceptance = this.#connect(freed.unit, freed.bytes, freed.source)
      if (acceptance.status === 'connected') units.push(...acceptance.units)
      const { status } = acceptance
      freed.settle(status === 'connected' || status === 'invalid' ? status : 'dropped')
    }
    return { status: 'connected', units }
  }

  #isSuperfluous({ id, header }: Unit): boolean {
    const known = this.dag.authorUnits(header.authors[0]!, header.validator!.round)
    return known.length >= MAX_UNITS_OF_A_ROUND && !this.#waiting.waitsFor(id)
  }

  #keepEarly(id: UnitId, epoch: number, bytes: Uint8Array, source: string): Acceptance {
    const { promise: settled, resolve: settle } = Promise.withResolvers<WaitOutcome>()
    return this.#early.add(id, epoch, { bytes, source, settle })
      ? { status: 'waiting', missing: [], settled }
      : UNKNOWN_COPY
  }

  /** What this node has of a unit of its running epoch tells whether `bytes` were ever checked. */
  #duplicate({ id, header }: Unit, bytes: Uint8Array): Acceptance {
    const isRecent = (header.validator?.round ?? 0) + GARBAGE_DEPTH >= this.#highestRound
    const known = isRecent ? this.#store.bytes(id) : undefined
    return { status: 'duplicate', passOn: known !== undefined && Buffer.compare(known, bytes) === 0 }
  }

  /** True if the unit, which is not in the running epoch, is known to be of an earlier one. */
  #isOlder(id: UnitId): boolean {
    const round = this.header(id)?.validator?.round
    return round !== undefined && epochOfRound(round) < this.#epoch.number
  }

  #append(unit: Unit, bytes?: Uint8Array): void {
    this.#add(unit)
    this.#store.add(unit, bytes)
  }

  #add(unit: Unit): void {
    const result = this.dag.append(unit, { shapeChecked: true })
    if (result.status !== 'added') throw new Error(`a checked unit was not added: ${JSON.stringify(result)}`)
    this.#lottery.tickets.add(unit)
    this.#lottery.proofs.add(unit)
    this.#highestRound = Math.max(this.#highestRound, unit.header.validator!.round)
  }
}

function firstEpoch(genesis: Unit, committee: Committee): EpochStart {
  const chain = new MainChainAccumulator(undefined, unitHash)
  chain.append(genesis.id)
  return {
    number: 0,
    unit: { id: genesis.id, header: genesis.header },
    height: 0,
    mci: 0,
    block: 0,
    members: committee.members,
    chain: { size: chain.size, peaks: chain.peaks },
  }
}
