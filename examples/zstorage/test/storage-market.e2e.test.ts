/** The storage market on a network of ZOS: deployed as facets, used by agents over JSON-RPC, with the network's own blocks as randomness. */
import { type Devnet, startDevnet } from '@zos/node/devnet'
import type { Hex } from '@zos/rain-storage/market'
import { JsonRpcProvider } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deployMarket } from '../src/deploy.ts'
import { keepFile } from '../src/keep-file.ts'
import { rpcPort } from '../src/rpc-port.ts'

let devnet: Devnet
beforeAll(async () => {
  devnet = await startDevnet({ port: 0, roundIntervalMs: 100 })
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
  const before = await provider.getBalance(providers[2])
  const chain = rpcPort(devnet.rpcUrl)
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
  expect(kept).toEqual({ proved: 6, missed: 2, failed: 1, left: 0n, text: 'a letter that shall be kept' })
  expect(await provider.getBalance(address)).toBe(0n)
  // The third provider lost what it put up for its shard, beside some gas: at ten coins a GiB of collateral, and shards of this length.
  const collateral = collateralOf({ collateral: 10n ** 19n }, SHARD_BYTES)
  const lost = before - (await provider.getBalance(providers[2]))
  expect(lost).toBeGreaterThan(collateral)
  provider.destroy()
})
