import { blake2b } from '@noble/hashes/blake2.js'
import { expect, test } from 'vitest'
import { createCryptonightPool, serveTickets, type TicketWorker } from '../src/cryptonight/index.ts'
import { type Address, isZposError, searchTicket } from '../src/index.ts'

const hasher = { hash: (data: Uint8Array) => blake2b(data, { dkLen: 32 }) }
const seed = new Uint8Array(32).fill(3)
const candidate = `0x${'12'.repeat(20)}` as Address
const wanted = { seed, term: 5, candidate, start: 1000n, count: 100 }

/** A stand-in for a thread: answers a little later. */
function thread(log: number[] = []): TicketWorker {
  let reply: Parameters<TicketWorker['onReply']>[0] = () => undefined
  return {
    post: (job) => {
      log.push(job.count)
      queueMicrotask(() => reply(serveTickets(hasher, job)))
    },
    onReply: (listener) => {
      reply = listener
    },
    onError: () => undefined,
    terminate: () => undefined,
  }
}

test.each([1, 3, 8])('%i threads find the ticket that one search would', async (size) => {
  const counts: number[] = []
  const pool = createCryptonightPool({ size, spawn: () => thread(counts) })
  const progress: number[] = []
  const [best, again] = await Promise.all([
    pool.search({ ...wanted, onProgress: (tried) => progress.push(tried) }),
    pool.search(wanted),
  ])
  expect(best).toEqual(searchTicket({ ...wanted, hash: hasher.hash }))
  expect(again).toEqual(best)
  expect(progress.at(-1)).toBe(100)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(200)
  pool.close()
})

test('a search ends with the best so far when it is told to', async () => {
  const pool = createCryptonightPool({ size: 1, spawn: () => thread() })
  const signal = { aborted: false }
  const best = await pool.search({
    ...wanted,
    count: 1e9,
    signal,
    onProgress: (tried) => (signal.aborted = tried >= 32),
  })
  expect(best).toEqual(searchTicket({ ...wanted, count: 32, hash: hasher.hash }))
  expect(await pool.search({ ...wanted, signal })).toBeUndefined()
})

test('a thread that dies fails the search', async () => {
  let die: (error: unknown) => void = () => undefined
  const worker: TicketWorker = {
    ...thread(),
    post: () => die(new Error('gone')),
    onError: (listener) => (die = listener),
  }
  const pool = createCryptonightPool({ size: 1, spawn: () => worker })
  const error = await pool.search(wanted).catch((caught) => caught)
  expect(isZposError(error, 'ZPOS_WORKER_FAILED')).toBe(true)
})
