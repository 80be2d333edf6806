import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createForecaster, type Forecast, type ForecastOptions } from '../../src/expansion/forecaster.ts'
import { createDraw, DAY, HOUR, MINUTE, seasonOf } from './workload.ts'

const INTERVAL = 15 * MINUTE
const OPTIONS: ForecastOptions = { intervalMs: INTERVAL, horizonMs: HOUR, seasonsMs: [DAY, 7 * DAY] }
const STEPS = HOUR / INTERVAL
const A_DAY = DAY / INTERVAL
const A_WEEK = 7 * A_DAY

/** Loads of a network that grows by 1 % a day, with its days, weeks and noise that lasts a while. */
function syntheticLoad(count: number, seed: number, noise = 0.04): number[] {
  const draw = createDraw(seed)
  let disturbance = 0
  return Array.from({ length: count }, (_, t) => {
    const now = t * INTERVAL
    disturbance = 0.8 * disturbance + noise * draw.normal()
    return Math.max(0, 100 * (1 + (0.01 * now) / DAY) * seasonOf(0, now) * Math.exp(disturbance))
  })
}

/** Errors of each method at the horizon, over those of the last value in the same samples (MASE with the naive method of the horizon as its scale). */
function scaledErrors(load: readonly number[], from: number) {
  const forecaster = createForecaster(OPTIONS)
  const made: (Forecast | undefined)[] = []
  let [own, last, season, above, below, count] = [0, 0, 0, 0, 0, 0]
  load.forEach((sample, t) => {
    const forecast = made[t - STEPS]
    if (t >= from && forecast) {
      own += Math.abs(sample - forecast.point)
      last += Math.abs(sample - load[t - STEPS]!)
      season += Math.abs(sample - load[t - A_WEEK]!)
      if (sample > forecast.upper!) above++
      if (sample < forecast.lower!) below++
      count++
    }
    forecaster.observe(sample)
    made.push(forecaster.forecast())
  })
  return { mase: own / last, seasonalMase: season / last, above: above / count, below: below / count }
}

it('has errors far below those of the last value and of the last week’s, and bounds that hold', () => {
  for (const seed of [1, 2, 3]) {
    const { mase, seasonalMase, above, below } = scaledErrors(syntheticLoad(6 * A_WEEK, seed), 3 * A_WEEK)
    console.log(`seed ${seed}: MASE ${mase.toFixed(3)}, seasonal naive ${seasonalMase.toFixed(3)}`)
    expect(mase).toBeLessThan(0.65)
    expect(mase).toBeLessThan(0.85 * seasonalMase)
    for (const share of [above, below]) {
      expect(share).toBeGreaterThan(0.03)
      expect(share).toBeLessThan(0.07)
    }
  }
})

it('says last value, then a trend, then a season, as each has proved itself', () => {
  const forecaster = createForecaster(OPTIONS)
  expect(forecaster.forecast()).toBeUndefined()
  const methods = syntheticLoad(4 * A_WEEK, 4).map((sample) => {
    forecaster.observe(sample)
    return forecaster.forecast()!.method
  })
  expect(methods.slice(0, STEPS + 1).every((method) => method === 'last-value')).toBe(true)
  // No season can have been judged before one has passed and another has been forecast.
  expect(
    methods.slice(0, 2 * A_DAY).filter((method) => method === 'holt-winters' || method === 'seasonal-naive'),
  ).toEqual([])
  expect(methods.at(-1)).toBe('holt-winters')
})

it('invents no season where there is none', () => {
  const draw = createDraw(9)
  const forecaster = createForecaster(OPTIONS)
  let level = 100
  let far = 0
  for (let t = 0; t < 4 * A_WEEK; t++) {
    level = Math.max(10, level + draw.normal())
    forecaster.observe(level)
    const { point, method, seasonal, upper, peak } = forecaster.forecast()!
    if (t > 3 * A_WEEK && Math.abs(point - level) > 10) far++
    if (t < 4 * A_WEEK - 1) continue
    expect(['last-value', 'damped-trend']).toContain(method)
    // And nothing is said of what lies beyond the horizon.
    expect(seasonal).toBe(false)
    expect(peak - upper!).toBeLessThan(1)
  }
  expect(far).toBe(0)
})

it('has no bounds before an error of the horizon was seen', () => {
  const forecaster = createForecaster(OPTIONS)
  for (let t = 0; t < STEPS; t++) {
    forecaster.observe(5)
    expect(forecaster.forecast()).toMatchObject({ upper: undefined, lower: undefined, error: undefined, point: 5 })
  }
  forecaster.observe(6)
  expect(forecaster.forecast()).toMatchObject({ error: 1, samples: STEPS + 1 })
  expect(forecaster.forecast()!.upper).toBeGreaterThanOrEqual(6)
})

it('goes on after being saved exactly as if it had not been, at any moment', () => {
  const options = { intervalMs: HOUR, horizonMs: 3 * HOUR, seasonsMs: [6 * HOUR, 12 * HOUR] }
  const sample = fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: undefined, freq: 10 })
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 80 }), fc.nat(80), (samples, cut) => {
      const whole = createForecaster(options)
      let restored = createForecaster(options)
      samples.forEach((value, i) => {
        if (i === cut) restored = createForecaster(options, JSON.parse(JSON.stringify(restored.save())))
        whole.observe(value)
        restored.observe(value)
        expect(restored.forecast()).toEqual(whole.forecast())
        const forecast = whole.forecast()
        if (!forecast) return
        expect(forecast.point).toBeGreaterThanOrEqual(0)
        expect(forecast.lower ?? 0).toBeLessThanOrEqual(forecast.point)
        expect(forecast.upper ?? forecast.point).toBeGreaterThanOrEqual(forecast.point)
        expect(forecast.peak).toBeGreaterThanOrEqual(forecast.point)
      })
    }),
  )
})

it('keeps its place in the day through missing samples, and counts no errors there', () => {
  const load = syntheticLoad(4 * A_WEEK, 6, 0.01)
  const forecaster = createForecaster(OPTIONS)
  const gap = [3.5 * A_WEEK, 3.5 * A_WEEK + (6 * HOUR) / INTERVAL]
  load.forEach((sample, t) => {
    forecaster.observe(t >= gap[0]! && t < gap[1]! ? undefined : sample)
    if (t !== gap[1]! - 1) return
    // Nothing was seen for six hours, and what comes in the next is known all the same.
    const expected = load[t + STEPS]!
    expect(Math.abs(forecaster.forecast()!.point - expected) / expected).toBeLessThan(0.12)
  })
})

it('refuses what cannot be meant', () => {
  const invalid = expect.objectContaining({ code: 'HUB_INVALID_ARGUMENT' })
  expect(() => createForecaster({ intervalMs: 0 })).toThrow(invalid)
  expect(() => createForecaster({ coverage: 1 })).toThrow(invalid)
  expect(() => createForecaster({ seasonsMs: [7 * DAY, DAY] })).toThrow(invalid)
  expect(() => createForecaster().observe(-1)).toThrow(invalid)
  expect(() => createForecaster().observe(Number.NaN)).toThrow(invalid)
  const saved = createForecaster(OPTIONS).save()
  expect(() => createForecaster({ ...OPTIONS, horizonMs: 2 * HOUR }, saved)).toThrow(
    expect.objectContaining({ code: 'HUB_DECODE' }),
  )
})
