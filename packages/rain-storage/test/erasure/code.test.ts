import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { elementOf, point, symbolOf } from '../../src/erasure/cantor.ts'
import { createErasureCode } from '../../src/erasure/code.ts'
import { invert, multiply } from '../../src/erasure/field.ts'
import { createScalarKernel, createWasmKernel, type Kernel } from '../../src/erasure/kernel.ts'
import { generatorRows, inverse, product } from '../../src/erasure/matrix.ts'
import {
  decodeSegment,
  encodeSegment,
  encodeStream,
  MAX_SEGMENT_BYTES,
  shardLength,
} from '../../src/erasure/segment.ts'
import { isStorageError } from '../../src/errors.ts'

const seed = Number(process.env.ZOS_SEED ?? 20_260_801)

function bytes(length: number, start: number): Uint8Array {
  let x = start | 1
  return Uint8Array.from({ length }, () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x & 255
  })
}

const kernels: [string, Kernel | undefined][] = [
  ['relaxed-simd', createWasmKernel('relaxed-simd')],
  ['simd', createWasmKernel('simd')],
  ['typescript', createScalarKernel()],
]

describe('GF(2^8)', () => {
  it('multiplies as the polynomial 0x11d does, bit by bit', () => {
    const slow = (a: number, b: number) => {
      let sum = 0
      for (let i = 0; i < 8; i++) {
        if (b & (1 << i)) sum ^= a
        a = a & 0x80 ? ((a << 1) ^ 0x11d) & 255 : a << 1
      }
      return sum
    }
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) expect(multiply(a, b)).toBe(slow(a, b))
      if (a > 0) expect(multiply(a, invert(a))).toBe(1)
    }
  })

  it('inverts every chosen submatrix of the generator', () => {
    for (const rows of [
      [1, 2, 3],
      [3, 4, 5],
      [0, 4, 6],
      [5, 6, 7],
    ]) {
      const m = generatorRows(3, rows)
      expect([...product(m, inverse(m)).cells]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1])
    }
    expect(() => inverse({ rows: 1, columns: 1, cells: new Uint8Array(1) })).toThrow(/singular/)
  })
})

// Parity computed by hand from 1 / (row ⊕ column) over 0x11d: what ISA-L gf_gen_cauchy1_matrix gives for k=2, n=4.
it('has the Cauchy parity of ISA-L for k=2, n=4', () => {
  const code = createErasureCode({
    dataShards: 2,
    totalShards: 4,
    construction: 'cauchy',
    kernel: createScalarKernel(),
  })
  const parity = code.encode([Uint8Array.of(1, 0, 7), Uint8Array.of(0, 1, 9)])
  expect(parity[0]![0]).toBe(invert(2))
  expect(parity[0]![1]).toBe(invert(3))
  expect(parity[1]![0]).toBe(invert(3))
  expect(parity[1]![1]).toBe(invert(2))
  expect(parity[0]![2]).toBe(multiply(invert(2), 7) ^ multiply(invert(3), 9))
})

