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
    await expect(call('debug_traceTransaction', delegated.hash, { tracer: 'mine' })).rejects.toMatchObject({
      code: -32602,
    })
  })

  test('without a tracer tells each opcode, with the gas that a call hands on', async () => {
    const trace = await call('debug_traceTransaction', delegated.hash)
    const receipt = await call('eth_getTransactionReceipt', delegated.hash)
    expect(trace).toMatchObject({ failed: false, gas: Number(receipt.gasUsed), returnValue: '0x' })
    const logs: { pc: number; op: string; gas: number; gasCost: number; depth: number }[] = trace.structLogs
    expect(logs[0]).toEqual({ pc: 0, op: 'PUSH1', gas: expect.any(Number), gasCost: 3, depth: 1, stack: [] })
    for (const [index, { gas, gasCost, op }] of logs.entries())
      if (logs[index + 1] && op !== 'CALL') expect(logs[index + 1]!.gas, `after ${op}`).toBe(gas - gasCost)
    const into = logs.find(({ op }) => op === 'CALL')!
    const { calls } = await call('debug_traceTransaction', delegated.hash, { tracer: 'callTracer' })
    expect(into.gasCost).toBeGreaterThan(Number(calls[0].gas) - 2_300)
  })

  test('tells of opcodes what it is asked for, up to its limit', async () => {
    const options = { disableStack: true, enableMemory: true, enableReturnData: true, limit: 20 }
    const { structLogs } = await call('debug_traceTransaction', reverted.hash, options)
    expect(structLogs).toHaveLength(20)
    expect(structLogs.some((log: any) => log.stack)).toBe(false)
    expect(structLogs.at(-1).memory[2]).toMatch(/^0x0{62}80$/)
    const all = await call('debug_traceTransaction', reverted.hash, { enableReturnData: true })
    const caught = all.structLogs.find((log: any) => log.returnData && log.depth === 1)
    expect(caught.returnData.startsWith('0x08c379a0')).toBe(true)
    const stored = all.structLogs.find((log: any) => log.op === 'SSTORE')
    expect(stored.storage).toEqual({ [`0x${'00'.repeat(32)}`]: `0x${'00'.repeat(31)}02` })
  })

  test('of what changed has the changed fields before and after, and nothing that only was read', async () => {
    const diff = (hash: string) =>
      call('debug_traceTransaction', hash, { tracer: 'prestateTracer', tracerConfig: { diffMode: true } })
    const { pre, post } = await diff(delegated.hash)
    const [from, to] = [wallet.address.toLowerCase(), (await staker.getAddress()).toLowerCase()]
    expect(post[from].nonce).toBe(pre[from].nonce + 1)
    expect(BigInt(pre[from].balance) - BigInt(post[from].balance)).toBeGreaterThan(parseEther('1'))
    expect(post[to]).toEqual({ storage: { [`0x${'00'.repeat(32)}`]: `0x${'00'.repeat(31)}01` } })
    expect(pre[to].storage).toBeUndefined()
    expect(BigInt(post[CONSENSUS].balance) - BigInt(pre[CONSENSUS].balance)).toBe(parseEther('1'))
    const made = await diff(created.hash)
    expect(made.pre[to]).toBeUndefined()
    expect(made.post[to].code).toBe(pre[to].code)
  })

  test('of a call runs on state that the caller makes up', async () => {
    const made = `0x${'c0'.repeat(20)}`
    const trace = await call('debug_traceCall', { to: made }, 'latest', {
      stateOverrides: { [made]: { code: '0x5f545f5260205ff3', stateDiff: { '0x0': '0x2a' } } },
    })
    expect(BigInt(trace.returnValue)).toBe(42n)
    expect(trace.structLogs.map(({ op }: any) => op)).toEqual([
      'PUSH0',
      'SLOAD',
      'PUSH0',
      'MSTORE',
      'PUSH1',
      'PUSH0',
      'RETURN',
    ])
  })

  test('with more steps than an answer holds is refused', async () => {
    const loop = `0x${'c1'.repeat(20)}`
    const traced = call('debug_traceCall', { to: loop }, 'latest', { stateOverrides: { [loop]: { code: '0x5b5f56' } } })
    await expect(traced).rejects.toMatchObject({ code: -32005 })
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
