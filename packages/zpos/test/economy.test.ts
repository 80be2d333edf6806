import { expect, test } from 'vitest'
import {
  type Address,
  accrue,
  type Bet,
  divideReward,
  EMPTY_POOL,
  earned,
  GENESIS_ALLOCATION,
  HALVING_MS,
  MINED_LIMIT,
  minedBetween,
  minedBy,
  pay,
  type RewardPool,
  type UnitId,
  unlockedOf,
  VESTING_MS,
  vestedOf,
  ZOS,
} from '../src/index.ts'
import { seeded } from './support/network.ts'

const YEAR = HALVING_MS / 2n
const M = 1_000_000n * ZOS

test('200 M are mined in each of the first two years, half as much every two years after, 800 M in the limit', () => {
  const byYear = Array.from({ length: 8 }, (_, year) => minedBetween(BigInt(year) * YEAR, BigInt(year + 1) * YEAR) / M)
  expect(byYear).toEqual([200n, 200n, 100n, 100n, 50n, 50n, 25n, 25n])
  expect(minedBy(200n * YEAR)).toBe(MINED_LIMIT)
  expect(minedBy(-5n)).toBe(0n)
  let last = 0n
  for (let halving = 0n; halving < 100n; halving += 1n) {
    const mined = minedBy(halving * HALVING_MS + 12_345n)
    expect(mined >= last && mined <= MINED_LIMIT).toBe(true)
    last = mined
  }
})

test('the sum over any cutting of time is what was mined in all of it', () => {
  const random = seeded(4)
  let at = 0n
  let sum = 0n
  for (let i = 0; i < 10_000; i += 1) {
    const next = at + BigInt(Math.floor(random() * 40_000_000))
    sum += minedBetween(at, next)
    at = next
  }
  expect(sum).toBe(minedBy(at))
})

test('of mined coins 40 % are free at once and 60 % evenly over 180 days', () => {
  expect(vestedOf(1000n, 0n)).toBe(400n)
  expect(vestedOf(1000n, VESTING_MS / 2n)).toBe(700n)
  expect(vestedOf(1000n, VESTING_MS)).toBe(1000n)
  expect(vestedOf(1000n, VESTING_MS * 9n)).toBe(1000n)
  expect(vestedOf(1000n, -1n)).toBe(0n)
  expect(VESTING_MS).toBe(180n * 86_400_000n)
})

test('the genesis holds 200 M, and with what is mined one billion exists in the end', () => {
  const total = GENESIS_ALLOCATION.reduce((sum, { amount }) => sum + amount, 0n)
  expect(total).toBe(200n * M)
  expect(total + MINED_LIMIT).toBe(1000n * M)
})

test('foundation, team and investors get 20 % at the start, 30 % at the first halving, the rest after three years', () => {
  const locked = GENESIS_ALLOCATION.filter((share) => share.locked)
  expect(locked.map(({ name }) => name)).toEqual(['foundation', 'team', 'investors'])
  for (const share of locked) {
    const parts = [0n, HALVING_MS - 1n, HALVING_MS, 3n * YEAR - 1n, 3n * YEAR].map(
      (t) => (unlockedOf(share, t) * 100n) / share.amount,
    )
    expect(parts).toEqual([20n, 20n, 50n, 50n, 100n])
    expect(unlockedOf(share, -1n)).toBe(0n)
  }
  expect(unlockedOf(GENESIS_ALLOCATION[3]!, 0n)).toBe(GENESIS_ALLOCATION[3]!.amount)
})

const unit = 'L' as UnitId
const [a, b, c, d] = ['a', 'b', 'c', 'd'] as unknown as Address[]
const bonds = new Map([
  [a!, 100n],
  [b!, 300n],
  [c!, 50n],
])
const divide = (reward: bigint, bets: Bet[]) =>
  divideReward({
    unit,
    speaker: a!,
    reward,
    speakerBps: 1000n,
    bets,
    bondOf: (validator) => bonds.get(validator) ?? 0n,
  })

