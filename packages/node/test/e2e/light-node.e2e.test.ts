/** The light node in Node against four validators: wallets' libraries read and send through it. */
import { bytesToHex } from '@ethereumjs/util'
import { createLightNode, type LightNode } from '@zos/node/light'
import { CONSENSUS_ADDRESS } from '@zos/zpos'
import { BrowserProvider, id, Wallet } from 'ethers'
import { createPublicClient, createWalletClient, custom, defineChain } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNetwork, type TestNetwork } from './network.ts'
import { rpc } from './wait.ts'

const TIMEOUT_MS = 240_000
let network: TestNetwork
const open: LightNode[] = []

beforeAll(async () => {
  network = await startNetwork({})
}, TIMEOUT_MS)
afterAll(async () => {
  await Promise.all(open.map((node) => node.close()))
  await network?.stop()
}, TIMEOUT_MS)

async function light(options: Partial<Parameters<typeof createLightNode>[0]> = {}): Promise<LightNode> {
  const node = await createLightNode({ chain: network.genesis, sources: network.urls, ...options })
  open.push(node)
  return node
}

describe('a light node', { timeout: TIMEOUT_MS }, () => {
  test('proves balances, nonces, storage, code, receipts and logs; ethers sends through it', async () => {
    const node = await light()
    await node.ready({ timeoutMs: TIMEOUT_MS })
    const [rich, other] = network.accounts
    expect(await node.getBalance(rich!.address)).toEqual({ value: 10_000n * 10n ** 18n, proof: 'verified' })
    expect((await node.getBalance(`0x${'ab'.repeat(20)}`)).value).toBe(0n)

    const provider = new BrowserProvider(node.provider, network.genesis.chainId, { cacheTimeout: -1 })
    provider.pollingInterval = 200
    const wallet = new Wallet(bytesToHex(rich!.privateKey), provider)
    const sent = await wallet.sendTransaction({ to: other!.address, value: 12_345n })
    const receipt = await sent.wait(1, TIMEOUT_MS)
    expect(receipt!.status).toBe(1)
    expect(receipt!.from.toLowerCase()).toBe(rich!.address)
    expect((await node.getBalance(other!.address)).value).toBe(10_000n * 10n ** 18n + 12_345n)

    // The answers are those of a full node, word for word.
    for (const [method, ...params] of [
      ['eth_getTransactionReceipt', sent.hash],
      ['eth_getTransactionByHash', sent.hash],
      ['eth_getBlockByNumber', `0x${receipt!.blockNumber.toString(16)}`, true],
      ['eth_getBlockReceipts', `0x${receipt!.blockNumber.toString(16)}`],
      ['eth_getTransactionCount', rich!.address, 'latest'],
      ['eth_getCode', '0x4e59b44847b379578588920ca78fbf26c0b4956c', 'latest'],
      ['eth_getStorageAt', rich!.address, '0x0', 'latest'],
      ['eth_call', { to: CONSENSUS_ADDRESS, data: id('minSelfBond()').slice(0, 10) }, 'latest'],
    ] as [string, ...unknown[]][])
      expect(await node.provider.request({ method, params }), method).toEqual(
        await rpc(network.urls[1]!, method, ...params),
      )
    provider.destroy()
  })

  test('finds every log of a contract, and viem deploys it', async () => {
    const node = await light()
    await node.ready({ timeoutMs: TIMEOUT_MS })
    const chain = defineChain({
      id: network.genesis.chainId,
      name: 'zos',
      nativeCurrency: { name: 'ZOS', symbol: 'ZOS', decimals: 18 },
      rpcUrls: { default: { http: [] } },
    })
    const account = privateKeyToAccount(bytesToHex(network.accounts[2]!.privateKey))
    const transport = custom(node.provider, { retryCount: 0 })
    const wallet = createWalletClient({ account, chain, transport })
    const client = createPublicClient({ chain, transport, pollingInterval: 200 })
    // PUSH1 5, PUSH1 0, SSTORE, then return 12 bytes of code: PUSH1 7, PUSH1 0, MSTORE, PUSH1 1, PUSH1 32, PUSH1 0, LOG1
    const code = '6007600052600160206000a1'
    const init = `0x6005600055600c6011600039600c6000f3${code}` as const
    const made = await wallet.deployContract({ abi: [], bytecode: init, gas: 200_000n })
    const { contractAddress } = await client.waitForTransactionReceipt({ hash: made, timeout: TIMEOUT_MS })
    const called = await wallet.sendTransaction({ to: contractAddress!, gas: 100_000n })
    const receipt = await client.waitForTransactionReceipt({ hash: called, timeout: TIMEOUT_MS })
    expect(receipt.logs).toHaveLength(1)
    const filter = { address: contractAddress!, fromBlock: receipt.blockNumber - 2n, toBlock: 'latest' as const }
    const logs = await client.getLogs(filter)
    expect(logs).toHaveLength(1)
    expect(logs[0]).toMatchObject({ transactionHash: called, topics: [`0x${'00'.repeat(31)}01`] })
    expect(await client.getStorageAt({ address: contractAddress!, slot: '0x0' })).toBe(`0x${'00'.repeat(31)}05`)
    expect(await client.getCode({ address: contractAddress! })).toBe(`0x${code}`)
    expect(await client.getBalance({ address: account.address })).toBeLessThan(10_000n * 10n ** 18n)
  })
})
