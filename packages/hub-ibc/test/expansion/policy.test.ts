import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Forecast } from '../../src/expansion/forecaster.ts'
import {
  completeRules,
  decide,
  type ExpansionRules,
  type PolicyMemory,
  withFleetShape,
  type ZoneFacts,
} from '../../src/expansion/policy.ts'
import { DAY, HOUR, MINUTE } from './workload.ts'

const forecast = (last: number, more: Partial<Forecast> = {}): Forecast => ({
  method: 'holt-winters',
  horizonMs: 30 * MINUTE,
  point: last,
  lower: last,
  upper: last,
  peak: last,
  seasonal: true,
  last,
  error: 0,
  samples: 1000,
  ...more,
})
const zone = (name: string, load: number, more: Partial<ZoneFacts> = {}): ZoneFacts => ({
  name,
  phase: 'open',
  limit: 100,
  accepts: true,
  forecast: forecast(load),
  empty: false,
  ...more,
})
const ask = (
  zones: readonly ZoneFacts[],
  more: { rules?: Partial<ExpansionRules>; memory?: PolicyMemory; now?: number; fleet?: Forecast | undefined } = {},
) =>
  decide({
    now: more.now ?? 0,
    rules: completeRules(more.rules),
    zones,
    fleet: 'fleet' in more ? more.fleet : forecast(zones.reduce((sum, { forecast }) => sum + (forecast?.last ?? 0), 0)),
    newLimit: 100,
    memory: more.memory ?? {},
  })
const brief = (decisions: ReturnType<typeof ask>) =>
  decisions.map((decision) => `${decision.action}${'zone' in decision ? ` ${decision.zone}` : ''}: ${decision.reason}`)

it('starts a zone when the upper bound passes the share, though the load does not yet, and shows its figures', () => {
  const [decision, ...others] = ask([zone('a', 60)], { fleet: forecast(60, { point: 75, upper: 82, peak: 84 }) })
  expect(others).toEqual([])
  expect(decision).toEqual({
    action: 'start',
    reason: 'fleet-forecast',
    figures: { demand: 82, peak: 84, capacity: 100, zones: 1, horizonMs: 30 * MINUTE, method: 'holt-winters' },
  })
  expect(ask([zone('a', 60)], { fleet: forecast(60, { upper: 79 }) })).toEqual([])
})

it('without bounds it goes by the newest load', () => {
  const thin = { upper: undefined, lower: undefined, method: 'last-value' } as const
  expect(brief(ask([zone('a', 81)], { fleet: forecast(81, thin) }))).toEqual(['start: fleet-forecast'])
  expect(ask([zone('a', 79)], { fleet: forecast(79, { ...thin, point: 200 }) })).toEqual([])
})

it('counts zones on the way, and starts as many as a leap of the load takes', () => {
  expect(
    ask([zone('a', 70), zone('b', 0, { phase: 'starting', forecast: undefined })], { fleet: forecast(150) }),
  ).toEqual([])
  expect(brief(ask([zone('a', 70)], { fleet: forecast(300) }))).toEqual(Array(3).fill('start: fleet-forecast'))
})

it('stops at the budget and says so', () => {
  expect(brief(ask([zone('a', 70)], { fleet: forecast(300), rules: { maxZones: 2 } }))).toEqual([
    'start: fleet-forecast',
    'wait: budget',
  ])
})

it('closes a zone to newcomers and opens it again at a lower share', () => {
  const full = zone('a', 50, { forecast: forecast(50, { peak: 91 }) })
  const others = [zone('b', 0)]
  expect(brief(ask([full, ...others]))).toEqual(['close a: zone-forecast'])
  const between = { forecast: forecast(50, { peak: 85 }) }
  expect(ask([zone('a', 50, between), ...others])).toEqual([])
  expect(ask([zone('a', 50, { ...between, accepts: false }), ...others])).toEqual([])
  expect(brief(ask([zone('a', 50, { forecast: forecast(50, { peak: 79 }), accepts: false }), ...others]))).toEqual([
    'accept a: zone-forecast',
  ])
})

it('starts a zone when none accepts newcomers, but not two within the cooldown', () => {
  const full = zone('a', 50, { forecast: forecast(50, { peak: 95 }), accepts: false })
  expect(brief(ask([full]))).toEqual(['start: no-zone-accepts'])
  expect(brief(ask([full], { memory: { lastStartAt: 0 }, now: HOUR - 1 }))).toEqual(['wait: cooldown'])
  expect(brief(ask([full], { memory: { lastStartAt: 0 }, now: HOUR }))).toEqual(['start: no-zone-accepts'])
  expect(ask([full, zone('b', 0, { phase: 'attaching', forecast: undefined })])).toEqual([])
})

it('takes a zone back that was being emptied before it starts one', () => {
  const decisions = ask([zone('a', 70), zone('b', 5, { phase: 'draining' })], { fleet: forecast(95) })
  expect(brief(decisions)).toEqual(['keep b: fleet-forecast'])
})

