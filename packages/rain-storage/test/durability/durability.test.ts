import { describe, expect, it } from 'vitest'
import {
  annualLoss,
  availability,
  domainLoss,
  meanTimeToLossHours,
  nines,
  YEAR_HOURS,
} from '../../src/durability/model.ts'
import { planRedundancy } from '../../src/durability/planner.ts'
import { simulateLoss } from '../../src/durability/simulate.ts'

const year = YEAR_HOURS
const at = (dataShards: number, totalShards: number, nodeLifeHours: number, repairHours: number) => ({
  dataShards,
  totalShards,
  nodeLifeHours,
  repairHours,
})

function seeded(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b_79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('the durability of a segment', () => {
  it('is 7.7 nines a year for ten of sixteen, one-year nodes and 24 h repair', () => {
    expect(nines(at(10, 16, year, 24))).toBeCloseTo(7.7, 1)
  })

  // figures computed independently (matrix solution of the same chain)
  it.each([
    [1, 3, 1, 24, 4.4],
    [10, 14, 1, 24, 4.9],
    [10, 20, 1, 24, 13.0],
    [10, 16, 1, 168, 3.2],
    [20, 40, 3, 24, 30.7],
  ])('k=%i n=%i, %f years, %i h: %f nines', (k, n, years, repair, expected) => {
    expect(Math.abs(nines(at(k, n, years * year, repair)) - expected)).toBeLessThan(0.07)
  })

  it('of a single copy is the life of its node', () => {
    expect(meanTimeToLossHours(at(1, 1, 1000, 1))).toBeCloseTo(1000)
    expect(annualLoss(at(1, 1, year, 1))).toBeCloseTo(1 - Math.exp(-1))
  })

  it.each([
    [10, 16, 100, 60, 1],
    [4, 6, 50, 20, 1],
    [1, 3, 30, 30, 1],
    [10, 16, 150, 30, 4],
  ])('agrees with simulation: k=%i n=%i life %i h repair %i h after %i lost', (k, n, life, repair, repairAfterLost) => {
    const input = { ...at(k, n, life, repair), repairAfterLost }
    const seed = Number(process.env.ZOS_SEED ?? 7)
    const { meanHours, confidenceHours } = simulateLoss(input, process.env.ZOS_LONG ? 200_000 : 20_000, seeded(seed))
    // twice the 95 % interval: one run in 10,000 falls outside
    expect(Math.abs(meanHours - meanTimeToLossHours(input)), `seed ${seed}`).toBeLessThan(2 * confidenceHours)
  })

  it('refuses impossible input', () => {
    expect(() => nines(at(0, 1, 1, 1))).toThrow(/Durability/)
    expect(() => nines(at(1, 2, 1, 0))).toThrow(/Durability/)
  })
})

describe('the planner', () => {
  it.each([
    [4, 9],
    [8, 14],
    [10, 16],
    [16, 23],
    [20, 27],
    [29, 37],
  ])('finds the least n for seven nines at k=%i: %i', (k, n) => {
    const plan = planRedundancy({ dataShards: k, nodeLifeHours: year, repairHours: 24, nines: 7 })
    expect(plan.totalShards).toBe(n)
    expect(plan.nines).toBeGreaterThanOrEqual(7)
    expect(nines(at(k, n - 1, year, 24))).toBeLessThan(7)
  })

  it('adds shards for availability and for failure domains', () => {
    const base = { nodeLifeHours: year, repairHours: 24, nines: 7 }
    const up = planRedundancy({ ...base, nodeUp: 0.7, availabilityNines: 3 })
    expect(availability(10, up.totalShards, 0.7)).toBeGreaterThanOrEqual(0.999)
    expect(availability(10, up.totalShards - 1, 0.7)).toBeLessThan(0.999)
    const domains = planRedundancy({ ...base, domains: 2 })
    expect(domains.totalShards).toBe(20)
    expect(domainLoss([10, 10], domains.maxPerDomain, 0.1)).toBe(0)
    expect(domainLoss([11, 9], 10, 0.1)).toBeCloseTo(0.1)
    expect(availability(10, 16, 0.9)).toBeCloseTo(0.9995, 3)
  })

  it('says when nothing reaches the goal', () => {
    expect(() => planRedundancy({ dataShards: 200, nodeLifeHours: 24, repairHours: 240, nines: 9 })).toThrow(/255/)
  })
})