describe('the transform construction', () => {
  it('numbers points so that x² + x halves the number', () => {
    expect(point(1)).toBe(1)
    expect(new Set(Array.from({ length: 256 }, (_, i) => point(i))).size).toBe(256)
    for (let i = 0; i < 256; i++) expect(multiply(point(i), point(i)) ^ point(i)).toBe(point(i >> 1))
    for (let i = 0; i < 16; i++)
      for (let j = 0; j < 16; j++)
        expect(Array.from({ length: 16 }, (_, x) => point(x))).toContain(multiply(point(i), point(j)))
  })

  /** Symbol s of a shard: bits across the planes of its block, or a byte of the tail. */
  function symbol(shard: Uint8Array, s: number): number {
    const whole = shard.length - (shard.length % 128)
    if (s >= whole) return shard[s]!
    const at = s - (s % 128) + ((s % 128) >> 3)
    let bits = 0
    for (let p = 0; p < 8; p++) bits |= ((shard[at + 16 * p]! >> (s & 7)) & 1) << p
    return bits
  }

  it.each([
    [1, 3],
    [2, 5],
    [3, 9],
    [8, 16],
    [10, 16],
    [17, 40],
    [29, 80],
    [33, 34],
    [100, 255],
  ])('puts in every shard the values of the polynomial through the data, k=%i n=%i', (k, n) => {
    const code = createErasureCode({ dataShards: k, totalShards: n })
    const data = Array.from({ length: k }, (_, i) => bytes(128 + 5, 3 * i + n))
    const shards = [...data, ...code.encode(data)]
    for (const s of [0, 77, 127, 128, 132]) {
      for (let r = k; r < n; r++) {
        let sum = 0
        for (let j = 0; j < k; j++) {
          let term = elementOf(symbol(data[j]!, s))
          for (let i = 0; i < k; i++)
            if (i !== j) term = multiply(term, multiply(point(r) ^ point(i), invert(point(j) ^ point(i))))
          sum ^= term
        }
        expect(symbol(shards[r]!, s)).toBe(symbolOf(sum))
      }
    }
  })

  // Written down when the construction was introduced: stored shards depend on it.
  it('does not change', () => {
    const code = createErasureCode({ dataShards: 3, totalShards: 5 })
    const parity = code.encode([1, 2, 3].map((i) => Uint8Array.from({ length: 130 }, (_, x) => x * i)))
    expect(
      parity.map((shard) => Buffer.from([...shard.subarray(0, 4), ...shard.subarray(126)]).toString('hex')),
    ).toEqual(['0000000cf8fc0000', '4040404c8c8e707c'])
  })
})

const everyKernel = [
  ...kernels.map(([name, kernel]) => [name, 'cauchy', kernel] as const),
  // exclusive ors need no relaxed instruction
  ...kernels.slice(1).map(([name, kernel]) => [name, 'transform', kernel] as const),
]

describe.each(everyKernel)('the %s kernel, %s construction', (name, construction, kernel) => {
  it('exists in this engine', () => expect(kernel?.name).toBe(name))

  it.each([
    [1, 1],
    [1, 3],
    [2, 3],
    [4, 9],
    [10, 16],
    [5, 12],
    [29, 80],
    [128, 255],
    [255, 255],
  ])('rebuilds k=%i n=%i from the last k shards, the worst loss', (k, n) => {
    const code = createErasureCode({ dataShards: k, totalShards: n, construction, kernel: kernel! })
    const data = bytes(k * 100 - 3, k * n)
    const { shards } = encodeSegment(code, data)
    expect(shards).toHaveLength(n)
    expect(code.verify(shards)).toBe(true)
    const lossy = shards.map((shard, i) => (i < n - k ? undefined : shard))
    expect(Buffer.compare(decodeSegment(code, lossy, data.length), data)).toBe(0)
    for (const [i, shard] of code.reconstruct(lossy)) expect(Buffer.compare(shard, shards[i]!)).toBe(0)
  })

  it('codes in memory that is used again as in fresh memory', () => {
    const code = createErasureCode({ dataShards: 3, totalShards: 5, construction, kernel: kernel! })
    const memory = { bytes: new Uint8Array(0) }
    for (const length of [5000, 4097, 1, 777, 6000, 0]) {
      const data = bytes(length, length)
      const { shards } = encodeSegment(code, data, 0, memory)
      expect(shards.map((shard) => shard.slice())).toEqual(encodeSegment(code, data).shards)
    }
    expect(memory.bytes.length).toBeLessThan(20_000)
  })

  it('gives the results of the reference for any k, n, length and loss', () => {
    const reference = createScalarKernel()
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 40_000 }),
        fc.infiniteStream(fc.nat()),
        (k, m, length, draw) => {
          const code = createErasureCode({ dataShards: k, totalShards: k + m, construction, kernel: kernel! })
          const plain = createErasureCode({ dataShards: k, totalShards: k + m, construction, kernel: reference })
          const data = Array.from({ length: k }, (_, i) => bytes(length, i + 1))
          const parity = code.encode(data)
          plain.encode(data).forEach((expected, i) => {
            expect(Buffer.compare(parity[i]!, expected)).toBe(0)
          })
          const all: (Uint8Array | undefined)[] = [...data, ...parity]
          for (let lost = 0; lost < m; lost++) all[draw.next().value! % (k + m)] = undefined
          for (const [i, shard] of code.reconstruct(all))
            expect(Buffer.compare(shard, [...data, ...parity][i]!)).toBe(0)
        },
      ),
      { numRuns: name === 'typescript' ? 10 : 20, seed },
    )
  })

  it('updates parity for a partial write as a new encode would', () => {
    const code = createErasureCode({ dataShards: 4, totalShards: 7, construction, kernel: kernel! })
    const data = [1, 2, 3, 4].map((i) => bytes(1000, i))
    const parity = code.encode(data)
    const after = bytes(1000, 99)
    code.update(2, data[2]!, after, parity)
    data[2] = after
    expect(code.verify([...data, ...parity])).toBe(true)
    parity[1]![500]! ^= 1
    expect(code.verify([...data, ...parity])).toBe(false)
  })
})