test('the speaker gets its share, the winning bets the rest in proportion, the remainder is carried', () => {
  const { payouts, carry } = divide(1000n, [
    { validator: a!, on: unit },
    { validator: b!, on: unit, amount: 200n },
    { validator: c!, on: 'other' as UnitId },
  ])
  expect(payouts).toEqual(
    new Map([
      [a, 100n + 300n],
      [b, 600n],
    ]),
  )
  expect(carry).toBe(0n)
  expect(
    divide(100n, [
      { validator: c!, on: unit },
      { validator: b!, on: unit },
    ]).carry,
  ).toBeGreaterThan(0n)
})

test('a bet counts up to the bond; bets on both sides and strangers count nothing; nothing is lost without winners', () => {
  expect(
    divide(1000n, [
      { validator: c!, on: unit, amount: 10n ** 30n },
      { validator: b!, on: unit, amount: 50n },
    ]).payouts.get(c!),
  ).toBe(450n)
  const both: Bet[] = [
    { validator: b!, on: unit },
    { validator: b!, on: 'other' as UnitId },
  ]
  expect(divide(1000n, both)).toEqual({ payouts: new Map([[a, 100n]]), carry: 900n })
  expect(divide(1000n, [{ validator: d!, on: unit }]).carry).toBe(900n)
})

test('payouts and carry are the reward, whatever the bets', () => {
  const random = seeded(9)
  for (let i = 0; i < 5000; i += 1) {
    const bets = Array.from(
      { length: Math.floor(random() * 6) },
      (): Bet => ({
        validator: [a!, b!, c!, d!][Math.floor(random() * 4)]!,
        on: (random() < 0.7 ? unit : 'other') as UnitId,
        ...(random() < 0.5 ? { amount: BigInt(Math.floor(random() * 400)) } : {}),
      }),
    )
    const reward = BigInt(Math.floor(random() * 1e6))
    const { payouts, carry } = divide(reward, bets)
    expect([...payouts.values()].reduce((sum, part) => sum + part, carry)).toBe(reward)
    expect(carry >= 0n).toBe(true)
  }
})

const OPERATIONS = process.env.ZOS_LONG ? 20_000_000 : 2_000_000
test(`delegators are never paid more than was accrued, in ${OPERATIONS} operations, and are owed almost all of it`, {
  timeout: 300_000,
}, () => {
  const random = seeded(1)
  const holders = Array.from({ length: 12 }, () => ({ shares: 0n, start: 0n }))
  let pool: RewardPool = EMPTY_POOL
  let total = 0n
  let accrued = 0n
  let paid = 0n
  const settle = (holder: { shares: bigint; start: bigint }) => {
    const amount = earned(pool, holder.shares, holder.start)
    pool = pay(pool, amount)
    paid += amount
    holder.start = pool.ratio
  }
  for (let i = 0; i < OPERATIONS; i += 1) {
    const holder = holders[Math.floor(random() * holders.length)]!
    const dice = random()
    if (dice < 0.4) {
      if (total === 0n) continue
      const reward = dice < 0.01 ? 10n ** 24n : BigInt(Math.floor(random() * 1000))
      pool = accrue(pool, reward, total)
      accrued += reward
    } else if (dice < 0.7) {
      settle(holder)
    } else {
      settle(holder)
      const amount = dice < 0.72 ? 10n ** 26n : BigInt(Math.floor(random() * 1e9))
      const taken = dice > 0.85 ? (amount < holder.shares ? amount : holder.shares) : -amount
      holder.shares -= taken
      total -= taken
    }
    if (pool.outstanding < 0n || paid + pool.outstanding !== accrued)
      throw new Error(`after ${i} operations: ${pool.outstanding}`)
  }
  for (const holder of holders) settle(holder)
  expect(pool.outstanding >= 0n).toBe(true)
  expect(paid).toBeLessThanOrEqual(accrued)
  // What rounding keeps is less than one smallest unit an operation.
  expect(accrued - paid).toBeLessThan(BigInt(OPERATIONS))
})
