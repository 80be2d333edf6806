/**
 * Bets and the division of a leader's reward (C9). A bet scales rewards only; it never weighs in a quorum.
 */
import type { Address, UnitId } from '../dag-port.ts'

/** What a validator staked on the leader unit that its unit of the next round votes for. */
export interface Bet {
  readonly validator: Address
  /** The leader unit that it votes for. */
  readonly on: UnitId
  /** Absent: the whole bond. */
  readonly amount?: bigint
}

/** What there is to divide, and among whom. */
export interface RewardRound {
  /** The committed leader unit and its speaker. */
  readonly unit: UnitId
  readonly speaker: Address
  /** Emission since the last commit, fees of the units that became indexed, and what was carried over. */
  readonly reward: bigint
  /** The speaker's share, per ten thousand. */
  readonly speakerBps: bigint
  readonly bets: readonly Bet[]
  /** The bond of a validator, 0 for a stranger. */
  readonly bondOf: (validator: Address) => bigint
}

/** Who gets what; `carry` goes into the next round. The sum is the reward. */
export interface RewardDivision {
  readonly payouts: ReadonlyMap<Address, bigint>
  readonly carry: bigint
}

/**
 * Divides a reward: the speaker's share, the rest in proportion to the bets on the committed unit, each at most the bond and one a
 * validator (the first given; a second on another unit makes both count nothing). Rounds down and carries the remainder; without any
 * winning bet the rest is carried whole. Lost bets cost nothing but the share.
 */
export function divideReward({ unit, speaker, reward, speakerBps, bets, bondOf }: RewardRound): RewardDivision {
  const stakes = new Map<Address, bigint>()
  const units = new Map<Address, UnitId>()
  for (const { validator, on, amount } of bets) {
    const first = units.get(validator)
    if (first !== undefined) {
      if (first !== on) stakes.delete(validator)
      continue
    }
    units.set(validator, on)
    const bond = bondOf(validator)
    const stake = amount === undefined || amount > bond ? bond : amount
    if (on === unit && stake > 0n) stakes.set(validator, stake)
  }
  const payouts = new Map<Address, bigint>()
  const speakerShare = (reward * speakerBps) / 10_000n
  if (speakerShare > 0n) payouts.set(speaker, speakerShare)
  const rest = reward - speakerShare
  let total = 0n
  for (const stake of stakes.values()) total += stake
  let paid = speakerShare
  for (const [validator, stake] of stakes) {
    const part = (rest * stake) / total
    if (part === 0n) continue
    paid += part
    payouts.set(validator, (payouts.get(validator) ?? 0n) + part)
  }
  return { payouts, carry: reward - paid }
}
