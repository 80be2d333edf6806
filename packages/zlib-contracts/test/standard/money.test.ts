import { Interface } from 'ethers'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ANN, BEN, CAT, createLibrary, DAN, type Made } from './library.ts'

let library: Awaited<ReturnType<typeof createLibrary>>
// Compiles when the cache is empty.
beforeAll(async () => {
  await createLibrary()
}, 600_000)
let token: Made
const people = [ANN, BEN, CAT]
const balance = async (who: string) => (await token.call('balanceOf', [who])).value as bigint
async function rich(spender: string, who = people) {
  for (const person of who) {
    await token.call('mint', [person, 10n ** 12n])
    await token.call('approve', [spender, 10n ** 30n], person)
  }
}
beforeEach(async () => {
  library = await createLibrary()
  library.setTime(1_000)
  token = await library.make('PlainToken')
})

describe('staking', () => {
  test('pays each staker its share of each second, compared with exact fractions, and never more than was paid in', async () => {
    const step = fc.record({
      kind: fc.constantFrom('stake', 'unstake', 'collect', 'fund'),
      who: fc.nat(2),
      amount: fc.bigInt(1n, 10n ** 6n),
      wait: fc.bigInt(0n, 400n),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        library.setTime(1_000)
        token = await library.make('PlainToken')
        const bank = await library.make('Bank', [token.address, token.address])
        await rich(bank.address, [...people, library.sender])
        // The reference: each second's emission divided by the stakes of that second, in units of 1e-36.
        const ONE = 10n ** 36n
        const staked = [0n, 0n, 0n]
        const earned = [0n, 0n, 0n]
        const paid = [0n, 0n, 0n]
        let funded = 0n
        let rate = 0n
        let end = 0n
        let idle = 0n
        let now = 1_000n
        const pass = (seconds: bigint) => {
          const until = now + seconds < end ? now + seconds : end
          const emitted = until > now ? (until - now) * rate : 0n
          const total = staked.reduce((a, b) => a + b)
          for (const [who, stake] of staked.entries()) if (total > 0n) earned[who]! += (emitted * stake) / total
          if (total === 0n) idle += emitted
          now += seconds
        }
        for (const { kind, who, amount, wait } of steps) {
          pass(wait)
          library.setTime(now)
          const person = people[who]!
          if (kind === 'stake') {
            await bank.call('stake', [amount], person)
            staked[who]! += amount
          } else if (kind === 'unstake') {
            const part = amount > staked[who]! ? staked[who]! : amount
            await bank.call('unstake', [part], person)
            staked[who]! -= part
          } else if (kind === 'collect') {
            paid[who]! += (await bank.call('collectReward', [], person)).value as bigint
          } else {
            await bank.call('fundRewards', [amount, 500n])
            const total = amount * ONE + idle + (end > now ? (end - now) * rate : 0n)
            rate = total / 500n
            idle = 0n
            end = now + 500n
            funded += amount
          }
          for (const [index, one] of people.entries()) {
            const due = paid[index]! + ((await bank.call('rewardOf', [one])).value as bigint)
            const exact = earned[index]! / ONE
            // Rounded down at each step, so never above, and below by a unit a step at most.
            expect(due).toBeLessThanOrEqual(exact + 1n)
            expect(due).toBeGreaterThanOrEqual(exact - BigInt(steps.length) - 1n)
          }
          expect(paid.reduce((a, b) => a + b)).toBeLessThanOrEqual(funded)
          const holds = await balance(bank.address)
          expect(holds).toBe(staked.reduce((a, b) => a + b) + funded - paid.reduce((a, b) => a + b))
        }
        for (const [who, person] of people.entries())
          if (staked[who]! > 0n) await bank.call('unstake', [staked[who]], person)
      }),
      { numRuns: 15 },
    )
  })

  test('gives what was emitted while nobody staked to the next period', async () => {
    const bank = await library.make('Bank', [token.address, token.address])
    await rich(bank.address, [ANN, library.sender])
    await bank.call('fundRewards', [1_000n, 100n])
    library.setTime(1_100)
    await bank.call('stake', [5n], ANN)
    await bank.call('fundRewards', [1n, 100n])
    library.setTime(1_200)
    expect((await bank.call('rewardOf', [ANN])).value).toBe(1_001n)
    await expect(bank.call('fundRewards', [1n, 100n], ANN)).rejects.toThrow('AccessControlUnauthorizedAccount')
    await expect(bank.call('fundRewards', [1n, 0n])).rejects.toThrow('BadRewardPeriod(0)')
    await expect(bank.call('fundRewards', [0n, 100n])).rejects.toThrow('RewardTooSmall')
    await expect(bank.call('unstake', [6n], ANN)).rejects.toThrow('StakeTooSmall(5, 6)')
    await expect(bank.call('stake', [0n], ANN)).rejects.toThrow('NothingToStake')
  })

  test('does not believe a token that keeps a fee, nor one that calls back', async () => {
    const fee = await library.make('FeeToken')
    const first = await library.make('Bank', [fee.address, fee.address])
    await fee.call('mint', [ANN, 1_000n])
    await fee.call('approve', [first.address, 1_000n], ANN)
    await expect(first.call('stake', [1_000n], ANN)).rejects.toThrow('ReceivedLess')
    const hostile = await library.make('HostileToken')
    const second = await library.make('Bank', [hostile.address, hostile.address])
    await hostile.call('mint', [ANN, 1_000n])
    await hostile.call('approve', [second.address, 1_000n], ANN)
    await second.call('stake', [100n], ANN)
    const again = new Interface(library.abiOf('Bank') as never)
    await hostile.call('arm', [second.address, again.encodeFunctionData('collectReward')])
    await second.call('unstake', [50n], ANN)
    expect((await hostile.call('blocked')).value).toBe(true)
  })
})

