/** The DAO after the game: what both are made of is on the chain already. And its life: an epoch's rewards, struck by a vote, named again, paid. */

import { type Devnet, startDevnet } from '@zos/node/devnet'
import { MAX_CONTRACT_BYTES } from '@zos/zlib-contracts'
import { type Contract, id, JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWorld } from 'zworld/src/build.ts'
import { deployWorld } from 'zworld/src/deploy.ts'
import { buildDao, deployDao } from '../src/deploy.ts'
import { type Reward, rewardTree } from '../src/rewards.ts'

const TOKEN = 10n ** 18n
const DAY = 86_400

/** The DAO after the game. */
let app: Contract
let devnet: Devnet
let provider: JsonRpcProvider
let wallet: Wallet

beforeAll(async () => {
  devnet = await startDevnet({ port: 0, validators: 1, roundIntervalMs: 50 })
  provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  wallet = new Wallet(`0x${Buffer.from(devnet.accounts[0]!.privateKey).toString('hex')}`, provider)
})

afterAll(async () => {
  provider?.destroy()
  await devnet?.stop()
})

test('pays for its own code only when the game was deployed before, and less than half of what it costs alone', async () => {
  const [{ split: world }, { split: dao }] = [await buildWorld(), await buildDao()]
  const known = new Set(world.facets.map(({ address }) => address))
  const shared = dao.facets.filter(({ address }) => known.has(address))
  expect(shared.length).toBeGreaterThanOrEqual(5)
  for (const { size } of dao.facets) expect(size).toBeLessThanOrEqual(MAX_CONTRACT_BYTES)

  const before = await provider.send('evm_snapshot', [])
  const alone = await deployDao(dao, wallet)
  expect(alone.newFacets).toBe(dao.facets.length)
  expect(await provider.send('evm_revert', [before])).toBe(true)
  await deployWorld(world, wallet)
  const second = await deployDao(dao, wallet)
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

  app = second.contract
  expect(await app.getFunction('name')()).toBe('ZDao')
  const founder = wallet.address
  const { blockNumber } = await (await app.getFunction('delegate')(founder)).wait()
  // A proposer's votes are those of the second before.
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

test('an epoch of rewards: named, objected to, struck by a vote, named again, claimed once each', async () => {
  const founder = wallet.address
  const dao = await app.getAddress()
  const [ann, ben] = [1, 2].map((index) => `0x${String(index).repeat(40)}`) as [string, string]
  const send = async (name: string, ...args: unknown[]) => {
    const receipt = await (await app.getFunction(name)(...args)).wait()
    expect(receipt.status, name).toBe(1)
    return receipt
  }
  const ask = (name: string, ...args: unknown[]) => app.getFunction(name).staticCall(...args)
  const refused = (error: string, name: string, ...args: unknown[]) =>
    expect(ask(name, ...args), `${name} ${args.join()}`).rejects.toMatchObject({ revert: { name: error } })
  const pass = async (seconds: number) => {
    await provider.send('evm_increaseTime', [seconds])
    await provider.send('evm_mine', [])
  }
  const treasury = await ask('balanceOf', dao)

  // The committee names itself.
  await pass(30 * DAY)
  const wrong = rewardTree(1n, [[founder, 100n * TOKEN]])
  await refused('OverBudget', 'proposeRewards', 0n, wrong.root, 101n * TOKEN)
  await send('proposeRewards', 0n, wrong.root, 100n * TOKEN)
  await refused('ProposedAlready', 'proposeRewards', 0n, wrong.root, 1n)
  await refused('ClaimsNotOpen', 'claimDistribution', 1n, 0n, founder, 100n * TOKEN, [])
  await send('challengeRewards', 0n, id('the committee names itself'))

  // A vote of two days with its delays: within the week.
  const strike = app.interface.encodeFunctionData('vetoDistribution', [1n])
  const proposal = [[dao], [0n], [strike]] as const
  await send('propose(address[],uint256[],bytes[],string)', ...proposal, 'strike it')
  const vote = await ask('hashProposal', ...proposal, id('strike it'))
  await pass(61)
  await send('castVote', vote, 1)
  await pass(DAY)
  await send('queue(address[],uint256[],bytes[],bytes32)', ...proposal, id('strike it'))
  await pass(3_600)
  await send('execute(address[],uint256[],bytes[],bytes32)', ...proposal, id('strike it'))
  await pass(7 * DAY)
  await refused('NoDistribution', 'claimDistribution', 1n, 0n, founder, 100n * TOKEN, [])
  expect(await ask('balanceOf', dao)).toBe(treasury)

  // Named again, as it should have been.
  const rewards: readonly Reward[] = [
    [ann, 60n * TOKEN],
    [ben, 30n * TOKEN],
    [founder, 10n * TOKEN],
  ]
  const { root, proofs } = rewardTree(2n, rewards)
  await send('proposeRewards', 0n, root, 100n * TOKEN)
  await refused('ClaimsNotOpen', 'claimDistribution', 2n, 0n, ...rewards[0]!, proofs[0])
  await pass(7 * DAY)
  await refused('ClaimsOpen', 'vetoDistribution', 2n)
  await refused('BadMerkleProof', 'claimDistribution', 2n, 0n, ann, 61n * TOKEN, proofs[0])
  const before = await ask('balanceOf', founder)
  for (const [index, [account, amount]] of rewards.entries()) {
    await send('claimDistribution', 2n, index, account, amount, proofs[index])
    await refused('ClaimedAlready', 'claimDistribution', 2n, index, account, amount, proofs[index])
  }
  expect(await ask('balanceOf', ann)).toBe(60n * TOKEN)
  expect(await ask('balanceOf', ben)).toBe(30n * TOKEN)
  expect(await ask('balanceOf', founder)).toBe(before + 10n * TOKEN)
  expect(await ask('balanceOf', dao)).toBe(treasury - 100n * TOKEN)
})
