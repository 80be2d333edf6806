/**
 * How durable a (k, n) segment is: the birth–death chain of lost shards. State i = shards lost, 0 … m + 1 with m = n − k; nodes are lost
 * at rate (n − i)/life, a repair brings all shards back at rate 1/repair. Times in hours.
 */
import { StorageError } from '../errors.ts'

/** Hours of a year. */
export const YEAR_HOURS = 8766

/** What durability depends on. */
export interface DurabilityInput {
  readonly dataShards: number
  readonly totalShards: number
  /** mean life of a node, hours */
  readonly nodeLifeHours: number
  /** mean time from loss to repaired, hours */
  readonly repairHours: number
  /** shards that may be lost before repair starts; default 1: at once */
  readonly repairAfterLost?: number
}

/** Mean time to the loss of a segment, in hours. The product form of the chain's solution: no cancellation at 20 nines. */
export function meanTimeToLossHours(input: DurabilityInput): number {
  const { dataShards: k, totalShards: n, nodeLifeHours, repairHours, repairAfterLost = 1 } = input
  if (!(k >= 1 && n >= k && nodeLifeHours > 0 && repairHours > 0 && repairAfterLost >= 1)) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'Durability needs 1 ≤ k ≤ n and positive times', { ...input })
  }
  // E_i = a_i + b_i·E_0 from the top down: E_{m+1} = 0
  let a = 0
  let survive = 1 // probability of going all the way up from here without a repair
  for (let lost = n - k; lost >= 0; lost--) {
    const fail = (n - lost) / nodeLifeHours
    const repair = lost >= repairAfterLost ? 1 / repairHours : 0
    a = 1 / (fail + repair) + (fail / (fail + repair)) * a
    survive *= fail / (fail + repair)
  }
  return a / survive
}

/** Probability that a segment is lost within a year. */
export function annualLoss(input: DurabilityInput): number {
  return -Math.expm1(-YEAR_HOURS / meanTimeToLossHours(input))
}

/** Nines of durability of a segment and year: 7 is 99.99999 %. */
export function nines(input: DurabilityInput): number {
  return -Math.log10(annualLoss(input))
}

/** Probability that at least k of n shards are reachable when each node is up with probability `up`. */
export function availability(dataShards: number, totalShards: number, up: number): number {
  let down = 0
  let term = (1 - up) ** totalShards // binomial probability of i nodes up
  for (let i = 0; i < dataShards; i++) {
    down += term
    term *= ((totalShards - i) / (i + 1)) * (up / (1 - up))
  }
  return 1 - down
}

/** Probability a year that one failure domain going down for good loses the segment: it does when it holds more than n − k shards. */
export function domainLoss(shardsByDomain: readonly number[], spare: number, domainLossPerYear: number): number {
  const fatal = shardsByDomain.filter((shards) => shards > spare).length
  return 1 - (1 - domainLossPerYear) ** fatal
}
