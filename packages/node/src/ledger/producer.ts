/**
 * Makes this validator's units: one a round, as soon as the round below has a quorum and the pace allows it. A round
 * never advances by clock alone.
 */
import { createUnit, type Message, type Signer, type Unit } from '@zos/dag'
import { createProposer, epochOfRound, type Proposal, type Proposer, type SigningGuard } from '@zos/zpos'
import type { Clock } from '../clock.ts'
import type { SignedTransaction } from '../execution/signed-transaction.ts'
import { betMessage } from './bet-message.ts'
import type { Epoch } from './epoch.ts'
import type { Ledger } from './ledger.ts'
import { transactionsMessage } from './transactions-message.ts'
import { unitHash } from './unit-hash.ts'
import { timeBounds, timeWithin } from './unit-time.ts'

/** How long a round waits for the unit of its leader once it has a quorum: a vote for a late leader beats a skipped slot. */
const LEADER_WAIT_MS = 250
/** The pace of one that hurries: what is in memory alone never waits, and others need a turn. */
const HURRY_INTERVAL_MS = 1
/** How far ahead of the main chain a unit stays valid (the garbage line bounds it closer for validators). */
const VALID_FOR_INDICES = 10_000

export interface ProducerOptions {
  ledger: Ledger
  signer: Signer
  guard: SigningGuard
  clock: Clock
  /** Least time between two units of this validator. */
  roundIntervalMs: number
  /** Transactions for the next unit. */
  take: () => SignedTransaction[]
  /** Messages that go with `transactions` into the next unit. */
  messages?: (transactions: readonly SignedTransaction[]) => Message[]
  /** True while the next unit should not wait for the pace. */
  hurry?: () => boolean
  /** What the lottery puts into the next unit: the ticket for the next term when one was found, and the VRF proof for the running one. */
  lottery: (epoch: Epoch) => Message[]
  /** Sends a unit that is durable here. */
  publish: (unit: Unit) => void
  onFault: (error: unknown) => void
}

export class Producer {
  readonly #options: ProducerOptions
  /** Absent while this validator is not in the committee. */
  #proposer: Proposer | undefined
  #epoch: Epoch
  #lastUnitAt: number
  #quorumSince: { round: number; at: number } | undefined
  #cancelTimer: (() => void) | undefined
  #making: Promise<void> | undefined
  #running = false

  constructor(options: ProducerOptions) {
    this.#options = options
    const { ledger, clock } = options
    this.#epoch = ledger.epoch
    this.#proposer = this.#proposerOf(ledger.epoch)
    this.#lastUnitAt = clock.elapsed() - options.roundIntervalMs
  }

  async start(): Promise<void> {
    await this.#resume()
    this.#running = true
    this.poke()
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#cancelTimer?.()
    await this.#making
  }

  /** Something changed: makes a unit now, sets a timer, or does nothing. */
  poke(): void {
    if (!this.#running || this.#making) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#epoch !== this.#options.ledger.epoch) {
      this.#epoch = this.#options.ledger.epoch
      this.#proposer = this.#proposerOf(this.#epoch)
    }
    const proposer = this.#proposer
    const round = proposer?.nextRound()
    if (!proposer || round === undefined) return
    const { clock } = this.#options
    const now = clock.elapsed()
    if (this.#quorumSince?.round !== round) this.#quorumSince = { round, at: now }
    const due = Math.max(
      this.#lastUnitAt + (this.#options.hurry?.() ? HURRY_INTERVAL_MS : this.#options.roundIntervalMs),
      this.#leaderIsMissing(proposer, round - 1) ? this.#quorumSince.at + LEADER_WAIT_MS : 0,
    )
    if (now < due) {
      this.#cancelTimer = clock.after(due - now, () => this.poke())
      return
    }
    this.#making = this.#make()
      .catch((error) => {
        this.#running = false
        this.#options.onFault(error)
      })
      .finally(() => {
        this.#making = undefined
        // Not at once: without a pace and a disk this would never let go of the event loop.
        this.#cancelTimer = clock.after(0, () => this.poke())
      })
  }

  #proposerOf({ dag, committee, base }: Epoch): Proposer | undefined {
    const self = this.#options.signer.address
    return committee.has(self) ? createProposer({ dag, committee, self, base }) : undefined
  }

  #leaderIsMissing(proposer: Proposer, round: number): boolean {
    const leader = this.#epoch.committer.leaderAt(round)
    return leader !== undefined && proposer.awaits(leader)
  }

  /** The whole bond on the leader unit that a unit of this round votes for, and what the lottery wants. */
  #messages(proposal: Proposal): Message[] {
    const { dag, committer } = this.#epoch
    const messages: Message[] = []
    const leader = committer.leaderAt(proposal.round - 1)
    const vote = proposal.parents.find((parent) => {
      const { validator, authors } = dag.header(parent)
      return validator?.round === proposal.round - 1 && authors[0] === leader
    })
    if (vote) messages.push(betMessage({ on: vote }))
    return [...messages, ...this.#options.lottery(this.#epoch)]
  }

  async #make(): Promise<void> {
    const { ledger, signer, guard, clock, take, publish } = this.#options
    const startedAt = clock.elapsed()
    const proposal = this.#proposer?.next()
    if (!proposal) return
    const transactions = take()
    const messages = this.#messages(proposal)
    if (transactions.length > 0) messages.unshift(transactionsMessage(transactions.map(({ tx }) => tx)))
    messages.unshift(...(this.#options.messages?.(transactions) ?? []))
    const { id, mci } = ledger.mainChain.tip
    const unit = await createUnit(
      {
        networkId: ledger.dag.networkId,
        parents: proposal.parents,
        timestampMs: timeWithin(timeBounds(this.#epoch, proposal), clock.now()),
        lastFinal: { mci, id },
        validUntilMci: mci + VALID_FOR_INDICES,
        validator: { round: proposal.round, selfParent: proposal.selfParent },
        messages,
        signers: [signer],
      },
      { hash: unitHash },
    )
    await ledger.saveDraft(unit)
    // A chain of own units begins anew with each epoch; within one it must go on from the last unit claimed.
    const last = guard.last()
    const goesOn = last !== undefined && epochOfRound(last.round) === this.#epoch.number
    await guard.claim(proposal.round, unit.id, goesOn ? proposal.selfParent : undefined)
    if (this.#epoch !== ledger.epoch) return // the epoch ended meanwhile; the unit was never sent
    await ledger.addOwn(unit)
    this.#lastUnitAt = startedAt
    publish(unit)
  }

  /**
   * After a crash: a unit that was claimed may have been sent or not, and no other may take its place. The draft that was saved before
   * the claim is that unit; it joins the ledger now. If its epoch is over, nobody needs it any more.
   */
  async #resume(): Promise<void> {
    const { ledger, guard, publish } = this.#options
    const draft = ledger.draft()
    if (!draft || draft.id !== guard.last()?.unit || ledger.dag.has(draft.id)) return
    if (epochOfRound(draft.header.validator!.round) !== ledger.epoch.number) return
    await ledger.addOwn(draft)
    publish(draft)
  }
}
