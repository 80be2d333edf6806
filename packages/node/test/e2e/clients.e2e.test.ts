import { bytesToHex } from '@ethereumjs/util'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { ContractFactory, getCreateAddress, JsonRpcProvider, parseEther, Wallet, WebSocketProvider } from 'ethers'
import { createPublicClient, createWalletClient, defineChain, type Hex, http, webSocket } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileCounter } from './contracts/counter.ts'
import { eventually, rpc } from './wait.ts'

let devnet: Devnet
let provider: JsonRpcProvider
let wallet: Wallet
const counter = compileCounter()

beforeAll(async () => {
  devnet = await startDevnet({ validators: 2, port: 0, roundIntervalMs: 100 })
  provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 100
  wallet = new Wallet(bytesToHex(devnet.accounts[0]!.privateKey), provider)
})

afterAll(async () => {
  provider?.destroy()
  await devnet?.stop()
})

function viemChain() {
  return defineChain({
    id: devnet.genesis.chainId,
    name: 'zos',
    nativeCurrency: { name: 'ZOS', symbol: 'ZOS', decimals: 18 },
    rpcUrls: { default: { http: [devnet.rpcUrl] } },
  })
}

describe('ethers', () => {
  test('sends value and reads the receipt, and every validator comes to the same state', async () => {
    const to = '0x00000000000000000000000000000000000a11ce'
    const receipt = (await (await wallet.sendTransaction({ to, value: parseEther('1.5') })).wait())!
    expect(receipt.status).toBe(1)
    expect(receipt.gasUsed).toBe(21_000n)
    for (const { rpcUrl } of devnet.validators) {
      await eventually(
        async () => BigInt(await rpc(rpcUrl, 'eth_getBalance', to, 'latest')) === parseEther('1.5'),
        `the balance at ${rpcUrl}`,
      )
    }
    const blocks = await Promise.all(
      devnet.validators.map(({ rpcUrl }) =>
        eventually(
          () => rpc(rpcUrl, 'eth_getBlockByNumber', `0x${receipt.blockNumber.toString(16)}`, false),
          'the block',
        ),
      ),
    )
    expect(new Set(blocks.map(({ stateRoot, hash }) => `${stateRoot}${hash}`)).size).toBe(1)
    expect(blocks[0].hash).toBe(receipt.blockHash)
  })

  test('deploys a contract, calls it, estimates gas, reads logs and decodes reverts', async () => {
    const factory = new ContractFactory(counter.abi as never, counter.bytecode, wallet)
    const deployed = await factory.deploy()
    await deployed.waitForDeployment()
    const contract: any = deployed
    expect(await provider.getCode(await deployed.getAddress())).not.toBe('0x')
    expect(await contract.add.estimateGas(5n)).toBeGreaterThan(21_000n)
    await (await contract.add(5n)).wait()
    await (await contract.add(7n)).wait()
    expect(await contract.count()).toBe(12n)
    const events = await contract.queryFilter('Counted', 0)
    expect(events.map((event: any) => event.args.count)).toEqual([5n, 12n])
    await expect(contract.add(13n)).rejects.toThrow('unlucky')
    await expect(contract.add.staticCall(101n)).rejects.toMatchObject({ data: expect.stringMatching(/^0x/) })
    const failed = await wallet.sendTransaction({
      to: await deployed.getAddress(),
      data: contract.interface.encodeFunctionData('add', [13n]),
      gasLimit: 100_000n,
    })
    await expect(failed.wait()).rejects.toMatchObject({ code: 'CALL_EXCEPTION' })
  })

  test('gets new heads and logs over WebSocket', async () => {
    const socket = new WebSocketProvider(devnet.rpcUrl.replace('http', 'ws'))
    try {
      const heads: number[] = []
      await socket.on('block', (number) => heads.push(number))
      const nonce = await provider.getTransactionCount(await wallet.getAddress(), 'pending')
      const address = getCreateAddress({ from: await wallet.getAddress(), nonce })
      const logged = new Promise((resolve) => socket.on({ address }, resolve))
      const contract: any = await new ContractFactory(counter.abi as never, counter.bytecode, wallet).deploy()
      await contract.waitForDeployment()
      await contract.add(1n)
      expect(await logged).toMatchObject({ transactionHash: expect.any(String) })
      await eventually(async () => heads.length >= 3, 'three heads')
      expect(heads).toEqual([...heads].sort((a, b) => a - b))
    } finally {
      await socket.destroy()
    }
  })
})

describe('viem', () => {
  test('deploys, writes, reads and watches', async () => {
    const chain = viemChain()
    const account = privateKeyToAccount(bytesToHex(devnet.accounts[1]!.privateKey))
    const client = createPublicClient({ chain, transport: http(), pollingInterval: 100 })
    const sender = createWalletClient({ chain, account, transport: http() })
    const deployment = await client.waitForTransactionReceipt({
      hash: await sender.deployContract({ abi: counter.abi as never, bytecode: counter.bytecode }),
    })
    const address = deployment.contractAddress as Hex
    const abi = counter.abi as never
    await client.waitForTransactionReceipt({
      hash: await sender.writeContract({ address, abi, functionName: 'add', args: [42n] } as never),
    })
    expect(await client.readContract({ address, abi, functionName: 'count' } as never)).toBe(42n)
    await expect(
      client.simulateContract({ address, abi, functionName: 'add', args: [101n], account } as never),
    ).rejects.toThrow('TooMuch')
    const finalized = await client.getBlock({ blockTag: 'finalized' })
    expect(finalized.number).toBeGreaterThanOrEqual(deployment.blockNumber)
    const fees = await client.estimateFeesPerGas()
    expect(fees.maxFeePerGas).toBeGreaterThan(0n)
  })

  test('subscribes to logs over WebSocket', async () => {
    const chain = viemChain()
    const client = createPublicClient({ chain, transport: webSocket(devnet.rpcUrl.replace('http', 'ws')) })
    const block = new Promise<bigint>((resolve) => {
      const stop = client.watchBlockNumber({
        onBlockNumber(number) {
          stop()
          resolve(number)
        },
      })
    })
    expect(await block).toBeGreaterThan(0n)
    const transport = client.transport as unknown as { getRpcClient(): Promise<{ close(): void }> }
    ;(await transport.getRpcClient()).close()
  })
})

describe('state proofs', () => {
  test('an account proof verifies against the state root of the header', async () => {
    const { createMPT, verifyMPTWithMerkleProof } = await import('@ethereumjs/mpt')
    const { keccak256 } = await import('@zos/pipeline/hash')
    const { hexToBytes } = await import('@ethereumjs/util')
    const address = devnet.accounts[9]!.address
    const { block, proof } = await eventually(async () => {
      const block = await rpc(devnet.rpcUrl, 'eth_getBlockByNumber', 'latest', false)
      const proof = await rpc(devnet.rpcUrl, 'eth_getProof', address, [], block.number)
      return { block, proof }
    }, 'a proof of the latest block')
    const value = await verifyMPTWithMerkleProof(
      await createMPT(),
      hexToBytes(block.stateRoot),
      keccak256(hexToBytes(address)),
      proof.accountProof.map((node: Hex) => hexToBytes(node)),
    )
    expect(value).not.toBeNull()
    expect(BigInt(proof.balance)).toBe(parseEther('10000'))
  })
})
