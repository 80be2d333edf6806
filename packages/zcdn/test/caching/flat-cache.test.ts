import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cache } from '../../src/caching/cache.ts'
import { createDemandBook } from '../../src/caching/flat/create-demand-book.ts'
import type { DemandBook } from '../../src/caching/flat/demand-book.ts'
import { DemandCache } from '../../src/caching/flat/demand-cache.ts'
import { FlatCache } from '../../src/caching/flat/flat-cache.ts'
import { quickIntegerHash, quickStringHash } from '../../src/caching/flat/hash.ts'
import { isCdnError } from '../../src/errors.ts'
import { seeded } from '../seeded.ts'
import { ReferenceCache } from './reference.ts'

type Operation = { kind: 'get' | 'set' | 'delete' | 'use'; id: number; size: number }

/** 64-character names that differ where the quick hash looks, or only where it does not. */
const nameOf = (id: number) => `${String(id).padStart(44, 'x')}-a-suffix-common-to-`
const keyOf = { integer: (id: number) => id * 3_000_000_019, string: (id: number) => `${nameOf(id)}${id}` }

interface Inside {
  hashOf(key: string): number
  book: DemandBook
}
const insideOf = (cache: Cache<string, number>) => (cache as unknown as { engine: Inside }).engine

/** The two forms of the numbers. */
const books = { WebAssembly: createDemandBook, TypeScript: (capacity: number): DemandBook => new DemandCache(capacity) }

/** Does the same to both forms of the cache, one of which tells what it turns out, and to the reference, and compares all that can be seen. */
function compare(keys: 'integer' | 'string', capacityBytes: number, operations: Iterable<Operation>): void {
  for (const form of Object.values(books)) compareOne(form, keys, capacityBytes, [...operations])
}

function compareOne(
  form: (capacity: number) => DemandBook,
  keys: 'integer' | 'string',
  capacityBytes: number,
  operations: Operation[],
): void {
  type Key = string | number
  const gone: [Key, number][] = []
  const onEvict = (key: Key, value: number) => void gone.push([key, value])
  const cache = new FlatCache<Key, number>(capacityBytes, keys === 'integer', onEvict, form(capacityBytes))
  const silent = new FlatCache<Key, number>(capacityBytes, keys === 'integer', undefined, form(capacityBytes))
  const hashOf = (keys === 'integer' ? quickIntegerHash : quickStringHash) as (key: Key) => number
  const reference = new ReferenceCache<Key, number>(capacityBytes, hashOf)
  let step = 0
  const set = (key: Key, size: number) => {
    const expected = reference.set(key, step, size)
    expect(cache.set(key, step, size)).toBe(expected.isIn)
    expect(silent.set(key, step, size)).toBe(expected.isIn)
    expect(gone.splice(0)).toEqual(expected.gone)
  }
  for (const { kind, id, size } of operations) {
    step++
    const key = keyOf[keys](id)
    if (kind === 'set') set(key, size)
    else if (kind === 'delete') {
      const was = reference.delete(key)
      expect([cache.delete(key), silent.delete(key)]).toEqual([was, was])
    } else {
      const value = reference.get(key)
      expect([cache.get(key), silent.get(key)]).toEqual([value, value])
      if (value === undefined && kind === 'use') set(key, size)
    }
    const { entries, bytes } = cache.stats()
    expect([entries, bytes]).toEqual([reference.entries, reference.bytes])
    expect(silent.stats()).toEqual(cache.stats())
  }
}

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom('get', 'set', 'delete', 'use', 'use', 'use', 'use', 'use'),
  id: fc.oneof(fc.nat(12), fc.nat(60), fc.nat(400)),
  size: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 140 })),
})

