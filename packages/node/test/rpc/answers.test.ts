/** Answers that are prepared, bounded or given in turns: they are those of a node that does none of it. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { JsonText, jsonOf } from '../../src/rpc/json-text.ts'
import { PreparedJson } from '../../src/rpc/prepared-json.ts'
import { createGathering, createTurns } from '../../src/rpc/turns.ts'
import { createTestChain, type TestChain } from '../light/chain.ts'

/** Emits a log of the word that it is called with, under the topics 1 and that word, and keeps it in slot 0. */
const LOGGER = '5f355f55' + '5f355f52' + '5f35600160205fa2' + '00'
/** Copies what follows it. */
const creation = (code: string) => `0x60${(code.length / 2).toString(16).padStart(2, '0')}8060095f395ff3${code}`
const word = (value: number | bigint) => `0x${value.toString(16).padStart(64, '0')}`

let chain: TestChain
const loggers: string[] = []
const latest = () => chain.chain.head!.header.number

beforeAll(async () => {
  chain = await createTestChain()
  let nonce = 0
  const send = async (fields: { to: string | null; data: string }) =>
    chain.request('eth_sendRawTransaction', [await chain.sign(1, { nonce: nonce++, ...fields })])
  for (let index = 0; index < 2; index++) {
    const hash = await send({ to: null, data: creation(LOGGER) })
    await chain.mine()
    loggers.push((await chain.request('eth_getTransactionReceipt', [hash])).contractAddress)
  }
  for (let block = 0; block < 12; block++) {
    for (let index = 0; index < block % 4; index++) await send({ to: loggers[index % 2]!, data: word(block % 3) })
    await chain.mine()
  }
}, 60_000)

describe('logs', () => {
  const topic = fc.constantFrom<unknown>(null, word(0), word(1), word(2), [word(0), word(1)], [])
  const filters = fc.record(
    {
      address: fc.constantFrom<unknown>(
        () => loggers[0],
        () => loggers[1],
        () => loggers,
        () => word(0).slice(0, 42),
      ),
      topics: fc.array(topic, { maxLength: 3 }),
      fromBlock: fc.nat(14),
      toBlock: fc.nat(14),
    },
    { requiredKeys: [] },
  )

  test('are those of the receipts that the filter lets through, the first time and again', async () => {
    const all: any[] = []
    for (let number = 0; number <= latest(); number++)
      for (const { logs } of await chain.request('eth_getBlockReceipts', [`0x${number.toString(16)}`]))
        all.push(...logs)
    expect(all.length).toBe(18)
    await fc.assert(
      fc.asyncProperty(filters, async ({ address, topics = [], fromBlock, toBlock }) => {
        const from = fromBlock ?? latest()
        const to = Math.max(from, toBlock ?? latest())
        const addresses = [address ? (address as () => unknown)() : []].flat()
        const matches = (log: any) =>
          Number(log.blockNumber) >= from &&
          Number(log.blockNumber) <= to &&
          (addresses.length === 0 || addresses.includes(log.address)) &&
          topics.length <= log.topics.length &&
          topics.every((one: any, index) => !one || one.length === 0 || [one].flat().includes(log.topics[index]))
        const filter = {
          ...(address ? { address: addresses } : {}),
          topics,
          ...(fromBlock === undefined ? {} : { fromBlock: `0x${from.toString(16)}` }),
          toBlock: `0x${to.toString(16)}`,
        }
        for (let time = 0; time < 2; time++)
          expect(await chain.request('eth_getLogs', [filter])).toEqual(all.filter(matches))
      }),
      { numRuns: 200 },
    )
  })

  test('of what cannot be asked are refused with the codes of other clients', async () => {
    const refused = (filter: unknown) => chain.request('eth_getLogs', [filter]).catch((error) => error.code)
    expect(await refused({ fromBlock: '0x5', toBlock: '0x4' })).toBe(-32602)
    expect(await refused({ fromBlock: '0x0', toBlock: '0xffff' })).toBe(-32602)
    expect(await refused({ blockHash: word(1) })).toBe(-32000)
    expect(await refused({ blockHash: word(1), fromBlock: '0x1' })).toBe(-32602)
  })
})

