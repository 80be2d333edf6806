import { describe, expect, it } from 'vitest'
import { Cache } from '../../src/caching/cache.ts'
import { POLICY_NAMES, type PolicyName } from '../../src/caching/policies.ts'
import { isCdnError } from '../../src/errors.ts'
import { seeded } from '../seeded.ts'

const names = POLICY_NAMES

describe.each(names)('policy %s', (policy) => {
  it.each(['string', 'integer'] as const)('keeps the contract of a cache over random work with %s keys', (keys) => {
    const seed = 7
    const random = seeded(seed)
    const model = new Map<string | number, number>()
    const cache = new Cache<string | number, number>({
      capacityBytes: 5000,
      policy,
      keys,
      onEvict: (key, value) => {
        expect(model.get(key), `seed ${seed}`).toBe(value)
        model.delete(key)
      },
    })
    for (let step = 0; step < 20_000; step++) {
      const id = Math.floor(random() ** 3 * 400)
      const key = keys === 'integer' ? id * 4_294_967_311 : `k${id}`
      const dice = random()
      if (dice < 0.02) {
        expect(cache.delete(key)).toBe(model.delete(key))
      } else if (dice < 0.1) {
        const size = 1 + Math.floor(random() * (random() < 0.02 ? 7000 : 300))
        model.delete(key)
        model.set(key, step)
        if (!cache.set(key, step, size)) model.delete(key)
      } else {
        const value = cache.get(key)
        expect(value).toBe(model.get(key))
        if (value === undefined) {
          model.set(key, step)
          if (!cache.set(key, step, 1 + (id % 97))) model.delete(key)
        }
      }
      const { bytes, entries } = cache.stats()
      expect(bytes).toBeLessThanOrEqual(5000)
      expect(entries).toBe(model.size)
    }
    let sum = 0
    for (const [key, size] of cache.keys()) {
      expect(model.has(key)).toBe(true)
      sum += size
    }
    expect(sum).toBe(cache.stats().bytes)
  })

  it('stays sound when whom it tells of evictions asks it for other keys, and keys asked for long ago are set', () => {
    const random = seeded(11)
    const key = () => `k${Math.floor(random() ** 2 * 300)}`
    const model = new Map<string, number>()
    const cache = new Cache<string, number>({
      capacityBytes: 3000,
      policy,
      onEvict: (gone) => {
        model.delete(gone)
        cache.get(key())
      },
    })
    for (let step = 0; step < 20_000; step++) {
      // What was not there is set later than a few hits, or never.
      const missed = key()
      if (cache.get(missed) !== undefined) continue
      for (let hits = 0; hits < 3; hits++) cache.get(key())
      const set = random() < 0.7 ? missed : key()
      model.set(set, step)
      if (!cache.set(set, step, 1 + Math.floor(random() * 90))) model.delete(set)
      const keys = [...cache.keys()].map(([name]) => name)
      if (step % 50 > 0) continue
      expect(new Set(keys).size).toBe(keys.length)
      expect(keys.toSorted()).toEqual([...model.keys()].toSorted())
      for (const name of keys) expect(cache.peek(name)).toBe(model.get(name))
    }
  })

  it('refuses a value larger than the cache and keeps the rest', () => {
    const cache = new Cache<string, number>({ capacityBytes: 10, policy })
    expect(cache.set('a', 1, 4)).toBe(true)
    expect(cache.set('large', 2, 11)).toBe(false)
    expect(cache.get('a')).toBe(1)
  })

  it('goes on after a restart with the same values', () => {
    const random = seeded(11)
    const before = new Cache<string, number>({ capacityBytes: 900, policy })
    for (let i = 0; i < 5000; i++) {
      const key = `k${Math.floor(random() ** 2 * 60)}`
      if (before.get(key) === undefined) before.set(key, i, 30)
    }
    const after = new Cache<string, number>({ capacityBytes: 900, policy })
    after.restore(before.snapshot(), (key) => before.peek(key))
    expect(new Map(after.keys())).toEqual(new Map(before.keys()))
    expect(after.stats().bytes).toBe(before.stats().bytes)
    for (let i = 0; i < 500; i++) if (after.get(`n${i % 50}`) === undefined) after.set(`n${i % 50}`, i, 30)
    expect(after.stats().bytes).toBeLessThanOrEqual(900)
  })

  it.each(['string', 'integer'] as const)('knows a restored %s key that was looked for before', (keys) => {
    const key = keys === 'string' ? 'a' : 7
    const before = new Cache<string | number, number>({ capacityBytes: 100, policy, keys })
    before.set(key, 1, 10)
    const snapshot = before.snapshot()
    const after = new Cache<string | number, number>({ capacityBytes: 100, policy, keys })
    expect(after.get(key)).toBeUndefined()
    after.restore(snapshot, () => after.get(key) ?? 1)
    after.set(key, 2, 10)
    expect([...after.keys()]).toEqual([[key, 10]])
    expect(after.get(key)).toBe(2)
  })
})

