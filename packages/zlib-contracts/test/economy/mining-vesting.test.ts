import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { compilePlayToken, compileShipped, DAY, ZOS } from '../contracts.ts'
import { createMachine } from '../machine.ts'

/** Midnight. */
const START = 20_000n * DAY
const VESTING = 180n * DAY
const MINER = `0x${'a3'.repeat(20)}`
const compiled = compileShipped('economy/MiningVesting')
const play = compilePlayToken()

let machine: Awaited<ReturnType<typeof createMachine>>
let token: ReturnType<typeof machine.at>
let vesting: ReturnType<typeof machine.at>

beforeEach(async () => {
  machine = await createMachine()
  machine.setTime(START)
  const tokenAddress = await machine.deploy(play.creation, play.abi, [])
  const address = await machine.deploy(compiled.creation, compiled.abi, [tokenAddress])
  token = machine.at(tokenAddress, play.abi)
  vesting = machine.at(address, compiled.abi)
  await token('mint', [machine.sender, 2_000_000_000n * ZOS])
  await token('approve', [address, 2n ** 256n - 1n])
})

async function grant(time: bigint, amount: bigint) {
  machine.setTime(time)
  return await vesting('grant', [MINER, amount])
}
const balance = async () => (await token('balanceOf', [MINER])).value as bigint
async function balanceAt(time: bigint) {
  machine.setTime(time)
  await vesting('release', [MINER])
  return await balance()
}

/** Each reward on its own, in units of 1/VESTING so that nothing is rounded. */
function exact(rewards: readonly (readonly [bigint, bigint])[], now: bigint): bigint {
  let sum = 0n
  for (const [time, amount] of rewards) {
    const free = (amount * 4n) / 10n
    const age = now - time < VESTING ? now - time : VESTING
    sum += free * VESTING + (amount - free) * age
  }
  return sum
}

describe('the vesting of mining rewards', () => {
  test('pays 40 % at once, 70 % by day 90 and everything at second 15,552,000', async () => {
    const amount = 1_000n * ZOS
    await grant(START + 5n, amount)
    expect(await balance()).toBe(400n * ZOS)
    expect(await balanceAt(START + 5n + 90n * DAY)).toBe(700n * ZOS)
    const lastSecond = await balanceAt(START + 5n + VESTING - 1n)
    expect(lastSecond).toBe(amount - (600n * ZOS + VESTING - 1n) / VESTING)
    expect(await balanceAt(START + 5n + VESTING)).toBe(amount)
    expect((await vesting('unpaid', [MINER])).value).toBe(0n)
  })

  test('holds 29,589,041.09 of a steady first year after it, and has freed the rest', async () => {
    const yearly = 200_000_000n * ZOS
    const daily = yearly / 365n
    // In the middle of each day, as the average of what is mined through it.
    for (let day = 0n; day < 365n; day++) await grant(START + day * DAY + DAY / 2n, daily)
    const free = await balanceAt(START + 365n * DAY)
    const minedSoFar = daily * 365n
    expect((minedSoFar - free) / 10n ** 16n).toBe(2_958_904_109n)
    expect(free / 10n ** 16n).toBe(17_041_095_890n)
    expect((await vesting('unpaid', [MINER])).value).toBe(minedSoFar - free)
  })

  test('never pays early, is exact while no reward ends, and pays everything', async () => {
    const step = fc.record({
      wait: fc.oneof(fc.bigInt(0n, 90_000n), fc.bigInt(0n, 60n * DAY), fc.constantFrom(DAY, VESTING, VESTING - 1n)),
      amount: fc.oneof(fc.bigInt(1n, 20n), fc.bigInt(1n, 1_000n * ZOS)),
      release: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.bigInt(0n, 200n * DAY),
        async (steps, after) => {
          machine.setTime(START)
          const fresh = await machine.deploy(compiled.creation, compiled.abi, [(await vesting('token')).value])
          const one = machine.at(fresh, compiled.abi)
          await token('approve', [fresh, 2n ** 256n - 1n])
          const before = await balance()
          const rewards: (readonly [bigint, bigint])[] = []
          let now = START
          const check = async () => {
            const { value: expected } = await one('releasable', [MINER])
            const had = await balance()
            await one('release', [MINER])
            expect((await balance()) - had).toBe(expected)
            const paid = ((await balance()) - before) * VESTING
            const due = exact(rewards, now)
            expect(paid).toBeLessThanOrEqual(due)
            // A reward that ends today pays along its day's chord; at most a day of its lock is late.
            const endingToday = rewards.filter(([time]) => (time + VESTING) / DAY === now / DAY)
            const late = endingToday.reduce((sum, [, amount]) => sum + amount * DAY, 0n)
            expect(due - paid).toBeLessThanOrEqual(late + 4n * VESTING)
          }
          for (const { wait, amount, release } of steps) {
            now += wait
            machine.setTime(now)
            await one('grant', [MINER, amount])
            rewards.push([now, amount])
            if (release) await check()
          }
          now += after
          machine.setTime(now)
          await check()
          now += VESTING
          machine.setTime(now)
          await one('release', [MINER])
          expect((await balance()) - before).toBe(rewards.reduce((sum, [, amount]) => sum + amount, 0n))
          expect((await one('unpaid', [MINER])).value).toBe(0n)
          expect((await token('balanceOf', [fresh])).value).toBe(0n)
        },
      ),
      { numRuns: process.env.ZOS_LONG ? 500 : 30 },
    )
  })

  test('costs as much with a thousand rewards as with one, and has a bounded worst case', async () => {
    await grant(START, ZOS)
    const { gas: second } = await grant(START + 1n, ZOS)
    for (let i = 2n; i < 1_000n; i++) await grant(START + i, ZOS)
    const { gas: thousandth } = await grant(START + 1_000n, ZOS)
    expect(thousandth).toBeLessThanOrEqual(second)
    // Three years with a reward a day that nobody releases.
    let dearest = 0n
    for (let day = 1n; day < 1_095n; day++) {
      const { gas } = await grant(START + day * DAY, ZOS)
      if (gas > dearest) dearest = gas
    }
    expect(dearest).toBeLessThan(250_000n)
    machine.setTime(START + 2_000n * DAY)
    expect((await vesting('release', [MINER])).gas).toBeLessThan(1_000_000n)
    expect((await token('balanceOf', [MINER])).value).toBe(2_095n * ZOS)
  })

  test('waits where the sum of several roundings is a unit less than it has paid', async () => {
    await grant(START, 1n)
    await grant(START + DAY - 1n, 1n)
    await grant(START + 2n * DAY, 1n)
    expect(await balanceAt(START + VESTING - 1n)).toBe(2n)
    // The first day ends on its own from here: 1.99 and 0.98 round to one.
    expect((await vesting('releasable', [MINER])).value).toBe(0n)
    expect(await balanceAt(START + VESTING)).toBe(2n)
    expect((await vesting('releasable', [MINER])).value).toBe(0n)
    expect(await balanceAt(START + VESTING + 2n * DAY)).toBe(3n)
  })

  test('refuses a reward of nothing', async () => {
    await expect(grant(START, 0n)).rejects.toThrow('EmptyReward')
  })
})
