import { describe, expect, test } from 'vitest'
import { DecodedCache } from '../../src/chain/decoded-cache.ts'

describe('what was decoded', () => {
  const bytes = (value: number, length = 10) => new Uint8Array(length).fill(value)

  test('is decoded once as long as the stored bytes stay the same', () => {
    const cache = new DecodedCache<{ first: number }>(5_300)
    let decodings = 0
    const read = (key: string, stored: Uint8Array) =>
      cache.decoded(key, stored, (one) => {
        decodings++
        return { first: one[0]! }
      })
    const value = read('a', bytes(1))
    expect(read('a', bytes(1))).toBe(value)
    expect(decodings).toBe(1)
    expect(read('a', bytes(2))).toEqual({ first: 2 })
    expect(read('b', bytes(1))).toEqual({ first: 1 })
    expect(decodings).toBe(3)
  })

  test('takes no more room than it may, the oldest goes first', () => {
    const cache = new DecodedCache<number>(5_300)
    for (let index = 0; index < 50; index++) cache.decoded(`k${index}`, bytes(index), ([first]) => first!)
    expect(cache.size).toBe(10)
    cache.decoded('large', bytes(1, 1_601), () => 0)
    expect(cache.size).toBe(10)
    let decoded = false
    cache.decoded('k49', bytes(49), () => {
      decoded = true
      return 0
    })
    expect(decoded).toBe(false)
    for (let index = 0; index < 50; index++) cache.decoded('same', bytes(index), () => 0)
    expect(cache.size).toBe(10)
  })
})
