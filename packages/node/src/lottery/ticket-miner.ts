/** Looks for this validator's ticket for the next term, and checks the tickets of others ahead of their ranking, on a thread of its own. */
import type { Address } from '@zos/dag'
import { type Ticket, ticketInput } from '@zos/zpos'
import type { CryptonightPool } from '@zos/zpos/cryptonight'
import type { Epoch } from '../ledger/epoch.ts'
import type { TicketHashes } from './ticket-hashes.ts'
import type { TicketIndex } from './ticket-index.ts'

export interface TicketMinerOptions {
  /** Makes the thread when there is first something to hash. */
  pool: () => CryptonightPool
  hashes: TicketHashes
  tickets: TicketIndex
  /** The candidate that tickets are for. Absent: only those of others are checked. */
  self: Address | undefined
  /** Hashes for one ticket. 0: no ticket, and the last rank. */
  effort: number
  /** A random first nonce, so that nobody repeats what was tried before. */
  nonce: () => bigint
  /** A ticket was found. */
  onTicket: () => void
  onFault: (error: unknown) => void
}

export class TicketMiner {
  readonly #options: TicketMinerOptions
  /** `epoch/term` that is searched for, or was. */
  #term = ''
  #search = { aborted: false }
  #found: Ticket | undefined
  readonly #checking = new Set<string>()
  /** Tickets for the next term whose hashes are known, by candidate and nonce: consensus goes on some hundred times a term. */
  #hashed = { term: '', tickets: new Set<string>() }
  #stopped = false

  constructor(options: TicketMinerOptions) {
    this.#options = options
  }

  /** Consensus went on: searches for the next term if it is a new one, and checks what others have sent for it. */
  update(epoch: Epoch): void {
    if (this.#stopped) return
    const term = epoch.schedule.term().number + 1
    const seed = epoch.schedule.seedOf(term)
    if (!seed) return
    this.#mine(epoch, term, seed)
    this.#check(epoch, term, seed)
  }

  /** The ticket to put into the next unit of `epoch`; once. */
  take(epoch: Epoch): Ticket | undefined {
    const found = this.#found
    if (!found || `${epoch.number}/${found.term}` !== this.#term || found.term !== epoch.schedule.term().number + 1)
      return undefined
    this.#found = undefined
    return found
  }

  stop(): void {
    this.#stopped = true
    this.#search.aborted = true
  }

  #mine(epoch: Epoch, term: number, seed: Uint8Array): void {
    const { pool, hashes, self, effort, nonce, onTicket, onFault } = this.#options
    const name = `${epoch.number}/${term}`
    if (name === this.#term) return
    this.#term = name
    this.#search.aborted = true
    this.#found = undefined
    if (!self || effort === 0 || !epoch.committee.has(self)) return
    const search = { aborted: false }
    this.#search = search
    pool()
      .search({ seed, term, candidate: self, start: nonce(), count: effort, signal: search })
      .then((ticket) => {
        if (!ticket || search.aborted || this.#stopped) return
        hashes.learn(ticketInput(seed, term, self, ticket.nonce), ticket.hash)
        this.#found = ticket
        onTicket()
      })
      .catch((error) => this.#stopped || onFault(error))
  }

  #check(epoch: Epoch, term: number, seed: Uint8Array): void {
    const { pool, hashes, tickets, onFault } = this.#options
    if (this.#hashed.term !== this.#term) this.#hashed = { term: this.#term, tickets: new Set() }
    const { tickets: hashed } = this.#hashed
    for (const { candidate, nonce } of tickets.smallest(epoch.number, term)) {
      const name = `${epoch.number}/${term}/${candidate}/${nonce}`
      if (hashed.has(name) || this.#checking.has(name)) continue
      const input = ticketInput(seed, term, candidate, nonce)
      if (hashes.has(input)) {
        hashed.add(name)
        continue
      }
      this.#checking.add(name)
      pool()
        .search({ seed, term, candidate, start: nonce, count: 1 })
        .then((ticket) => ticket && !this.#stopped && hashes.learn(input, ticket.hash))
        .catch((error) => this.#stopped || onFault(error))
        .finally(() => this.#checking.delete(name))
    }
  }
}
