/** New rules in a split network (U8), and the contract's books after every commit. */
import { describe, expect, test } from 'vitest'
import * as zpos from '../../src/index.ts'
import { seeded } from '../support/network.ts'
import { type SimOptions, type SimResult, simulate } from './simulate.ts'

const run = (options: SimOptions): Promise<SimResult> => simulate(zpos, options)

/** The rules version of every commit, as a list of runs: version and number of commits. */
function versions(states: readonly string[]): [number, number][] {
  const runs: [number, number][] = []
  for (const state of states) {
    const version = Number(/rules (\d+)/.exec(state)![1])
    const last = runs.at(-1)
    if (last?.[0] === version) last[1] += 1
    else runs.push([version, 1])
  }
  return runs
}

describe('new rules', () => {
  const stakes = [120n, 120n, 120n, 120n, 120n, 40n, 100n]
  const upgrade: SimOptions = {
    stakes,
    seed: 1,
    durationMs: 20_000,
    intervalMs: 150,
    epochs: { rounds: 16, stakes: [stakes, stakes, stakes] },
    rules: { has: [2, 2, 2, 2, 2, 2, 1], installs: [{ node: 6, atMs: 13_000, version: 2 }] },
  }

  test.each([
    ['a minority is cut off from before the notice until after the change', [0, 0, 0, 0, 0, 1, 1], 2500, 10_000],
    ['neither half goes on for a while', [0, 0, 0, 1, 1, 1, 1], 3500, 7000],
  ])('come into force at the same index for all: %s', { timeout: 60_000 }, async (_, sides, fromMs, toMs) => {
    for (const seed of [1, 2, 3]) {
      const result = await run({ ...upgrade, seed, partitions: [{ fromMs, toMs, sides }] })
      const runs = versions(result.states)
      expect(runs.map(([version]) => version)).toEqual([1, 2])
      // Two epochs of signals first: eight slots each at the least.
      expect(runs[0]![1]).toBeGreaterThanOrEqual(14)
      expect(result.epoch).toBe(3)
      // The one without them stopped at the last commit of the old rules, and nobody else did.
      expect(result.stops.map(({ node, index, version }) => [node, index, version])).toEqual([[6, runs[0]![1], 2]])
      expect(result.stops[0]!.atMs).toBeGreaterThan(sides[0] === sides[4] ? toMs : 0)
      // With the new rules installed it replays, goes through the same place, and catches up; agreement is checked inside at every commit.
      for (const decided of result.decided) expect(result.decisions.length - decided).toBeLessThan(15)
      expect(result.lastDecisionMs).toBeGreaterThan(18_000)
      expect(result.forkers).toEqual([])
    }
  })

  test('in any split, whoever has them: all change at one index or none, and only those without them stop, there', {
    timeout: 600_000,
  }, async () => {
    const outcomes = { changed: 0, kept: 0, stopped: 0 }
    for (let seed = 1; seed <= (process.env.ZOS_LONG ? 300 : 12); seed += 1) {
      const random = seeded(seed)
      const has = stakes.map(() => (random() < 0.8 ? 2 : 1))
      const fromMs = 5000 * random()
      const result = await run({
        ...upgrade,
        seed,
        durationMs: 15_000,
        rules: { has, installs: random() < 0.5 ? [{ node: 2, atMs: 1000 + 8000 * random(), version: 2 }] : [] },
        behaviours: stakes.map((_, i) => (i === 5 && random() < 0.5 ? 'equivocator' : 'honest')),
        partitions: [{ fromMs, toMs: fromMs + 5000 * random(), sides: stakes.map(() => Math.floor(2 * random())) }],
        restarts: [{ node: Math.floor(7 * random()), atMs: 3000 + 6000 * random(), downMs: 1500 }],
      })
      const runs = versions(result.states)
      const changed = runs.length === 2
      expect(runs.map(([version]) => version)).toEqual(changed ? [1, 2] : [1])
      for (const { node, index } of result.stops) {
        expect(has[node], `seed ${seed}: ${node} stopped`).toBe(1)
        expect(index).toBe(runs[0]![1])
      }
      expect(result.lastDecisionMs, `seed ${seed}`).toBeGreaterThan(11_000)
      outcomes[changed ? 'changed' : 'kept'] += 1
      outcomes.stopped += result.stops.length
    }
    for (const [kind, count] of Object.entries(outcomes)) expect(count, `no ${kind} at all`).toBeGreaterThan(0)
  })

  test('that less than four fifths have do not come into force, and nobody stops', async () => {
    const result = await run({ ...upgrade, rules: { has: [2, 2, 2, 2, 1, 2, 2] }, durationMs: 12_000 })
    const few = await run({ ...upgrade, rules: { has: [2, 2, 2, 2, 1, 2, 1] }, durationMs: 12_000 })
    expect(versions(result.states).map(([version]) => version)).toEqual([1, 2])
    expect(versions(few.states).map(([version]) => version)).toEqual([1])
    expect(few.epoch).toBe(3)
    expect(few.stops).toEqual([])
  })

  test('wait an epoch longer for one that installs them in the middle of an epoch', async () => {
    const has = [2, 2, 2, 2, 1, 2, 1]
    const early = await run({ ...upgrade, rules: { has: has.with(4, 2) } })
    const installs = [{ node: 4, atMs: 1500, version: 2 }]
    const late = await run({ ...upgrade, rules: { has, installs } })
    const [before, after] = [early, late].map(({ states }) => versions(states))
    expect(after!.map(([version]) => version)).toEqual([1, 2])
    expect(after![0]![1]).toBeGreaterThan(before![0]![1] + 5)
  })
})

test('coins are neither made nor lost, all books are equal, and only those who forked are slashed', {
  timeout: 60_000,
}, async () => {
  for (const seed of [1, 2, 3]) {
    // Supply and equal books are checked inside after every commit.
    const result = await run({
      stakes: [100n, 90n, 80n, 70n, 60n, 50n, 40n],
      seed,
      durationMs: 16_000,
      intervalMs: 150,
      contract: true,
      behaviours: ['honest', 'equivocator', 'honest', 'withholder', 'honest', 'honest', 'honest'],
      partitions: [{ fromMs: 4000, toMs: 6500, sides: [0, 0, 0, 0, 0, 1, 1] }],
      restarts: [{ node: 4, atMs: 7000, downMs: 2000 }],
      epochs: { rounds: 20, stakes: [[], []] },
    })
    expect(result.epoch).toBe(2)
    expect(result.slashed).toEqual([1])
    // The contract elects the rest: 490 − 90 of the stakes, with what was earned bonded by nobody and a little unbonded.
    const elected = result.states.flatMap((state) => /epoch \d of (\d+)/.exec(state)?.slice(1) ?? []).map(BigInt)
    expect(elected).toHaveLength(2)
    for (const stake of elected) expect(400_000_000n - stake).toSatisfy((gone: bigint) => gone >= 0n && gone < 100_000n)
    expect(result.states.length).toBeGreaterThan(25)
    expect(result.lastDecisionMs).toBeGreaterThan(14_000)
  }
})
