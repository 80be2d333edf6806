/** What becomes of units as they come: they are checked, stored and connected, leaders are committed, and what is missing is fetched. */
import type { Unit } from '@zos/dag'
import type { Clock } from '../clock.ts'
import { NodeError } from '../errors.ts'
import type { Logger } from '../node-api.ts'
import type { Network } from '../p2p/network.ts'
import { Synchronizer } from '../p2p/synchronizer.ts'
import type { EarlyUnit } from './early-units.ts'
import type { Acceptance, CommittedLeader, Ledger } from './ledger.ts'
import type { WaitOutcome } from './waiting-units.ts'

/** No unit for this long (beyond two rounds) means that something was missed. */
const STALL_MS = 500
/** How often a node that gets nothing from its peers asks them whether they still have what it lacks. */
const LOOK_BEHIND_MS = 5_000
/** How long a gossiped unit is kept back from others for parents that are being fetched. Gossip takes it for lost after three seconds. */
const HOLD_MS = 2_000

export interface UnitFlowPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly roundIntervalMs: number
  readonly logger: Logger
  readonly network: () => Network
  /** Units of others that are in the DAG now. */
  readonly seen: (unit: Unit) => void
  readonly committed: (leader: CommittedLeader) => void
  /** What could be committed is. */
  readonly advanced: () => void
  /** Resolves when every committed block is executed. */
  readonly executed: () => Promise<void>
  /** Whether the peers have dropped the units of `epoch`. */
  readonly isBehind: (epoch: number) => Promise<boolean>
  /** The node is stopping: nothing is committed any more. */
  readonly isClosing: () => boolean
  /** The node has stopped for a fault. */
  readonly hasFailed: () => boolean
  readonly onFault: (error: unknown) => void
}

export class UnitFlow {
  readonly synchronizer: Synchronizer
  readonly #ports: UnitFlowPorts
  #lastUnitAt: number
  #newestUnitAt: number
  #lookedBehindAt = Number.NEGATIVE_INFINITY
  #progressing = false

  constructor(ports: UnitFlowPorts) {
    this.#ports = ports
    this.#lastUnitAt = ports.clock.elapsed()
    this.#newestUnitAt = this.#lastUnitAt
    this.synchronizer = new Synchronizer(ports.ledger, ports.network, this.take, () => this.#settle())
  }

  /** Takes a unit from `peer`. False if it is malformed or breaks the rules. */
  readonly take = async (bytes: Uint8Array, peer: string): Promise<boolean> =>
    (await this.#accept(bytes, peer)).status !== 'invalid'

  /**
   * Takes a unit that `peer` gossips, and says whether it may go further. Only what is connected here may: a unit whose parents are missing can still break the
   * rules, and whoever passed it on would be blamed for it by those who have them.
   */
  readonly takeGossip = async (bytes: Uint8Array, peer: string): Promise<'accept' | 'ignore' | 'reject'> => {
    const acceptance = await this.#accept(bytes, peer)
    switch (acceptance.status) {
      case 'connected':
        return 'accept'
      case 'invalid':
        return 'reject'
      case 'duplicate':
        return acceptance.passOn ? 'accept' : 'ignore'
      case 'waiting': {
        const outcome = await this.#within(HOLD_MS, acceptance.settled)
        return outcome === 'connected' ? 'accept' : outcome === 'invalid' ? 'reject' : 'ignore'
      }
    }
  }

  async #accept(bytes: Uint8Array, peer: string): Promise<Acceptance> {
    const { ledger, logger, seen } = this.#ports
    const acceptance = await ledger.accept(bytes, peer)
    if (acceptance.status === 'invalid') {
      logger.warn('invalid unit', { peer, reason: acceptance.reason })
      return acceptance
    }
    if (acceptance.status === 'waiting')
      this.synchronizer
        .fetch(peer, acceptance.missing)
        .catch((error) => logger.debug('fetch failed', { peer, error: String(error) }))
    if (acceptance.status === 'connected') {
      this.noteUnit()
      for (const unit of acceptance.units) seen(unit)
      this.progress()
    }
    return acceptance
  }

  /** `outcome`, or `dropped` if it does not come in time. */
  #within(ms: number, outcome: Promise<WaitOutcome>): Promise<WaitOutcome> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(ms, () => resolve('dropped'))
      void outcome.then((settled) => {
        cancel()
        resolve(settled)
      })
    })
  }

  /** The network is alive: a unit came, or was made. */
  noteUnit(): void {
    this.#lastUnitAt = this.#ports.clock.elapsed()
    this.#newestUnitAt = this.#lastUnitAt
  }

  /** Milliseconds since the last unit came or was made, or since the start. */
  get unitAgeMs(): number {
    return this.#ports.clock.elapsed() - this.#newestUnitAt
  }

  /** Commits soon what can be committed: once for all units of this turn. */
  progress(): void {
    if (this.#progressing) return
    this.#progressing = true
    setImmediate(() => {
      this.#progressing = false
      if (this.#ports.isClosing()) return
      try {
        this.advance()
      } catch (error) {
        this.#ports.onFault(error)
      }
    })
  }

  /** Commits now what can be committed. */
  advance(): void {
    const { ledger, committed, advanced, onFault } = this.#ports
    for (const leader of ledger.commit()) committed(leader)
    for (const early of ledger.takeEarly()) this.#takeEarly(early).catch(onFault)
    advanced()
  }

  async #takeEarly({ bytes, source, settle }: EarlyUnit): Promise<void> {
    const acceptance = await this.#accept(bytes, source)
    const { status } = acceptance
    if (status === 'waiting') settle(await acceptance.settled)
    else settle(status === 'duplicate' ? 'dropped' : status)
  }

  /** Gets everything that `peer` has and this node lacks. */
  async catchUp(peer: string): Promise<void> {
    try {
      if (!(await this.synchronizer.join(peer))) await this.#lookBehind()
    } catch (error) {
      this.#ports.logger.debug('sync failed', { peer, error: String(error) })
    }
  }

  /** Now and then: asks for what was missed when nothing has come for a while. */
  tick(): void {
    const { clock, roundIntervalMs, network, logger } = this.#ports
    const stalled = clock.elapsed() - this.#lastUnitAt > 2 * roundIntervalMs + STALL_MS
    if (stalled) this.#lastUnitAt = clock.elapsed()
    const late = stalled ? this.synchronizer.stalled() : []
    for (const peer of network().peers())
      if (late.includes(peer) || !this.synchronizer.has(peer)) void this.catchUp(peer)
    this.synchronizer.retry().catch((error) => logger.debug('missing parents', { error: String(error) }))
  }

  /** Before more rounds are asked for: the committee of the next epoch may come out of blocks that are not executed yet. */
  async #settle(): Promise<void> {
    const { ledger, executed, isClosing } = this.#ports
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (isClosing()) return
    this.advance()
    if (!ledger.waitsForCommittee) return
    await executed()
    if (!isClosing()) this.advance()
  }

  /** A peer is ahead and does not have what comes next here: if none has, a snapshot has to take its place. */
  async #lookBehind(): Promise<void> {
    const { ledger, clock, hasFailed, isBehind, onFault } = this.#ports
    if (hasFailed() || clock.elapsed() - this.#lookedBehindAt < LOOK_BEHIND_MS) return
    this.#lookedBehindAt = clock.elapsed()
    const own = ledger.epoch.number
    if (!(await isBehind(own))) return
    if (ledger.epoch.number === own)
      onFault(new NodeError('NODE_HISTORY_PRUNED', `no peer has the units of epoch ${own} any more`, { epoch: own }))
  }
}
