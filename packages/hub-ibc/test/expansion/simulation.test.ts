/** Weeks of load, launchers that fail, crashes: what must hold in all of it. */
import { expect, it } from 'vitest'
import { createExpansion } from '../../src/expansion/index.ts'
import { naive } from './reactive.ts'
import { type SimulationOptions, simulate } from './simulation.ts'
import { crowds, DAY, growth, HOUR, quiet } from './workload.ts'

const SEEDS = process.env.ZOS_SEED ? [Number(process.env.ZOS_SEED)] : [11, 12]
const FORECAST = { intervalMs: 300_000, horizonMs: 1_800_000 }
const run = (options: Omit<SimulationOptions, 'create'>) => simulate({ ...options, create: createExpansion })

it('the same seed gives the same run, event by event', async () => {
  const options = { workload: crowds(8), seed: 5 }
  const [once, twice] = [await run(options), await run(options)]
  expect(once.trace.length).toBeGreaterThan(200)
  expect(twice).toEqual(once)
  expect((await run({ ...options, seed: 6 })).trace).not.toBe(once.trace)
})

it.each(SEEDS)(
  'with launches that fail and hang, missing measurements and crashes, nothing breaks its rules (seed %i)',
  async (seed) => {
    const open = new Set<string>()
    const result = await run({
      workload: crowds(14),
      seed,
      failing: 0.6,
      hanging: 0.2,
      blind: 0.05,
      restartEveryMs: 31 * HOUR,
      with: { rules: { maxZones: 4 }, saveMs: 6 * HOUR },
      onStep: (_, expansion) => {
        for (const { name, phase, limit } of expansion.zones()) {
          if (phase === 'open') open.add(name)
          // A zone that was open once never starts again.
          if (phase === 'starting' || phase === 'failed') expect(open.has(name)).toBe(false)
          expect(limit).toBe(1)
        }
      },
    })
    expect(result.mostZones).toBeLessThanOrEqual(4)
    expect(result.failedAttempts).toBeGreaterThan(0)
    const attached = result.events.flatMap((event) => (event.type === 'attached' ? [event.zone] : []))
    expect(new Set(attached).size).toBe(attached.length)
    // Every start has its reason and figures, and those explain it.
    for (const event of result.events) {
      if (event.type !== 'decision' || event.decision.action !== 'start') continue
      const { reason, figures } = event.decision
      if (reason === 'fleet-forecast') expect(figures.demand).toBeGreaterThan(0.8 * figures.capacity)
    }
  },
)

it('a controller that crashes and is saved at each step decides as one that does not', async () => {
  const options = {
    workload: quiet(4),
    seed: 3,
    failing: 0,
    hanging: 0,
    with: { saveMs: 0, forecast: { intervalMs: 300_000, seasonsMs: [DAY] } },
  }
  const [whole, broken] = [await run(options), await run({ ...options, restartEveryMs: 13 * HOUR })]
  expect(broken.trace).toBe(whole.trace)
  expect(broken.zoneHours).toBe(whole.zoneHours)
})

it('where crowds come, less is refused and delayed than by the rule without a forecast', async () => {
  const totals = { forecast: 0, reactive: 0, one: 0 }
  for (const seed of SEEDS) {
    const options = { workload: crowds(21), seed }
    const badOf = async (more: SimulationOptions['with']) => {
      const { refused, delayed, demanded } = await run({ ...options, with: { forecast: FORECAST, ...more } })
      return (refused + delayed) / demanded
    }
    totals.forecast += await badOf({})
    totals.reactive += await badOf({ forecaster: naive })
    totals.one += await badOf({ rules: { maxZones: 1 } })
  }
  expect(totals.forecast).toBeLessThan(0.5 * totals.reactive)
  expect(totals.reactive).toBeLessThan(totals.one)
})

it('growth is followed without anything refused', async () => {
  const result = await run({ workload: growth(21, 0.5, 2.5), seed: 8 })
  expect(result.refused).toBe(0)
  expect(result.delayed / result.demanded).toBeLessThan(0.005)
  expect(result.mostZones).toBeLessThanOrEqual(7)
})
