/**
 * Who leads which slot (C4, C5). A schedule is a function of the decisions already output and of nothing else, so that
 * two nodes with the same prefix of decisions judge the next slot under the same leaders.
 */
import { equivocatorsIn } from '../accountability/equivocators.ts'
import type { Decision } from '../commit/decision.ts'
import type { Committee } from '../committee/committee.ts'
import type { Address, RoundDag, UnitId } from '../dag-port.ts'
import { ZposError } from '../errors.ts'

/** Rounds after which a term ends at the next committed leader: about 15 s at a round a second (C4). */
export const TERM_ROUNDS = 15

/** Rounds from one leader slot to the next (C5). */
export const DEFAULT_WAVE = 2

/**
 * Rounds beyond the first undecided slot for which the speaker leads; each so many rounds further on, the next deputy does. Without that
 * a speaker who splits the votes on every slot of its own stops the network: no slot is decided, so it is never demoted, and
 * its term never ends. With it, the deputies' slots are the anchors that decide. While all goes well decisions follow within three rounds.
 */
export const DEPUTY_ROUNDS = 6

/** The leaders of the slots that are not decided yet. */
export interface LeaderSchedule {
  /** The leader of the first slot of `round`; undefined if the round has no slot. */
  leaderAt(round: number): Address | undefined
  /** The leaders of all slots of `round` in slot order; empty if it has none. */
  leadersAt(round: number): readonly Address[]
  /** Takes the next decision, in slot order. It may change the leaders of all later slots. */
  record(decision: Decision): void
  /** The term that the next slot is in. */
  term(): Term
}

/** A term of the speaker (C4). */
export interface Term {
  /** 0 for the first term of the schedule. */
  readonly number: number
  /** Its ranking holds for the rounds from here on. */
  readonly firstRound: number
  /** The committed leader unit that ended the term before; undefined in the first term. */
  readonly endedBy: UnitId | undefined
  /** Speaker first, then the deputies in order. */
  readonly ranking: readonly Address[]
  /** Those whose slot was decided skip in this term, and equivocators seen by its commits; they lead no more in it, unless as the last deputies. */
  readonly demoted: readonly Address[]
}

/** Settings of {@link createRankedSchedule}. */
export interface RankedScheduleOptions {
  readonly committee: Committee
  /**
   * The ranking of a term, speaker first: all members of the committee, each once. Must be a pure function of its input
   * and of the past of `endedBy`.
   */
  readonly ranking: (term: Pick<Term, 'number' | 'firstRound' | 'endedBy'>) => readonly Address[]
  /** Slots are the rounds `base + wave`, `base + 2·wave` …  Default {@link DEFAULT_WAVE}. */
  readonly wave?: number
  /** Default {@link TERM_ROUNDS}. */
  readonly termRounds?: number
  /** Leaders in a slot's round. Default 1. */
  readonly leadersPerRound?: number
  /**
   * A skip in the first so many rounds of a term does not demote: those rounds were made before anyone could know the term's
   * speaker, so nobody waited for its units. Default 3 with a slot every round, where without it one slow leader after the
   * other falls; 0 with slots further apart, where a silent leader had better go at once.
   */
  readonly graceRounds?: number
  /**
   * With it, members that equivocated in the past of a committed leader are demoted for the rest of the term ({@link equivocatorsIn}). All nodes of a network
   * give it or none does.
   */
  readonly dag?: RoundDag
  /** The round of the unit that the committee builds on: 0, or the round given to the base of an epoch. Default 0. */
  readonly baseRound?: number
}

/**
 * A schedule from a ranking a term, with demotion: the slot belongs to the best ranked member that is not demoted. When
 * everyone is demoted all of them are pardoned, so there always is a leader.
 */
