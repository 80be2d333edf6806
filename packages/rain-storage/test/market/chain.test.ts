import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isStorageError } from '../../src/index.ts'
import { encodeCall, hexOf, readAbi, selectorOf } from '../../src/market/abi.ts'
import { type Chain, createChain, type Eip1193Port, encodeHeader, firstBlockAt } from '../../src/market/chain.ts'
import { createProviderAgent } from '../../src/market/index.ts'
import { createLedger, seeded } from './ledger.ts'

const ACCOUNT = `0x${'a1'.repeat(20)}` as const
const clock = { sleep: () => Promise.resolve() }
const chainOf = (answers: Record<string, (...params: unknown[]) => unknown>, options = {}): Chain => {
  const provider: Eip1193Port = {
    request: async ({ method, params = [] }) => answers[method]!(...params),
  }
  const errorNames = new Map([[hexOf(selectorOf('Nope(uint256)')), 'Nope']])
  return createChain({ provider, account: ACCOUNT, clock, errorNames, ...options })
}
const call = { to: ACCOUNT, data: '0x12345678' } as const

describe('the ABI', () => {
  test('puts words and tails where the specification has them', () => {
    // The example of the specification: f(uint256,uint32[],bytes10,bytes) has its arrays' offsets among the words.
    const data = encodeCall('g(uint256[][],string[])', [
      [[1n, 2n], [3n]],
      ['one', 'two', 'three'].map((text) => ({ bytes: new TextEncoder().encode(text) })),
    ])
    const word = (value: number) => value.toString(16).padStart(64, '0')
    const text = (value: string) => `${word(value.length)}${Buffer.from(value).toString('hex').padEnd(64, '0')}`
    // docs.soliditylang.org, "Use of Dynamic Types", second example.
    expect(data).toBe(
      `0x2289b18c${[0x40, 0x140, 2, 0x40, 0xa0, 2, 1, 2, 1, 3, 3, 0x60, 0xa0, 0xe0].map(word).join('')}${['one', 'two', 'three'].map(text).join('')}`,
    )
  })

  test('refuses answers that are too short, and texts longer than they say', () => {
    const malformed = (act: () => unknown) => {
      let error: unknown
      try {
        act()
      } catch (caught) {
        error = caught
      }
      expect(isStorageError(error, 'STORAGE_MALFORMED')).toBe(true)
    }
    malformed(() => readAbi(new Uint8Array(31)).word(0))
    malformed(() => readAbi(new Uint8Array(32).fill(255)).number(0))
    const long = new Uint8Array(96)
    long[31] = 32
    long[63] = 33
    malformed(() => readAbi(long).text(0))
    malformed(() => readAbi(new Uint8Array(32).fill(1)).text(0))
    expect(() => encodeCall('f(bytes32)', [new Uint8Array(31)])).toThrow('not a word')
  })
})

describe('the first block at a time', () => {
  test('is the one that a scan finds, also on chains with equal timestamps and on nodes that forgot their beginning', async () => {
    const gaps = fc.array(fc.nat(3), { minLength: 1, maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(gaps, fc.nat(400), fc.nat(50), async (steps, time, forgotten) => {
        const times = [0]
        for (const gap of steps) times.push(times.at(-1)! + gap)
        const chain = {
          block: async (number = times.length - 1) =>
            number < forgotten || times[number] === undefined ? undefined : { number, timestamp: times[number] },
        } as Chain
        const found = await firstBlockAt(chain, time)
        const scanned = times.findIndex((at) => at >= time)
        // The block before must be there too: its header is half of what is shown.
        const there = scanned > 0 && scanned - 1 >= forgotten
        if (found !== undefined) expect(found).toBe(scanned)
        // What is near is found; going back in steps may pass over a beginning that is forgotten.
        if (there && forgotten === 0) expect(found).toBe(scanned)
        if (!there) expect(found).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  test('is not found when it is older than contracts can check', async () => {
    const chain = { block: async (number = 20_000) => ({ number, timestamp: number }) } as Chain
    expect(await firstBlockAt(chain, 20_000 - 8_000)).toBe(12_000)
    expect(await firstBlockAt(chain, 20_000 - 8_200)).toBeUndefined()
    expect(await firstBlockAt(chain, 20_001)).toBeUndefined()
  })
})

describe('a chain', () => {
  test('waits for a receipt that comes late, and not for ever', async () => {
    let looks = 0
    const answers = {
      eth_call: () => '0x',
      eth_sendTransaction: () => '0xabc',
      eth_getTransactionReceipt: () => (++looks < 4 ? null : { status: '0x1', logs: [] }),
    }
    await chainOf(answers).send(call)
    expect(looks).toBe(4)
    looks = -1_000
    const late = chainOf(answers, { receiptTimeoutMs: 2_000, pollMs: 500 }).send(call)
    await expect(late).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', context: { hash: '0xabc' } })
  })

  test('names what a contract refuses, wherever a provider puts the data, and sends nothing then', async () => {
    const data = `${hexOf(selectorOf('Nope(uint256)'))}${'00'.repeat(32)}`
    for (const error of [{ data }, { data: { data } }, { error: { data } }, { cause: { error: { data } } }]) {
      const eth_call = () => Promise.reject(Object.assign(new Error('reverted'), error))
      const sent = chainOf({ eth_call }).send(call)
      await expect(sent).rejects.toMatchObject({ code: 'STORAGE_REVERTED', context: { error: 'Nope', data } })
    }
    const eth_call = () => Promise.reject(new Error('timeout'))
    await expect(chainOf({ eth_call }).read(call)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  test('says that a transaction failed which went through when it was tried', async () => {
    const answers = {
      eth_call: () => '0x',
      eth_sendTransaction: () => '0xabc',
      eth_getTransactionReceipt: () => ({ status: '0x0' }),
    }
    await expect(chainOf(answers).send(call)).rejects.toMatchObject({ code: 'STORAGE_REVERTED' })
  })

  test('makes a header with the hash of its block, or none', async () => {
    // A list of one byte string below 56 bytes and one above: f8 is the prefix of the list.
    const block = {
      parentHash: `0x${'11'.repeat(32)}`,
      miner: `0x${'22'.repeat(20)}`,
      number: '0x80',
      timestamp: '0x0',
    }
    const expected = Buffer.from(
      `f8${(33 + 21 + 2 + 1).toString(16)}a0${'11'.repeat(32)}94${'22'.repeat(20)}818080`,
      'hex',
    )
    expect(Buffer.from(encodeHeader({ ...block, hash: hexOf(keccak_256(expected)) }))).toEqual(expected)
    const wrong = chainOf({ eth_getBlockByNumber: () => ({ ...block, hash: `0x${'33'.repeat(32)}` }) })
    await expect(wrong.header(128)).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
    await expect(chainOf({ eth_getBlockByNumber: () => null }).header(7)).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
    })
  })
})

test('an agent in service passes until it is stopped', async () => {
  const ledger = createLedger(seeded(1))
  const stop = new AbortController()
  const slept: number[] = []
  const agent = createProviderAgent({
    market: ledger.marketOf(ACCOUNT),
    offers: [],
    shards: { get: () => Promise.reject(new Error('none')), has: async () => false },
    clock: {
      async sleep(ms, signal) {
        slept.push(ms)
        if (slept.length === 3) stop.abort()
        signal?.throwIfAborted()
      },
    },
  })
  await agent.run({ signal: stop.signal, intervalMs: 9 })
  expect(slept).toEqual([9, 9, 9])
})
