/**
 * Emission and vesting of mined coins, genesis allocation and its locks, as pure functions of consensus time. Amounts
 * are in the smallest unit (10^-18 ZOS), times in milliseconds since the genesis.
 */

/** One ZOS. */
export const ZOS = 10n ** 18n

const DAY_MS = 86_400_000n
const YEAR_MS = 365n * DAY_MS

/** Emission halves after each of these. */
export const HALVING_MS = 2n * YEAR_MS

/** Limit of all emission. */
export const MINED_LIMIT = 800_000_000n * ZOS

/** Of what is mined, per ten thousand, free at once. */
export const FREE_BPS = 4_000n

/** The rest becomes free evenly over this time. */
export const VESTING_MS = 180n * DAY_MS

/** Coins mined up to `elapsedMs` after the genesis: 400 M in the first two years, 200 M in the next two … Never more than 800 M. */
export function minedBy(elapsedMs: bigint): bigint {
  if (elapsedMs <= 0n) return 0n
  const epoch = elapsedMs / HALVING_MS
  const before = MINED_LIMIT - (MINED_LIMIT >> epoch)
  const after = MINED_LIMIT - (MINED_LIMIT >> (epoch + 1n))
  return before + ((after - before) * (elapsedMs % HALVING_MS)) / HALVING_MS
}

/** Coins mined between two times. Sums of consecutive intervals have no drift, as each is a difference of totals. */
export function minedBetween(fromMs: bigint, toMs: bigint): bigint {
  return minedBy(toMs) - minedBy(fromMs)
}

/** How much of a reward of `amount` is free `ageMs` after it was granted. All of it after 180 days. */
export function vestedOf(amount: bigint, ageMs: bigint): bigint {
  if (ageMs < 0n) return 0n
  const free = (amount * FREE_BPS) / 10_000n
  const age = ageMs > VESTING_MS ? VESTING_MS : ageMs
  return free + ((amount - free) * age) / VESTING_MS
}

/** A share of the coins that exist at the genesis. */
export interface GenesisShare {
  readonly name: string
  readonly amount: bigint
  /** True: 20 % free at the genesis, 30 % more at the first halving, the rest after three years. */
  readonly locked: boolean
}

const share = (name: string, millions: bigint, locked: boolean): GenesisShare => ({
  name,
  amount: millions * 1_000_000n * ZOS,
  locked,
})

/** The 200 M ZOS of the genesis. */
export const GENESIS_ALLOCATION: readonly GenesisShare[] = [
  share('foundation', 20n, true),
  share('team', 30n, true),
  share('investors', 30n, true),
  share('public welfare', 10n, false),
  share('ecosystem', 50n, false),
  share('community', 20n, false),
  share('sale', 30n, false),
  share('developers', 10n, false),
]

const THIRD_YEAR_MS = 3n * YEAR_MS

/** How much of a genesis share is free `elapsedMs` after the genesis. */
export function unlockedOf({ amount, locked }: GenesisShare, elapsedMs: bigint): bigint {
  if (elapsedMs < 0n) return 0n
  if (!locked || elapsedMs >= THIRD_YEAR_MS) return amount
  return (amount * (elapsedMs >= HALVING_MS ? 5_000n : 2_000n)) / 10_000n
}