describe('escrow', () => {
  test('moves money as the deal says and conserves it, whatever is called by whomever at any time', async () => {
    const step = fc.record({
      kind: fc.constantFrom('release', 'refund', 'dispute', 'resolve', 'halve'),
      who: fc.nat(3),
      share: fc.bigInt(0n, 120n),
      wait: fc.constantFrom(0n, 40n, 31n * 86_400n),
    })
    const parties = [ANN, BEN, CAT, DAN]
    let moved = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        let now = 1_000n
        library.setTime(now)
        token = await library.make('PlainToken')
        const deals = await library.make('Deals')
        await rich(deals.address, [ANN])
        await deals.call('openDeal', [BEN, CAT, token.address, 100n, now + 50n], ANN)
        let state = 'open'
        let deadline = now + 50n
        for (const { kind, who, share, wait } of steps) {
          now += wait
          library.setTime(now)
          const [buyer, seller, arbiter] = [who === 0, who === 1, who === 2]
          let allowed = false
          if (kind === 'release') allowed = state !== 'closed' && buyer
          else if (kind === 'refund')
            allowed = (state === 'open' && (seller || now > deadline)) || (state === 'disputed' && seller)
          else if (kind === 'dispute') allowed = state === 'open' && (buyer || seller) && now <= deadline
          else if (kind === 'resolve') allowed = state === 'disputed' && arbiter && share <= 100n
          else allowed = state === 'disputed' && now > deadline
          const args = kind === 'resolve' ? [1n, share] : [1n]
          const act = deals.call(`${kind}Deal`, args, parties[who])
          if (!allowed) {
            await expect(act).rejects.toThrow(/Deal|NotPartyOfDeal/)
            continue
          }
          await act
          if (kind === 'dispute') {
            state = 'disputed'
            deadline = now + 30n * 86_400n
            continue
          }
          state = 'closed'
          moved++
          const paid = kind === 'release' ? 100n : kind === 'refund' ? 0n : kind === 'resolve' ? share : 50n
          expect(await balance(BEN)).toBe(paid)
          expect(await balance(ANN)).toBe(10n ** 12n - paid)
        }
        expect(await balance(deals.address)).toBe(state === 'closed' ? 0n : 100n)
      }),
      { numRuns: 60 },
    )
    expect(moved).toBeGreaterThan(5)
  })

  test('refuses deals that make no sense', async () => {
    const deals = await library.make('Deals')
    await rich(deals.address, [ANN])
    const open = (seller: string, arbiter: string, amount: bigint, deadline: bigint) =>
      deals.call('openDeal', [seller, arbiter, token.address, amount, deadline], ANN)
    await expect(open(BEN, BEN, 1n, 2_000n)).rejects.toThrow('BadDeal')
    await expect(open(BEN, ANN, 1n, 2_000n)).rejects.toThrow('BadDeal')
    await expect(open(BEN, CAT, 0n, 2_000n)).rejects.toThrow('BadDeal')
    await expect(open(BEN, CAT, 1n, 1_000n)).rejects.toThrow('BadDeal')
  })
})

