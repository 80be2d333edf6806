import { describe, expect, it } from 'vitest'
import { Cache } from '../../src/caching/cache.ts'
import { isCdnError } from '../../src/errors.ts'
import { SourceBandit } from '../../src/schedule/bandit.ts'
import { DemandForecast } from '../../src/schedule/demand.ts'
import { type PlaceableCache, type PlaceableObject, place } from '../../src/schedule/placement.ts'
import { SourceScheduler } from '../../src/schedule/source-scheduler.ts'
import { seeded } from '../seeded.ts'
import { simulateNetwork } from '../sim/placement-network.ts'
import { simulateSourceChoice } from '../sim/source-choice.ts'

describe('which source', () => {
  it('loses little to an oracle under shifts, and its p95 is at least 15 % below least round trip', () => {
    let regret = 0
    let p95 = 0
    const seeds = [1, 2, 3, 4]
    for (const seed of seeds) {
      const results = simulateSourceChoice({
        seed,
        sources: 16,
        requests: 12_000,
        shiftEvery: 1500,
        makeScheduler: (random) => new SourceScheduler({ random }),
      })
      regret += results.learned.regret / seeds.length
      expect(results.learned.meanMs, `seed ${seed}`).toBeLessThan(results['two-choices'].meanMs)
      p95 += results.learned.p95Ms / results['least-rtt'].p95Ms / seeds.length
    }
    expect(regret).toBeLessThan(0.06)
    expect(p95).toBeLessThan(0.85)
  })
  it('is least round trip as long as nothing is known, and says so', () => {
    const scheduler = new SourceScheduler({ random: () => 0.5 })
    const choice = scheduler.choose([
      { id: 'far', rttMs: 80, openRequests: 0 },
      { id: 'near', rttMs: 10, openRequests: 0 },
    ])
    expect(choice).toMatchObject({ id: 'near', by: 'least-rtt' })
    expect(choice.why).toContain('only 0 answers')
  })
  it('the bandit finds the weights of a linear world and forgets an old one', () => {
    const random = seeded(3)
    const bandit = new SourceBandit({ features: 3, discount: 0.95 })
    const world = (weights: number[]) => {
      for (let i = 0; i < 300; i++) {
        const context = [1, random(), random()]
        bandit.update(
          'a',
          context,
          context.reduce((sum, x, j) => sum + x * weights[j]!, 0),
        )
      }
    }
    world([1, 2, -1])
    expect(bandit.estimate('a', [1, 0.5, 0.5]).mean).toBeCloseTo(1.5, 1)
    world([-3, 0, 4])
    expect(bandit.estimate('a', [1, 0.5, 0.5]).mean).toBeCloseTo(-1, 1)
    expect(bandit.estimate('b', [1, 0, 0]).uses).toBe(0)
    try {
      new SourceBandit({ features: 0 })
      expect.unreachable()
    } catch (error) {
      expect(isCdnError(error, 'CDN_INVALID_ARGUMENT')).toBe(true)
    }
  })
})

describe('how much demand', () => {
  it('follows a level, a trend and a flash crowd, and forgets', () => {
    const demand = new DemandForecast()
    const epoch = (count: number) => {
      demand.observe('x', count)
      demand.endEpoch()
    }
    for (let i = 0; i < 10; i++) epoch(100)
    expect(demand.forecast('x')).toBeCloseTo(100, 0)
    for (let i = 1; i <= 20; i++) epoch(100 + 5 * i)
    expect(Math.abs(demand.forecast('x') - 205)).toBeLessThan(15)
    epoch(5000)
    expect(demand.forecast('x')).toBeGreaterThan(4000)
    for (let i = 0; i < 30; i++) demand.endEpoch()
    expect(demand.forecast('x')).toBe(0)
    expect(demand.confidence('x')).toBe(0)
  })
})

