import { expect, test } from 'vitest'
import { createRankedSchedule, isZposError, type LeaderSchedule, roundRobinSchedule } from '../src/index.ts'
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
  expect(skip(schedule, 2)).toBe(true)
  expect(schedule.leaderAt(4)).toBe(B)
  expect(skip(schedule, 4)).toBe(true)
  expect(schedule.leaderAt(6)).toBe(C)
  expect(schedule.term().demoted).toEqual([A, B])
})

test('with a slot every round a speaker is not demoted for the rounds made before anyone knew that it leads', () => {
  const schedule = roundRobinSchedule(committee, { wave: 1 })
  const ended = schedule.record({
    round: 15,
    offset: 0,
    leader: A!,
    outcome: 'commit',
    unit: 'u' as never,
    rule: 'direct',
  })
  expect(ended).toBe(true)
  expect(schedule.leaderAt(16)).toBe(B)
  for (const round of [16, 17, 18]) expect(skip(schedule, round)).toBe(false)
  expect(schedule.leaderAt(19)).toBe(B)
  expect(skip(schedule, 19)).toBe(true)
  expect(schedule.leaderAt(20)).toBe(C)
  expect(skip(schedule, 20)).toBe(true)
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