describe('a block', () => {
  test('is the same however often and by whichever name it is asked for', async () => {
    for (const full of [false, true]) {
      const first = await chain.request('eth_getBlockByNumber', ['0x6', full])
      expect(await chain.request('eth_getBlockByNumber', ['0x6', full])).toEqual(first)
      expect(await chain.request('eth_getBlockByHash', [first.hash, full])).toEqual(first)
      expect(first.transactions.map((one: any) => one.transactionIndex ?? one).length).toBe(3)
    }
    const full = await chain.request('eth_getBlockByNumber', ['0x6', true])
    expect(full.transactions.map((one: any) => one.transactionIndex)).toEqual(['0x0', '0x1', '0x2'])
    expect(await chain.request('eth_getBlockByNumber', ['0xffff', false])).toBeNull()
  })

  test('that is the newest is another one after the next', async () => {
    const before = await chain.request('eth_getBlockByNumber', ['latest', false])
    await chain.mine()
    const after = await chain.request('eth_getBlockByNumber', ['latest', false])
    expect(after.parentHash).toBe(before.hash)
    expect(await chain.request('eth_getBlockByNumber', [before.number, false])).toEqual(before)
  })
})

describe('a call', () => {
  const SLOT = '5f545f5260205ff3'
  const NUMBER = '435f5260205ff3'
  const read = (address: string, block: unknown, overrides?: object, blockOverrides?: object) =>
    chain.request('eth_call', [{ to: address }, block, overrides, blockOverrides])

  test('sees state and block of the number, tag or hash that it names', async () => {
    const code = { [loggers[0]!]: { code: `0x${SLOT}` } }
    const values: string[] = []
    for (let number = 3; number <= latest(); number++) {
      const hex = `0x${number.toString(16)}`
      const value = await read(loggers[0]!, hex, code)
      expect(value).toBe(await chain.request('eth_getStorageAt', [loggers[0], '0x0', hex]))
      const { hash } = await chain.request('eth_getBlockByNumber', [hex, false])
      expect(await read(loggers[0]!, { blockHash: hash }, code)).toBe(value)
      expect(await read(loggers[0]!, hex, { [loggers[0]!]: { code: `0x${NUMBER}` } })).toBe(word(number))
      values.push(value)
    }
    expect(new Set(values).size).toBeGreaterThan(1)
    for (const tag of ['latest', 'pending', 'safe', 'finalized'])
      expect(await read(loggers[0]!, tag, { [loggers[0]!]: { code: `0x${NUMBER}` } })).toBe(word(latest()))
  })

  test('sees what it overrides, and the next one does not', async () => {
    const code = { code: `0x${SLOT}` }
    const override = { [loggers[0]!]: { ...code, stateDiff: { [word(0)]: word(77) } } }
    const plain = await read(loggers[0]!, 'latest', { [loggers[0]!]: code })
    expect(plain).not.toBe(word(77))
    expect(await read(loggers[0]!, 'latest', override)).toBe(word(77))
    expect(await read(loggers[0]!, 'latest', { [loggers[0]!]: code })).toBe(plain)
    const number = { [loggers[0]!]: { code: `0x${NUMBER}` } }
    expect(await read(loggers[0]!, 'latest', number, { number: '0x99' })).toBe(word(0x99))
    expect(await read(loggers[0]!, 'latest', number)).toBe(word(latest()))
  })

  test('that changes state has changed nothing for the next', async () => {
    const before = await chain.request('eth_getStorageAt', [loggers[0], '0x0', 'latest'])
    expect(await chain.request('eth_call', [{ to: loggers[0], data: word(123) }, 'latest'])).toBe('0x')
    expect(await read(loggers[0]!, 'latest', { [loggers[0]!]: { code: `0x${SLOT}` } })).toBe(before)
  })

  test('at a block whose state is no longer kept, or not there yet, is refused', async () => {
    const short = await createTestChain()
    for (let block = 0; block < 131; block++) await short.mine()
    const at = (block: string) => short.request('eth_call', [{ to: loggers[0] }, block])
    expect(await at('0x3')).toBe('0x')
    await expect(at('0x2')).rejects.toMatchObject({ code: -32000, message: expect.stringMatching(/no longer kept/) })
    await expect(at('0xffff')).rejects.toMatchObject({ code: -32000, message: 'header not found' })
  })
})

