/** The lottery in a simulation: tickets travel in units, and a flooder sends as many as fit. */
import { blake2b } from '@noble/hashes/blake2.js'
import type * as Zpos from '../../src/index.ts'
import type { Address, CarriedTicket, Committee, LotterySchedule, Ticket, UnitId } from '../../src/index.ts'
import type { View, World } from './world.ts'

/** Tickets in each unit of a flooder. */
export const FLOOD = 40

export interface Lottery {
  readonly schedule: LotterySchedule
  /** Hashes computed to check tickets since the schedule was made. */
  hashes(): number
  /** The tickets for the next unit. */
  tickets(self: Address, floods: boolean): Ticket[]
}

/** A cheap hash in the place of CryptoNight: the lottery's logic is the same. */
const hash = (data: Uint8Array): Uint8Array => blake2b(data, { dkLen: 32 })

export function createLottery(
  zpos: typeof Zpos,
  world: World,
  options: { dag: View; committee: Committee; wave: number; baseRound: number; baseUnit: UnitId },
): Lottery {
  const { committee, baseRound } = options
  let hashes = 0
  let carried = -1
  const schedule = zpos.createLotterySchedule({
    ...options,
    ticketsIn(unit, term) {
      const end = world.byId.get(unit)!
      const found: CarriedTicket[] = []
      for (let index = 0; index <= end.index; index += 1) {
        const other = world.units[index]!
        if (other.round <= baseRound || !(other === end || world.isAncestor(other, end))) continue
        for (const ticket of other.tickets)
          if (ticket.term === term) found.push({ author: other.header.authors[0]!, ticket })
      }
      return found
    },
    vrfOutputsIn: () => [],
    hash: (data) => {
      hashes += 1
      return hash(data)
    },
  })
  return {
    schedule,
    hashes: () => hashes,
    tickets(self, floods) {
      const term = schedule.term().number + 1
      const seed = schedule.seedOf(term)!
      if (floods) {
        // False claims in the name of everyone, for this term and for others.
        return Array.from({ length: FLOOD }, (_, i) => ({
          term: term + Math.floor(i / committee.members.length) - 1,
          candidate: committee.members[i % committee.members.length]!.address,
          nonce: BigInt(i),
          hash: new Uint8Array(32).fill(i, 0, 1),
        }))
      }
      if (carried === term) return []
      carried = term
      return [zpos.searchTicket({ seed, term, candidate: self, hash, start: 0n, count: 2 })!]
    },
  }
}