it('empties the least loaded zone after a time of plenty, one at a time, and never the last', () => {
  const zones = [zone('a', 20), zone('b', 5), zone('c', 15)]
  const memory: PolicyMemory = {}
  expect(ask(zones, { memory, now: 0 })).toEqual([])
  expect(ask(zones, { memory, now: DAY - 1 })).toEqual([])
  expect(brief(ask(zones, { memory, now: DAY }))).toEqual(['drain b: spare-capacity'])
  expect(ask(zones, { memory, now: DAY })).toEqual([])
  const one: PolicyMemory = { spareSince: 0 }
  expect(ask([zone('a', 1)], { memory: one, now: 9 * DAY })).toEqual([])
  const enough: PolicyMemory = { spareSince: 0 }
  expect(ask(zones, { memory: enough, now: 9 * DAY, rules: { minZones: 3 } })).toEqual([])
  // A peak that the others could not take ends the time of plenty.
  const busy: PolicyMemory = { spareSince: 0 }
  expect(ask(zones, { memory: busy, now: 2 * DAY, fleet: forecast(40, { peak: 120 }) })).toEqual([])
  expect(busy.spareSince).toBeUndefined()
})

it('stops a drained zone only when it is idle and the books say that it is empty', () => {
  const drained = (load: number, empty: boolean) => [zone('a', 30), zone('b', load, { phase: 'draining', empty })]
  expect(brief(ask(drained(0, true)))).toEqual(['stop b: idle-and-empty'])
  expect(ask(drained(0, false))).toEqual([])
  expect(ask(drained(3, true))).toEqual([])
})

it('a zone without a past gets the shape of all zones’ load, one with a past keeps its own', () => {
  const fleet = forecast(100, { peak: 250 })
  const young = { seasonal: false } as const
  expect(withFleetShape(forecast(20, young), fleet).peak).toBe(50)
  expect(withFleetShape(forecast(20, { peak: 30 }), fleet).peak).toBe(30)
  expect(withFleetShape(forecast(20, young), forecast(100, { ...young, peak: 250 })).peak).toBe(20)
  expect(withFleetShape(forecast(20, young), forecast(0.001, { peak: 250 })).peak).toBe(400)
})

const phases = fc.constantFrom(
  'starting',
  'attaching',
  'open',
  'draining',
  'stopping',
  'stopped',
  'failed',
) as fc.Arbitrary<ZoneFacts['phase']>
it('whatever the figures: never beyond the budget, never the last zone, never one that is not empty', () => {
  const load = fc.double({ min: 0, max: 400, noNaN: true })
  const facts = fc.array(fc.record({ phase: phases, load, peak: load, accepts: fc.boolean(), empty: fc.boolean() }), {
    minLength: 1,
    maxLength: 9,
  })
  fc.assert(
    fc.property(
      facts,
      load,
      load,
      fc.integer({ min: 1, max: 10 }),
      fc.boolean(),
      (list, upper, peak, maxZones, spare) => {
        const zones = list.map(({ phase, load, peak, accepts, empty }, i) =>
          zone(`z${i}`, load, { phase, accepts, empty, forecast: forecast(load, { peak: Math.max(load, peak) }) }),
        )
        const decisions = ask(zones, {
          rules: { maxZones },
          fleet: forecast(upper, { peak: Math.max(upper, peak) }),
          memory: spare ? { spareSince: 0 } : {},
          now: 2 * DAY,
        })
        const count = (action: string) => decisions.filter((decision) => decision.action === action).length
        const running = zones.filter(({ phase }) => phase !== 'stopped' && phase !== 'failed').length
        if (count('start') > 0) expect(running + count('start')).toBeLessThanOrEqual(maxZones)
        const phaseOf = (name: string) => zones.find((candidate) => candidate.name === name)!
        for (const decision of decisions) {
          if (decision.action === 'drain') {
            expect(phaseOf(decision.zone).phase).toBe('open')
            expect(zones.filter(({ phase }) => phase === 'open').length).toBeGreaterThan(1)
            expect(count('start') + count('keep')).toBe(0)
          }
          if (decision.action === 'stop')
            expect(phaseOf(decision.zone)).toMatchObject({ phase: 'draining', empty: true })
          if (decision.action === 'keep') expect(phaseOf(decision.zone).phase).toBe('draining')
        }
        // No zone gets two orders that contradict each other.
        const ordered = decisions.flatMap((decision) =>
          'zone' in decision && ['keep', 'stop', 'drain'].includes(decision.action) ? [decision.zone] : [],
        )
        expect(new Set(ordered).size).toBe(ordered.length)
      },
    ),
  )
})

it('refuses rules that contradict each other', () => {
  for (const rules of [
    { drainAt: 0.9 },
    { reopenAt: 0.95 },
    { minZones: 0 },
    { maxZones: 1, minZones: 2 },
    { cooldownMs: -1 },
  ])
    expect(() => completeRules(rules)).toThrow(expect.objectContaining({ code: 'HUB_INVALID_ARGUMENT' }))
})
