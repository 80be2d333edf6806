import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect, test } from 'vitest'
import { probeCombWasm } from '../../src/generated/probe-comb.ts'
import { ensureMemory, instantiateSync } from '../../src/hash/wasm-module.ts'
import { random } from '../random.ts'
import { COLUMNS, columnsOf, LAMBDA, oddHalves } from './comb-reference.ts'

interface Probe {
  readonly memory: WebAssembly.Memory
  readonly TABLE_BYTES: WebAssembly.Global
  heapBase(): number
  combDigits(out: number, g: number, k: number): void
  keyTableBytes(count: number): number
  initKeyTables(at: number, count: number, seed: bigint): void
  tickKeyTables(): void
  findTable(x: number, parity: number): number
  keepTable(x: number, parity: number, table: number): void
}

const n = secp256k1.Point.Fn.ORDER
const { bigint, below, bytes, seed } = random()

function probe() {
  const exports = instantiateSync<Probe>(probeCombWasm)!
  const base = (exports.heapBase() + 15) & ~15
  return { exports, base }
}

test('the columns of both scalars sum up to them, and are those of the reference, for any scalars', () => {
  const { exports, base } = probe()
  ensureMemory(exports.memory, base + 256)
  const memory = Buffer.from(exports.memory.buffer)
  const write = (at: number, value: bigint) => {
    for (let i = 0; i < 4; i++) memory.writeBigUInt64LE((value >> BigInt(64 * i)) & (2n ** 64n - 1n), at + 8 * i)
  }
  /** The sum of teeth of an index and sign, as the table has it: B[t−1] ± … ± B[0], plus where a bit is set. */
  const entry = (index: number, minus: boolean, teeth: number) => {
    let sum = 1n << BigInt(COLUMNS * (teeth - 1))
    for (let j = 0; j < teeth - 1; j++) sum += ((index >> j) & 1 ? 1n : -1n) << BigInt(COLUMNS * j)
    return minus ? -sum : sum
  }
  const edges = [0n, 1n, 2n, n - 1n, n - 2n, n >> 1n, LAMBDA, n - LAMBDA, 1n << 128n, (1n << 128n) - 1n, 1n << 255n]
  for (let i = 0; i < 3000; i++) {
    const g = i < edges.length ** 2 ? edges[i % edges.length]! : bigint(32) % n
    const k = i < edges.length ** 2 ? edges[Math.floor(i / edges.length)]! : (bigint(32) >> BigInt(below(3) * 100)) % n
    write(base, g)
    write(base + 32, k)
    exports.combDigits(base + 64, base, base + 32)
    for (const half of oddHalves(k)) {
      expect(half & 1n).toBe(1n)
      expect(half < 0n ? -half : half).toBeLessThan(1n << 130n)
    }
    const columns = columnsOf(g, k)
    let sum = { p: 0n, base: 0n }
    for (const [c, expected] of columns.entries()) {
      const p = memory[base + 64 + c]!
      const lambda = memory[base + 64 + COLUMNS + c]!
      const digit = memory.readUInt16LE(base + 64 + 2 * COLUMNS + 2 * c)
      const found = {
        p: entry(p & 127, p > 127, 5),
        lambda: entry(lambda & 127, lambda > 127, 5),
        base: entry(digit & 0x7fff, digit > 0x7fff, 10),
      }
      if (found.p !== expected.p || found.lambda !== expected.lambda || found.base !== expected.base)
        expect(found, `seed ${seed}, g ${g}, k ${k}, column ${c}`).toEqual(expected)
      sum = { p: sum.p + ((found.p + found.lambda * LAMBDA) << BigInt(c)), base: sum.base + (found.base << BigInt(c)) }
    }
    expect((sum.p - k) % n).toBe(0n)
    expect((sum.base - g) % n).toBe(0n)
  }
})

test('kept tables are those of the very key, the longest idle one goes, and none that was used in this batch', () => {
  const { exports, base } = probe()
  const tableBytes = exports.TABLE_BYTES.value as number
  const capacity = 4
  const tables = base + 64
  const table = tables + exports.keyTableBytes(capacity)
  ensureMemory(exports.memory, table + tableBytes)
  const memory = Buffer.from(exports.memory.buffer)
  exports.initKeyTables(tables, capacity, 77n)
  const find = (x: Uint8Array, parity = 0) => {
    memory.set(x, base)
    const at = exports.findTable(base, parity)
    return at === 0 ? undefined : memory[at]
  }
  const keep = (x: Uint8Array, label: number, parity = 0) => {
    memory.set(x, base)
    memory.fill(label, table, table + tableBytes)
    exports.keepTable(base, parity, table)
  }
  const keys = Array.from({ length: 6 }, () => bytes(40))
  for (let i = 0; i < 4; i++) {
    exports.tickKeyTables()
    keep(keys[i]!, i + 1)
  }
  for (let i = 0; i < 4; i++) expect(find(keys[i]!)).toBe(i + 1)
  expect(find(keys[0]!, 1)).toBeUndefined()
  // All were used in this batch: there is no room.
  keep(keys[4]!, 5)
  expect(find(keys[4]!)).toBeUndefined()
  exports.tickKeyTables()
  for (const i of [0, 1, 3]) expect(find(keys[i]!)).toBe(i + 1)
  keep(keys[4]!, 5)
  expect(find(keys[4]!)).toBe(5)
  expect(find(keys[2]!)).toBeUndefined()
  // A second table for a key changes nothing.
  exports.tickKeyTables()
  keep(keys[4]!, 9)
  expect(find(keys[4]!)).toBe(5)

  // Two keys of the same tag and set: only the bytes tell them apart. Found among many with the seed, which outside is secret.
  const word = 2n ** 64n - 1n
  const tag = (x: Uint8Array) => {
    let hash = 77n
    const words = new DataView(x.buffer, x.byteOffset)
    for (let i = 0; i < 40; i += 8) {
      hash = ((hash ^ words.getBigUint64(i, true)) * 0x9e3779b97f4a7c15n) & word
      hash ^= hash >> 29n
    }
    hash = ((hash ^ 77n) * 0xbf58476d1ce4e5b9n) & word
    return Number((hash ^ (hash >> 32n)) >> 32n) | 1
  }
  const seen = new Map<number, Uint8Array>()
  let pairs = 0
  while (pairs < 2) {
    const x = bytes(40)
    const other = seen.get(tag(x))
    seen.set(tag(x), x)
    if (!other) continue
    pairs++
    exports.tickKeyTables()
    keep(other, 20)
    expect(find(other)).toBe(20)
    expect(find(x)).toBeUndefined()
    exports.tickKeyTables()
    keep(x, 21)
    expect(find(x)).toBe(21)
    expect(find(other)).toBe(20)
  }
}, 60_000)
