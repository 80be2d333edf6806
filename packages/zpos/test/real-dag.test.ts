import { createMainChain, RulesRegistry } from '@zos/dag'
import { expect, test } from 'vitest'
import {
  checkValidatorUnit,
  createCommitter,
  createProposer,
  createRulesVote,
  EPOCH_ROUNDS,
  epochBase,
  roundRobinSchedule,
  type TipDag,
} from '../src/index.ts'
import { append, committeeOfKeys, createHeaderOf, grow, keys, newDag } from './support/real-dag.ts'

test('over the real DAG proposers, checks, committer and main chain fit together', () => {
  const members = keys(4)
  const committee = committeeOfKeys(members)
  const dag = newDag()
  const port: TipDag = dag
  grow(dag, members, 40)
  for (let round = 1; round <= 40; round += 1) {
    expect(dag.roundUnits(round)).toHaveLength(4)
    for (const id of dag.roundUnits(round)) expect(checkValidatorUnit(dag.header(id), port, committee)).toBeUndefined()
  }
  const committer = createCommitter({ dag, committee, schedule: roundRobinSchedule(committee) })
  const decisions = committer.update()
  expect(decisions.map(({ round }) => round)).toEqual(Array.from({ length: 19 }, (_, i) => 2 * i + 2))
  const chain = createMainChain(dag)
  let last = 0
  for (const decision of decisions) {
    if (decision.outcome !== 'commit') throw new Error('a skip in a full DAG')
    const { chain: units } = chain.commit(decision.unit)
    for (const { mci } of units) {
      last += 1
      expect(mci).toBe(last)
    }
  }
  expect(last).toBe(38)
  expect(chain.tip.id).toBe(committer.lastCommit()!.unit)
})

test('over the real DAG an epoch ends at a committed leader, and the next one builds on it in its own range of rounds', () => {
  const members = keys(4)
  const committee = committeeOfKeys(members)
  const dag = newDag()
  grow(dag, members, 8)
  const old = createCommitter({ dag, committee, schedule: roundRobinSchedule(committee) })
  const end = old.update().at(-1)!
  if (end.outcome !== 'commit') throw new Error('a skip in a full DAG')
  old.close()

  const base = epochBase(1, end.unit)
  const next = committeeOfKeys(members, 1)
  const committer = createCommitter({
    dag,
    committee: next,
    schedule: roundRobinSchedule(next, { baseRound: base.round }),
    firstRound: base.round + 1,
  })
  const proposers = members.map((key) => ({
    key,
    proposer: createProposer({
      dag,
      committee: next,
      self: key.address,
      base,
      previousUnit: dag.authorUnits(key.address, 8)[0]!,
    }),
  }))
  const chain = createMainChain(dag)
  const registry = new RulesRegistry({ 1: 'one', 2: 'two' })
  const vote = createRulesVote({ registry, committee })
  // Three of the four signal version 2: not enough.
  for (const { id } of chain.commit(end.unit).indexed)
    vote.indexed(dag.header(id), dag.header(id).authors[0] === members[0]!.address ? 1 : 2)
  expect(vote.endEpoch(chain.tip.mci, next)).toEqual({ activated: undefined, announced: undefined })
  let commits = 0
  for (let round = 1; round <= 8; round += 1) {
    for (const { key, unit } of proposers.map(({ key, proposer }) => ({ key, unit: proposer.next()! }))) {
      expect(unit.round).toBe(EPOCH_ROUNDS + round)
      const header = createHeaderOf(unit.parents, round, {
        author: key.address,
        round: unit.round,
        selfParent: unit.selfParent,
      })
      expect(checkValidatorUnit(header, dag, next, base)).toBeUndefined()
      append(dag, header)
    }
    for (const decision of committer.update()) {
      if (decision.outcome !== 'commit') throw new Error('a skip in a full DAG')
      for (const { id } of chain.commit(decision.unit).indexed) vote.indexed(dag.header(id), 2)
      commits += 1
    }
    // A DAG that announces its units is read at once, and what is decided is let go.
    expect(committer.load()).toMatchObject({ announced: 0 })
    expect(committer.load().rounds).toBeLessThanOrEqual(4)
  }
  const third = committeeOfKeys(members, 2)
  expect(vote.endEpoch(chain.tip.mci, third)).toEqual({ activated: undefined, announced: 2 })
  expect(commits).toBe(3)
  // What the first epoch had not indexed is indexed now.
  for (const id of dag.roundUnits(8)) expect(chain.mciOf(id)).toBeDefined()
})
