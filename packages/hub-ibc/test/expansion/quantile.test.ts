import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createQuantile, trackQuantile, updateQuantile } from '../../src/expansion/quantile.ts'
import { createDraw } from './workload.ts'

it('with a fixed step, the share above the estimate is the wanted one within (2B + η) / (η T), for every stream', () => {
  const bound = 10
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -bound, max: bound, noNaN: true }), { minLength: 1, maxLength: 400 }),
      fc.double({ min: 0.55, max: 0.99, noNaN: true }),
      fc.double({ min: 0.1, max: 5, noNaN: true }),
      (stream, level, step) => {
        let estimate = 0
        let above = 0
        for (const value of stream) {
          if (value > estimate) above++
          estimate = trackQuantile(estimate, level, value, step)
        }
        const slack = (2 * bound + step) / (step * stream.length)
        expect(Math.abs(above / stream.length - (1 - level))).toBeLessThanOrEqual(slack + 1e-9)
      },
    ),
  )
})

it('keeps its share through changes of size and shape', () => {
  const draw = createDraw(3)
  const upper = createQuantile()
  const lower = createQuantile()
  let above = 0
  let below = 0
  const count = 30_000
  for (let i = 0; i < count; i++) {
    const part = Math.floor(i / 10_000)
    const value = part === 0 ? draw.normal() : part === 1 ? 40 * draw.normal() : draw.exponential(3) - 3
    if (value > upper.value) above++
    if (value < lower.value) below++
    updateQuantile(upper, 0.95, value)
    updateQuantile(lower, 0.05, value)
  }
  expect(above / count).toBeGreaterThan(0.04)
  expect(above / count).toBeLessThan(0.06)
  expect(below / count).toBeGreaterThan(0.04)
  expect(below / count).toBeLessThan(0.06)
})

it('is near the true quantile of a steady stream, and the extreme of the first few', () => {
  const draw = createDraw(5)
  const state = createQuantile()
  const first = [3, -1, 7, 2]
  for (const value of first) updateQuantile(state, 0.95, value)
  expect(state.value).toBe(7)
  let sum = 0
  for (let i = 0; i < 20_000; i++) {
    updateQuantile(state, 0.95, draw.normal())
    if (i >= 10_000) sum += state.value
  }
  expect(sum / 10_000).toBeGreaterThan(1.5)
  expect(sum / 10_000).toBeLessThan(1.8) // 1.645
})
