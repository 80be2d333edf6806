/**
 * Parallel-chain expansion on made-up weeks of load, in simulated time with launches that take long, fail and hang: the controller with its forecast, the
 * same controller with no forecast (it reacts to the load of now), one zone, and as many zones as it takes from the start.
 *
 * `unserved` is the share of demand that was refused or waited for more than a minute. Twice the reactive rule is the peer: with the same shares
 * (`unserved`, `zone-hours`), and with the share that serves as well for the fewest zone-hours, found in hindsight (`zone-hours-as-good`). So is
 * the number of zones that would have been enough from the start, also known only in hindsight (`zone-hours-static`).
 */
import { createExpansion, createForecaster, type ExpansionRules } from '@zos/hub-ibc/expansion'
import { naive } from '../test/expansion/reactive.ts'
import { type SimulationOptions, simulate } from '../test/expansion/simulation.ts'
import {
  createDraw,
  crowds,
  DAY,
  growth,
  HOUR,
  MINUTE,
  quiet,
  seasonOf,
  type Workload,
} from '../test/expansion/workload.ts'
import { best, cpuMs, print } from './metric.ts'

const quick = process.argv.includes('--quick')
const SEEDS = quick ? [1, 2, 3] : [1, 2, 3, 4, 5, 6, 7, 8]
const WEEKS = quick ? 4 : 8
/** What counts as serving everything. */
const TOLERANCE = 1e-4

interface Total {
  readonly unserved: number
  readonly refused: number
  readonly zoneHours: number
}

async function run(
  workload: Workload,
  startMs: number,
  options: SimulationOptions['with'] & { zones?: number },
): Promise<Total> {
  const { zones = 1, ...rest } = options
  const sum = { demanded: 0, refused: 0, delayed: 0, zoneHours: 0 }
  for (const seed of SEEDS) {
    const result = await simulate({
      workload,
      seed,
      startMs,
      zones,
      create: createExpansion,
      with: { forecast: { horizonMs: startMs }, ...rest, rules: { maxZones: 12, ...rest.rules } },
    })
    for (const key of ['demanded', 'refused', 'delayed', 'zoneHours'] as const) sum[key] += result[key]
  }
  return {
    unserved: (sum.refused + sum.delayed) / sum.demanded,
    refused: sum.refused / sum.demanded,
    zoneHours: sum.zoneHours / SEEDS.length,
  }
}

const rulesAt = (share: number): Partial<ExpansionRules> => ({
  startAt: share,
  closeAt: share + 0.05,
  reopenAt: share - 0.05,
  drainAt: 0.6 * share,
})

const scenarios = [
  { name: 'growth', workload: growth(7 * WEEKS, 0.5, 0.5 + 0.5 * WEEKS), startMs: 30 * MINUTE },
  { name: 'crowds', workload: crowds(7 * WEEKS), startMs: 30 * MINUTE },
  { name: 'crowds-slow-start', workload: crowds(7 * WEEKS), startMs: 2 * HOUR },
  { name: 'quiet', workload: quiet(7 * WEEKS), startMs: 30 * MINUTE },
]

for (const { name, workload, startMs } of scenarios) {
  const own = await run(workload, startMs, {})
  const reactive = await run(workload, startMs, { forecaster: naive })
  const one = await run(workload, startMs, { forecaster: naive, rules: { maxZones: 1 } })
  print('expansion', `${name}-unserved`, own.unserved, 'of demand', 'reactive rule, same shares', reactive.unserved)
  print('expansion', `${name}-refused`, own.refused, 'of demand', 'reactive rule, same shares', reactive.refused)
  print(
    'expansion',
    `${name}-zone-hours`,
    own.zoneHours,
    'zone-hours',
    'reactive rule, same shares',
    reactive.zoneHours,
  )
  print('expansion', `${name}-unserved-by-one`, own.unserved, 'of demand', 'one zone', one.unserved)

  const enough = Math.max(own.unserved, TOLERANCE)
  let cheapest: Total & { share: number } = { unserved: 0, refused: 0, zoneHours: Number.POSITIVE_INFINITY, share: 0 }
  for (let share = 0.4; share < 0.96; share += 0.05) {
    const tried = await run(workload, startMs, { forecaster: naive, rules: rulesAt(share) })
    if (tried.unserved <= enough && tried.zoneHours < cheapest.zoneHours) cheapest = { ...tried, share }
  }
  if (cheapest.share > 0)
    print(
      'expansion',
      `${name}-zone-hours-as-good`,
      own.zoneHours,
      'zone-hours',
      `reactive rule at its best share, ${cheapest.share.toFixed(2)}`,
      cheapest.zoneHours,
    )
  else print('expansion', `${name}-zone-hours-as-good`, own.zoneHours, 'zone-hours')

  for (let zones = 1; zones <= 12; zones++) {
    const fixed = await run(workload, startMs, {
      forecaster: naive,
      zones,
      rules: { maxZones: zones, minZones: zones },
    })
    if (fixed.unserved > enough && zones < 12) continue
    print(
      'expansion',
      `${name}-zone-hours-static`,
      own.zoneHours,
      'zone-hours',
      `${zones} zones from the start`,
      fixed.zoneHours,
    )
    break
  }
}

// How far off the forecast is half an hour ahead, over what the load of a week before would have been off.
const draw = createDraw(1)
let disturbance = 0
const load = Array.from({ length: (7 * WEEKS * DAY) / (5 * MINUTE) }, (_, t) => {
  disturbance = 0.9 * disturbance + 0.03 * draw.normal()
  return 100 * (1 + (0.01 * t * 5 * MINUTE) / DAY) * seasonOf(0, t * 5 * MINUTE) * Math.exp(disturbance)
})
const week = (7 * DAY) / (5 * MINUTE)
const forecaster = createForecaster()
const made: { point: number; upper: number | undefined }[] = []
const errors = { own: 0, last: 0, season: 0 }
let above = 0
let judged = 0
load.forEach((sample, t) => {
  if (t > 2.5 * week) {
    const { point, upper } = made[t - 6]!
    errors.own += Math.abs(sample - point)
    errors.last += Math.abs(sample - load[t - 6]!)
    errors.season += Math.abs(sample - load[t - week]!)
    if (sample > upper!) above++
    judged++
  }
  forecaster.observe(sample)
  made.push(forecaster.forecast()!)
})
print('expansion', 'mase', errors.own / errors.last, 'of the last value', 'seasonal naive', errors.season / errors.last)
print('expansion', 'above-the-95%-bound', above / judged, 'of samples')

const [ms] = best(3, () =>
  cpuMs(() => {
    const timed = createForecaster()
    for (const sample of load.slice(0, 3 * week)) {
      timed.observe(sample)
      timed.forecast()
    }
  }),
) as [number]
print('expansion', 'sample', (1000 * ms) / (3 * week), 'µs')