describe('which object where', () => {
  const value = (
    placed: { object: string; cache: string }[],
    objects: PlaceableObject[],
    caches: PlaceableCache[],
    origin: number[],
  ) => {
    let saved = 0
    for (const object of objects) {
      const on = placed.filter((p) => p.object === object.id).map((p) => caches.find((c) => c.id === p.cache)!)
      object.demand.forEach((requests, region) => {
        const best = Math.min(origin[region]!, ...on.map((cache) => cache.latencyMs[region]!))
        saved += requests * (origin[region]! - best)
      })
    }
    return saved
  }
  it('is at least 1 − 1/e of the best placement on small cases tried exhaustively, and keeps to the capacities', () => {
    const random = seeded(9)
    for (let round = 0; round < 20; round++) {
      const origin = [200, 200]
      const objects: PlaceableObject[] = Array.from({ length: 4 }, (_, i) => ({
        id: `o${i}`,
        sizeBytes: 1 + Math.floor(random() * 3),
        demand: [random() * 10, random() * 10],
      }))
      const caches: PlaceableCache[] = Array.from({ length: 2 }, (_, i) => ({
        id: `c${i}`,
        capacityBytes: 4,
        serveBytesPerEpoch: Number.POSITIVE_INFINITY,
        latencyMs: i === 0 ? [10, 90] : [120, 15],
      }))
      const placed = place(objects, caches, { originLatencyMs: origin, minimumDemand: 0 })
      for (const cache of caches) {
        const bytes = placed
          .filter((p) => p.cache === cache.id)
          .reduce((sum, p) => sum + objects.find((o) => o.id === p.object)!.sizeBytes, 0)
        expect(bytes).toBeLessThanOrEqual(cache.capacityBytes)
      }
      let best = 0
      for (let mask = 0; mask < 256; mask++) {
        const tried = Array.from({ length: 8 }, (_, i) => i)
          .filter((i) => mask & (1 << i))
          .map((i) => ({ object: `o${i % 4}`, cache: `c${i >> 2}` }))
        const fits = caches.every(
          (cache) =>
            tried
              .filter((p) => p.cache === cache.id)
              .reduce((sum, p) => sum + objects.find((o) => o.id === p.object)!.sizeBytes, 0) <= 4,
        )
        if (fits) best = Math.max(best, value(tried, objects, caches, origin))
      }
      const gain = value(placed, objects, caches, origin)
      expect(gain).toBeGreaterThan(best * (1 - 1 / Math.E))
      expect(placed.reduce((sum, p) => sum + p.gain, 0)).toBeCloseTo(gain, 6)
    }
  })
  it('stays where it is when moving costs more than it brings, respects bandwidth, and leaves thin demand alone', () => {
    const objects = [{ id: 'o', sizeBytes: 1e6, demand: [2] }]
    const cache = { id: 'c', capacityBytes: 2e6, serveBytesPerEpoch: Number.POSITIVE_INFINITY, latencyMs: [10] }
    const options = { originLatencyMs: [100], moveCostPerMegabyte: 500 }
    expect(place(objects, [cache], options)).toEqual([])
    const kept = place(objects, [cache], { ...options, current: new Map([['c', new Set(['o'])]]) })
    expect(kept).toHaveLength(1)
    expect(kept[0]!.why).toContain('180 ms·requests')
    expect(place(objects, [{ ...cache, serveBytesPerEpoch: 0 }], { originLatencyMs: [100] })).toEqual([])
    expect(place(objects, [cache], { originLatencyMs: [100], minimumDemand: 3 })).toEqual([])
    expect(place(objects, [cache], { originLatencyMs: [100], minimumDemand: 3, tailDemand: 2 })).toHaveLength(1)
  })
  it('beats consistent hashing with LRU and a placement that does not learn on, in mean and origin traffic', () => {
    const results = simulateNetwork({
      seed: 4,
      regions: 6,
      cachesPerRegion: 5,
      objects: 1500,
      epochs: 14,
      requestsPerEpoch: 25_000,
      cacheBytes: 20_000_000,
      tools: { Cache, DemandForecast, place },
    })
    expect(results.planned.meanMs).toBeLessThan(results['hash-lru'].meanMs)
    expect(results.planned.meanMs).toBeLessThan(results.static.meanMs)
    expect(results.planned.originMegabytes).toBeLessThan(results['hash-lru'].originMegabytes / 2)
    expect(results.planned.originMegabytes).toBeLessThan(results.static.originMegabytes)
    expect(results.planned.p99Ms).toBeLessThanOrEqual(results['hash-lru'].p99Ms)
  })
})
