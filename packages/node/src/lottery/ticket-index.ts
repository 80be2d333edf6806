import type { Dag, Unit, UnitId } from '@zos/dag'
import { type CarriedTicket, compareHashes, epochOfRound, type Ticket } from '@zos/zpos'
import { ticketOf } from './ticket-message.ts'

interface Entry extends CarriedTicket {
  readonly unit: UnitId
}

/** A claim and the unit that carries it. */
export interface LedgerTicket extends Ticket {
  readonly unit: UnitId
}

/** The tickets in the DAG by epoch and term. Holds those of the terms that are not ranked yet. */
export class TicketIndex {
  readonly #epochs = new Map<number, Map<number, Entry[]>>()

  /** Takes the ticket of a connected unit, if it has one. */
  add(unit: Unit): void {
    const { validator, authors } = unit.header
    const ticket = validator && ticketOf(unit)
    if (!ticket) return
    const epoch = epochOfRound(validator.round)
    let terms = this.#epochs.get(epoch)
    if (!terms) {
      terms = new Map()
      this.#epochs.set(epoch, terms)
    }
    const entries = terms.get(ticket.term)
    const entry = { unit: unit.id, author: authors[0]!, ticket }
    if (entries) entries.push(entry)
    else terms.set(ticket.term, [entry])
  }

  /** The tickets for a term in the past of `unit` and in it. */
  *inPast(dag: Dag, epoch: number, term: number, unit: UnitId): Generator<CarriedTicket> {
    for (const entry of this.#epochs.get(epoch)?.get(term) ?? [])
      if (entry.unit === unit || dag.isAncestor(entry.unit, unit)) yield entry
  }

  /** The smallest claim of each candidate for a term so far. */
  smallest(epoch: number, term: number): LedgerTicket[] {
    const best = new Map<string, LedgerTicket>()
    for (const { author, ticket, unit } of this.#epochs.get(epoch)?.get(term) ?? []) {
      const known = best.get(author)
      if (!known || compareHashes(ticket.hash, known.hash) < 0) best.set(author, { ...ticket, unit })
    }
    return [...best.values()]
  }

  /** Forgets the terms of `epoch` before `term`, and all of earlier epochs. */
  forget(epoch: number, term: number): void {
    for (const [number, terms] of this.#epochs) {
      if (number < epoch) this.#epochs.delete(number)
      else if (number === epoch) for (const known of terms.keys()) if (known < term) terms.delete(known)
    }
  }
}
