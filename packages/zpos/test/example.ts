import { createDag, createHeader, createMainChain, signerFromPrivateKey, type UnitId, unitId } from '@zos/dag'
import { createCommittee, createCommitter, createProposer, roundRobinSchedule } from '@zos/zpos'

// Four validators with equal stake.
const signers = [1, 2, 3, 4].map((n) => signerFromPrivateKey(new Uint8Array(32).fill(n)))
const committee = createCommittee({
  epoch: 0,
  members: signers.map(({ address, publicKey }) => ({ address, publicKey, stake: 100n })),
})

// A DAG with a genesis; in a network every validator has its own.
const fields = {
  networkId: 1,
  timestampMs: 0,
  validUntilMci: 1000,
  lastFinal: { mci: 0, id: `0x${'00'.repeat(32)}` as UnitId },
}
const dag = createDag({ genesis: createHeader({ ...fields, parents: [] }, [], []) })

// Every validator makes a unit as soon as the round below has a quorum, and the committer says what is final.
const proposers = signers.map(({ address }) => ({
  address,
  proposer: createProposer({ dag, committee, self: address }),
}))
const committer = createCommitter({ dag, committee, schedule: roundRobinSchedule(committee) })
const chain = createMainChain(dag)
const lines: string[] = []
for (let round = 1; round <= 6; round += 1) {
  const proposals = proposers.map(({ address, proposer }) => ({ address, ...proposer.next()! }))
  for (const { address, parents, selfParent } of proposals) {
    const header = createHeader({ ...fields, parents, validator: { round, selfParent } }, [], [address])
    dag.append({ id: unitId(header), header })
    for (const decision of committer.update()) {
      if (decision.outcome === 'skip') continue
      const { indexed } = chain.commit(decision.unit)
      lines.push(
        `round ${decision.round} is final since round ${round}: ${indexed.length} units, index ${chain.tip.mci}`,
      )
    }
  }
}
console.log(lines.join('\n'))
