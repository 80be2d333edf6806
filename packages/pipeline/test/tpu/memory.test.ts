import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FingerprintSet } from '../../src/tpu/fingerprint-set.ts'
import { KeyMemory } from '../../src/tpu/key-memory.ts'

describe('FingerprintSet', () => {
  test('is a set, whatever is added and removed, also when all its slots collide', () => {
    // Few values with the same lowest bits: long runs, which wrap around the end.
    const value = fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 12, max: 16 })).map(([high, low]) => {
      return high * 0x100000000 + (low % 16) || 1
    })
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'delete'), value), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (list) => {
        const set = new FingerprintSet(40)
        const model = new Set<number>()
        for (const [step, x] of list) {
          if (step === 'add') set.add(x)
          else set.delete(x)
          if (step === 'add') model.add(x)
          else model.delete(x)
          expect(set.size).toBe(model.size)
        }
        for (let high = 0; high < 8; high++)
          for (let low = 0; low < 16; low++) {
            const x = high * 0x100000000 + low || 1
            expect(set.has(x)).toBe(model.has(x))
          }
      }),
      { numRuns: 300 },
    )
  })

  test('holds as many as it was made for', () => {
    const set = new FingerprintSet(5000)
    for (let i = 1; i <= 5000; i++) set.add(i * 0x100000 + i)
    expect(set.size).toBe(5000)
    for (let i = 1; i <= 5000; i++) expect(set.has(i * 0x100000 + i)).toBe(true)
    expect(set.has(3)).toBe(false)
  })
})

describe('KeyMemory', () => {
  const key = (n: number) => Uint8Array.of(n >> 16, n >> 8, n, 7, n)
  const value = (n: number) => Uint8Array.of(n, n >> 8, 1)

  test('gives back what was set, the newest value of each key', () => {
    // So much room that no set of four gets a fifth key, whatever the secret: one time in 10^9.
    const memory = new KeyMemory(400_000, 5, 3)
    for (let n = 0; n < 500; n++) memory.set(key(n), value(n))
    for (let n = 0; n < 500; n += 3) memory.set(key(n), value(n + 1000))
    for (let n = 0; n < 500; n++) expect(memory.get(key(n))).toEqual(value(n % 3 === 0 ? n + 1000 : n))
    expect(memory.get(key(500))).toBeUndefined()
    expect(memory.get(Uint8Array.of(9, 9, ...key(7)), 2)).toEqual(value(7))
  })

  test('is bounded, never wrong, and forgets what was idle longest', () => {
    const memory = new KeyMemory(64, 5, 3)
    for (let n = 0; n < 10_000; n++) {
      memory.set(key(n), value(n))
      // In use all the time: it stays.
      expect(memory.get(key(0))).toEqual(value(0))
    }
    let known = 0
    for (let n = 0; n < 10_000; n++) {
      const found = memory.get(key(n))
      if (!found) continue
      expect(found).toEqual(value(n))
      known++
    }
    expect(known).toBeGreaterThan(32)
    expect(known).toBeLessThanOrEqual(64)
    expect(memory.get(key(9_999))).toEqual(value(9_999))
  })
})
