/** R-POS-6 by simulation: safe and live below a third of Byzantine stake, detected above. `ZOS_SEED` replays some of them. */
import { describe, expect, test } from 'vitest'
import * as zpos from '../../src/index.ts'
import { seeded } from '../support/network.ts'
import { type Behaviour, type SimOptions, type SimResult, simulate } from './simulate.ts'

/** `ZOS_SEED=17` or `ZOS_SEED=51-300`. */
function seeds(): number[] {
  const [from = 1, to = from] = process.env.ZOS_SEED?.split('-').map(Number) ?? [1, process.env.ZOS_LONG ? 1000 : 14]
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
const BEHAVIOURS: Behaviour[] = ['silent', 'equivocator', 'withholder', 'selective', 'stale', 'flooder']
const run = (options: SimOptions): Promise<SimResult> => simulate(zpos, options)

/** Equal, by Zipf's law, or one with just under a third. */
function stakesOf(shape: number, size: number): bigint[] {
  if (shape === 0) return Array.from({ length: size }, () => 100n)
  if (shape === 1) return Array.from({ length: size }, (_, i) => 10_000n / BigInt(i + 1))
  return Array.from({ length: size }, (_, i) =>
    i === 0 ? 100n * BigInt(size - 1) - 100n * BigInt(Math.ceil((size - 1) / 2)) - 1n : 100n,
  )
}

/** Everything that may go wrong at once, drawn from a seed: adversaries below a third, a split, crashes, skew. */
function scenario(seed: number): SimOptions {
  const random = seeded(seed)
  const size = seed % 3 === 0 ? 7 : 4
  const stakes = stakesOf(Math.floor(random() * 3), size)
  const total = stakes.reduce((sum, stake) => sum + stake, 0n)
  const behaviours: Behaviour[] = Array.from({ length: size }, () => 'honest')
  let bad = 0n
  for (let tries = 0; tries < size; tries += 1) {
    const pick = Math.floor(random() * size)
    if (behaviours[pick] !== 'honest' || 3n * (bad + stakes[pick]!) >= total) continue
    bad += stakes[pick]!
    behaviours[pick] = BEHAVIOURS[Math.floor(random() * BEHAVIOURS.length)]!
  }
  const sides = Array.from({ length: size }, () => Math.floor(random() * (random() < 0.3 ? 3 : 2)))
  const fromMs = 2000 + random() * 2000
  const slow = random() < 0.3
  return {
    stakes,
    seed,
    durationMs: slow ? 40_000 : 22_000,
    intervalMs: [0, 100, 250][Math.floor(random() * 3)]!,
    latencyMs: slow ? [5, 600] : [20, 150],
    behaviours,
    skewMs: 5000 * random(),
    partitions: random() < 0.6 ? [{ fromMs, toMs: fromMs + 4000 * random(), sides }] : [],
    restarts: [
      { node: Math.floor(random() * size), atMs: 3000 + 2000 * random(), downMs: 3000 * random() },
      { node: Math.floor(random() * size), atMs: 6500 + 1000 * random(), downMs: 2000 * random() },
    ],
    lottery: seed % 4 === 1,
    contract: seed % 5 === 0,
  }
}

test.each(seeds())(
  'seed %i: honest validators agree, none of them forks, and all go on after the network heals',
  { timeout: 60_000 },
  async (seed) => {
    const options = scenario(seed)
    const result = await run(options)
    // Agreement is checked inside at every decision.
    expect(result.conflict).toBeUndefined()
    const bad = new Set(options.behaviours!.flatMap((behaviour, i) => (behaviour === 'honest' ? [] : [i])))
    for (const forker of result.forkers) expect(bad.has(forker), `honest ${forker} forked`).toBe(true)
    for (const slashed of result.slashed) expect(result.forkers).toContain(slashed)
    // Trouble ends at 11 s at the latest; half of the time after it is room for the slowest.
    expect(result.lastDecisionMs).toBeGreaterThan(16_000)
    expect(result.commits).toBeGreaterThan(5)
    for (const decided of result.decided) expect(result.decisions.length - decided).toBeLessThan(40)
  },
)

describe('sizes', () => {
  test.each([
    [4, [0.2, 0.33], 12_000],
    [7, [0.2, 0.33], 12_000],
    [30, [0.2, 0.33], 5_000],
    // Half a minute.
    ...(process.env.ZOS_LONG ? [[100, [0.2, 0.33], 10_000] as const] : []),
  ] as const)(
    '%i validators with the part %j Byzantine are safe and live',
    { timeout: 900_000 },
    async (size, parts, durationMs) => {
      for (const part of parts) {
        const bad = Math.floor(size * part)
        // The first in the ranking is honest, so that a short run decides something.
        const behaviours = Array.from({ length: size }, (_, i) =>
          i > 0 && i <= bad ? BEHAVIOURS[1 + (i % 4)]! : 'honest',
        )
        const result = await run({
          stakes: stakesOf(0, size),
          seed: size,
          durationMs,
          intervalMs: 150,
          leaderWaitMs: 300,
          behaviours,
        })
        expect(result.conflict).toBeUndefined()
        expect(result.commits).toBeGreaterThan(durationMs / 2500)
        for (const forker of result.forkers) expect(behaviours[forker]).not.toBe('honest')
      }
    },
  )
})

test.each([
  [1, 'by Zipf’s law'],
  [2, 'one of just under a third'],
])(
  '30 validators with stakes of shape %i (%s), all that is less than a third Byzantine, are safe and live',
  async (shape) => {
    const stakes = stakesOf(shape, 30)
    const total = stakes.reduce((sum, stake) => sum + stake, 0n)
    // From the smallest up: as many Byzantine as there can be.
    let bad = 0n
    const behaviours: Behaviour[] = stakes.map(() => 'honest')
    for (let i = 29; i >= 0 && 3n * (bad + stakes[i]!) < total; i -= 1) {
      bad += stakes[i]!
      behaviours[i] = BEHAVIOURS[1 + (i % 4)]!
    }
    const result = await run({ stakes, seed: shape, durationMs: 6000, intervalMs: 150, leaderWaitMs: 300, behaviours })
    expect(behaviours.filter((behaviour) => behaviour !== 'honest').length).toBeGreaterThan(shape === 1 ? 15 : 12)
    expect(result.commits).toBeGreaterThan(3)
    for (const forker of result.forkers) expect(behaviours[forker]).not.toBe('honest')
  },
)

describe('a third and more', () => {
  const halves = (bad: number): SimOptions => ({
    // Index 0–2 live two lives; the others are split in two halves.
    stakes: [
      ...Array.from({ length: 3 }, () => BigInt(bad)),
      ...Array.from({ length: 6 }, () => BigInt(Math.floor((300 - 3 * bad) / 6))),
    ],
    seed: bad,
    durationMs: 15_000,
    intervalMs: 100,
    behaviours: ['two-faced', 'two-faced', 'two-faced'],
    partitions: [{ fromMs: 0, toMs: 12_000, sides: [0, 0, 0, 0, 0, 0, 1, 1, 1] }],
  })

  test.each([34, 50])(
    '%i per cent that live two lives break agreement, are detected and named, and nobody else is',
    async (percent) => {
      const { conflict } = await run(halves(percent))
      expect(conflict).toBeDefined()
      expect(conflict!.culprits.complete).toBe(true)
      const culprits = conflict!.culprits.forks.map(({ author }) => String(author))
      expect(culprits).toEqual(['0x0000', '0x0001', '0x0002'])
    },
  )

  test('with less than a third two lives break nothing, and the network goes on after it heals', async () => {
    const result = await run({ ...halves(33), durationMs: 20_000 })
    expect(result.conflict).toBeUndefined()
    expect(result.lastDecisionMs).toBeGreaterThan(15_000)
  })
})

test('with more than a third silent nothing is decided, and nothing wrong', async () => {
  const behaviours: Behaviour[] = ['silent', 'silent', 'honest', 'honest']
  const result = await run({ stakes: stakesOf(0, 4), seed: 1, durationMs: 8000, intervalMs: 200, behaviours })
  expect(result.decisions).toEqual([])
})

test('an epoch changes its committee in a partition, with adversaries and a crash, and goes on', {
  timeout: 60_000,
}, async () => {
  for (const seed of [1, 2, 3]) {
    const result = await run({
      stakes: [100n, 100n, 100n, 100n, 100n, 100n, 100n, 0n],
      seed,
      durationMs: 24_000,
      intervalMs: 150,
      behaviours: ['honest', 'equivocator', 'honest', 'withholder'],
      partitions: [{ fromMs: 4000, toMs: 9000, sides: [0, 0, 0, 0, 0, 1, 1, 0] }],
      restarts: [{ node: 4, atMs: 6000, downMs: 4000 }],
      epochs: { rounds: 20, stakes: [[200n, 100n, 0n, 100n, 150n, 150n, 150n, 200n]] },
    })
    expect(result.epoch).toBe(1)
    expect(result.conflict).toBeUndefined()
    expect(result.forkers.every((forker) => forker === 1)).toBe(true)
    const second = result.decisions.filter(({ round }) => zpos.epochOfRound(round) === 1)
    expect(second.filter(({ outcome }) => outcome === 'commit').length).toBeGreaterThan(10)
    expect(second[0]!.round).toBe(zpos.EPOCH_ROUNDS + 2)
    for (const decided of result.decided) expect(result.decisions.length - decided).toBeLessThan(15)
  }
})

test('the same seed gives the same run', async () => {
  const once = await run(scenario(11))
  expect(await run(scenario(11))).toEqual(once)
})
