import { expect, test } from 'vitest'
import { Histogram } from '../../src/stage/metrics.ts'

test('quantiles are within a bucket of the true ones, and an empty histogram is all zero', () => {
  const histogram = new Histogram()
  expect(histogram.summary()).toEqual({ count: 0, mean: 0, p50: 0, p99: 0, max: 0 })
  for (let i = 1; i <= 10_000; i++) histogram.record(i / 10)
  const { count, mean, p50, p99, max } = histogram.summary()
  expect([count, max]).toEqual([10_000, 1000])
  expect(mean).toBeCloseTo(500.05)
  for (const [value, exact] of [
    [p50, 500],
    [p99, 990],
  ] as const) {
    expect(value).toBeGreaterThanOrEqual(exact)
    expect(value).toBeLessThanOrEqual(exact * 2 ** 0.25)
  }
  histogram.record(0)
  histogram.record(1e12)
  expect(histogram.quantile(1)).toBeLessThanOrEqual(1e12)
})
