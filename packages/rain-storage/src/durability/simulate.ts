/** Monte Carlo of the same chain, event by event: what the formula must agree with. */
import type { DurabilityInput } from './model.ts'

/** Estimate of the mean time to loss. */
export interface SimulationResult {
  /** mean hours to the loss of a segment */
  readonly meanHours: number
  /** half width of the 95 % confidence interval, hours */
  readonly confidenceHours: number
  readonly trials: number
}

/**
 * Simulates `trials` segments until each is lost. Use it where losses are frequent (short lives): trials of 7-nines segments do not end.
 * @param random uniform in [0, 1)
 */
export function simulateLoss(input: DurabilityInput, trials: number, random: () => number): SimulationResult {
  const { dataShards: k, totalShards: n, nodeLifeHours, repairHours, repairAfterLost = 1 } = input
  const exponential = (rate: number) => -Math.log(1 - random()) / rate
  let sum = 0
  let squares = 0
  for (let trial = 0; trial < trials; trial++) {
    let hours = 0
    for (let lost = 0; lost <= n - k; ) {
      const failing = exponential((n - lost) / nodeLifeHours)
      const repairing = lost >= repairAfterLost ? exponential(1 / repairHours) : Number.POSITIVE_INFINITY
      hours += Math.min(failing, repairing)
      lost = failing < repairing ? lost + 1 : 0
    }
    sum += hours
    squares += hours * hours
  }
  const meanHours = sum / trials
  const variance = (squares / trials - meanHours ** 2) * (trials / (trials - 1))
  return { meanHours, confidenceHours: 1.96 * Math.sqrt(variance / trials), trials }
}
