import { blake2b } from '@noble/hashes/blake2.js'
import { expect, test } from 'vitest'
import {
  type Address,
  compareHashes,
  createCommittee,
  createLotterySchedule,
  rankCandidates,
  searchTicket,
  type Ticket,
  termSeed,
  ticketInput,
  type UnitId,
  verifyTicket,
  vrfInput,
} from '../src/index.ts'

const GENESIS = `0x${'00'.repeat(32)}` as UnitId
const candidates = Array.from({ length: 5 }, (_, i) => `0x${String(i + 1).repeat(40)}` as Address)
const committee = createCommittee({
  epoch: 0,
  members: candidates.map((address) => ({ address, publicKey: new Uint8Array(33), stake: 1n })),
})
/** A quick stand-in for CryptoNight that counts. */
let hashes = 0
const hash = (data: Uint8Array): Uint8Array => {
  hashes += 1
  return blake2b(data, { dkLen: 32 })
}
const seed = termSeed(3, GENESIS, [])
const mine = (candidate: Address, count: number, term = 3): Ticket =>
  searchTicket({ seed, term, candidate, hash, start: 0n, count })!

test('a seed depends on the term, the final unit and every VRF output, not on their order', () => {
  const outputs = [new Uint8Array(64).fill(1), new Uint8Array(64).fill(6)]
  const all = [
    termSeed(3, GENESIS, outputs),
    termSeed(4, GENESIS, outputs),
    termSeed(3, `0x${'01'.repeat(32)}` as UnitId, outputs),
    termSeed(3, GENESIS, outputs.slice(1)),
  ].map(String)
  expect(new Set(all).size).toBe(4)
  expect(String(termSeed(3, GENESIS, outputs.toReversed()))).toBe(all[0])
  expect(String(vrfInput(3, seed))).not.toBe(String(vrfInput(4, seed)))
})

test('a ticket hashes 72 bytes, enough for variant 1', () => {
  expect(ticketInput(seed, 3, candidates[0]!, 7n)).toHaveLength(72)
})

test('the smallest ticket leads; without a ticket one comes after, in an order that the seed shuffles', () => {
  const tickets = candidates.slice(0, 3).map((candidate) => mine(candidate, 20))
  const order = [...tickets].sort((a, b) => compareHashes(a.hash, b.hash)).map(({ candidate }) => candidate)
  const ranking = rankCandidates({ term: 3, seed, candidates, tickets, hash })
  expect(ranking.slice(0, 3)).toEqual(order)
  expect(rankCandidates({ term: 3, seed, candidates, tickets: tickets.toReversed(), hash })).toEqual(ranking)
  const orders = new Set(
    Array.from({ length: 20 }, (_, term) =>
      String(rankCandidates({ term, seed: termSeed(term, GENESIS, []), candidates, tickets: [], hash })),
    ),
  )
  expect(orders.size).toBeGreaterThan(10)
})

test('a flood of tickets costs one hash a candidate; a false claim, a stranger and another term count nothing', () => {
  const honest = mine(candidates[1]!, 5)
  const flood = Array.from({ length: 1000 }, (_, i) => ({ ...mine(candidates[2]!, 1), nonce: BigInt(i) }))
  const liar: Ticket = { term: 3, candidate: candidates[0]!, nonce: 1n, hash: new Uint8Array(32) }
  const stranger: Ticket = { ...liar, candidate: `0x${'f'.repeat(40)}` as Address }
  hashes = 0
  const ranking = rankCandidates({
    term: 3,
    seed,
    candidates,
    tickets: [liar, stranger, honest, mine(candidates[3]!, 50, 4), ...flood],
    hash,
  })
  expect(hashes - 50).toBeLessThanOrEqual(candidates.length)
  expect([...ranking].sort()).toEqual([...candidates].sort())
  expect(ranking.indexOf(candidates[1]!)).toBeLessThan(2)
  expect(ranking.indexOf(candidates[0]!)).toBeGreaterThan(1)
  expect(verifyTicket(liar, seed, hash)).toBe(false)
  expect(verifyTicket({ ...honest, nonce: 1n << 64n }, seed, hash)).toBe(false)
})

test('a search stops when it is told to and reports how far it is', () => {
  const signal = { aborted: false }
  const seen: number[] = []
  const options = { seed, term: 3, candidate: candidates[0]!, hash, start: (1n << 64n) - 2n, count: 10, signal }
  searchTicket({
    ...options,
    onProgress: (tried) => {
      seen.push(tried)
      if (tried === 4) signal.aborted = true
    },
  })
  expect(seen).toEqual([1, 2, 3, 4])
  expect(searchTicket(options)).toBeUndefined()
})

test('the ranking changes at the commit that ends a term, by the tickets in its past; the next seed is fixed there', () => {
  const asked: [string, number][] = []
  const schedule = createLotterySchedule({
    committee,
    baseUnit: GENESIS,
    termRounds: 4,
    hash,
    ticketsIn: (unit, term) => {
      asked.push([unit, term])
      return [
        {
          author: candidates[4]!,
          ticket: searchTicket({
            seed: schedule.seedOf(term)!,
            term,
            candidate: candidates[4]!,
            hash,
            start: 0n,
            count: 1,
          })!,
        },
        // In another's unit, with a better claim that is false: spoils nothing.
        { author: candidates[0]!, ticket: { term, candidate: candidates[4]!, nonce: 0n, hash: new Uint8Array(32) } },
      ]
    },
    vrfOutputsIn: () => [new Uint8Array(64).fill(5)],
  })
  expect(schedule.seedOf(1)).toBeDefined()
  expect(schedule.seedOf(2)).toBeUndefined()
  const first = schedule.leaderAt(2)!
  const unit = `0x${'aa'.repeat(32)}` as UnitId
  const commit = (round: number) =>
    schedule.record({ round, offset: 0, leader: first, outcome: 'commit', unit, rule: 'direct' })
  commit(2)
  expect(schedule.term().number).toBe(0)
  commit(4)
  expect(asked).toEqual([[unit, 1]])
  expect(schedule.leaderAt(6)).toBe(candidates[4])
  expect(schedule.term()).toMatchObject({ number: 1, firstRound: 5, endedBy: unit, demoted: [] })
  expect(schedule.seedOf(2)).toEqual(termSeed(2, unit, [new Uint8Array(64).fill(5)]))
  schedule.record({ round: 6, offset: 0, leader: candidates[4]!, outcome: 'skip', rule: 'direct' })
  expect(schedule.leaderAt(8)).toBe(schedule.term().ranking[1])
})

test('when all are demoted all are pardoned', () => {
  const schedule = createLotterySchedule({
    committee,
    baseUnit: GENESIS,
    hash,
    ticketsIn: () => [],
    vrfOutputsIn: () => [],
  })
  const order = candidates.map((_, i) => {
    const leader = schedule.leaderAt(2 * i + 2)!
    schedule.record({ round: 2 * i + 2, offset: 0, leader, outcome: 'skip', rule: 'direct' })
    return leader
  })
  expect(order).toEqual(schedule.term().ranking)
  expect(schedule.leaderAt(12)).toBe(order[0])
})
