import type { UnitHeader, UnitId } from '@zos/dag'
import { expect, test } from 'vitest'
import { HeaderCache } from '../../src/ledger/header-cache.ts'

const id = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as UnitId
const header = (n: number) => ({ timestampMs: n }) as UnitHeader

test('keeps two generations in memory and reads what is older back', () => {
  const read: UnitId[] = []
  const cache = new HeaderCache((which) => {
    read.push(which)
    return which === id(99_999_999) ? undefined : header(Number(BigInt(which)))
  })
  for (let n = 0; n < 20_000; n++) cache.set(id(n), header(n))
  expect(cache.size).toBeLessThanOrEqual(8_192)
  for (let n = 19_999 - 4_095; n < 20_000; n++) expect(cache.get(id(n))).toEqual(header(n))
  expect(read).toEqual([])
  expect(cache.get(id(5))).toEqual(header(5))
  expect(read).toEqual([id(5)])
  expect(cache.get(id(99_999_999))).toBeUndefined()
})

test('what is older than the epoch before goes when an epoch ends', () => {
  const cache = new HeaderCache(() => undefined)
  for (let n = 0; n < 30; n++) {
    cache.set(id(n), header(n))
    if (n % 10 === 9) cache.rotate()
  }
  expect(cache.size).toBe(10)
  expect(cache.get(id(29))).toEqual(header(29))
  expect(cache.get(id(19))).toBeUndefined()
  cache.delete(id(29))
  expect(cache.get(id(29))).toBeUndefined()
})
