import { RulesRegistry } from '@zos/dag'
import { expect, test } from 'vitest'
import {
  type Address,
  createCommittee,
  createRulesVote,
  EPOCH_ROUNDS,
  isZposError,
  type RoundHeader,
  type RulesVote,
  type UnitId,
} from '../src/index.ts'

const address = (n: number) => `0x${String(n).padStart(40, '0')}` as Address
const committee = (epoch: number, stakes = [50n, 30n, 20n]) =>
  createCommittee({
    epoch,
    members: stakes.map((stake, i) => ({ address: address(i), publicKey: new Uint8Array(33), stake })),
  })

function header(author: number, round: number): RoundHeader {
  const selfParent = '0x00' as UnitId
  return {
    parents: [selfParent],
    authors: [address(author)],
    lastFinal: { mci: 0, id: selfParent },
    validator: { round, selfParent },
  }
}

function setUp(modules: Record<number, string> = { 1: 'one', 2: 'two', 3: 'three' }) {
  const registry = new RulesRegistry(modules)
  return { registry, vote: createRulesVote({ registry, committee: committee(0) }) }
}

/** One unit of each author in an epoch, with its signal. */
function signals(vote: RulesVote, epoch: number, ...list: (number | undefined)[]): void {
  for (const [author, signal] of list.entries()) vote.indexed(header(author, epoch * EPOCH_ROUNDS + 3), signal)
}

test('rules are announced by one epoch and come into force after the next, from the index behind its end', () => {
  const { registry, vote } = setUp()
  signals(vote, 0, 2, 2, 1)
  expect(vote.endEpoch(100, committee(1))).toEqual({ activated: undefined, announced: 2 })
  expect(vote.announced()).toBe(2)
  signals(vote, 1, 2, 2, 1)
  expect(vote.endEpoch(200, committee(2))).toEqual({ activated: 2, announced: undefined })
  expect([100, 200, 201].map((mci) => registry.at(mci))).toEqual(['one', 'one', 'two'])
  // Who has nothing newer changes nothing any more; no signal means the version in force.
  signals(vote, 2, 2, undefined, 2)
  expect(vote.endEpoch(300, committee(3))).toEqual({ activated: undefined, announced: undefined })
})

test('the stake of both epochs’ committees has to stand behind them', () => {
  const { registry, vote } = setUp()
  signals(vote, 0, 2, 2, 1)
  // In the next committee those who have it hold 79 of 100.
  expect(vote.endEpoch(100, committee(1, [50n, 29n, 21n])).announced).toBe(2)
  signals(vote, 1, 2, 2, 1)
  expect(vote.endEpoch(200, committee(2))).toEqual({ activated: undefined, announced: undefined })
  expect(registry.schedule).toHaveLength(1)
})

test('a signal counts if it was given all the time, in an indexed unit of the epoch, by a member', () => {
  const { vote } = setUp()
  signals(vote, 0, 2, 2, 1)
  vote.indexed(header(1, 7), undefined)
  expect(vote.endEpoch(1, committee(1)).announced).toBeUndefined()
  // Late units of the epoch before do not make up for missing ones, nor do strangers or units without a round.
  signals(vote, 1, 2)
  vote.indexed(header(1, 9), 2)
  vote.indexed(header(7, EPOCH_ROUNDS + 9), 2)
  vote.indexed({ ...header(1, 0), validator: undefined }, 2)
  expect(vote.endEpoch(2, committee(2)).announced).toBeUndefined()
  // And they do no harm.
  vote.indexed(header(1, EPOCH_ROUNDS + 9), 1)
  vote.indexed({ ...header(0, 0), validator: undefined }, 1)
  signals(vote, 2, 2, 2)
  expect(vote.endEpoch(3, committee(3)).announced).toBe(2)
})

test('support of a later version supports the one announced; the later one gets its own notice', () => {
  const { registry, vote } = setUp()
  signals(vote, 0, 2, 2, 2)
  vote.endEpoch(10, committee(1))
  signals(vote, 1, 3, 3, 2)
  expect(vote.endEpoch(20, committee(2))).toEqual({ activated: 2, announced: 3 })
  signals(vote, 2, 3, 3, 2)
  expect(vote.endEpoch(30, committee(3))).toEqual({ activated: 3, announced: undefined })
  expect(registry.schedule.map(({ fromMci, version }) => [fromMci, version])).toEqual([
    [0, 1],
    [21, 2],
    [31, 3],
  ])
})

test('support that falls back to an earlier version announces that one anew', () => {
  const { vote } = setUp()
  signals(vote, 0, 3, 3, 3)
  expect(vote.endEpoch(10, committee(1)).announced).toBe(3)
  signals(vote, 1, 3, 2, 2)
  expect(vote.endEpoch(20, committee(2))).toEqual({ activated: undefined, announced: 2 })
})

test('a program without the rules stops with a typed error; with them, and begun anew at the checkpoint before, it goes on', () => {
  const old = setUp({ 1: 'one' })
  const fresh = setUp()
  for (const { vote } of [old, fresh]) {
    signals(vote, 0, 2, 2, 1)
    vote.endEpoch(100, committee(1))
    signals(vote, 1, 2, 2, 1)
  }
  const registry = new RulesRegistry({ 1: 'one', 2: 'two' })
  const later = createRulesVote({ registry, committee: committee(1), announced: fresh.vote.announced()! })
  expect(later.hash()).toEqual(fresh.vote.hash())
  expect(later.hash()).not.toEqual(createRulesVote({ registry, committee: committee(1) }).hash())
  signals(later, 1, 2, 2, 1)
  fresh.vote.endEpoch(200, committee(2))
  expect(later.endEpoch(200, committee(2)).activated).toBe(2)
  expect(later.hash()).toEqual(fresh.vote.hash())
  try {
    old.vote.endEpoch(200, committee(2))
    expect.unreachable()
  } catch (error) {
    expect(isZposError(error, 'ZPOS_RULES_UNKNOWN') && error.context).toEqual({ version: 2, fromMci: 201, epoch: 2 })
    expect((error as Error).message).toMatch(/version 2 holds from index 201, this program has 1: update it/)
  }
  expect(old.registry.at(200)).toBe('one')
  expect(() => old.registry.at(201)).toThrow(/update it/)
})

test('epochs follow one another', () => {
  const { vote } = setUp()
  try {
    vote.endEpoch(1, committee(2))
    expect.unreachable()
  } catch (error) {
    expect(isZposError(error, 'ZPOS_INVALID_ARGUMENT')).toBe(true)
  }
})
