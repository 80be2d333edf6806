/** The DAO after the game: what both are made of is on the chain already. And its life: a vote on a budget, an epoch's rewards. */

import { type Devnet, startDevnet } from '@zos/node/devnet'
import { MAX_CONTRACT_BYTES } from '@zos/zlib-contracts'
import { JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWorld } from 'zworld/src/build.ts'
import { deployWorld } from 'zworld/src/deploy.ts'
import { buildDao, deployDao } from '../src/deploy.ts'

const chains: { devnet: Devnet; wallet: Wallet; provider: JsonRpcProvider }[] = []

beforeAll(async () => {
  for (let chain = 0; chain < 2; chain++) {
    const devnet = await startDevnet({ port: 0, validators: 1, roundIntervalMs: 50 })
    const provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
    provider.pollingInterval = 50
    const key = `0x${Buffer.from(devnet.accounts[0]!.privateKey).toString('hex')}`
    chains.push({ devnet, provider, wallet: new Wallet(key, provider) })
  }
})

afterAll(async () => {
  for (const { devnet, provider } of chains) {
    provider.destroy()
    await devnet.stop()
  }
})

test('pays for its own code only when the game was deployed before, and less than half of what it costs alone', async () => {
  const dao = buildDao().split
  const world = buildWorld().split
  const known = new Set(world.facets.map(({ address }) => address))
  const shared = dao.facets.filter(({ address }) => known.has(address))
  expect(shared.length).toBeGreaterThanOrEqual(5)
  for (const { size } of dao.facets) expect(size).toBeLessThanOrEqual(MAX_CONTRACT_BYTES)

  const alone = await deployDao(dao, chains[0]!.wallet)
  expect(alone.newFacets).toBe(dao.facets.length)
  await deployWorld(world, chains[1]!.wallet)
  const second = await deployDao(dao, chains[1]!.wallet)
  expect(second.newFacets).toBe(dao.facets.length - shared.length)
  expect(Number(second.gasUsed)).toBeLessThan(0.5 * Number(alone.gasUsed))
  console.log(
    JSON.stringify({
      alone: Number(alone.gasUsed),
      afterTheGame: Number(second.gasUsed),
      shared: shared.length,
      facets: dao.facets.length,
    }),
  )

  const app = second.contract
  expect(await app.getFunction('name')()).toBe('ZDao')
  const founder = chains[1]!.wallet.address
  const { blockNumber } = await (await app.getFunction('delegate')(founder)).wait()
  // A proposer's votes are those of the second before.
  const { provider } = chains[1]!
  const delegated = (await provider.getBlock(blockNumber))!.timestamp
  while ((await provider.getBlock('latest'))!.timestamp < delegated + 2)
    await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await app.getFunction('getVotes')(founder)).toBe(1_000n * 10n ** 18n)
  const data = app.interface.encodeFunctionData('setEpochBudget', [1n])
  await (
    await app.getFunction('propose(address[],uint256[],bytes[],string)')([second.address], [0n], [data], 'a budget')
  ).wait()
  await expect(app.getFunction('setEpochBudget').staticCall(1n)).rejects.toMatchObject({
    revert: { name: 'GovernorOnlyExecutor' },
  })
  await expect(app.getFunction('proposeRewards').staticCall(0n, `0x${'11'.repeat(32)}`, 1n)).rejects.toMatchObject({
    revert: { name: 'EpochNotOver' },
  })
})
