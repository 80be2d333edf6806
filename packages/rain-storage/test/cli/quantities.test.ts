import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatPrice, priceOf } from '../../src/cli/market/money.ts'
import { bytesOfSize, formatSeconds, formatSize, formatUnits, secondsOf, unitsOf } from '../../src/cli/quantities.ts'

const refused = (act: () => unknown) =>
  expect(act).toThrow(
    expect.objectContaining({ code: 'STORAGE_INVALID_ARGUMENT', message: expect.stringContaining('--flag') }),
  )

describe('sizes', () => {
  test('are read in decimal and binary units', () => {
    const sizes: [string, bigint][] = [
      ['0', 0n],
      ['4096', 4096n],
      ['12 B', 12n],
      ['1.5kB', 1500n],
      ['1KiB', 1024n],
      ['100GB', 100n * 10n ** 9n],
      ['1.5TiB', 3n * 2n ** 39n],
      ['0.001 PB', 10n ** 12n],
    ]
    for (const [text, bytes] of sizes) expect(bytesOfSize('flag', text), text).toBe(bytes)
    for (const text of ['', 'GB', '-1', '1e9', '1 XB', '1.', '.5', '1,5GB', '1kb', '1.0000000001GB'])
      refused(() => bytesOfSize('flag', text))
  })

  test('are shown in units of 1,024', () => {
    expect([0n, 1023n, 1024n, 100n * 10n ** 9n, 2n ** 40n].map(formatSize)).toEqual([
      '0 B',
      '1023 B',
      '1 KiB',
      '93.1 GiB',
      '1 TiB',
    ])
  })
})

describe('times', () => {
  test('are read, and shown so that they are read as the same', () => {
    expect(['90s', '10m', '12h', '30d', '1y', '0s'].map((text) => secondsOf('flag', text))).toEqual([
      90, 600, 43_200, 2_592_000, 31_536_000, 0,
    ])
    for (const text of ['', '5', '1.5h', '-1s', '1w', '99999999999999999y']) refused(() => secondsOf('flag', text))
    fc.assert(fc.property(fc.nat(2 ** 31), (seconds) => secondsOf('flag', formatSeconds(seconds)) === seconds))
    expect([600, 86_400, 90, 3_601].map(formatSeconds)).toEqual(['10m', '1d', '90s', '3601s'])
  })
})

describe('sums', () => {
  test('are read to the last unit, and shown so that they are read as the same', () => {
    expect(unitsOf('flag', '0.25', 18)).toBe(25n * 10n ** 16n)
    expect(unitsOf('flag', '7', 0)).toBe(7n)
    expect(unitsOf('flag', '1.500', 1)).toBe(15n)
    for (const text of ['', '1.25', '-1', '1e3', '.5', '0x10', '1 coin']) refused(() => unitsOf('flag', text, 1))
    const units = fc.bigInt({ min: 0n, max: 1n << 128n })
    fc.assert(
      fc.property(units, fc.nat(36), (sum, decimals) => unitsOf('flag', formatUnits(sum, decimals), decimals) === sum),
    )
  })
})

describe('prices', () => {
  test('of a GiB and 30 days become those of a GiB and second, to the nearest, and are shown as they were given', () => {
    // One coin: 10^18 units × 10^18 over 30 · 86,400 seconds.
    expect(priceOf('flag', '1', 18)).toBe((10n ** 36n + 1_296_000n) / 2_592_000n)
    expect(formatPrice(10n ** 9n * 10n ** 18n, 18)).toBe('0.002592')
    const scaled = fc.bigInt({ min: 0n, max: 10n ** 30n })
    fc.assert(
      fc.property(scaled, fc.nat(24), (sum, decimals) => {
        const text = formatUnits(sum, decimals + 6)
        return formatPrice(priceOf('flag', text, decimals), decimals) === text
      }),
    )
  })
})
