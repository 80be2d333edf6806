import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MAIN, SMALL, SPARE } from '../../src/caching/flat/constants.ts'
import type { DemandBook } from '../../src/caching/flat/demand-book.ts'
import { DemandCache } from '../../src/caching/flat/demand-cache.ts'
import { demandCacheWasm } from '../../src/caching/flat/generated/demand-cache-wasm.ts'
import { quickIntegerHash } from '../../src/caching/flat/hash.ts'
import { createKernelBook } from '../../src/caching/flat/kernel-book.ts'
import { seeded } from '../seeded.ts'

const wasm = Uint8Array.from(Buffer.from(demandCacheWasm, 'base64'))

interface Exports {
  create(capacity: number): number
  destroy(book: number): void
  put(book: number, hash: number, low: number, high: number, size: number): number
  find(book: number, hash: number, low: number, high: number, after: number): number
  entries(book: number): number
  memory: WebAssembly.Memory
}

const instantiate = (bytes: Uint8Array<ArrayBuffer>) =>
  new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort: () => expect.unreachable() } })
    .exports as unknown as Exports

/** All that a book says of its rows, all queues in order. */
function stateOf(book: DemandBook): unknown {
  const rows = Array.from({ length: book.used() - 1 }, (_, i) => i + 1).filter((row) => book.isLive(row))
  const queue = (where: number) => {
    const order: number[] = []
    for (let row = book.first(where); row !== 0; row = book.next(row)) order.push(row)
    return order
  }
  return {
    rows: rows.map((row) => [row, book.lowOf(row), book.highOf(row), book.sizeOf(row), book.markOf(row)]),
    queues: [queue(SMALL), queue(MAIN), queue(SPARE)],
    sums: [book.entries(), book.bytes(), book.hits(), book.misses(), book.hitBytes(), book.evictions()],
  }
}

type Step = {
  call: 'hit' | 'hitInteger' | 'put' | 'putInteger' | 'add' | 'remove' | 'restore'
  id: number
  size: number
}

/** Does one step and returns what it answers. `hashOf` may send many keys to one place. */
function act(book: DemandBook, { call, id, size }: Step, hashOf: (id: number) => number): unknown {
  const hash = hashOf(id)
  const row = book.find(hash, id, 0, 0)
  if (call === 'hit') return book.hit(hash, id, 0)
  // These hash by themselves.
  if (call === 'hitInteger' && hashOf === quickIntegerHash) return book.hitInteger(id)
  if (call === 'remove') return row !== 0 && book.remove(row)
  if (call === 'restore')
    return row === 0 && book.bytes() + size <= 200 && book.restore(hash, id, 0, size, id & 127, true)
  const isInteger = call === 'putInteger' && hashOf === quickIntegerHash
  const isAdd = call === 'add' && row === 0
  const put = isInteger ? book.putInteger(id, size) : isAdd ? book.add(hash, id, 0, size) : book.put(hash, id, 0, size)
  const left: number[] = []
  for (let next = book.nextLeft(); next !== 0; next = book.nextLeft()) left.push(next)
  return [put >> 1, left]
}

it.each([
  ['hashes as they are', quickIntegerHash],
  ['a few places for all', (id: number) => (quickIntegerHash(id) & 0x30000003) | 0],
])('the kernel and its twin answer every call alike: %s', (_, hashOf) => {
  const step: fc.Arbitrary<Step> = fc.record({
    call: fc.constantFrom('hit', 'hitInteger', 'put', 'put', 'putInteger', 'add', 'remove', 'restore'),
    id: fc.oneof(fc.nat(20), fc.nat(300)),
    size: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 12 }), fc.double({ min: 0.1, max: 200, noNaN: true })),
  })
  const property = fc.property(fc.array(step, { maxLength: 500, size: 'max' }), (steps) => {
    const kernel = createKernelBook(200)!
    const twin = new DemandCache(200)
    for (const one of steps) expect(act(kernel, one, hashOf)).toEqual(act(twin, one, hashOf))
    expect(stateOf(kernel)).toEqual(stateOf(twin))
  })
  fc.assert(property, { numRuns: 60 })
})

it('caches side by side in one memory do not touch each other while they grow', () => {
  const random = seeded(12)
  const pairs = [40, 700, 5000, 9000].map((capacity) => ({
    kernel: createKernelBook(capacity)!,
    twin: new DemandCache(capacity),
  }))
  for (let i = 0; i < 120_000; i++) {
    const { kernel, twin } = pairs[i & 3]!
    const id = Math.floor(random() ** 2 * 30_000)
    const hash = quickIntegerHash(id)
    const row = kernel.hit(hash, id, 0)
    if (twin.hit(hash, id, 0) !== row) expect.unreachable(`step ${i}`)
    if (row === 0 && kernel.put(hash, id, 0, 1) !== twin.put(hash, id, 0, 1)) expect.unreachable(`step ${i}`)
  }
  for (const { kernel, twin } of pairs) expect(stateOf(kernel)).toEqual(stateOf(twin))
})

it('what a cache leaves behind is given to the next', () => {
  const { create, destroy, put, memory } = instantiate(wasm)
  const live = () => {
    const book = create(6000)
    for (let id = 0; id < 20_000; id++) put(book, quickIntegerHash(id), id, 0, 1)
    destroy(book)
  }
  live()
  const bytes = memory.buffer.byteLength
  for (let i = 0; i < 40; i++) live()
  expect(memory.buffer.byteLength).toBe(bytes)
})

it('a cache that nobody holds gives its memory back', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const addresses = new Set<number>()
  for (let i = 0; i < 12; i++) {
    addresses.add((createKernelBook(10) as unknown as { at: number }).at)
    collect()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(addresses.size).toBeLessThan(12)
})

it('without memory for more it refuses, and keeps what it has', () => {
  // The memory section (id 5) says one memory without an end; 12 pages are made its end.
  const at = wasm.findIndex((byte, i) => byte === 5 && wasm[i + 1] === 3 && wasm[i + 2] === 1 && wasm[i + 3] === 0)
  const patched = Uint8Array.of(...wasm.slice(0, at), 5, 4, 1, 1, wasm[at + 4]!, 12, ...wasm.slice(at + 5))
  const { create, put, find, entries } = instantiate(patched)
  const book = create(1e6)
  let refused = 0
  for (let id = 0; id < 20_000; id++) if (put(book, quickIntegerHash(id), id, 0, 1) === 0) refused++
  expect(refused).toBeGreaterThan(0)
  expect(entries(book)).toBe(20_000 - refused)
  for (let id = 0; id < entries(book); id++) expect(find(book, quickIntegerHash(id), id, 0, 0)).not.toBe(0)
  let made = 0
  while (create(10) !== 0) made++
  expect(made).toBeLessThan(1000)
})
