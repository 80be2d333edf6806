import { expect, it } from 'vitest'
import { FIRST_TRIALS, MOST_TRIALS } from '../../src/caching/flat/constants.ts'
import { PromotionTrial } from '../../src/caching/flat/promotion-trial.ts'

/** `returns` of every five that are tried come back. */
function tried(trial: PromotionTrial, times: number, returns: number): PromotionTrial {
  for (let i = 0; i < times; i++) {
    trial.turnedOut()
    if (i % 5 < returns) trial.cameBack()
  }
  return trial
}

it('one key in eight is tried', () => {
  const trial = new PromotionTrial()
  const hashes = Array.from({ length: 4096 }, (_, i) => (i << 20) | 0)
  expect(hashes.filter((hash) => trial.isTried(hash)).length).toBe(512)
})

it('one hit is not enough before many have returned', () => {
  expect(new PromotionTrial().eager).toBe(false)
  expect(tried(new PromotionTrial(), 3, 5).eager).toBe(false)
  expect(tried(new PromotionTrial(), FIRST_TRIALS, 5).eager).toBe(true)
})

it('one hit is enough while two of five return, and no more soon after they cease to', () => {
  const trial = tried(new PromotionTrial(), 5 * MOST_TRIALS, 3)
  expect(trial.eager).toBe(true)
  expect(tried(trial, 2 * MOST_TRIALS, 1).eager).toBe(false)
  expect(tried(trial, 5 * MOST_TRIALS, 1).eager).toBe(false)
  expect(tried(trial, 2 * MOST_TRIALS, 4).eager).toBe(true)
})
