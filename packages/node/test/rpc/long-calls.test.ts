/** Requests that would keep the EVM busy for long: they end in time, and everything else has its turn meanwhile. Time here is a count of looks at a clock. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTestChain, type TestChain } from '../light/chain.ts'

const CALL_MS = 60
const TRACE_MS = 90
/** JUMPDEST, PUSH0, JUMP: for ever. */
const LOOP = '0x5b5f56'
/** Calls itself twice with all of its gas: more calls than the gas pays for, and no jump. */
const RECURSION = `0x${'5f5f5f5f5f305af150'.repeat(2)}`
const LOOPER = `0x${'aa'.repeat(20)}`
const TIMEOUT = { code: -32000, message: expect.stringMatching(/^execution timeout/) }

let now = 0
let turns = 0
let chain: TestChain

beforeAll(async () => {
  chain = await createTestChain({
    callMs: CALL_MS,
    traceMs: TRACE_MS,
    // Each look is a millisecond later: a slice is ten looks.
    now: () => now++,
    turn: async () => {
      turns++
      await new Promise((resolve) => setImmediate(resolve))
    },
  })
  await chain.mine()
})
beforeEach(() => {
  turns = 0
})

const overrides = { [LOOPER]: { code: LOOP } }
const call = { to: LOOPER, gas: '0x1000000' }
const long: [string, unknown[]][] = [
  ['eth_call', [call, 'latest', overrides]],
  ['eth_estimateGas', [call, 'latest', overrides]],
  ['debug_traceCall', [call, 'latest', { tracer: 'callTracer', stateOverrides: overrides }]],
  ['eth_simulateV1', [{ blockStateCalls: [{ stateOverrides: overrides, calls: [call] }] }, 'latest']],
]

describe('a request that runs for long', () => {
  test.each(long)('ends with a typed error: %s', async (method, params) => {
    await expect(chain.request(method, params)).rejects.toMatchObject(TIMEOUT)
    const limit = /eth_(call|estimateGas)/.test(method) ? CALL_MS : TRACE_MS
    expect(turns).toBeGreaterThanOrEqual(limit / 10 - 2)
    expect(turns).toBeLessThanOrEqual(limit / 10)
    // The next request has an EVM as good as new.
    expect(await chain.request('eth_call', [{ to: chain.accounts[1]!.address }, 'latest'])).toBe('0x')
  })

  test.each(long)('lets others be answered in the next turns of the event loop: %s', async (method, params) => {
    let isDone = false
    const running = chain.request(method, params).catch(() => {
      isDone = true
    })
    const before = turns
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      expect(await chain.request('eth_blockNumber', [])).toBe('0x1')
    }
    expect(isDone).toBe(false)
    expect(turns - before).toBeLessThanOrEqual(4)
    await running
  })

  test('may be a recursion without a loop', async () => {
    const code = { [LOOPER]: { code: RECURSION } }
    await expect(chain.request('eth_call', [call, 'latest', code])).rejects.toMatchObject(TIMEOUT)
    expect(turns).toBeGreaterThan(0)
  })

  test('does not keep calls waiting when it is a trace', async () => {
    let isDone = false
    const trace = chain.request(...(long[2] as [string, unknown[]])).catch(() => {
      isDone = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(await chain.request('eth_call', [{ to: chain.accounts[1]!.address }, 'latest'])).toBe('0x')
    expect(isDone).toBe(false)
    await trace
  })
})
