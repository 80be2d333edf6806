/** Adversaries against the lottery and the schedule, and what a validator holds while they try. */
import { expect, test } from 'vitest'
import * as zpos from '../../src/index.ts'
import { type Behaviour, simulate } from './simulate.ts'

test('a flood of false tickets in everyone’s name costs a hash a candidate and term at most, and only the flooders their rank', {
  timeout: 60_000,
}, async () => {
  for (const seed of [1, 2, 3]) {
    const behaviours: Behaviour[] = ['honest', 'honest', 'flooder', 'honest', 'honest', 'flooder', 'honest']
    // The hashes of every change of term are counted inside.
    const result = await simulate(zpos, {
      stakes: [100n, 100n, 100n, 100n, 100n, 100n, 100n],
      seed,
      durationMs: 20_000,
      intervalMs: 150,
      behaviours,
      lottery: true,
      partitions: [{ fromMs: 6000, toMs: 8000, sides: [0, 0, 0, 1, 1, 1, 0] }],
      restarts: [{ node: 1, atMs: 10_000, downMs: 1000 }],
    })
    expect(result.forkers).toEqual([])
    expect(result.rankings.length).toBeGreaterThan(4)
    for (const ranking of result.rankings.slice(1)) expect(ranking.slice(-2).sort()).toEqual([2, 5])
    // The best of the honest differs from term to term.
    expect(new Set(result.rankings.slice(1).map(([speaker]) => speaker)).size).toBeGreaterThan(1)
    expect(result.lastDecisionMs).toBeGreaterThan(18_000)
    for (const decided of result.decided) expect(result.decisions.length - decided).toBeLessThan(15)
  }
})

test('a committer that decides holds a few rounds, however long it runs', async () => {
  const options = { stakes: [1n, 1n, 1n, 1n], seed: 5, intervalMs: 50 }
  const short = await simulate(zpos, { ...options, durationMs: 5000 })
  const long = await simulate(zpos, { ...options, durationMs: 20_000 })
  expect(long.rounds).toBeGreaterThan(3 * short.rounds)
  // Without trouble: an open slot, its votes and its certificates, and the units of those who are ahead.
  expect(long.mostRounds).toBeLessThanOrEqual(8)
  expect(long.mostUnits).toBeLessThanOrEqual(8 * 4)
})

test('a validator that equivocates in public leads next to nothing', async () => {
  for (const seed of [1, 2, 3]) {
    const result = await simulate(zpos, {
      stakes: [100n, 100n, 100n, 100n],
      seed,
      durationMs: 25_000,
      intervalMs: 100,
      behaviours: ['honest', 'equivocator', 'honest', 'honest'],
    })
    const led = result.decisions.filter(({ leader }) => String(leader) === '0x0001')
    // It would lead a quarter of them.
    expect(result.decisions.length).toBeGreaterThan(50)
    expect(led.length / result.decisions.length).toBeLessThan(0.03)
    expect(result.forkers).toEqual([1])
  }
})
