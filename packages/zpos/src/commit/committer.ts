/**
 * The commit rule (C6): turns the DAG into the one sequence of decisions about leader slots. Direct and indirect commit and
 * skip of Mysticeti-C (mysticeti-core `consensus/base_committer.rs`, arXiv 2310.14821), weighted by stake.
 */
import type { Committee } from '../committee/committee.ts'
import type { Address, RoundDag, UnitId } from '../dag-port.ts'
import { ZposError } from '../errors.ts'
import type { LeaderSchedule } from '../schedule/leader-schedule.ts'
import type { CommitDecision, Decision, Slot, SlotStatus } from './decision.ts'
import { type CommitterLoad, createVoteIndex } from './vote-index.ts'

export type { CommitterLoad }

/** Rounds of one wave: propose, vote, certify. An anchor is at least this many rounds above the slot that it decides. */
export const WAVE_LENGTH = 3

/** Rounds to look at before looking further: enough for slots that are decided directly. A power of two keeps the sum of all looks small. */
const FIRST_LOOK = 2

/** Settings of {@link createCommitter}. */
export interface CommitterOptions {
  readonly dag: RoundDag
  readonly committee: Committee
  /** Owned by the committer from here on: it records every decision there. */
  readonly schedule: LeaderSchedule
  /** First round of the committee. Default 1: the genesis is round 0 of everyone. */
  readonly firstRound?: number
}

/** Watches a DAG and says what is final. */
export interface Committer {
  /**
   * The decisions that became final since the last call: strictly in slot order, up to the first undecided slot. A function
   * of the DAG alone, so that a committer made anew over the same DAG returns the same sequence.
   *
   * Throws `ZPOS_SAFETY_BROKEN` if two units of one slot are certified.
   */
  update(): Decision[]
  /** The leader of the first slot of `round` as far as is known now; undefined if the round has no slot. */
  leaderAt(round: number): Address | undefined
  /** How a slot of an undecided round would be judged now, under the schedule in force. Undefined if there is no such slot. */
  judge(round: number, offset?: number): SlotStatus | undefined
  /** The first round that may hold an undecided slot. */
  nextRound(): number
  /** The last committed leader unit; undefined before the first. */
  lastCommit(): CommitDecision | undefined
  /** How much it holds, for a node's metrics. Cost: O(undecided rounds × committee). */
  load(): CommitterLoad
  /** Stops listening to the DAG: call it when the epoch is over and another committer follows. */
  close(): void
}

/** Makes a committer. */
export function createCommitter(options: CommitterOptions): Committer {
  const { dag, committee, schedule, firstRound = 1 } = options
  const votes = createVoteIndex({ dag, committee, firstRound })
  let nextRound = firstRound
  let nextOffset = 0
  let lastCommit: CommitDecision | undefined
  let fresh = false

  /** The slots from the first undecided one up to the highest round known, in order, `limit` rounds at most. */
  function openSlots(limit: number): Slot[] {
    const slots: Slot[] = []
    const highest = Math.min(votes.highestRound(), nextRound + limit - 1)
    for (let round = nextRound; round <= highest; round += 1) {
      for (const [offset, leader] of schedule.leadersAt(round).entries()) {
        if (round > nextRound || offset >= nextOffset) slots.push({ round, offset, leader })
      }
    }
    return slots
  }

  function judgeDirectly(slot: Slot): SlotStatus {
    const tallies = votes.tallies(committee.indexOf(slot.leader), slot.round)
    const certified = tallies.filter((tally) => tally.certified)
    if (certified.length > 1)
      throw safetyBroken(
        slot,
        certified.map(({ unit }) => unit!),
      )
    const unit = certified[0]?.unit
    if (unit !== undefined) return { ...slot, outcome: 'commit', unit, rule: 'direct' }
    if (tallies.every((tally) => tally.blamed)) return { ...slot, outcome: 'skip', rule: 'direct' }
    return { ...slot, outcome: 'undecided' }
  }

  /** `later` are the judgements of the slots after this one, in order. */
  function judgeIndirectly(slot: Slot, later: readonly SlotStatus[]): SlotStatus {
    const anchor = later.find(({ round, outcome }) => round >= slot.round + WAVE_LENGTH && outcome !== 'skip')
    if (anchor?.outcome !== 'commit') return { ...slot, outcome: 'undecided' }
    const inPast = votes
      .tallies(committee.indexOf(slot.leader), slot.round)
      .filter(({ certificates }) => certificates.some((certificate) => dag.isAncestor(certificate, anchor.unit)))
    if (inPast.length > 1)
      throw safetyBroken(
        slot,
        inPast.map(({ unit }) => unit!),
      )
    const unit = inPast[0]?.unit
    if (unit === undefined) return { ...slot, outcome: 'skip', rule: 'indirect' }
    return { ...slot, outcome: 'commit', unit, rule: 'indirect' }
  }

  /** Judges slots from the last to the first, as each may lean on those after it. */
  function judgeAll(slots: readonly Slot[]): SlotStatus[] {
    const judged: SlotStatus[] = []
    for (const slot of slots.toReversed()) {
      const direct = judgeDirectly(slot)
      judged.unshift(direct.outcome === 'undecided' ? judgeIndirectly(slot, judged) : direct)
    }
    return judged
  }

  function output(decision: Decision): void {
    if (decision.outcome === 'commit') lastCommit = decision
    nextRound = decision.round
    nextOffset = decision.offset + 1
    if (nextOffset >= schedule.leadersAt(decision.round).length) {
      nextRound += 1
      nextOffset = 0
    }
    schedule.record(decision)
    votes.dropBelow(nextRound)
  }

  return {
    update() {
      const decisions: Decision[] = []
      fresh = votes.refresh() || fresh
      if (!fresh) return decisions
      for (let limit = FIRST_LOOK; ; ) {
        // A slot may be decided by those after it; beyond the limit they count as undecided, which can only leave it undecided.
        const [first] = judgeAll(openSlots(limit))
        if (first !== undefined && first.outcome !== 'undecided') {
          decisions.push(first)
          output(first)
          limit = FIRST_LOOK
        } else if (nextRound + limit > votes.highestRound()) break
        else limit *= 4
      }
      fresh = false
      return decisions
    },
    leaderAt: (round) => schedule.leaderAt(round),
    judge(round, offset = 0) {
      fresh = votes.refresh() || fresh
      const leader = schedule.leadersAt(round)[offset]
      if (leader === undefined || round < nextRound || (round === nextRound && offset < nextOffset)) return undefined
      const status = judgeAll(openSlots(Number.POSITIVE_INFINITY)).find(
        (judged) => judged.round === round && judged.offset === offset,
      )
      return status ?? { round, offset, leader, outcome: 'undecided' }
    },
    nextRound: () => nextRound,
    lastCommit: () => lastCommit,
    load: votes.load,
    close: votes.close,
  }
}

function safetyBroken(slot: Slot, units: readonly UnitId[]): ZposError {
  return new ZposError(
    'ZPOS_SAFETY_BROKEN',
    `units ${units.join(', ')} of one slot (round ${slot.round}, ${slot.leader}) are both certified: validators with a third of the stake signed twice`,
    { round: slot.round, leader: slot.leader, units },
  )
}