describe('known decisions', () => {
  const order = (policy: PolicyName, uses: string, capacityBytes: number) => {
    const gone: string[] = []
    const cache = new Cache<string, true>({ capacityBytes, policy, onEvict: (key) => gone.push(key) })
    for (const key of uses) if (!cache.get(key)) cache.set(key, true, 1)
    return gone.join('')
  }
  it('LRU drops the least recently used', () => expect(order('lru', 'abcade', 3)).toBe('bc'))
  it('LFU drops the least used, the oldest first', () => expect(order('lfu', 'aabcbd', 3)).toBe('c'))
  it('SIEVE passes over what was used and its hand stays', () => expect(order('sieve', 'abcade', 3)).toBe('bc'))
  it('S3-FIFO lets a scan pass through the small queue', () => {
    const gone = order('s3-fifo', `ababab${'cdefghijklmnop'}ab`, 10)
    expect(gone).not.toMatch(/[ab]/)
  })
  it('ARC keeps what was used twice through a scan', () => {
    expect(order('arc', 'aabbcdefghij', 4)).not.toMatch(/[ab]/)
  })
  it('the filter keeps more of what was in demand when strangers come back a second time', () => {
    const kept = (policy: PolicyName) => {
      const cache = new Cache<number, true>({ capacityBytes: 100, policy, keys: 'integer' })
      const use = (key: number) => {
        if (!cache.get(key)) cache.set(key, true, 1)
      }
      for (let key = 0; key < 85; key++) for (let uses = 0; uses < 9; uses++) use(key)
      // Each stranger returns once, while its ghost is still known.
      for (let twice = 0; twice < 2; twice++) for (let key = 1000; key < 1090; key++) use(key)
      return Array.from({ length: 85 }, (_, key) => cache.has(key)).filter(Boolean).length
    }
    expect(kept('filtered-s3-fifo')).toBeGreaterThan(kept('s3-fifo'))
  })
  it.each([1.1, 1.3, 2, 3, 5, 10])(
    'in a loop of %d times the cache most of what fits is hit, of which LRU hits nothing',
    (times) => {
      const rounds = 30
      const shareOf = (policy: PolicyName) => {
        const cache = new Cache<number, true>({ capacityBytes: 1000, policy, keys: 'integer' })
        for (let round = 0; round < rounds; round++) {
          for (let key = 0; key < 1000 * times; key++) if (!cache.get(key)) cache.set(key, true, 1)
        }
        return cache.stats().hits / (1000 * (rounds - 1))
      }
      expect(shareOf('lru')).toBe(0)
      expect(shareOf('filtered-s3-fifo')).toBeGreaterThan(0.75)
    },
  )
  it('what came first stays in the room that nothing in demand needs', () => {
    const cache = new Cache<number, true>({ capacityBytes: 100, keys: 'integer' })
    for (let key = 0; key < 1000; key++) cache.set(key, true, 1)
    expect(Array.from({ length: 90 }, (_, key) => cache.has(key))).not.toContain(false)
  })
  it('what stays there goes to whoever returns, the newest first', () => {
    const gone: number[] = []
    const cache = new Cache<number, true>({ capacityBytes: 100, keys: 'integer', onEvict: (key) => gone.push(key) })
    for (let key = 0; key < 200; key++) cache.set(key, true, 1)
    gone.length = 0
    for (let key = 90; key < 95; key++) cache.set(key, true, 1)
    expect(gone).toEqual([89, 88, 87, 86, 85])
  })
})

it('wrong options are refused with CDN_INVALID_ARGUMENT', () => {
  for (const options of [{ capacityBytes: 0 }, { capacityBytes: 1, policy: 'none' as PolicyName }]) {
    try {
      new Cache(options)
      expect.unreachable()
    } catch (error) {
      expect(isCdnError(error, 'CDN_INVALID_ARGUMENT')).toBe(true)
    }
  }
  expect(() => new Cache({ capacityBytes: 1 }).set('a', 1, 0)).toThrow('sizeBytes')
})

it('values of many gigabytes and broken sizes count as what they are, also when their place is used again', () => {
  for (const policy of POLICY_NAMES) {
    const cache = new Cache<string, number>({ capacityBytes: 10e9, policy })
    cache.set('large', 1, 6e9)
    cache.set('broken', 2, 0.5)
    expect(new Map(cache.keys())).toEqual(
      new Map([
        ['large', 6e9],
        ['broken', 0.5],
      ]),
    )
    expect(cache.stats().bytes).toBe(6e9 + 0.5)
    for (let i = 0; i < 9; i++) cache.set(`other ${i}`, i, 3e9)
    cache.delete('broken')
    cache.set('small', 3, 7)
    const sum = [...cache.keys()].reduce((total, [, size]) => total + size, 0)
    expect(cache.stats().bytes).toBe(sum)
    expect(sum).toBeLessThanOrEqual(10e9)
  }
})
