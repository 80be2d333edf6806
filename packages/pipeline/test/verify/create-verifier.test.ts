import { ed25519 } from '@noble/curves/ed25519.js'
import { schnorr } from '@noble/curves/secp256k1.js'
import { expect, test } from 'vitest'
import { isPipelineError } from '../../src/index.ts'
import { createVerifier, type Verifier } from '../../src/verify/index.ts'
import { nobleVerifier } from '../../src/verify/noble.ts'
import { selfTest } from '../../src/verify/self-test.ts'
import { random } from '../random.ts'

test('the fastest backend is chosen, and asking for none that works is an error', () => {
  expect(createVerifier().backend).toBe('wasm-relaxed-simd')
  expect(createVerifier({ backends: ['wasm', 'noble'] }).backend).toBe('wasm')
  expect(() => createVerifier({ backends: [] })).toThrow(
    expect.toSatisfy((e) => isPipelineError(e, 'PIPELINE_NO_BACKEND')),
  )
})

test('the self-test refuses a backend that is wrong in any one way', () => {
  const noble = nobleVerifier()
  expect(selfTest(noble)).toBe(true)
  const wrong: Partial<Verifier>[] = [
    { recoverMany: (items) => items.map(() => new Uint8Array(20)) },
    { verifyBatch: () => true },
    { verifyBatch: () => false },
    { verifyMany: (_, items) => items.map(() => true) },
    { verifyMany: () => [] },
    {
      verifyMany: () => {
        throw new Error('unreachable executed')
      },
    },
  ]
  for (const part of wrong) expect(selfTest({ ...noble, ...part })).toBe(false)
})

test('differential: all backends answer alike on random mixtures of good and damaged items, long runs that adapt included', () => {
  const simd = createVerifier({ backends: ['wasm-relaxed-simd'] })
  const scalar = createVerifier({ backends: ['wasm'] })
  const noble = nobleVerifier()
  const { seed, below, bytes, bigint } = random()
  const good = {
    bip340: Array.from({ length: 12 }, () => {
      const secret = bytes(32)
      const message = bytes(below(100))
      return { publicKey: schnorr.getPublicKey(secret), message, signature: schnorr.sign(message, secret) }
    }),
    ed25519: Array.from({ length: 12 }, () => {
      const secret = bytes(32)
      const message = bytes(below(100))
      return { publicKey: ed25519.getPublicKey(secret), message, signature: ed25519.sign(message, secret) }
    }),
  }
  const spoil = <T extends { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }>(item: T): T => {
    const field = (['publicKey', 'message', 'signature'] as const)[below(3)]!
    const value = item[field]
    if (value.length === 0 || below(8) === 0) return { ...item, [field]: bytes(below(70)) }
    const at = below(value.length)
    return { ...item, [field]: value.with(at, value[at]! ^ (1 << below(8))) }
  }
  for (let round = 0; round < (process.env.ZOS_LONG ? 300 : 6); round++) {
    const share = [0, 1, 5, 50][below(4)]!
    for (const scheme of ['bip340', 'ed25519'] as const) {
      const items = Array.from({ length: 1 + below(150) }, () => {
        const item = good[scheme][below(12)]!
        return below(100) < share ? spoil(item) : item
      })
      // noble is slow: it judges each different item once.
      const judged = new Map([...new Set(items)].map((item) => [item, noble.verifyMany(scheme, [item])[0]!] as const))
      const expected = items.map((item) => judged.get(item)!)
      for (const verifier of [simd, scalar]) {
        expect(verifier.verifyMany(scheme, items), `seed ${seed}, round ${round}`).toEqual(expected)
        expect(verifier.verifyBatch(scheme, items)).toBe(expected.every(Boolean))
      }
    }
    const recover = Array.from({ length: 20 }, () => ({
      hash: bytes(32),
      r: bigint(32),
      s: bigint(32) >> 1n,
      yParity: below(2) as 0 | 1,
    }))
    const expected = noble.recoverMany(recover)
    for (const verifier of [simd, scalar])
      expect(verifier.recoverMany(recover), `seed ${seed}, round ${round}`).toEqual(expected)
  }
})
