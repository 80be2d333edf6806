import { BrowserProvider, ContractFactory, Interface, parseEther } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDevnet, type InProcessDevnet } from '../../src/devnet/in-process.ts'

/** A counter: every call adds one to slot 0. Assembled by hand, so that no compiler is needed here. */
const COUNTER = `0x${'600a600c600039600a6000f3'}${'60005460010160005500'}`

let devnet: InProcessDevnet
let call: (method: string, ...params: unknown[]) => Promise<any>

beforeAll(async () => {
  devnet = await createDevnet()
  call = (method, ...params) => devnet.request({ method, params })
}, 60_000)
afterAll(() => devnet?.stop())

async function send(transaction: Record<string, unknown>): Promise<any> {
  const hash = await call('eth_sendTransaction', transaction)
  return receipt(hash)
}

async function receipt(hash: string): Promise<any> {
  for (;;) {
    const found = await call('eth_getTransactionReceipt', hash)
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const account = (index: number) => devnet.accounts[index]!.address
const balance = async (address: string) => BigInt(await call('eth_getBalance', address, 'latest'))
const timestamp = async () => Number((await call('eth_getBlockByNumber', 'latest', false)).timestamp)

test('a transaction of an account of the network is signed by the node and final at once', async () => {
  const to = `0x${'11'.repeat(20)}`
  const sent = await send({ from: account(0), to, value: '0x5' })
  expect(sent.status).toBe('0x1')
  expect(await balance(to)).toBe(5n)
  expect((await call('eth_getTransactionByHash', sent.transactionHash)).from).toBe(account(0))
})

test('ethers works on the provider without a port', async () => {
  const provider = new BrowserProvider(devnet)
  provider.pollingInterval = 20
  const signer = await provider.getSigner()
  const sent = await signer.sendTransaction({ to: account(3), value: parseEther('1') })
  expect((await sent.wait())!.status).toBe(1)
  provider.destroy()
})

test('balance, nonce, code and storage are what was set', async () => {
  const address = `0x${'22'.repeat(20)}`
  await call('anvil_setBalance', address, '0xde0b6b3a7640000')
  await call('hardhat_setNonce', address, '0x7')
  await call('hardhat_setCode', address, '0x60005460005260206000f3')
  await call('hardhat_setStorageAt', address, '0x0', `0x${'00'.repeat(31)}2a`)
  expect(await balance(address)).toBe(10n ** 18n)
  expect(await call('eth_getTransactionCount', address, 'latest')).toBe('0x7')
  expect(await call('eth_getCode', address, 'latest')).toBe('0x60005460005260206000f3')
  expect(BigInt(await call('eth_call', { to: address }, 'latest'))).toBe(42n)
})

describe('snapshots', () => {
  test('revert brings back balances, nonces, code and storage, and the same transaction runs again', async () => {
    const { data } = await new ContractFactory(new Interface([]), COUNTER).getDeployTransaction()
    const target = `0x${'33'.repeat(20)}`
    const id = await call('evm_snapshot')
    const before = {
      nonce: await call('eth_getTransactionCount', account(1), 'latest'),
      balance: await balance(account(1)),
    }
    const fees = { maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1', gas: '0x30d40' }
    const deployed = await send({ from: account(1), data, ...fees })
    expect(deployed.status).toBe('0x1')
    const contract = deployed.contractAddress
    await send({ from: account(1), to: contract, gas: '0x30d40' })
    await send({ from: account(1), to: contract, gas: '0x30d40' })
    expect(BigInt(await call('eth_getStorageAt', contract, '0x0', 'latest'))).toBe(2n)
    await send({ from: account(1), to: target, value: '0x9' })
    const blockBefore = Number(await call('eth_blockNumber'))

    expect(await call('evm_revert', id)).toBe(true)
    expect(await call('eth_getCode', contract, 'latest')).toBe('0x')
    expect(BigInt(await call('eth_getStorageAt', contract, '0x0', 'latest'))).toBe(0n)
    expect(await balance(target)).toBe(0n)
    expect(await balance(account(1))).toBe(before.balance)
    expect(await call('eth_getTransactionCount', account(1), 'latest')).toBe(before.nonce)
    expect(await call('eth_getTransactionCount', account(1), 'pending')).toBe(before.nonce)
    expect(await call('eth_getTransactionReceipt', deployed.transactionHash)).toBeNull()
    expect(Number(await call('eth_blockNumber'))).toBeGreaterThan(blockBefore)

    const again = await send({ from: account(1), data, ...fees })
    expect(again.transactionHash).toBe(deployed.transactionHash)
    expect(again.contractAddress).toBe(contract)
    expect(Number(again.blockNumber)).toBeGreaterThan(blockBefore)
    expect(BigInt(await call('eth_getStorageAt', contract, '0x0', 'latest'))).toBe(0n)
    const proof = await call('eth_getProof', contract, ['0x0'], 'latest')
    expect(proof.storageProof[0].value).toBe('0x0')
  })

  test('a snapshot is used up by its revert, and takes the later ones with it', async () => {
    const first = await call('evm_snapshot')
    await call('anvil_setBalance', `0x${'44'.repeat(20)}`, '0x1')
    const second = await call('evm_snapshot')
    await call('anvil_setBalance', `0x${'44'.repeat(20)}`, '0x2')
    expect(await call('evm_revert', first)).toBe(true)
    expect(await balance(`0x${'44'.repeat(20)}`)).toBe(0n)
    expect(await call('evm_revert', second)).toBe(false)
    expect(await call('evm_revert', first)).toBe(false)
  })

  test('a revert to an inner snapshot, then to the outer one', async () => {
    const address = `0x${'45'.repeat(20)}`
    const outer = await call('evm_snapshot')
    await call('anvil_setBalance', address, '0x1')
    const inner = await call('evm_snapshot')
    await call('anvil_setBalance', address, '0x2')
    expect(await call('evm_revert', inner)).toBe(true)
    expect(await balance(address)).toBe(1n)
    expect(await call('evm_revert', outer)).toBe(true)
    expect(await balance(address)).toBe(0n)
  })
})

describe('time', () => {
  test('increaseTime moves the clock of blocks on, and time goes on from there', async () => {
    const before = await timestamp()
    await call('evm_increaseTime', 3_600)
    await call('evm_mine')
    const after = await timestamp()
    expect(after - before).toBeGreaterThanOrEqual(3_600)
    expect(after - before).toBeLessThan(3_660)
  })

  test('the block of the next transaction has the timestamp and base fee that were set', async () => {
    const wanted = (await timestamp()) + 1_000
    await call('evm_setNextBlockTimestamp', wanted)
    await call('hardhat_setNextBlockBaseFeePerGas', '0x3b9aca07')
    const { blockNumber } = await send({ from: account(0), to: account(2), value: '0x1' })
    const block = await call('eth_getBlockByNumber', blockNumber, false)
    expect(Number(block.timestamp)).toBe(wanted)
    expect(block.baseFeePerGas).toBe('0x3b9aca07')
    await expect(call('evm_setNextBlockTimestamp', wanted - 10)).rejects.toThrow('time does not go back')
  })

  test('mine makes as many blocks as it is told', async () => {
    const before = Number(await call('eth_blockNumber'))
    await call('hardhat_mine', '0x14', '0x3c')
    expect(Number(await call('eth_blockNumber')) - before).toBeGreaterThanOrEqual(20)
  })
})

describe('impersonation', () => {
  test('an account without a known key sends once it is impersonated, a contract too', async () => {
    const person = `0x${'55'.repeat(20)}`
    await call('anvil_setBalance', person, '0xde0b6b3a7640000')
    await expect(call('eth_sendTransaction', { from: person, to: account(0), value: '0x1' })).rejects.toThrow(
      'unknown account',
    )
    await call('hardhat_impersonateAccount', person)
    const sent = await send({ from: person, to: account(0), value: '0x1' })
    expect(sent).toMatchObject({ status: '0x1', from: person })

    await call('anvil_setCode', person, '0x60005460005260206000f3')
    expect(await send({ from: person, to: account(0), value: '0x1' })).toMatchObject({ status: '0x1', from: person })
    expect(await call('eth_getTransactionCount', person, 'latest')).toBe('0x2')
    expect(await call('eth_getCode', person, 'latest')).toBe('0x60005460005260206000f3')
    await call('hardhat_stopImpersonatingAccount', person)
    await expect(call('eth_sendTransaction', { from: person, to: account(0) })).rejects.toThrow('unknown account')
  })
})

test('what would be a pretence is refused with a reason', async () => {
  for (const method of ['hardhat_reset', 'evm_setBlockGasLimit', 'hardhat_setCoinbase', 'evm_setIntervalMining'])
    await expect(call(method, '0x1')).rejects.toMatchObject({ code: -32_000, data: { code: 'NODE_DEVNET_REFUSED' } })
})

test('a state that was dumped is there in a network that loads it, and in one that begins with it', async () => {
  const address = `0x${'66'.repeat(20)}`
  await call('anvil_setBalance', address, '0x63')
  await call('anvil_setCode', address, '0x60005460005260206000f3')
  await call('anvil_setStorageAt', address, '0x0', `0x${'00'.repeat(31)}07`)
  const packed = await call('anvil_dumpState')
  const state = await devnet.nodes[0]!.dumpState()
  for (const next of [await createDevnet(), await createDevnet({ state })]) {
    if ((await next.request({ method: 'eth_getBalance', params: [address, 'latest'] })) === '0x0')
      await next.request({ method: 'anvil_loadState', params: [packed] })
    expect(await next.request({ method: 'eth_getBalance', params: [address, 'latest'] })).toBe('0x63')
    expect(BigInt((await next.request({ method: 'eth_call', params: [{ to: address }, 'latest'] })) as string)).toBe(7n)
    await next.stop()
  }
})

test('the faucet pays', async () => {
  const address = `0x${'77'.repeat(20)}`
  await receipt(await call('zos_dev_faucet', address))
  expect(await balance(address)).toBe(parseEther('100'))
})
