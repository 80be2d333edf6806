import { minedBy } from '@zos/zpos'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileEmissionProbe, YEAR, ZOS } from '../contracts.ts'
import { createMachine } from '../machine.ts'

const EPOCH = 2n * YEAR
const LIMIT = 800_000_000n * ZOS
let minted: (elapsed: bigint) => Promise<bigint>

beforeAll(async () => {
  const probe = compileEmissionProbe()
  const machine = await createMachine()
  const call = machine.at(await machine.deploy(probe.creation, probe.abi, []), probe.abi)
  minted = async (elapsed) => (await call('minted', [elapsed])).value
})

describe('the emission', () => {
  test.each([
    [1n, 200_000_000n],
    [2n, 400_000_000n],
    [3n, 500_000_000n],
    [4n, 600_000_000n],
    [6n, 700_000_000n],
    [8n, 750_000_000n],
    [10n, 775_000_000n],
    [20n, 799_218_750n],
  ])('after %d years is %d ZOS', async (years, coins) => {
    expect(await minted(years * YEAR)).toBe(coins * ZOS)
  })

  test('after fifty years is 799,999,976.158142… ZOS, and reaches 800 M without exceeding it', async () => {
    expect((await minted(50n * YEAR)) / 10n ** 12n).toBe(799_999_976_158_142n)
    expect(await minted(170n * YEAR)).toBeLessThan(LIMIT)
    expect(await minted(180n * YEAR)).toBe(LIMIT)
    expect(await minted(2n ** 256n - 1n)).toBe(LIMIT)
  })

  test('halves its rate at the boundary of an epoch, to the second', async () => {
    const rate = async (from: bigint) => (await minted(from + 1n)) - (await minted(from))
    const perSecond = (400_000_000n * ZOS) / EPOCH
    expect(await minted(0n)).toBe(0n)
    expect(await rate(EPOCH - 1n)).toBeGreaterThanOrEqual(perSecond)
    expect(await rate(EPOCH - 1n)).toBeLessThanOrEqual(perSecond + 1n)
    expect(await rate(EPOCH)).toBe(perSecond / 2n)
  })

  test('is what the chain itself mints, at any second', async () => {
    await fc.assert(
      fc.asyncProperty(fc.bigInt(0n, 250n * YEAR), async (elapsed) => {
        expect(await minted(elapsed)).toBe(minedBy(elapsed * 1_000n))
      }),
      { numRuns: 300 },
    )
  })

  test('never decreases and never exceeds 800 M, for any two times', async () => {
    const time = fc.oneof(fc.bigInt(0n, 250n * YEAR), fc.bigInt(0n, 2n ** 256n - 1n))
    await fc.assert(
      fc.asyncProperty(time, time, async (a, b) => {
        const [early, late] = a < b ? [a, b] : [b, a]
        const [before, after] = [await minted(early), await minted(late)]
        expect(before).toBeLessThanOrEqual(after)
        expect(after).toBeLessThanOrEqual(LIMIT)
      }),
      { numRuns: 200 },
    )
  })
})
