import { expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import type { Genesis } from '../../src/genesis/genesis.ts'
import { parseGenesis } from '../../src/genesis/parse-genesis.ts'

const { genesis } = devnetGenesis({ validators: 2, timestampMs: 0, ibc: 'zone-1' })
const changed = (change: (copy: Genesis) => void) => {
  const copy = structuredClone(genesis)
  change(copy)
  return () => parseGenesis(JSON.stringify(copy))
}
const problem = (what: string) => expect.objectContaining({ code: 'NODE_INVALID_ARGUMENT', context: { what } })

test('a genesis with an ibc section is read as it was written', () => {
  expect(parseGenesis(JSON.stringify(genesis))).toEqual(genesis)
})

test('what is wrong in the ibc section is named', () => {
  for (const chainId of ['zone', 'zone-0', 'Zone-1', `${'z'.repeat(50)}-1`, 7])
    expect(changed((copy) => Object.assign(copy.ibc!, { chainId }))).toThrow(problem('ibc.chainId'))
  const [first, second] = genesis.ibc!.voteKeys
  expect(changed((copy) => Object.assign(copy.ibc!.voteKeys[1]!, { publicKey: '0x12' }))).toThrow(
    problem('ibc.voteKeys[1].publicKey'),
  )
  expect(changed((copy) => Object.assign(copy.ibc!, { voteKeys: [first, first] }))).toThrow(
    problem('ibc.voteKeys[1].address'),
  )
  expect(
    changed((copy) => Object.assign(copy.ibc!, { voteKeys: [{ ...second, address: `0x${'11'.repeat(20)}` }] })),
  ).toThrow(problem('ibc.voteKeys[0].address'))
  expect(changed((copy) => Object.assign(copy, { accounts: [] }))).toThrow(
    problem('ibc needs its gateway among the accounts'),
  )
})