describe('shared income', () => {
  test('is paid by shares, to the unit below, and one split never pays for another', async () => {
    const step = fc.record({ split: fc.nat(1), pay: fc.boolean(), who: fc.nat(2), amount: fc.bigInt(1n, 10_000n) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.bigInt(1n, 100n), { minLength: 3, maxLength: 3 }),
        fc.array(step, { maxLength: 20 }),
        async (shares, steps) => {
          token = await library.make('PlainToken')
          const splits = await library.make('Splits')
          await rich(splits.address, [DAN])
          await splits.call('makeSplit', [people, shares])
          await splits.call('makeSplit', [people, [1n, 1n, 1n]])
          const all = [shares, [1n, 1n, 1n]]
          const received = [0n, 0n]
          const paid = [
            [0n, 0n, 0n],
            [0n, 0n, 0n],
          ]
          for (const { split, pay, who, amount } of steps) {
            if (pay) {
              await splits.call('paySplit', [split + 1, token.address, amount], DAN)
              received[split]! += amount
              continue
            }
            const total = all[split]!.reduce((a, b) => a + b)
            const due = (received[split]! * all[split]![who]!) / total - paid[split]![who]!
            const act = splits.call('collectSplit', [split + 1, token.address, people[who]], DAN)
            if (due === 0n) await expect(act).rejects.toThrow('NothingDue')
            else expect((await act).value).toBe(due)
            paid[split]![who]! += due
          }
          const out = paid.flat().reduce((a, b) => a + b)
          expect(await balance(splits.address)).toBe(received[0]! + received[1]! - out)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('has payees that exist once, with shares', async () => {
    const splits = await library.make('Splits')
    for (const [payees, shares] of [
      [[], []],
      [
        [ANN, ANN],
        [1n, 1n],
      ],
      [[ANN], [0n]],
      [[ANN, BEN], [1n]],
      [[`0x${'00'.repeat(20)}`], [1n]],
    ] as const)
      await expect(splits.call('makeSplit', [payees, shares])).rejects.toThrow('BadSplit')
    await expect(splits.call('paySplit', [9n, token.address, 1n])).rejects.toThrow('NoSuchSplit(9)')
  })
})

describe('vesting', () => {
  const START = 10_000n
  const schedules: [name: string, args: readonly unknown[], vested: (t: bigint) => bigint][] = [
    [
      'Linear',
      [ANN, START, 1_000n],
      (t) => (t < START ? 0n : t >= START + 1_000n ? 900n : (900n * (t - START)) / 1_000n),
    ],
    [
      'Cliff',
      [ANN, START, 1_000n, 300n],
      (t) => (t < START + 300n ? 0n : t >= START + 1_000n ? 900n : (900n * (t - START)) / 1_000n),
    ],
    [
      'Tranches',
      [
        ANN,
        [
          [START, 2_000n],
          [START + 500n, 3_000n],
          [START + 1_000n, 5_000n],
        ],
      ],
      (t) => (900n * (t < START ? 0n : t < START + 500n ? 2_000n : t < START + 1_000n ? 5_000n : 10_000n)) / 10_000n,
    ],
  ]

  test.each(schedules)(
    '%s releases what its schedule says at any time, and all of it in the end',
    async (name, args, vested) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.bigInt(9_000n, 12_000n), { minLength: 1, maxLength: 8 }), async (times) => {
          token = await library.make('PlainToken')
          const wallet = await library.make(name, args)
          await token.call('mint', [wallet.address, 900n])
          for (const time of times.toSorted((a, b) => (a < b ? -1 : 1))) {
            library.setTime(time)
            await wallet.call('release(address)', [token.address], CAT)
            expect(await balance(ANN)).toBe(vested(time))
          }
          library.setTime(2n ** 40n)
          await wallet.call('release(address)', [token.address], CAT)
          expect(await balance(ANN)).toBe(900n)
        }),
        { numRuns: 12 },
      )
      const wallet = await library.make(name, args)
      await expect(wallet.call('transferOwnership', [BEN], ANN)).rejects.toThrow('BeneficiaryIsFixed')
      await expect(wallet.call('renounceOwnership', [], ANN)).rejects.toThrow('BeneficiaryIsFixed')
    },
  )

  test('refuses tranches that are out of order or do not make a whole', async () => {
    for (const list of [
      [],
      [[START, 9_999n]],
      [
        [START, 5_000n],
        [START, 5_000n],
      ],
      [
        [START, 10_000n],
        [START + 1n, 0n],
      ],
    ])
      await expect(library.make('Tranches', [ANN, list])).rejects.toThrow('deployment failed')
  })
})