export function createRankedSchedule(options: RankedScheduleOptions): LeaderSchedule {
  const {
    committee,
    ranking,
    wave = DEFAULT_WAVE,
    termRounds = TERM_ROUNDS,
    leadersPerRound = 1,
    baseRound = 0,
    dag,
    graceRounds = wave === 1 ? 3 : 0,
  } = options
  if (!Number.isSafeInteger(wave) || wave < 1) {
    throw new ZposError('ZPOS_INVALID_ARGUMENT', `wave is ${wave}; it must be a whole number of rounds, at least 1`, {
      wave,
    })
  }
  if (!Number.isSafeInteger(termRounds) || termRounds < 1) {
    throw new ZposError('ZPOS_INVALID_ARGUMENT', `termRounds is ${termRounds}; it must be at least 1`, { termRounds })
  }
  if (!Number.isSafeInteger(leadersPerRound) || leadersPerRound < 1 || leadersPerRound > committee.members.length) {
    throw new ZposError('ZPOS_INVALID_ARGUMENT', `leadersPerRound is ${leadersPerRound}; a round has 1 to n leaders`, {
      leadersPerRound,
    })
  }

  function ranked(start: Pick<Term, 'number' | 'firstRound' | 'endedBy'>): readonly Address[] {
    const order = ranking(start)
    if (new Set(order).size !== committee.members.length || !order.every((address) => committee.has(address))) {
      throw new ZposError(
        'ZPOS_INVALID_ARGUMENT',
        `the ranking of term ${start.number} is not the committee in some order`,
        {
          term: start.number,
        },
      )
    }
    return order
  }

  let start: Pick<Term, 'number' | 'firstRound' | 'endedBy'> = {
    number: 0,
    firstRound: baseRound + 1,
    endedBy: undefined,
  }
  let order = ranked(start)
  let demoted = new Set<Address>()
  /** Rounds in which nobody equivocated so far. */
  const clean = new Map<number, number>()
  /** Those who lead, in order: the fit ones first, then the demoted. */
  let line: readonly Address[] = order
  /** The round of the first undecided slot. */
  let open = baseRound + wave

  function seat(): void {
    line = [...order.filter((address) => !demoted.has(address)), ...order.filter((address) => demoted.has(address))]
  }

  function leadersAt(round: number): readonly Address[] {
    if (!hasSlot(round)) return []
    const turn = Math.max(0, Math.floor((round - open) / DEPUTY_ROUNDS)) % line.length
    const last = turn + leadersPerRound
    return last <= line.length ? line.slice(turn, last) : [...line.slice(turn), ...line.slice(0, last - line.length)]
  }

  const hasSlot = (round: number): boolean => round > baseRound && (round - baseRound) % wave === 0

  return {
    leaderAt: (round) => leadersAt(round)[0],
    leadersAt,
    record(decision) {
      open = decision.offset + 1 < leadersPerRound ? decision.round : decision.round + wave
      if (decision.outcome === 'skip') {
        if (start.number > 0 && decision.round < start.firstRound + graceRounds) return
        demoted.add(decision.leader)
      } else {
        const termEnds = decision.round >= start.firstRound - 1 + termRounds
        if (termEnds) {
          start = { number: start.number + 1, firstRound: decision.round + 1, endedBy: decision.unit }
          order = ranked(start)
          demoted = new Set()
        }
        const equivocators = dag === undefined ? [] : equivocatorsIn(dag, committee, decision.unit, clean)
        if (!termEnds && equivocators.length === 0) return
        for (const address of equivocators) demoted.add(address)
      }
      if (demoted.size === order.length) demoted = new Set()
      seat()
    },
    term: () => ({ ...start, ranking: order, demoted: [...demoted] }),
  }
}

/** A schedule without a lottery: the ranking turns by one member each term. For tests and for networks of one operator. */
export function roundRobinSchedule(
  committee: Committee,
  options: Omit<RankedScheduleOptions, 'committee' | 'ranking'> = {},
): LeaderSchedule {
  const addresses = committee.members.map(({ address }) => address)
  return createRankedSchedule({
    ...options,
    committee,
    ranking: ({ number }) => {
      const turn = number % addresses.length
      return [...addresses.slice(turn), ...addresses.slice(0, turn)]
    },
  })
}
