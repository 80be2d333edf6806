import { createMainChain } from '@zos/dag'
import { expect, test } from 'vitest'
import { checkValidatorUnit, createCommitter, roundRobinSchedule, type TipDag } from '../src/index.ts'
import { committeeOfKeys, grow, keys, newDag } from './support/real-dag.ts'

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
