import { checkEvidence, decodeEvidence } from '@zos/zpos'
import { expect, test } from 'vitest'
import { offencesIn } from '../../src/ledger/offences.ts'
import { firstRound, genesis, listener, root, START_MS, signers, unitOf } from './listener.ts'

/** As the consensus contract checks it. */
const judge = (evidence: Uint8Array) =>
  checkEvidence(decodeEvidence(evidence)!, { networkId: genesis.chainId, isBase: (unit) => unit === root.id })

test('two units of one round are an offence, with evidence that holds', async () => {
  const { ledger, hear } = await listener()
  for (const unit of firstRound) await hear(unit)
  expect(offencesIn(ledger, 1, 10)).toEqual([])
  const second = await unitOf(0, 1, [root], START_MS + 7)
  await hear(second)
  const [offence, ...others] = offencesIn(ledger, 1, 10)
  expect(others).toEqual([])
  expect(offence).toMatchObject({ validator: signers[0]!.address })
  expect([offence!.earlier, offence!.later].sort()).toEqual([firstRound[0]!.id, second.id].sort())
  expect(judge(offence!.evidence)).toMatchObject({ status: 'proved', offence: { key: signers[0]!.address, epoch: 0 } })
})

test('so is a unit that leaves out the past of its author, with the self-parents that show it', async () => {
  const { ledger, hear } = await listener()
  const below = (author: number) => [firstRound[author]!, ...firstRound.filter((unit) => unit !== firstRound[author])]
  const secondRound = await Promise.all(signers.map((_, author) => unitOf(author, 2, below(author))))
  const skipping = await unitOf(0, 3, [firstRound[0]!, ...secondRound.slice(1)])
  for (const unit of [...firstRound, ...secondRound, skipping]) expect(await hear(unit)).toBe('accept')
  const [fork, ...others] = offencesIn(ledger, 1, 3)
  expect(others).toEqual([])
  expect(fork).toMatchObject({ earlier: secondRound[0]!.id, later: skipping.id })
  expect(judge(fork!.evidence)).toMatchObject({ status: 'proved', offence: { key: signers[0]!.address } })
})

test('so is a first unit beside another one, whose chain ends at the base of the epoch', async () => {
  const { ledger, hear } = await listener()
  const skipping = await unitOf(0, 2, [root, ...firstRound.slice(1)])
  for (const unit of [...firstRound, skipping]) expect(await hear(unit)).toBe('accept')
  const [fork] = offencesIn(ledger, 1, 2)
  expect(fork).toMatchObject({ earlier: firstRound[0]!.id, later: skipping.id })
  expect(judge(fork!.evidence).status).toBe('proved')
})
