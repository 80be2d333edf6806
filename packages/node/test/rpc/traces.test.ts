/** Traces and Otterscan's methods, over the RPC of a network of one validator. */
import { type Contract, ContractFactory, hexlify, JsonRpcProvider, parseEther, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { createNode } from '../../src/node.ts'
import type { ZosNode } from '../../src/node-api.ts'
import { rpc } from '../e2e/wait.ts'
import { compile } from '../native/compile.ts'

const CONSENSUS = '0x0000000000000000000000000000000000005a01'
let node: ZosNode
let provider: JsonRpcProvider
let wallet: Wallet
let staker: Contract
let validator: string
let created: { hash: string; blockNumber: number }
let delegated: { hash: string; blockNumber: number }
let reverted: { hash: string; blockNumber: number }
const call = (method: string, ...params: unknown[]) => rpc(node.rpcUrl!, method, ...params)

beforeAll(async () => {
  const { genesis, accounts, validatorKeys } = devnetGenesis({ validators: 1, timestampMs: Date.now() })
  for (const one of genesis.validators) delete one.isogenyKey
  node = await createNode({
    genesis,
    validatorKey: validatorKeys[0]!.privateKey,
    // The node keeps the state of 128 blocks: at this pace, of a minute.
    roundIntervalMs: 250,
    ticketHashes: 0,
    rpc: { port: 0 },
  })
  provider = new JsonRpcProvider(node.rpcUrl, undefined, { cacheTimeout: -1, pollingInterval: 20 })
  wallet = new Wallet(hexlify(accounts[0]!.privateKey), provider)
  validator = validatorKeys[0]!.address
  const { abi, bytecode } = compile('Staker.sol', 'Staker')
  staker = (await new ContractFactory(abi, bytecode, wallet).deploy(validator)) as Contract
  const place = async (sent: Promise<unknown>) => {
    const { hash } = (await sent) as { hash: string }
    const receipt = await provider.waitForTransaction(hash)
    return { hash, blockNumber: receipt!.blockNumber }
  }
  created = await place(Promise.resolve(staker.deploymentTransaction()))
  const value = { value: parseEther('1'), gasLimit: 1_000_000n }
  delegated = await place(staker.getFunction('delegate')(validator, value))
  reverted = await place(staker.getFunction('tryDelegateThenRevert')(validator, value))
}, 120_000)

afterAll(async () => {
  provider?.destroy()
  await node?.stop()
})

describe('a trace', () => {
  test('tells the calls of a transaction, native contracts too, with the gas of the receipt', async () => {
    const trace = await call('debug_traceTransaction', delegated.hash, { tracer: 'callTracer' })
    const receipt = await call('eth_getTransactionReceipt', delegated.hash)
    expect(trace).toMatchObject({ type: 'CALL', from: wallet.address.toLowerCase(), gasUsed: receipt.gasUsed })
    expect(trace.to).toBe((await staker.getAddress()).toLowerCase())
    expect(trace.calls).toHaveLength(1)
    expect(trace.calls[0]).toMatchObject({ type: 'CALL', to: CONSENSUS, value: '0xde0b6b3a7640000' })
    const top = await call('debug_traceTransaction', delegated.hash, {
      tracer: 'callTracer',
      tracerConfig: { onlyTopCall: true },
    })
    expect(top.calls).toBeUndefined()
  })

  test('shows where a call reverted and why, and what it had done before', async () => {
    const trace = await call('debug_traceTransaction', reverted.hash, { tracer: 'callTracer' })
    expect(trace.error).toBeUndefined()
    expect(trace.calls[0]).toMatchObject({ error: 'execution reverted', revertReason: 'changed my mind' })
    expect(trace.calls[0].calls[0]).toMatchObject({ to: CONSENSUS })
  })

  test('of the state before tells accounts, code and the slots that were read', async () => {
    const before = await call('debug_traceTransaction', delegated.hash, { tracer: 'prestateTracer' })
    const address = (await staker.getAddress()).toLowerCase()
    expect(before[address].code.length).toBeGreaterThan(100)
    expect(before[address].storage[`0x${'00'.repeat(32)}`]).toBe(`0x${'00'.repeat(32)}`)
    expect(before[CONSENSUS].code).toBe('0xfe')
    const balance = await provider.getBalance(wallet.address, delegated.blockNumber - 1)
    expect(BigInt(before[wallet.address.toLowerCase()].balance)).toBe(balance)
  })

  test('of a block or of a call is in the same form; an unknown tracer is refused', async () => {
    const number = `0x${delegated.blockNumber.toString(16)}`
    const [first] = await call('debug_traceBlockByNumber', number, { tracer: 'callTracer' })
    expect(first.txHash).toBe(delegated.hash)
    expect(first.result).toEqual(await call('debug_traceTransaction', delegated.hash, { tracer: 'callTracer' }))
    const asked = await call(
      'debug_traceCall',
      { to: await staker.getAddress(), data: staker.interface.encodeFunctionData('viewStatic', [validator]) },
      'latest',
      { tracer: 'callTracer' },
    )
    expect(asked.calls[0]).toMatchObject({ type: 'STATICCALL', to: CONSENSUS })
    await expect(call('debug_traceTransaction', delegated.hash, {})).rejects.toMatchObject({ code: -32602 })
  })
})

test('an access list names the slots that a call touches, and makes them warm', async () => {
  const to = (await staker.getAddress()).toLowerCase()
  const data = staker.interface.encodeFunctionData('delegate', [validator])
  const request = { from: wallet.address, to, data, value: '0xde0b6b3a7640000' }
  const { accessList, gasUsed, error } = await call('eth_createAccessList', request, 'latest')
  expect(error).toBeUndefined()
  const own = accessList.find(({ address }: { address: string }) => address === to)
  expect(own.storageKeys).toEqual([`0x${'00'.repeat(32)}`])
  expect(accessList.some(({ address }: { address: string }) => address === CONSENSUS)).toBe(true)
  const again = await call('eth_createAccessList', { ...request, accessList }, 'latest')
  expect(again.gasUsed).toBe(gasUsed)
})

describe('Otterscan', () => {
  test('finds the transactions of an address, newest first, with pages', async () => {
    expect(await call('ots_getApiLevel')).toBe(8)
    const address = await staker.getAddress()
    const all = await call('ots_searchTransactionsBefore', address, 0, 25)
    expect(all.txs.map(({ hash }: { hash: string }) => hash)).toEqual([reverted.hash, delegated.hash, created.hash])
    expect(all.receipts.map((one: { transactionHash: string }) => one.transactionHash)).toEqual(
      all.txs.map(({ hash }: { hash: string }) => hash),
    )
    expect([all.firstPage, all.lastPage]).toEqual([true, true])
    const one = await call('ots_searchTransactionsBefore', address, reverted.blockNumber, 1)
    expect(one.txs.map(({ hash }: { hash: string }) => hash)).toEqual([delegated.hash])
    const after = await call('ots_searchTransactionsAfter', address, created.blockNumber, 1)
    expect(after.txs.map(({ hash }: { hash: string }) => hash)).toEqual([delegated.hash])
  })

  test('sees code, creators, errors, operations and blocks', async () => {
    const address = await staker.getAddress()
    expect(await call('ots_hasCode', address, 'latest')).toBe(true)
    expect(await call('ots_hasCode', wallet.address, 'latest')).toBe(false)
    expect(await call('ots_getContractCreator', address)).toEqual({
      hash: created.hash,
      creator: wallet.address.toLowerCase(),
    })
    expect(await call('ots_getTransactionError', delegated.hash)).toBe('0x')
    const trace = await call('ots_traceTransaction', delegated.hash)
    expect(trace.map(({ depth }: { depth: number }) => depth)).toEqual([0, 1])
    expect(await call('ots_getInternalOperations', delegated.hash)).toEqual([
      { type: 0, from: address.toLowerCase(), to: CONSENSUS, value: '0xde0b6b3a7640000' },
    ])
    const details = await call('ots_getBlockDetails', delegated.blockNumber)
    expect(details.block.transactionCount).toBe(1)
    expect(details.block.transactions).toBeUndefined()
    expect(await call('ots_getBlockDetailsByHash', details.block.hash)).toEqual(details)
    const { fullblock, receipts } = await call('ots_getBlockTransactions', delegated.blockNumber, 0, 10)
    expect([fullblock.transactions[0].hash, receipts[0].transactionHash]).toEqual([delegated.hash, delegated.hash])
    const nonce = Number(fullblock.transactions[0].nonce)
    expect(await call('ots_getTransactionBySenderAndNonce', wallet.address, nonce)).toBe(delegated.hash)
    expect(await call('ots_getTransactionBySenderAndNonce', wallet.address, nonce + 90)).toBeNull()
    expect((await call('erigon_getHeaderByNumber', `0x${delegated.blockNumber.toString(16)}`)).hash).toBe(
      details.block.hash,
    )
  })
})
