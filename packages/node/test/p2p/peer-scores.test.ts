import { describe, expect, test } from 'vitest'
import { OwnDelay } from '../../src/p2p/own-delay.ts'
import { BAN_MS, HALF_LIFE_MS, PeerScores, SLOW_FLOOR } from '../../src/p2p/peer-scores.ts'
import { RateLimits } from '../../src/p2p/rate-limits.ts'

describe('the score of a peer', () => {
  test('is lost at once with an invalid unit, for ten minutes', () => {
    let now = 0
    const scores = new PeerScores(() => now)
    expect(scores.punish('a', 'invalid-unit')).toBe(true)
    expect([scores.isBanned('a'), scores.isBanned('b'), scores.banned]).toEqual([true, false, 1])
    now += BAN_MS
    expect([scores.isBanned('a'), scores.banned, scores.of('a')]).toEqual([false, 0, 0])
  })

  test('never falls to a ban by slowness, however long it lasts, and recovers by half a minute', () => {
    let now = 0
    const scores = new PeerScores(() => now)
    for (let i = 0; i < 10_000; i++) expect(scores.punish('a', 'slow')).toBe(false)
    expect(scores.of('a')).toBe(SLOW_FLOOR)
    expect(scores.rank(['a', 'b', 'c'])).toEqual(['b', 'c', 'a'])
    now += HALF_LIFE_MS
    expect(scores.of('a')).toBe(SLOW_FLOOR / 2)
    now += 20 * HALF_LIFE_MS
    expect(scores.of('a')).toBe(0)
  })

  test('is not raised by slowness either, when it is below for something else', () => {
    const scores = new PeerScores(() => 0)
    for (let i = 0; i < 4; i++) scores.punish('a', 'malformed')
    scores.punish('a', 'slow')
    expect(scores.of('a')).toBe(-80)
    expect(scores.punish('a', 'malformed')).toBe(true)
  })

  test('falls slowly with a flood, and one malformed message now and then is forgiven', () => {
    let now = 0
    const scores = new PeerScores(() => now)
    for (let i = 0; i < 799; i++) expect(scores.punish('a', 'flood')).toBe(false)
    expect(scores.punish('a', 'flood')).toBe(true)
    expect(scores.isBanned('a')).toBe(true)
    for (let i = 0; i < 100; i++) {
      now += HALF_LIFE_MS
      expect(scores.punish('b', 'malformed')).toBe(false)
    }
    expect([scores.count('flood'), scores.count('malformed'), scores.count('slow')]).toEqual([800, 100, 0])
  })

  test('is remembered for a bounded number of peers, those with a ban to the last', () => {
    let now = 0
    const scores = new PeerScores(() => now)
    scores.punish('bad', 'invalid-unit')
    for (let i = 0; i < 5_000; i++) {
      now += 1_000
      if (i === 60) expect(scores.isBanned('bad')).toBe(true)
      scores.punish(`peer-${i}`, 'slow')
    }
    expect(
      scores.rank(Array.from({ length: 5_000 }, (_, i) => `peer-${i}`)).filter((peer) => scores.of(peer) < 0).length,
    ).toBeLessThan(1_100)
  })
})

describe('the limits of a peer', () => {
  test('let a burst through and no more than the rate afterwards', () => {
    let now = 0
    const limits = new RateLimits(() => now)
    const send = (count: number) => {
      let ok = 0
      for (let i = 0; i < count; i++) {
        if (limits.message('a', 100) !== 'ok') continue
        ok++
        limits.done('a', 100)
      }
      return ok
    }
    expect(send(10_000)).toBe(4_000)
    now += 1_000
    expect(send(10_000)).toBe(1_000)
    expect(limits.message('b', 100)).toBe('ok')
  })

  test('count bytes too, and requests by themselves', () => {
    const limits = new RateLimits(() => 0)
    let ok = 0
    for (let i = 0; i < 1_000; i++) {
      if (limits.message('a', 256 * 1024) === 'ok') ok++
      limits.done('a', 256 * 1024)
    }
    expect(ok).toBe(256)
    expect(Array.from({ length: 500 }, () => limits.request('a')).filter((verdict) => verdict === 'ok')).toHaveLength(
      400,
    )
  })

  test('hold a peer back that gets ahead of the checks, without calling it a flood', () => {
    const limits = new RateLimits(() => 0)
    const verdicts = Array.from({ length: 600 }, () => limits.message('a', 10))
    expect(verdicts.filter((verdict) => verdict === 'busy')).toHaveLength(88)
    expect(verdicts).not.toContain('flood')
    limits.done('a', 10)
    expect(limits.message('a', 10)).toBe('ok')
  })

  test('are forgotten with the connection', () => {
    const limits = new RateLimits(() => 0)
    for (let i = 0; i < 100; i++) limits.message(`peer-${i}`, 1)
    for (let i = 0; i < 100; i++) limits.drop(`peer-${i}`)
    expect(limits.peers).toBe(0)
  })
})

test('a node knows how late it was itself', () => {
  const delay = new OwnDelay(1_000, 0)
  for (let now = 1_000; now <= 10_000; now += 1_000) delay.beat(now)
  expect(delay.since(0, 10_500)).toBe(0)
  expect(delay.since(0, 14_000)).toBe(3_000)
  delay.beat(15_000)
  delay.beat(16_000)
  expect(delay.since(9_000, 16_000)).toBe(4_000)
  expect(delay.since(15_500, 16_000)).toBe(0)
  for (let i = 0; i < 200; i++) delay.beat(17_000 + 1_000 * i)
  expect(delay.since(0, 216_000)).toBe(4_000)
})
