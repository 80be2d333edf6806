/** Gets what this node lacks from its peers: the rounds it missed when a peer joins, and missing parents as units arrive. */
import type { UnitId } from '@zos/dag'
import { EPOCH_ROUNDS, epochOfRound } from '@zos/zpos'
import type { Ledger } from '../ledger/ledger.ts'
import type { Network } from './network.ts'
import { MAX_RANGE_ROUNDS, MAX_REQUESTED_UNITS } from './requests.ts'

/** Peers that are asked at a time when this node stands still. */
const ASKED_WHEN_STALLED = 3
/** Rounds below our highest that are asked for again: not all of their units may be here. */
const OVERLAP_ROUNDS = 4

export class Synchronizer {
  readonly #ledger: Ledger
  readonly #network: () => Network
  readonly #take: (bytes: Uint8Array, peer: string) => Promise<boolean>
  readonly #asked = new Set<UnitId>()
  readonly #caughtUp = new Set<string>()
  readonly #catchingUp = new Set<string>()
  readonly #settle: () => Promise<void>
  /** Parents that were missing at the last look. */
  #missing = new Set<UnitId>()
  /** Whose turn it is to be asked. */
  #turn = 0

  constructor(
    ledger: Ledger,
    network: () => Network,
    take: (bytes: Uint8Array, peer: string) => Promise<boolean>,
    settle: () => Promise<void>,
  ) {
    this.#ledger = ledger
    this.#network = network
    this.#take = take
    this.#settle = settle
  }

  /** Peers whose units up to the moment they joined are all here. */
  get caughtUpWith(): number {
    const connected = new Set(this.#network().peers())
    let count = 0
    for (const peer of this.#caughtUp) if (connected.has(peer)) count++
    return count
  }

  /** True once everything that `peer` had when it joined is here. */
  has(peer: string): boolean {
    return this.#caughtUp.has(peer)
  }

  /**
   * Nothing has come for a while: asks some peers, the best first and others the next time, for what was missed. All at once would be a burden to a network
   * that is slow already.
   */
  stalled(): string[] {
    return this.#next(ASKED_WHEN_STALLED)
  }

  /** Asks for parents that are missing since the last call: whoever was asked for them did not give them. */
  async retry(): Promise<void> {
    const missing = this.#ledger.missingParents(MAX_REQUESTED_UNITS)
    const still = missing.filter((id) => this.#missing.has(id))
    this.#missing = new Set(missing)
    if (still.length === 0) return
    for (const peer of this.#next(1)) await this.fetch(peer, still)
  }

  /** False for a unit that no honest node keeps: the peer is at fault. */
  async #taken(bytes: Uint8Array, peer: string): Promise<boolean> {
    if (await this.#take(bytes, peer)) return true
    this.#network().report(peer, 'invalid unit', 'invalid-unit')
    return false
  }

  #next(count: number): string[] {
    const peers = this.#network().peers()
    const start = this.#turn
    this.#turn += count
    return peers.length <= count
      ? peers
      : Array.from({ length: count }, (_, index) => peers[(start + index) % peers.length]!)
  }

  /** Asks `peer` for every round that this node lacks. False: the peer no longer has what comes next here. */
  async join(peer: string): Promise<boolean> {
    if (this.#catchingUp.has(peer)) return true
    this.#catchingUp.add(peer)
    try {
      const network = this.#network()
      const highest = await network.highestRound(peer)
      let from = Math.max(1, this.#ledger.highestRound - OVERLAP_ROUNDS)
      // What a peer says of its highest round is not proved, and units of epochs after the next one cannot be kept here.
      while (from <= highest && epochOfRound(from) <= this.#ledger.epoch.number + 1) {
        const epoch = epochOfRound(from)
        const to = Math.min(from + MAX_RANGE_ROUNDS, (epoch + 1) * EPOCH_ROUNDS) - 1
        let units = 0
        for await (const bytes of network.fetchRounds(peer, from, to)) {
          if (!(await this.#taken(bytes, peer))) return true
          units++
        }
        await this.#settle()
        // Rounds of an epoch that ended are followed by those of the next one's range.
        const next = units > 0 && this.#ledger.epoch.number === epoch ? to : (epoch + 1) * EPOCH_ROUNDS
        from = Math.max(next, this.#ledger.epoch.base.round) + 1
      }
      const isInStep = this.#ledger.epoch.number >= epochOfRound(highest)
      if (isInStep) this.#caughtUp.add(peer)
      return isInStep
    } finally {
      this.#catchingUp.delete(peer)
      await this.#settle()
    }
  }

  /** Asks `peer` for units that one of its units builds on. */
  async fetch(peer: string, missing: readonly UnitId[]): Promise<void> {
    const wanted = missing.filter((id) => !this.#asked.has(id)).slice(0, MAX_REQUESTED_UNITS)
    if (wanted.length === 0) return
    for (const id of wanted) this.#asked.add(id)
    try {
      for await (const bytes of this.#network().fetchUnits(peer, wanted)) if (!(await this.#taken(bytes, peer))) return
    } finally {
      for (const id of wanted) this.#asked.delete(id)
    }
  }
}
