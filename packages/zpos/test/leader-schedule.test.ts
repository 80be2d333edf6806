import { expect, test } from 'vitest'
import {
  createRankedSchedule,
  EQUIVOCATION_DEPTH,
  equivocatorsIn,
  isZposError,
  type LeaderSchedule,
  roundRobinSchedule,
} from '../src/index.ts'
import { parseDag } from './support/dag-language.ts'
import { committeeOf, names } from './support/network.ts'

const committee = committeeOf(4)
const [A, B, C] = names(4)
const skip = (schedule: LeaderSchedule, round: number) =>
  schedule.record({ round, offset: 0, leader: schedule.leaderAt(round)!, outcome: 'skip', rule: 'direct' })

test('slots lie a wave apart above the base, and other rounds have no leader', () => {
  const schedule = roundRobinSchedule(committee, { wave: 3, baseRound: 100 })
  expect([100, 101, 102, 103, 104, 105, 106].map((round) => schedule.leadersAt(round).length)).toEqual([
    0, 0, 0, 1, 0, 0, 1,
  ])
  expect(schedule.leaderAt(101)).toBeUndefined()
})

test('a silent leader is demoted at its first skip', () => {
  const schedule = roundRobinSchedule(committee)
  skip(schedule, 2)
  expect(schedule.leaderAt(4)).toBe(B)
  skip(schedule, 4)
  expect(schedule.leaderAt(6)).toBe(C)
  expect(schedule.term().demoted).toEqual([A, B])
})

test('with a slot every round a speaker is not demoted for the rounds made before anyone knew that it leads', () => {
  const schedule = roundRobinSchedule(committee, { wave: 1 })
  schedule.record({
    round: 15,
    offset: 0,
    leader: A!,
    outcome: 'commit',
    unit: 'u' as never,
    rule: 'direct',
  })
  expect(schedule.leaderAt(16)).toBe(B)
  for (const round of [16, 17, 18]) skip(schedule, round)
  expect(schedule.leaderAt(19)).toBe(B)
  skip(schedule, 19)
  expect(schedule.leaderAt(20)).toBe(C)
})

test('slots far beyond the first undecided one belong to the deputies in turn, until decisions catch up', () => {
  const schedule = roundRobinSchedule(committee)
  const D = names(4)[3]
  expect([2, 4, 6, 8, 10, 12, 14, 20, 26].map((round) => schedule.leaderAt(round))).toEqual([A, A, A, B, B, B, C, D, A])
  schedule.record({ round: 2, offset: 0, leader: A!, outcome: 'commit', unit: 'u' as never, rule: 'indirect' })
  expect([4, 6, 8, 10].map((round) => schedule.leaderAt(round))).toEqual([A, A, A, B])
})

test('a round with more slots than fit members fills up with demoted ones', () => {
  const schedule = roundRobinSchedule(committee, { leadersPerRound: 4 })
  skip(schedule, 2)
  expect(schedule.leadersAt(4)).toEqual([B, C, names(4)[3], A])
})

test.each([{ wave: 0 }, { termRounds: 0 }, { leadersPerRound: 0 }, { leadersPerRound: 5 }])(
  'the setting %j is refused',
  (settings) => {
    try {
      roundRobinSchedule(committee, settings)
      expect.unreachable()
    } catch (error) {
      expect(isZposError(error, 'ZPOS_INVALID_ARGUMENT')).toBe(true)
    }
  },
)

test('a ranking that is not the committee in some order is refused', () => {
  try {
    createRankedSchedule({ committee, ranking: () => [A!, A!, B!, C!] })
    expect.unreachable()
  } catch (error) {
    expect(isZposError(error, 'ZPOS_INVALID_ARGUMENT')).toBe(true)
  }
})

test('an equivocator that a commit has in its past is demoted for the term, and from the start of the next if it was late in this one', () => {
  const dag = parseDag(
    `Round 1 : { * }
     Round 2 : { A -> [*], B -> [*], B2b -> [-D1], C -> [*], D -> [*], D2b -> [-C1] }
     Round 3 : { A -> [A2, B2, C2, D2], B -> [A2, B2, C2, D2], C -> [A2, B2b, C2, D2], D -> [A2, C2, B2, D2] }
     Round 4 : { A -> [A3, B3, D3], B -> [*], C -> [*], D -> [*] }
     Round 5 : { * }
     Round 6 : { * }`,
    ['A', 'B', 'C', 'D'],
  )
  const commit = (schedule: LeaderSchedule, unit: string, round: number) =>
    schedule.record({ round, offset: 0, leader: A!, outcome: 'commit', unit: unit as never, rule: 'direct' })
  // A's unit of round 4 has one unit of B in its past, B's has two. Nobody refers to the second one of D.
  expect(equivocatorsIn(dag, committee, 'A4' as never)).toEqual([])
  expect(equivocatorsIn(dag, committee, 'B4' as never)).toEqual([B])

  const schedule = roundRobinSchedule(committee, { dag, termRounds: 6 })
  skip(schedule, 2)
  commit(schedule, 'A4', 4)
  expect(schedule.leaderAt(6)).toBe(B)
  const other = roundRobinSchedule(committee, { dag, termRounds: 6 })
  skip(other, 2)
  commit(other, 'B4', 4)
  expect(other.leaderAt(6)).toBe(C)
  expect(other.term().demoted).toEqual([A, B])
  // B would speak in the next term.
  commit(other, 'A6', 6)
  expect(other.term()).toMatchObject({ number: 1, demoted: [B] })
  expect(other.leaderAt(8)).toBe(C)
  const without = roundRobinSchedule(committee, { termRounds: 6 })
  commit(without, 'A6', 6)
  expect(without.leaderAt(8)).toBe(B)
})

test('an equivocation is forgotten with the rounds that are no longer searched', () => {
  const rounds = Array.from({ length: 22 }, (_, i) => (i === 1 ? '' : `Round ${i + 1} : { * }`))
  rounds[1] = 'Round 2 : { A -> [*], B -> [*], B2b -> [-D1], C -> [*], D -> [*] }'
  rounds[2] = 'Round 3 : { A -> [A2, B2, C2], B -> [A2, B2, C2], C -> [A2, B2b, C2], D -> [A2, B2, D2] }'
  const dag = parseDag(rounds.join('\n'), ['A', 'B', 'C', 'D'])
  expect(equivocatorsIn(dag, committee, `A${2 + EQUIVOCATION_DEPTH}` as never)).toEqual([B])
  expect(equivocatorsIn(dag, committee, `A${3 + EQUIVOCATION_DEPTH}` as never)).toEqual([])
})

test('a round that was clean is looked at again when it gets another unit', () => {
  const authors = ['A', 'B', 'C', 'D']
  const dag = parseDag('Round 1 : { * } Round 2 : { * } Round 3 : { * } Round 4 : { * }', authors)
  const clean = new Map<number, number>()
  expect(equivocatorsIn(dag, committee, 'A4' as never, clean)).toEqual([])
  expect([...clean]).toEqual([
    [1, 4],
    [2, 4],
    [3, 4],
  ])
  parseDag('Round 2 : { B2b -> [-D1] }', authors, dag)
  dag.add('A5', ['A4', 'B2b', 'B4', 'C4', 'D4'])
  parseDag('Round 6 : { A -> [*] }', authors, dag)
  expect(equivocatorsIn(dag, committee, 'A6' as never, clean)).toEqual([B])
})
