import { expect, test } from 'vitest'
import { createCommittee, isZposError, MAX_COMMITTEE } from '../src/index.ts'
import { committeeOf } from './support/network.ts'

test.each([
  [[1, 1, 1], 3n],
  [[1, 1, 1, 1], 3n],
  [[1], 1n],
  [[10, 20, 30, 40], 67n],
  [[1, 1, 1, 1, 1, 1, 1], 5n],
])('a quorum of stakes %j is more than two thirds: %s', (stakes, quorum) => {
  const committee = committeeOf(stakes)
  expect(committee.quorum).toBe(quorum)
  expect(3n * committee.quorum > 2n * committee.totalStake).toBe(true)
  expect(3n * (committee.quorum - 1n) <= 2n * committee.totalStake).toBe(true)
})

test('stake counts each member once and strangers not at all', () => {
  const committee = committeeOf([10, 20, 30, 40])
  const [a, b] = committee.members.map(({ address }) => address)
  expect(committee.stakeOf([a!, a!, b!, 'nobody' as never])).toBe(30n)
  expect(committee.indexOf('nobody' as never)).toBe(-1)
  expect(committee.has(b!)).toBe(true)
  expect(committee.isQuorum(committee.members.slice(1).map(({ address }) => address))).toBe(true)
})

test('a committee is refused when it is empty, too large, has an address twice, or a stake of zero', () => {
  const member = committeeOf(1).members[0]!
  const refused = (members: (typeof member)[]) => {
    try {
      createCommittee({ epoch: 0, members })
      return false
    } catch (error) {
      return isZposError(error, 'ZPOS_INVALID_ARGUMENT')
    }
  }
  expect(refused([])).toBe(true)
  expect(refused([member, member])).toBe(true)
  expect(refused([{ ...member, stake: 0n }])).toBe(true)
  expect(refused(Array.from({ length: MAX_COMMITTEE + 1 }, (_, i) => ({ ...member, address: `v${i}` as never })))).toBe(
    true,
  )
})
