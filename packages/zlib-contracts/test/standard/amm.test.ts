import { Interface } from 'ethers'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ANN, BEN, createLibrary, type Made } from './library.ts'

let library: Awaited<ReturnType<typeof createLibrary>>
beforeAll(async () => {
  await createLibrary()
}, 600_000)

let tokens: Made[]
let factory: Made
let router: Made
const END = 2n ** 60n
beforeEach(async () => {
  library = await createLibrary()
  library.setTime(1_000)
  factory = await library.make('PairFactory')
  router = await library.make('TradeRouter', [factory.address])
  tokens = await plainTokens(3)
  for (const token of tokens)
    for (const who of [ANN, BEN]) {
      await token.call('mint', [who, 10n ** 24n])
      await token.call('approve', [router.address, 10n ** 30n], who)
    }
})

/** Tokens in the order of their addresses. */
async function plainTokens(count: number): Promise<Made[]> {
  const made: Made[] = []
  while (made.length < count) made.push(await library.make('PlainToken'))
  return made.toSorted((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
}

const addition = (a: Made, b: Made, wantedA: bigint, wantedB: bigint, leastA = 0n, leastB = 0n, deadline = END) => [
  [a.address, b.address, wantedA, wantedB, leastA, leastB, ANN, deadline],
]
const pairOf = async (a: Made, b: Made) => {
  const address = (await factory.call('pairOf', [a.address, b.address])).value as string
  return { address, call: library.at(address.toLowerCase(), library.abiOf('Pair')) }
}
const sqrt = (n: bigint) => {
  let x = n
  let y = (x + 1n) / 2n
  while (y < x) {
    x = y
    y = (x + n / x) / 2n
  }
  return x
}
const least = (a: bigint, b: bigint) => (a < b ? a : b)

describe('a pair behind the router', () => {
  test('follows the constant product to the unit through any trades, and its product per share never falls', async () => {
    const step = fc.record({
      kind: fc.constantFrom('sell', 'buy', 'add', 'remove', 'donate'),
      zero: fc.boolean(),
      amount: fc.bigInt(1n, 10n ** 7n),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
        const fresh = await plainTokens(2)
        const [a, b] = fresh as [Made, Made]
        for (const token of fresh) {
          await token.call('mint', [ANN, 10n ** 24n])
          await token.call('approve', [router.address, 10n ** 30n], ANN)
        }
        await router.call('addLiquidity', addition(a, b, 4_000_000n, 9_000_000n), ANN)
        const pair = await pairOf(a, b)
        await pair.call('approve', [router.address, 10n ** 30n], ANN)
        const reserves = [4_000_000n, 9_000_000n]
        let shares = sqrt(reserves[0]! * reserves[1]!)
        expect((await pair.call('balanceOf', [ANN])).value).toBe(shares - 1_000n)
        for (const { kind, zero, amount } of steps) {
          const before = { product: reserves[0]! * reserves[1]!, shares }
          const [from, to] = zero ? [0, 1] : [1, 0]
          const path = [fresh[from]!.address, fresh[to]!.address]
          const [x, y] = [reserves[from]!, reserves[to]!]
          if (kind === 'sell') {
            const kept = amount * 9_970n
            const out = (kept * y) / (x * 10_000n + kept)
            const act = router.call('swapExactIn', [amount, out, path, ANN, END], ANN)
            if (out === 0n) {
              await expect(act).rejects.toThrow()
              continue
            }
            expect((await act).value).toBe(out)
            reserves[from]! += amount
            reserves[to]! -= out
          } else if (kind === 'buy') {
            const out = least(amount, y / 2n)
            const cost = (x * 10_000n * out + (y - out) * 9_970n - 1n) / ((y - out) * 9_970n)
            expect((await router.call('swapExactOut', [out, cost, path, ANN, END], ANN)).value).toBe(cost)
            reserves[from]! += cost
            reserves[to]! -= out
          } else if (kind === 'add') {
            const wanted = [amount, (amount * reserves[1]!) / reserves[0]!]
            const minted = least((amount * shares) / reserves[0]!, (wanted[1]! * shares) / reserves[1]!)
            const act = router.call('addLiquidity', addition(a, b, amount, 10n ** 20n), ANN)
            if (minted === 0n) {
              await expect(act).rejects.toThrow()
              continue
            }
            expect([...(await act).values]).toEqual([amount, wanted[1], minted])
            reserves[0]! += amount
            reserves[1]! += wanted[1]!
            shares += minted
          } else if (kind === 'remove') {
            const mine = (await pair.call('balanceOf', [ANN])).value as bigint
            const given = least(amount, mine / 2n)
            const out = reserves.map((reserve) => (given * reserve) / shares)
            const act = router.call('removeLiquidity', [a.address, b.address, given, 0n, 0n, ANN, END], ANN)
            if (out[0] === 0n || out[1] === 0n) {
              await expect(act).rejects.toThrow()
              continue
            }
            expect([...(await act).values]).toEqual(out)
            for (const at of [0, 1]) reserves[at]! -= out[at]!
            shares -= given
          } else {
            // What is sent without a call belongs to whoever skims it.
            await fresh[from]!.call('transfer', [pair.address, amount], ANN)
            await pair.call('skim', [BEN])
          }
          expect([...(await pair.call('reserves')).values]).toEqual(reserves)
          expect((await pair.call('totalSupply')).value).toBe(shares)
          // product / shares² does not fall.
          expect(reserves[0]! * reserves[1]! * before.shares ** 2n).toBeGreaterThanOrEqual(
            before.product * shares ** 2n,
          )
        }
      }),
      { numRuns: 12 },
    )
  })

  test('trades along a path and holds to bounds and deadlines', async () => {
    const [a, b, c] = tokens as [Made, Made, Made]
    await router.call('addLiquidity', addition(a, b, 10n ** 9n, 10n ** 9n), ANN)
    await router.call('addLiquidity', addition(b, c, 10n ** 9n, 10n ** 9n), ANN)
    const path = [a, b, c].map(({ address }) => address)
    const quote = (await router.call('quoteOut', [1_000_000n, path])).value as bigint[]
    await expect(router.call('swapExactIn', [1_000_000n, quote[2]! + 1n, path, BEN, END], BEN)).rejects.toThrow(
      'TooLittleOut',
    )
    await expect(router.call('swapExactIn', [1_000_000n, 0n, path, BEN, 999n], BEN)).rejects.toThrow('Expired(999)')
    await expect(router.call('swapExactIn', [1n, 0n, [a.address], BEN, END], BEN)).rejects.toThrow('BadPath')
    await expect(router.call('swapExactIn', [1n, 0n, [a.address, c.address], BEN, END], BEN)).rejects.toThrow('NoPair')
    await expect(
      router.call('swapExactOut', [10n ** 9n, 10n ** 20n, path.slice(0, 2), BEN, END], BEN),
    ).rejects.toThrow()
    await expect(router.call('addLiquidity', addition(a, b, 1_000n, 2_000n, 0n, 1_500n), ANN)).rejects.toThrow(
      'TooLittleLiquidity(1000, 1000)',
    )
    await router.call('swapExactIn', [1_000_000n, quote[2], path, BEN, END], BEN)
    expect((await c.call('balanceOf', [BEN])).value).toBe(10n ** 24n + quote[2]!)
    await expect(factory.call('makePair', [b.address, a.address])).rejects.toThrow('PairExists')
    await expect(factory.call('makePair', [a.address, a.address])).rejects.toThrow()
  })

  test('pays nothing out that was not paid in, whoever calls it', async () => {
    const [a, b] = tokens as [Made, Made]
    await router.call('addLiquidity', addition(a, b, 10n ** 9n, 10n ** 9n), ANN)
    const pair = await pairOf(a, b)
    await expect(pair.call('swap', [0n, 1n, BEN], BEN)).rejects.toThrow('ProductFell')
    await expect(pair.call('swap', [0n, 0n, BEN], BEN)).rejects.toThrow('NothingOut')
    await expect(pair.call('swap', [0n, 10n ** 9n, BEN], BEN)).rejects.toThrow('TooMuchOut')
    await expect(pair.call('burnLiquidity', [BEN], BEN)).rejects.toThrow('NoLiquidityBurned')
    await expect(pair.call('mintLiquidity', [BEN], BEN)).rejects.toThrow('NoLiquidityMinted')
    await expect(pair.call('swap', [1n, 0n, a.address], BEN)).rejects.toThrow('BadReceiver')
    const clone = library.at(pair.address.toLowerCase(), library.abiOf('PairClone'))
    await expect(clone('initialize', [a.address, b.address], BEN)).rejects.toThrow('InvalidInitialization')
    const original = (await factory.call('implementation')).value as string
    await expect(
      library.at(original.toLowerCase(), library.abiOf('PairClone'))('initialize', [a.address, b.address]),
    ).rejects.toThrow('InvalidInitialization')
  })

  test('refuses to be entered a second time in the middle of a swap', async () => {
    const hostile = await library.make('HostileToken')
    const [a] = tokens as [Made]
    await hostile.call('mint', [ANN, 10n ** 12n])
    await hostile.call('approve', [router.address, 10n ** 12n], ANN)
    await router.call('addLiquidity', addition(a, hostile, 10n ** 6n, 10n ** 6n), ANN)
    const pair = await pairOf(a, hostile)
    const data = new Interface(library.abiOf('Pair') as never).encodeFunctionData('skim', [BEN])
    await hostile.call('arm', [pair.address, data])
    await router.call('swapExactIn', [1_000n, 0n, [a.address, hostile.address], ANN, END], ANN)
    expect((await hostile.call('blocked')).value).toBe(true)
  })
})