describe('limits', () => {
  const code = createErasureCode({ dataShards: 3, totalShards: 5 })
  const codeOf = (run: () => unknown) => {
    try {
      run()
    } catch (error) {
      return isStorageError(error) ? error.code : String(error)
    }
    return 'nothing thrown'
  }

  it('refuses impossible codes and unequal shards', () => {
    for (const [k, n] of [
      [0, 1],
      [3, 2],
      [1, 256],
      [1.5, 3],
    ]) {
      expect(codeOf(() => createErasureCode({ dataShards: k!, totalShards: n! }))).toBe('STORAGE_INVALID_ARGUMENT')
    }
    expect(codeOf(() => code.encode([bytes(3, 1), bytes(3, 1), bytes(4, 1)]))).toBe('STORAGE_INVALID_ARGUMENT')
    expect(codeOf(() => code.encode([bytes(3, 1)]))).toBe('STORAGE_INVALID_ARGUMENT')
    expect(codeOf(() => code.update(3, bytes(1, 1), bytes(1, 1), []))).toBe('STORAGE_INVALID_ARGUMENT')
  })

  it('says how many shards are missing when too many are lost', () => {
    const { shards } = encodeSegment(code, bytes(10, 1))
    expect(codeOf(() => code.reconstruct(shards.map((s, i) => (i < 3 ? undefined : s))))).toBe('STORAGE_TOO_FEW_SHARDS')
    expect(codeOf(() => decodeSegment(code, shards, 1000))).toBe('STORAGE_INVALID_ARGUMENT')
  })

  it('refuses a segment that is too large', () => {
    expect(codeOf(() => encodeSegment(code, new Uint8Array(MAX_SEGMENT_BYTES + 1)))).toBe('STORAGE_LIMIT')
  })
})

it('streams segment by segment, whatever the pieces', async () => {
  const code = createErasureCode({ dataShards: 4, totalShards: 6 })
  const data = bytes(10_000, 5)
  async function* pieces() {
    for (let i = 0; i < data.length; i += 777) yield data.subarray(i, i + 777)
  }
  const back: Uint8Array[] = []
  for await (const segment of encodeStream(code, pieces(), 4096)) {
    expect(segment.shards[0]!.length).toBe(shardLength(segment.length, 4))
    back.push(
      decodeSegment(
        code,
        segment.shards.map((s, i) => (i < 2 ? undefined : s)),
        segment.length,
      ),
    )
  }
  expect(back).toHaveLength(3)
  expect(Buffer.compare(Buffer.concat(back), data)).toBe(0)
})

it('stops a stream when it is aborted', async () => {
  const code = createErasureCode({ dataShards: 1, totalShards: 2 })
  const abort = new AbortController()
  const run = async () => {
    for await (const _ of encodeStream(code, [bytes(10, 1), bytes(10, 2)], 10, { signal: abort.signal })) abort.abort()
  }
  await expect(run()).rejects.toThrow(/abort/i)
})
