/**
 * Rewards of a validator's delegators by cumulative ratios (F1 fee distribution, Ojha 2018). Ratios count per share and not per coin:
 * a slash changes what a share is worth and leaves the accounts of rewards alone.
 */

/** Fraction bits of a ratio. With 2^90 shares and more, the remainder that is carried stays below a coin's smallest unit a delegator. */
const PRECISION = 128n

/** The accounts of one validator's delegators. */
export type RewardPool = {
  /** Reward per share since the beginning, times 2^128. */
  readonly ratio: bigint
  /** What the last division left, in units of 2^-128. Goes into the next. */
  readonly remainder: bigint
  /** Accrued and not paid yet. */
  readonly outstanding: bigint
}

/** A pool in which nothing has happened. */
export const EMPTY_POOL: RewardPool = { ratio: 0n, remainder: 0n, outstanding: 0n }

/** Adds a reward for the holders of `shares` (above zero). */
export function accrue(pool: RewardPool, reward: bigint, shares: bigint): RewardPool {
  const dividend = (reward << PRECISION) + pool.remainder
  return {
    ratio: pool.ratio + dividend / shares,
    remainder: dividend % shares,
    outstanding: pool.outstanding + reward,
  }
}

/** What `shares` held since the ratio was `start` have earned, rounded down. */
export function earned(pool: RewardPool, shares: bigint, start: bigint): bigint {
  return (shares * (pool.ratio - start)) >> PRECISION
}

/** Takes a payment out of the pool. The sum of all payments never exceeds what was accrued. */
export function pay(pool: RewardPool, amount: bigint): RewardPool {
  return { ...pool, outstanding: pool.outstanding - amount }
}
