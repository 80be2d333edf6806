import { createMainChain, pruneLedger } from '@zos/dag'
import { expect, test } from 'vitest'
import { equivocatorsIn } from '../src/accountability/equivocators.ts'
import { checkValidatorUnit, createCommitter, createProposer, epochBase, roundRobinSchedule } from '../src/index.ts'
import { append, committeeOfKeys, createHeaderOf, keys, newDag } from './support/real-dag.ts'

test('a DAG that is pruned while it runs gives the decisions, checks and order of one that keeps everything', () => {
  const members = keys(5)
  const committee = committeeOfKeys(members)
  const nodes = [newDag(), newDag()].map((dag) => {
    const base = epochBase(0, dag.genesis)
    return {
      dag,
      base,
      chain: createMainChain(dag),
      committer: createCommitter({ dag, committee, schedule: roundRobinSchedule(committee) }),
      proposers: members.map((key) => createProposer({ dag, committee, self: key.address, base })),
    }
  })
  const [whole, pruned] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
  let prunings = 0
  let outcomes = ''
  for (let round = 1; round <= 300; round += 1) {
    for (const [i, key] of members.entries()) {
      // One sleeps for twenty rounds of fifty, but for the last who never does: some slots are skipped.
      if (i < 4 && Math.floor(round / 12) % 6 === i) continue
      const proposal = whole.proposers[i]!.next()
      expect(pruned.proposers[i]!.next()).toEqual(proposal)
      if (!proposal) continue
      const { parents, selfParent } = proposal
      const header = createHeaderOf(parents, round, { author: key.address, round: proposal.round, selfParent })
      for (const { dag, base } of nodes) {
        expect(checkValidatorUnit(header, dag, committee, base)).toBeUndefined()
        append(dag, header)
      }
    }
    const decisions = whole.committer.update()
    expect(pruned.committer.update()).toEqual(decisions)
    for (const decision of decisions) {
      outcomes += decision.outcome === 'commit' ? 'c' : 's'
      if (decision.outcome !== 'commit') continue
      expect(pruned.chain.commit(decision.unit)).toEqual(whole.chain.commit(decision.unit))
      expect(equivocatorsIn(pruned.dag, committee, decision.unit)).toEqual([])
    }
    if (round % 20 !== 0 || pruned.chain.tip.mci - 8 <= pruned.chain.base) continue
    pruneLedger({ dag: pruned.dag, mainChain: pruned.chain }, pruned.chain.tip.mci - 8)
    prunings += 1
    expect(pruned.dag.size).toBeLessThan(120)
  }
  expect(prunings).toBeGreaterThan(10)
  expect(outcomes).toMatch(/s/)
  expect(outcomes.length).toBeGreaterThan(120)
  expect(whole.dag.size).toBeGreaterThan(1000)
})