describe.each(['integer', 'string'] as const)('the flat cache with %s keys', (keys) => {
  it('tells the time of ghosts by the same roundings (found at random)', () => {
    const short =
      'u4:1 u1:6 u3:3 s2:1 u5:6 u6:1 u7:1 u0:7 s8:1 u2:1 u14:3 u10:7 u9:1 u11:1 s12:1 u1:1 u13:1 s2:8 u3:3 u0:1 s3:1 u4:2 u1:6 u2:1'
    const work = short.split(' ').map((one): Operation => {
      const [id, size] = one.slice(1).split(':').map(Number) as [number, number]
      return { kind: one[0] === 'u' ? 'use' : 'set', id, size }
    })
    compare(keys, 10, work)
  })

  it('decides as the reference does, step by step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 128 }),
        fc.array(operation, { maxLength: 600, size: 'max' }),
        (capacity, work) => compare(keys, capacity, work),
      ),
      { numRuns: 60 },
    )
  })

  it('decides as the reference does over long work in which it grows, sweeps and forgets', () => {
    const random = seeded(keys === 'integer' ? 3 : 4)
    function* work(): Iterable<Operation> {
      for (let step = 0; step < 12_000; step++) {
        const drift = Math.floor(step / 3000) * 150
        const id = drift + Math.floor(random() ** 3 * 900)
        const dice = random()
        // Now and then much is deleted at once.
        const kind = step % 4000 > 3800 && dice < 0.7 ? 'delete' : dice < 0.02 ? 'set' : dice < 0.04 ? 'delete' : 'use'
        yield { kind, id, size: 1 + (id % 7) }
      }
    }
    compare(keys, 700, work())
  })

  it('decides as the reference does where ghosts of much demand come back all the time', () => {
    const random = seeded(9)
    function* work(): Iterable<Operation> {
      for (let step = 0; step < 8000; step++) yield { kind: 'use', id: Math.floor(random() ** 2 * 130), size: 1 }
    }
    compare(keys, 50, work())
  })

  it('decides as the reference does where all is used in bursts that come back', () => {
    const random = seeded(10)
    function* work(): Iterable<Operation> {
      for (let step = 0; step < 4000; step++) {
        const id = Math.floor(random() ** 2 * 600)
        for (let uses = 0; uses < 2; uses++) yield { kind: 'use', id, size: 1 + (id % 3) }
      }
    }
    compare(keys, 70, work())
  })
})

it('keys that the quick hash takes for one are found, and cost no more than others after a few', () => {
  const cache = new Cache<string, number>({ capacityBytes: 5000 })
  const name = (i: number) => `${String(i).padStart(6, '0')}${'-same-in-all-of-them-to-the-end'.repeat(2)}`
  expect(quickStringHash(name(1))).toBe(quickStringHash(name(2)))
  for (let i = 0; i < 5000; i++) cache.set(name(i), i, 1)
  const hashes = new Set(Array.from({ length: 5000 }, (_, i) => insideOf(cache).hashOf(name(i))))
  expect(hashes.size).toBeGreaterThan(4990)
  for (let i = 0; i < 5000; i++) expect(cache.get(name(i))).toBe(i)
  expect(cache.get(name(5000))).toBeUndefined()
})

it('integer keys are told apart up to 2^53 - 1, and what is none is refused or not found', () => {
  const cache = new Cache<number, number>({ capacityBytes: 100, keys: 'integer' })
  const keys = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 1, Number.MAX_SAFE_INTEGER]
  for (const key of keys) cache.set(key, key, 1)
  for (const key of keys) expect(cache.get(key)).toBe(key)
  expect([...cache.keys()].map(([key]) => key)).toEqual(keys)
  const none = [-1, 0.5, 1.5, Number.NaN, 2 ** 32 + 0.5, -(2 ** 32) + 1, Number.POSITIVE_INFINITY, 2 ** 53]
  for (const key of none) {
    expect(cache.get(key)).toBeUndefined()
    try {
      cache.set(key, 1, 1)
      expect.unreachable()
    } catch (error) {
      expect(isCdnError(error, 'CDN_INVALID_ARGUMENT')).toBe(true)
    }
  }
})

it('sizes that are no integers never leave it waiting for room', () => {
  const cache = new Cache<number, number>({ capacityBytes: 1, keys: 'integer' })
  for (let i = 0; i < 3000; i++) cache.set(i % 17, i, i % 5 === 0 ? 1 : 0.1 * (1 + (i % 3)))
  expect(cache.stats().bytes).toBeLessThanOrEqual(1)
})

it('setting and deleting without end takes no more room', () => {
  const cache = new Cache<string, number>({ capacityBytes: 1000 })
  for (let i = 0; i < 20_000; i++) {
    cache.set(`k${i}`, i, 1)
    cache.delete(`k${i}`)
  }
  expect(insideOf(cache).book.used()).toBeLessThan(4000)
  expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 })
})
