import { expect, it } from 'vitest'
import { decodeSnapshot, encodeSnapshot } from '../../src/caching/snapshot-codec.ts'
import { type ByteStore, createMemoryStore, openStoredCache } from '../../src/caching/stored-cache.ts'
import { isCdnError } from '../../src/errors.ts'

const bytes = (n: number, fill = 1) => new Uint8Array(n).fill(fill)

it('gives back what it took, also after it was opened again', async () => {
  const store = createMemoryStore()
  const first = await openStoredCache({ store, capacityBytes: 1000 })
  for (let i = 0; i < 30; i++) await first.set(`k${i}`, bytes(50, i))
  await first.save()
  const second = await openStoredCache({ store, capacityBytes: 1000 })
  expect(second.keys().sort()).toEqual(first.keys().sort())
  for (const key of second.keys()) expect(await second.get(key)).toEqual(bytes(50, Number(key.slice(1))))
  expect(second.stats().bytes).toBe(1000)
})

it('the store never holds more than the index once work has settled', async () => {
  const store = createMemoryStore()
  const cache = await openStoredCache({ store, capacityBytes: 500 })
  await Promise.all(Array.from({ length: 200 }, (_, i) => cache.set(`k${i % 40}`, bytes(20 + (i % 9)))))
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect((await store.keys()).sort()).toEqual(cache.keys().sort())
})

it('a crash without save, a damaged index and lost values cost order, not correctness', async () => {
  const store = createMemoryStore()
  const cache = await openStoredCache({ store, capacityBytes: 1000 })
  for (let i = 0; i < 10; i++) await cache.set(`k${i}`, bytes(50, i))
  const unsaved = await openStoredCache({ store, capacityBytes: 1000 })
  expect(unsaved.keys().length).toBe(10)
  await unsaved.save()
  const index = (await store.get('_index'))!
  for (let i = 0; i < index.length; i++) {
    const damaged = index.slice()
    damaged[i] = damaged[i]! ^ 0x41
    expect(decodeSnapshot(damaged)).toBeUndefined()
  }
  await store.put('_index', index.subarray(0, 9))
  await store.delete('k3')
  const reopened = await openStoredCache({ store, capacityBytes: 300 })
  expect(reopened.has('k3')).toBe(false)
  expect(reopened.stats().bytes).toBe(300)
  expect((await store.keys()).filter((key) => key !== '_index').length).toBe(6)
})

it('a snapshot survives its encoding', () => {
  const snapshot: [string, number, number][][] = [
    [
      ['clé', 1, 0],
      ['b', 2 ** 40, 255],
    ],
    [],
  ]
  expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot)
})

it('a store that refuses is reported with CDN_STORE_FAILED and the key stays out', async () => {
  const store: ByteStore = { ...createMemoryStore(), put: async () => Promise.reject(new Error('disk full')) }
  const cache = await openStoredCache({ store, capacityBytes: 1000 })
  const error = await cache.set('a', bytes(5)).catch((e) => e)
  expect(isCdnError(error, 'CDN_STORE_FAILED')).toBe(true)
  expect(cache.has('a')).toBe(false)
  await expect(cache.set('../x', bytes(1))).rejects.toThrow('stored key')
})
