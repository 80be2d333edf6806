import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  beginHoltWinters,
  forecastHoltWinters,
  type HoltWintersGains,
  highestHoltWinters,
  updateHoltWinters,
} from '../../src/expansion/holt-winters.ts'

// R. J. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice", the data set `ausair` and its printed forecasts; statsmodels tests itself with both.
const AIR = [
  17.5534, 21.8601, 23.8866, 26.9293, 26.8885, 28.8314, 30.0751, 30.9535, 30.1857, 31.5797, 32.577569, 33.477398,
  39.021581, 41.386432, 41.596552,
]
const forecasts = (gains: HoltWintersGains, state: Parameters<typeof forecastHoltWinters>[1], steps: number) =>
  Array.from({ length: steps }, (_, i) => forecastHoltWinters(gains, state, i + 1))

it('gives the published forecasts of Holt’s method with α = 0.8, β* = 0.2', () => {
  const gains = { level: 0.8, trend: 0.8 * 0.2, damping: 1, carry: 0, seasons: [] }
  const state = { level: AIR[0]!, trend: AIR[1]! - AIR[0]!, seasons: [], samples: 0, error: 0 }
  for (const sample of AIR) updateHoltWinters(gains, state, sample)
  expect(forecasts(gains, state, 5).map((value) => value.toFixed(2))).toEqual([
    '43.76',
    '45.59',
    '47.43',
    '49.27',
    '51.10',
  ])
})

/** Holt–Winters as the textbook writes it: components, each a mean of what was seen and what was expected; and Taylor's carried error. */
function plainForecast(
  samples: readonly number[],
  { alpha, betaStar, phi, gamma, rho }: { alpha: number; betaStar: number; phi: number; gamma: number; rho: number },
  start: { level: number; trend: number; season: readonly number[] },
  steps: number,
): number {
  const m = start.season.length
  const level = [start.level]
  const trend = [start.trend]
  // The season of sample t stands at t + m.
  const season = [...start.season]
  let error = 0
  samples.forEach((y, t) => {
    const expected = level[t]! + phi * trend[t]!
    error = y - expected - season[t]!
    level.push(alpha * (y - season[t]!) + (1 - alpha) * expected)
    trend.push(betaStar * (level[t + 1]! - level[t]!) + (1 - betaStar) * phi * trend[t]!)
    season.push(gamma * (y - expected) + (1 - gamma) * season[t]!)
  })
  let travelled = 0
  for (let i = 1; i <= steps; i++) travelled += phi ** i
  const t = samples.length
  return level[t]! + travelled * trend[t]! + season[t + ((steps - 1) % m)]! + rho ** steps * error
}

const share = fc.double({ min: 0.01, max: 0.99, noNaN: true })
const value = fc.double({ min: -1000, max: 1000, noNaN: true })

it('is the textbook’s component form, for any data and gains', () => {
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 40 }),
      fc.record({ alpha: share, betaStar: share, phi: share, gamma: share, rho: share }),
      fc.record({ level: value, trend: value, season: fc.array(value, { minLength: 2, maxLength: 7 }) }),
      fc.integer({ min: 1, max: 30 }),
      (samples, gains, start, steps) => {
        const { alpha, betaStar, phi, gamma, rho } = gains
        const own: HoltWintersGains = {
          level: alpha,
          trend: alpha * betaStar,
          damping: phi,
          carry: rho,
          seasons: [{ length: start.season.length, gain: gamma }],
        }
        const state = { level: start.level, trend: start.trend, seasons: [[...start.season]], samples: 0, error: 0 }
        for (const sample of samples) updateHoltWinters(own, state, sample)
        expect(highestHoltWinters(own, state, steps)).toBeCloseTo(Math.max(...forecasts(own, state, steps)), 6)
        expect(forecastHoltWinters(own, state, steps)).toBeCloseTo(plainForecast(samples, gains, start, steps), 5)
      },
    ),
  )
})

it('begins with what two cycles of a line and two seasons are made of, wherever the first sample stands', () => {
  const day = [3, -1, -2, 0]
  const week = [5, 5, 5, 5, -5, -5, -5, -5]
  const load = (t: number) => 100 + 0.25 * t + day[t % 4]! + week[t % 8]!
  const gains = {
    level: 0.3,
    trend: 0.1,
    damping: 1,
    carry: 0,
    seasons: [
      { length: 4, gain: 0.1 },
      { length: 8, gain: 0.1 },
    ],
  }
  for (const samples of [16, 19, 26]) {
    const history = Array.from({ length: 16 }, (_, i) => load(samples - 16 + i))
    const state = beginHoltWinters(gains, history, samples)
    expect(state.trend).toBeCloseTo(0.25, 9)
    for (let steps = 1; steps <= 20; steps++) {
      expect(Math.abs(forecastHoltWinters(gains, state, steps) - load(samples - 1 + steps))).toBeLessThan(1e-9)
    }
  }
})