describe('a batch', () => {
  const call = (id: number, code: string) => ({
    jsonrpc: '2.0',
    id,
    method: 'eth_call',
    params: [{ to: loggers[0] }, 'latest', { [loggers[0]!]: { code: `0x${code}` } }],
  })

  test('may be of a thousand calls to contracts, and is answered in its order', async () => {
    const answers = JSON.parse(
      (await chain.handle(
        JSON.stringify(Array.from({ length: 1_000 }, (_, id) => call(id, `61${word(id).slice(-4)}5f5260205ff3`))),
      ))!,
    )
    expect(answers).toEqual(Array.from({ length: 1_000 }, (_, id) => ({ jsonrpc: '2.0', id, result: word(id) })))
    const more = JSON.parse(
      (await chain.handle(JSON.stringify(Array.from({ length: 1_001 }, (_, id) => call(id, '00')))))!,
    )
    expect(more).toMatchObject({ id: null, error: { code: -32005 } })
  })

  test('has results of 32 MiB at most: those beyond are refused', async () => {
    // 128 KiB of zeros, a quarter of a megabyte in hex.
    const body = Array.from({ length: 200 }, (_, id) => call(id, '620200005ff3'))
    const answers: any[] = JSON.parse((await chain.handle(JSON.stringify(body)))!)
    expect(answers.map(({ id }) => id)).toEqual(body.map(({ id }) => id))
    const given = answers.filter(({ result }) => result !== undefined)
    const refused = answers.filter(({ error }) => error?.code === -32005)
    expect(given.length + refused.length).toBe(200)
    expect(given.length).toBe(127)
    // The next one has room again.
    expect(JSON.parse((await chain.handle(JSON.stringify([call(1, '00')])))!)).toEqual([
      { jsonrpc: '2.0', id: 1, result: '0x' },
    ])
  })

  test('of notifications has no answer, and of nothing an error', async () => {
    const { id, ...notification } = call(1, '00')
    expect(await chain.handle(JSON.stringify([notification, notification]))).toBeUndefined()
    expect(JSON.parse((await chain.handle('[]'))!)).toMatchObject({ id: null, error: { code: -32600 } })
    const mixed = JSON.parse((await chain.handle(JSON.stringify([notification, 7, call(3, '00')])))!)
    expect(mixed).toEqual([
      { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'invalid request' } },
      { jsonrpc: '2.0', id: 3, result: '0x' },
    ])
  })
})

describe('a request that was ended by its time', () => {
  test('leaves nothing of its transient storage to the next', async () => {
    let now = 0
    const paced = await createTestChain({ callMs: 40, traceMs: 40, now: () => now++, turn: async () => {} })
    await paced.mine()
    const to = `0x${'aa'.repeat(20)}`
    // TSTORE of 7 into slot 0 and a loop; TLOAD of slot 0.
    const writes = [{ to }, 'latest', { [to]: { code: '0x60075f5d5b600456' } }]
    const reads = [{ to }, 'latest', { [to]: { code: '0x5f5c5f5260205ff3' } }]
    await expect(paced.request('eth_call', writes)).rejects.toMatchObject({ message: expect.stringMatching(/timeout/) })
    expect(await paced.request('eth_call', reads)).toBe(word(0))
    const traced = (params: any[]) => [params[0], params[1], { tracer: 'callTracer', stateOverrides: params[2] }]
    await expect(paced.request('debug_traceCall', traced(writes))).rejects.toMatchObject({
      message: expect.stringMatching(/timeout/),
    })
    expect((await paced.request('debug_traceCall', traced(reads))).output).toBe(word(0))
  })
})

describe('prepared texts', () => {
  test('are written once, and take no more room than they may: what was not asked for the longest goes first', () => {
    const prepared = new PreparedJson()
    let written = 0
    const text = (length: number) => () => {
      written++
      return 'x'.repeat(length)
    }
    const large = 200_000
    prepared.of('first', text(large))
    for (let index = 0; index < 100; index++) {
      prepared.of(`k${index}`, text(large))
      prepared.of('first', text(large))
    }
    expect(written).toBe(101)
    expect(prepared.characters).toBeLessThanOrEqual(8 * 1024 * 1024)
    expect(prepared.size).toBe(Math.floor((8 * 1024 * 1024) / large))
    prepared.of('k0', text(large))
    expect(written).toBe(102)
    const { size } = prepared
    prepared.of('huge', text(300_000))
    prepared.of('huge', text(300_000))
    expect(written).toBe(104)
    expect(prepared.size).toBe(size)
  })

  test('are objects for programs in the same process', () => {
    expect(new JsonText('{"a":[1]}').toJSON()).toEqual({ a: [1] })
    expect(jsonOf(new JsonText('[1]'))).toBe('[1]')
    expect(jsonOf(undefined)).toBe('null')
  })
})

test('turns are given after ten milliseconds of work, and what is spent waiting does not count', async () => {
  let now = 0
  let given = 0
  const turns = createTurns(
    () => now,
    async () => {
      given++
      now += 1_000
    },
  )
  for (let step = 0; step < 100; step++) {
    now += 1
    const pause = turns()
    if (pause) await pause
  }
  expect(given).toBe(10)
})

test('who asks in one turn of the event loop goes on together in the next', async () => {
  const gathering = createGathering()
  const order: string[] = []
  const go = async (name: string) => {
    order.push(`${name} asks`)
    await gathering()
    order.push(`${name} goes on`)
  }
  const both = [go('a'), go('b')]
  await Promise.resolve()
  expect(order).toEqual(['a asks', 'b asks'])
  await Promise.all(both)
  expect(order.slice(2)).toEqual(['a goes on', 'b goes on'])
  await go('c')
  expect(order.slice(4)).toEqual(['c asks', 'c goes on'])
})
