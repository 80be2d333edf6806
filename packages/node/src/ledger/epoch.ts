import {
  createDag,
  createMainChain,
  type Dag,
  type HeaderStore,
  type Hex,
  type MainChain,
  type Unit,
  type UnitHeader,
  type UnitId,
} from '@zos/dag'
import {
  type Committee,
  type Committer,
  createCommittee,
  createCommitter,
  createLotterySchedule,
  type EpochBase,
  epochBase,
  type LotterySchedule,
  type TicketHash,
  type ValidatorInfo,
  vrfInput,
} from '@zos/zpos'
import type { TicketIndex } from '../lottery/ticket-index.ts'
import type { VrfIndex } from '../lottery/vrf-index.ts'
import type { VrfOutputs } from '../lottery/vrf-outputs.ts'

/** All that has to be known of the past to go on with an epoch: it is kept when everything below is dropped. */
export interface EpochStart {
  readonly number: number
  /** The committed leader that ended the epoch before; the genesis for the first. */
  readonly unit: { readonly id: UnitId; readonly header: UnitHeader }
  readonly height: number
  /** Main-chain index of the unit. */
  readonly mci: number
  /** Number of the Ethereum block that the unit made; 0 for the genesis. */
  readonly block: number
  readonly members: readonly ValidatorInfo[]
  /** The accumulator of the main chain up to and with the unit: proves old main-chain units after they are gone. */
  readonly chain: { readonly size: number; readonly peaks: readonly Hex[] }
}

/**
 * A stretch of rounds with one committee. Its units have one common ancestor, the leader unit that ended the epoch
 * before, and reference nothing older: what was not indexed by then is carried over by its authors, who put the transactions into new
 * units. So each epoch is a DAG of its own, and to drop an epoch is to let go of it.
 */
export interface Epoch extends EpochStart {
  readonly base: EpochBase
  readonly committee: Committee
  readonly committer: Committer
  readonly dag: Dag
  readonly mainChain: MainChain
  /** Terms, rankings and seeds. Terms are counted from 0 in every epoch. */
  readonly schedule: LotterySchedule
}

/** How the leaders of a network are drawn. */
export interface Lottery {
  /** Rounds of a term. */
  readonly termRounds: number
  readonly tickets: TicketIndex
  /** CryptoNight. */
  readonly hash: TicketHash
  readonly proofs: VrfIndex
  readonly outputs: VrfOutputs
}

export function openEpoch(start: EpochStart, genesis: Unit, headers: HeaderStore, lottery: Lottery): Epoch {
  const { number, unit, height, mci, members } = start
  const base = epochBase(number, unit.id)
  const committee = createCommittee({ epoch: number, members })
  const dag = createDag({
    genesis,
    headers,
    ...(number > 0 ? { pruningPoint: { unit, height, mci, below: [] } } : {}),
  })
  const { tickets, hash, termRounds, proofs, outputs } = lottery
  tickets.forget(number, 0)
  proofs.forget(number, 0)
  const schedule: LotterySchedule = createLotterySchedule({
    // Those who made two units of one round lead no more in the term.
    dag,
    committee,
    baseUnit: unit.id,
    baseRound: base.round,
    termRounds,
    hash,
    *ticketsIn(end, term) {
      yield* tickets.inPast(dag, number, term, end)
      tickets.forget(number, term)
    },
    *vrfOutputsIn(end, term) {
      const input = vrfInput(term, schedule.seedOf(term)!)
      for (const { author, proof } of proofs.inPast(dag, number, term, end)) {
        const key = committee.members[committee.indexOf(author)]?.vrfKey
        const output = key && outputs.of(key, input, proof)
        if (output) yield output
      }
      proofs.forget(number, term + 1)
    },
  })
  const committer = createCommitter({ dag, committee, schedule, firstRound: base.round + 1 })
  return { ...start, base, committee, committer, dag, mainChain: createMainChain(dag), schedule }
}
