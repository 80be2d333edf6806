/** An application with more code than a contract may have, on ZOS's own node with the limit in force. */
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { at, buildContract, deployContract, MAX_CONTRACT_BYTES, type SplitContract } from '../../src/index.ts'
import { largeContract } from '../large-contract.ts'

let devnet: Devnet
let provider: JsonRpcProvider
let wallet: Wallet
let split: SplitContract

beforeAll(async () => {
  const large = { sources: { 'Large.sol': largeContract(36) }, contract: 'Large', maxBytes: 14_000 }
  split = (await buildContract(large)).split
  devnet = await startDevnet({ port: 0, validators: 1, roundIntervalMs: 50 })
  provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  wallet = new Wallet(`0x${Buffer.from(devnet.accounts[0]!.privateKey).toString('hex')}`, provider)
}, 240_000)

afterAll(async () => {
  provider?.destroy()
  await devnet?.stop()
})

test('is deployed in pieces, answers at one address, and is deployed again without new facets', async () => {
  const steps: number[] = []
  const first = await deployContract(split, wallet, { args: [7n], onProgress: ({ facet }) => steps.push(facet) })
  expect(first.newFacets).toBe(split.facets.length)
  expect(steps).toEqual(split.facets.map((_, index) => index + 1))
  const app = first.contract as any
  expect(await app.origin()).toBe(7n)
  expect(await app.name()).toBe('Large')
  expect(await app.balanceOf(wallet.address)).toBe(10n ** 24n)
  await (await app.delegate(wallet.address)).wait()
  await (await app.transfer(devnet.accounts[1]!.address, 5n)).wait()
  expect(await app.getVotes(wallet.address)).toBe(10n ** 24n - 5n)
  const receipt = await (await app.quest11(500n, '0x0102', 'far away')).wait()
  expect(app.interface.parseLog(receipt.logs[0]).name).toBe('Quested11')
  expect(await app.best11(wallet.address)).toBeGreaterThanOrEqual(500n)
  await expect(app.quest5.staticCall(1n, '0x', 'x')).rejects.toMatchObject({ revert: { name: 'Unworthy5' } })
  expect((await app.eip712Domain()).verifyingContract).toBe(first.address)

  const second = await deployContract(split, wallet, { args: [8n] })
  expect(second.newFacets).toBe(0)
  expect(second.address).not.toBe(first.address)
  expect(await (at(split, second.address, provider) as any).origin()).toBe(8n)

  expect(split.facets.reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(MAX_CONTRACT_BYTES)
  for (const { address, size } of split.facets) {
    expect((await provider.getCode(address)).length / 2 - 1).toBe(size)
    expect(size).toBeLessThanOrEqual(MAX_CONTRACT_BYTES)
  }
})
