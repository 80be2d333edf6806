import { readFileSync } from 'node:fs'
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect, test } from 'vitest'

/** The words of a constant in an assembly file, little end first. */
function constant(file: string, name: string): bigint {
  const source = readFileSync(new URL(`../../assembly/${file}`, import.meta.url), 'utf8')
  const [, words] = new RegExp(`const ${name}: usize = memory\\.data<u32>\\(\\[([^\\]]*)\\]`).exec(source)!
  return words!
    .split(',')
    .map((word) => BigInt(word.trim()))
    .reduceRight((value, word) => (value << 32n) | word, 0n)
}

test('the decomposition of scalars: constants, lattice, and halves below 2^128 for every scalar', () => {
  const n = secp256k1.Point.Fn.ORDER
  const read = (name: string) => constant('secp256k1-scalar.ts', name)
  const [a1, b1, a2] = [read('A1'), -read('B1'), read('A2')]
  const b2 = a1
  const lambda = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n
  expect(read('ORDER')).toBe(n)
  expect(read('COMPLEMENT')).toBe((1n << 256n) - n)
  expect(read('HALF_ORDER')).toBe(n >> 1n)
  expect(read('PRIME')).toBe(secp256k1.Point.Fp.ORDER)
  expect((lambda * lambda + lambda + 1n) % n).toBe(0n)
  for (const [a, b] of [
    [a1, b1],
    [a2, b2],
  ] as const)
    expect((a + b * lambda) % n).toBe(0n)
  const round = (x: bigint, y: bigint) => (2n * x + y) / (2n * y)
  expect(read('G1')).toBe(round(b2 << 384n, n))
  expect(read('G2')).toBe(round(-b1 << 384n, n))
  // c1, c2 are off by at most 1/2 (rounding) + k · (1/2) / 2^384 < 1/2 + 2^-128 (rounded constants).
  const scaled = (x: bigint) => x * ((1n << 127n) + 1n) // (1/2 + 2^-128) · 2^128
  expect(scaled(a1 + a2)).toBeLessThan(1n << 256n)
  expect(scaled(-b1 + b2)).toBeLessThan(1n << 256n)
  // The same by example, at the scalars where rounding is worst.
  for (let i = 0n; i < 2000n; i++) {
    for (const k of [(i * n) / 2000n, ((2n * i + 1n) * n) / (2n * b2 + i), n - 1n - i]) {
      if (k >= n || k < 0n) continue
      const c1 = (k * read('G1') + (1n << 383n)) >> 384n
      const c2 = (k * read('G2') + (1n << 383n)) >> 384n
      const k1 = k - c1 * a1 - c2 * a2
      const k2 = -c1 * b1 - c2 * b2
      expect((k1 + k2 * lambda - k) % n).toBe(0n)
      for (const half of [k1, k2]) expect(half < 0n ? -half : half).toBeLessThan(1n << 128n)
    }
  }
})

test('Barrett reduction modulo the order of Ed25519: constants, and a quotient at most two too small', () => {
  const l = ed25519.Point.Fn.ORDER
  const mu = constant('ed25519-scalar.ts', 'MU')
  expect(constant('ed25519-scalar.ts', 'ORDER')).toBe(l)
  expect(mu).toBe((1n << 512n) / l)
  for (const w of [0n, l - 1n, l, (1n << 512n) - 1n, ((1n << 512n) / l) * l - 1n, ((1n << 512n) / l) * l]) {
    const rest = w - ((w * mu) >> 512n) * l
    expect(rest >= 0n && rest < 3n * l).toBe(true)
  }
})
