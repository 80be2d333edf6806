import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { compilePlayToken, compileShipped, YEAR, ZOS } from '../contracts.ts'
import { createMachine } from '../machine.ts'

const START = 1_800_000_000n
const HALVING = START + 2n * YEAR
const END = START + 3n * YEAR
const TEAM = `0x${'a2'.repeat(20)}`
const SHARE = 30_000_000n * ZOS
const wallet = compileShipped('economy/InsiderVesting')
const play = compilePlayToken()

let machine: Awaited<ReturnType<typeof createMachine>>
let token: ReturnType<typeof machine.at>
let tokenAddress: string
let vesting: ReturnType<typeof machine.at>
let vestingAddress: string

beforeEach(async () => {
  machine = await createMachine()
  machine.setTime(START)
  tokenAddress = await machine.deploy(play.creation, play.abi, [])
  vestingAddress = await machine.deploy(wallet.creation, wallet.abi, [TEAM, START, HALVING, END])
  token = machine.at(tokenAddress, play.abi)
  vesting = machine.at(vestingAddress, wallet.abi)
  await token('mint', [vestingAddress, SHARE])
})

const release = () => vesting('release(address)', [tokenAddress])
const balance = async () => (await token('balanceOf', [TEAM])).value as bigint
const vested = async (time: bigint) => (await vesting('vestedAmount(address,uint64)', [tokenAddress, time])).value

describe('an insider share', () => {
  test('is free by 20, 50 and 100 % at its three seconds, not one before', async () => {
    const steps: [bigint, bigint][] = [
      [START - 1n, 0n],
      [START, 20n],
      [HALVING - 1n, 20n],
      [HALVING, 50n],
      [END - 1n, 50n],
      [END, 100n],
      [2n ** 63n, 100n],
    ]
    for (const [time, percent] of steps) expect(await vested(time)).toBe((SHARE * percent) / 100n)
    for (const [time, percent] of steps) {
      machine.setTime(time)
      await release()
      expect(await balance()).toBe((SHARE * percent) / 100n)
    }
  })

  test('follows the same steps with coins that were donated, also odd amounts', async () => {
    machine.setTime(START)
    await release()
    await token('mint', [vestingAddress, 3n])
    await release()
    expect(await balance()).toBe((SHARE + 3n) / 5n)
    machine.setTime(END)
    await release()
    expect(await balance()).toBe(SHARE + 3n)
  })

  test('cannot be handed on, renounced or made with times out of order', async () => {
    await expect(vesting('transferOwnership', [machine.sender], TEAM)).rejects.toThrow('BeneficiaryFixed')
    await expect(vesting('renounceOwnership', [], TEAM)).rejects.toThrow('BeneficiaryFixed')
    expect((await vesting('owner')).value.toLowerCase()).toBe(TEAM)
    for (const times of [
      [START, START, END],
      [START, END, END],
      [END, HALVING, START],
    ])
      await expect(machine.deploy(wallet.creation, wallet.abi, [TEAM, ...times])).rejects.toThrow('deployment failed')
  })

  test('never releases more than its steps allow, whenever and however often it is asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.bigInt(START - YEAR, END + YEAR), fc.nat(1_000)), { maxLength: 12 }),
        async (visits) => {
          const address = await machine.deploy(wallet.creation, wallet.abi, [TEAM, START, HALVING, END])
          const one = machine.at(address, wallet.abi)
          let total = 0n
          const before = await balance()
          for (const [time, gift] of visits.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
            machine.setTime(time)
            await token('mint', [address, gift])
            total += BigInt(gift)
            await one('release(address)', [tokenAddress])
            const due = time < START ? 0n : time < HALVING ? total / 5n : time < END ? total / 2n : total
            expect((await balance()) - before).toBe(due)
          }
        },
      ),
      { numRuns: 30 },
    )
  })
})
