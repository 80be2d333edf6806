/** `eth_simulateV1` and overrides over the native contracts and the live state of a network of one validator. The rest is in test/conformance. */
import { hexlify, type Interface, JsonRpcProvider, parseEther, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { createNode } from '../../src/node.ts'
import type { ZosNode } from '../../src/node-api.ts'
import { rpc } from '../e2e/wait.ts'
import { compile } from '../native/compile.ts'

const CONSENSUS = '0x0000000000000000000000000000000000005a01'
const MADE_UP = `0x${'c0'.repeat(20)}`
/** Returns the word in slot 0. */
const READS_SLOT_0 = '0x5f545f5260205ff3'
let node: ZosNode
let wallet: Wallet
let validator: string
let staker: Interface
let stakerCode: string
const call = (method: string, ...params: unknown[]) => rpc(node.rpcUrl!, method, ...params)
const simulate = (payload: unknown, block: unknown = 'latest') => call('eth_simulateV1', payload, block)

beforeAll(async () => {
  const { genesis, accounts, validatorKeys } = devnetGenesis({ validators: 1, timestampMs: Date.now() })
  for (const one of genesis.validators) delete one.isogenyKey
  const validatorKey = validatorKeys[0]!.privateKey
  node = await createNode({ genesis, validatorKey, roundIntervalMs: 250, ticketHashes: 0, rpc: { port: 0 } })
  wallet = new Wallet(hexlify(accounts[0]!.privateKey))
  validator = validatorKeys[0]!.address
  const compiled = compile('Staker.sol', 'Staker')
  staker = compiled.abi
  const provider = new JsonRpcProvider(node.rpcUrl)
  stakerCode = await provider.call({ data: compiled.bytecode + compiled.abi.encodeDeploy([validator]).slice(2) })
  provider.destroy()
}, 60_000)

afterAll(() => node?.stop())

describe('a simulation', () => {
  test('carries what a native contract did from call to call and from block to block, and leaves nothing behind', async () => {
    const from = wallet.address
    const view = { from, to: MADE_UP, input: staker.encodeFunctionData('viewStatic', [validator]) }
    const delegate = {
      from,
      to: MADE_UP,
      value: '0xde0b6b3a7640000',
      input: staker.encodeFunctionData('delegate', [validator]),
    }
    const undone = { ...delegate, input: staker.encodeFunctionData('delegateThenRevert', [validator]) }
    const blocks = await simulate({
      blockStateCalls: [
        { stateOverrides: { [MADE_UP]: { code: stakerCode } }, calls: [delegate, view] },
        { calls: [undone, view] },
      ],
    })
    const [first, second] = blocks
    expect(first.calls.map(({ status }: any) => status)).toEqual(['0x1', '0x1'])
    expect(first.calls[0].logs[0].address).toBe(CONSENSUS)
    expect(BigInt(first.calls[1].returnData)).toBe(parseEther('1'))
    expect(second.calls[0]).toMatchObject({ status: '0x0', logs: [], error: { code: 3 } })
    expect(BigInt(second.calls[1].returnData)).toBe(parseEther('1'))
    expect(second.parentHash).toBe(first.hash)
    expect(await call('eth_getCode', MADE_UP, 'latest')).toBe('0x')
    expect((await simulate({ blockStateCalls: [{ calls: [view] }] }))[0].calls[0].returnData).toBe('0x')
  })

  test('goes on from the block that it names, also while the node makes others', async () => {
    const number = await call('eth_blockNumber')
    const base = await call('eth_getBlockByNumber', number, false)
    await expect.poll(() => call('eth_blockNumber'), { timeout: 20_000 }).not.toBe(number)
    const payload = { blockStateCalls: [{ blockOverrides: { number: `0x${(Number(number) + 3).toString(16)}` } }] }
    const blocks = await simulate(payload, number)
    expect(blocks.map((one: any) => Number(one.number) - Number(number))).toEqual([1, 2, 3])
    expect(blocks[0].parentHash).toBe(base.hash)
    expect(await simulate(payload, number)).toEqual(blocks)
  })

  test('of too many blocks, calls or of more gas than a block has is refused', async () => {
    const blocks = (count: number) => Array.from({ length: count }, () => ({}))
    await expect(simulate({ blockStateCalls: blocks(257) })).rejects.toMatchObject({ code: -38026 })
    const calls = Array.from({ length: 1_001 }, () => ({ to: MADE_UP }))
    await expect(simulate({ blockStateCalls: [{ calls }] })).rejects.toMatchObject({ code: -38026 })
    const greedy = { calls: [{ to: MADE_UP, gas: '0x7fffffffffffffff' }] }
    await expect(simulate({ blockStateCalls: [greedy] })).rejects.toMatchObject({ code: -38015 })
    await expect(simulate({ blockStateCalls: [] })).rejects.toMatchObject({ code: -32602 })
    const withdrawals = [{ index: '0x0', validatorIndex: '0x0', address: MADE_UP, amount: '0x1' }]
    await expect(simulate({ blockStateCalls: [{ blockOverrides: { withdrawals } }] })).rejects.toMatchObject({
      code: -32602,
    })
  })
})

describe('overrides of a call', () => {
  const request = { to: MADE_UP }

  test('stand for that call alone', async () => {
    const accounts = { [MADE_UP]: { code: READS_SLOT_0, state: { '0x0': '0x2a' } } }
    expect(BigInt(await call('eth_call', request, 'latest', accounts))).toBe(42n)
    expect(await call('eth_call', request, 'latest')).toBe('0x')
  })

  test('change the block that it sees', async () => {
    // TIMESTAMP, NUMBER
    const accounts = { [MADE_UP]: { code: '0x425f524360205260405ff3' } }
    const seen: string = await call('eth_call', request, 'latest', accounts, { time: '0x7b', number: '0x1c8' })
    expect([BigInt(seen.slice(0, 66)), BigInt(`0x${seen.slice(66)}`)]).toEqual([123n, 456n])
  })

  test('let an estimate be of what is not there yet', async () => {
    const poor = { from: `0x${'c2'.repeat(20)}`, to: `0x${'c3'.repeat(20)}`, value: '0x1' }
    await expect(call('eth_estimateGas', poor)).rejects.toMatchObject({ code: -32000 })
    expect(await call('eth_estimateGas', poor, 'latest', { [poor.from]: { balance: '0x1' } })).toBe('0x5208')
  })

  test('that contradict themselves are refused', async () => {
    const both = { [MADE_UP]: { state: {}, stateDiff: {} } }
    await expect(call('eth_call', request, 'latest', both)).rejects.toMatchObject({ code: -32602 })
    const moved = { '0x0000000000000000000000000000000000000001': { movePrecompileToAddress: MADE_UP } }
    await expect(call('eth_call', request, 'latest', moved)).rejects.toMatchObject({ code: -32602 })
  })
})
