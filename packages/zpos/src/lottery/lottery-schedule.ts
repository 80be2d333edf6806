/** The schedule of the network: terms ranked by the lottery (C3, C4), with demotion (C5). */
import type { Address, UnitId } from '../dag-port.ts'
import { createRankedSchedule, type LeaderSchedule, type RankedScheduleOptions } from '../schedule/leader-schedule.ts'
import { termSeed } from './seed.ts'
import { rankCandidates, type Ticket, type TicketHash } from './ticket.ts'

/** A ticket and the author of the validator unit that carries it. */
export interface CarriedTicket {
  readonly author: Address
  readonly ticket: Ticket
}

/** Settings of {@link createLotterySchedule}. */
export interface LotteryScheduleOptions extends Omit<RankedScheduleOptions, 'ranking'> {
  /** What the seeds of the terms 0 and 1 are made of: the genesis, or the base of the epoch. */
  readonly baseUnit: UnitId
  /**
   * All tickets for `term` in the past of `unit` (and in it), in any order. One that its candidate does not carry itself is left out: else anyone
   * could spoil another's ticket with a false claim in its name.
   */
  readonly ticketsIn: (unit: UnitId, term: number) => Iterable<CarriedTicket>
  /** The verified VRF outputs made for `term` in the past of `unit` (and in it), one a validator. */
  readonly vrfOutputsIn: (unit: UnitId, term: number) => Iterable<Uint8Array>
  readonly hash: TicketHash
}

/** A {@link LeaderSchedule} that knows the seeds. */
export interface LotterySchedule extends LeaderSchedule {
  /** The seed of a term: known for every term so far and the next one, for which tickets are wanted now. */
  seedOf(term: number): Uint8Array | undefined
}

/**
 * Makes the schedule. Term n is ranked at the commit that ended term n − 1, by the tickets in that commit's past; the same
 * commit fixes the seed of term n + 1. The first term has no tickets. Cost at a change of term: one hash a candidate.
 */
export function createLotterySchedule(options: LotteryScheduleOptions): LotterySchedule {
  const { committee, baseUnit, ticketsIn, vrfOutputsIn, hash } = options
  const candidates = committee.members.map(({ address }) => address)
  const seeds: Uint8Array[] = [termSeed(0, baseUnit, []), termSeed(1, baseUnit, [])]
  const schedule = createRankedSchedule({
    ...options,
    ranking({ number, endedBy }) {
      if (endedBy !== undefined) seeds[number + 1] = termSeed(number + 1, endedBy, vrfOutputsIn(endedBy, number - 1))
      const tickets = endedBy === undefined ? [] : own(ticketsIn(endedBy, number))
      return rankCandidates({ term: number, seed: seeds[number]!, candidates, tickets, hash })
    },
  })
  return { ...schedule, seedOf: (term) => seeds[term] }
}

/** The tickets that their candidates carry themselves, one after the other: a flood is not collected first. */
function* own(carried: Iterable<CarriedTicket>): Generator<Ticket> {
  for (const { author, ticket } of carried) if (author === ticket.candidate) yield ticket
}
