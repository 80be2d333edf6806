/**
 * Token buckets: how much of an asset may move over a route in a while. The level is kept in units × nanoseconds, so that refilling
 * is exact integer arithmetic and independent of how often anybody looks.
 */
import { HubError } from '../errors.ts'

/**
 * A limit of what may move of one asset over one route in one direction: a token bucket, full at the start. Amounts are
 * in the asset's smallest unit.
 */
export interface BucketRule {
  /** The most that may move at once. */
  readonly capacity: bigint
  /** What comes back in a second. */
  readonly refillPerSecond: bigint
}

export interface BucketState {
  /** What has been used and not refilled, in units × 10^9. */
  readonly used: bigint
  /** Nanoseconds. */
  readonly at: bigint
}

const NANO = 1_000_000_000n

/** The state at `now` after refilling. */
export function refill(rule: BucketRule, state: BucketState, now: bigint): BucketState {
  const elapsed = now > state.at ? now - state.at : 0n
  const used = state.used - elapsed * rule.refillPerSecond
  return { used: used > 0n ? used : 0n, at: now > state.at ? now : state.at }
}

/** Takes `amount` out. Throws `HUB_RATE_LIMITED`; the state is then as before. */
export function take(rule: BucketRule, state: BucketState, amount: bigint, now: bigint): BucketState {
  const { used, at } = refill(rule, state, now)
  const next = used + amount * NANO
  if (next > rule.capacity * NANO) {
    throw new HubError('HUB_RATE_LIMITED', 'more than this route may move for now', {
      amount,
      available: rule.capacity - used / NANO,
    })
  }
  return { used: next, at }
}

/** Puts back what did not move after all. Never blocks. */
export function putBack(rule: BucketRule, state: BucketState, amount: bigint, now: bigint): BucketState {
  const { used, at } = refill(rule, state, now)
  const next = used - amount * NANO
  return { used: next > 0n ? next : 0n, at }
}
