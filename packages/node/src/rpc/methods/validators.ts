import { bytesToHex } from '@ethereumjs/util'
import type { Address } from '@zos/dag'
import type { RpcMethod } from '../context.ts'
import { quantity } from '../format.ts'

/** Candidates in one answer, the largest first. */
const MAX_CANDIDATES = 500

/** Who validates, and how leaders are drawn. Amounts are quantities in wei; other numbers are plain JSON numbers. */
export const validatorMethods: Record<string, RpcMethod> = {
  /** All candidates of the consensus contract by stake, with their place in the committee of the running epoch and of the next. */
  zos_validators: (_, { consensus, lottery }) => {
    const contract = consensus()
    const { committee } = lottery().epoch
    const next = contract.committee(committee.epoch + 1)
    const candidates = contract.records.validators.keys().map((owner) => {
      const record = contract.candidate(owner as Address)!
      const place = committee.indexOf(record.key)
      return {
        owner,
        address: record.key,
        stake: record.tokens,
        committee: place >= 0,
        committeeStake: place >= 0 ? quantity(committee.members[place]!.stake) : '0x0',
        nextCommittee: next?.has(record.key) ?? null,
        commissionBps: record.commissionBps,
        jailed: record.jailed,
        tombstoned: record.tombstoned,
      }
    })
    candidates.sort((a, b) => (a.stake === b.stake ? (a.owner < b.owner ? -1 : 1) : a.stake > b.stake ? -1 : 1))
    return {
      epoch: committee.epoch,
      totalStake: quantity(committee.totalStake),
      quorum: quantity(committee.quorum),
      candidates: candidates.slice(0, MAX_CANDIDATES).map((one) => ({ ...one, stake: quantity(one.stake) })),
    }
  },

  /** The running term of the lottery (speaker first, then its deputies), and the tickets that have come for the next one: those in the past of its `endedBy` will count. */
  zos_terms: (_, { lottery }) => {
    const { epoch, tickets } = lottery()
    const { number, firstRound, endedBy, ranking, demoted } = epoch.schedule.term()
    const seed = epoch.schedule.seedOf(number + 1)
    return {
      epoch: epoch.number,
      term: number,
      firstRound,
      endedBy: endedBy ?? null,
      speaker: ranking.find((address) => !demoted.includes(address)) ?? ranking[0],
      ranking,
      demoted,
      next: {
        term: number + 1,
        seed: seed ? bytesToHex(seed) : null,
        tickets: tickets.map(({ candidate, nonce, hash, unit }) => ({
          candidate,
          nonce: quantity(nonce),
          hash: bytesToHex(hash),
          unit,
        })),
      },
    }
  },
}
