/** The storage market on a network of ZOS: deployed as facets, used by agents over JSON-RPC, with the network's own blocks as randomness. */
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { createRpcProvider, type Hex } from '@zos/rain-storage/market'
import { JsonRpcProvider } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deployMarket } from '../src/deploy.ts'
import { keepFile } from '../src/keep-file.ts'

let devnet: Devnet
beforeAll(async () => {
  // Four validators with `ZOS_LONG`; one makes a block for each call at once.
  devnet = await startDevnet({ port: 0, validators: process.env.ZOS_LONG ? 4 : 1, roundIntervalMs: 100 })
})
afterAll(async () => {
  await devnet?.stop()
})

test('a file is kept by who proves it; who lost its shards pays the client, and nothing stays behind', async () => {
  const provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  const [deployer, client, ...others] = devnet.accounts.map(({ address }) => address as Hex)
  const providers = others.slice(0, 3) as unknown as readonly [Hex, Hex, Hex]
  const address = await deployMarket(await provider.getSigner(deployer!))
  const balances = () => Promise.all(providers.map((who) => provider.getBalance(who)))
  const before = await balances()
  const chain = createRpcProvider({ url: devnet.rpcUrl, fetch })
  const kept = await keepFile({
    chain,
    address,
    client: client!,
    providers,
    async passTime(seconds) {
      await chain.request({ method: 'evm_increaseTime', params: [seconds] })
      await chain.request({ method: 'evm_mine' })
    },
  })
  expect(kept).toMatchObject({ proved: 6, missed: 2, failed: 1, left: 0n, whole: true })
  expect(await provider.getBalance(address)).toBe(0n)
  // Two providers have been paid for what they proved; the third has lost its collateral, and no more than gas beside it.
  const [first, second, third] = (await balances()).map((balance, i) => balance - before[i]!)
  expect(first).toBeGreaterThan(0n)
  expect(second).toBeGreaterThan(0n)
  expect(third).toBeLessThan(-kept.slashed)
  expect(third).toBeGreaterThan((-kept.slashed * 3n) / 2n)
  provider.destroy()
})
