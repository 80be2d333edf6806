/**
 * Systematic Reed–Solomon erasure code over GF(2^8): k data shards and n − k parity shards of one length; any k of the n
 * give the data back. Shard i < k is the data itself.
 */
import { StorageError } from '../errors.ts'
import { cauchyMaps } from './cauchy.ts'
import { bestKernel, type Kernel, type KernelName } from './kernel.ts'
import type { PlaneRunner } from './plane-runner.ts'
import { transformMaps } from './transform-maps.ts'

/** 255 = the field's non-zero elements; the Cauchy matrix needs n distinct ones. */
export const MAX_SHARDS = 255

/** Loss patterns whose programs are kept (up to 1 MB each): a repair works through many segments with the same lost nodes. */
const CACHED_PATTERNS = 32

/**
 * How parity follows from data. `transform`: values of a polynomial at points of a Cantor basis, symbols in bit planes, made by additive Fourier
 * transforms. `cauchy`: the matrix of ISA-L's `gf_gen_cauchy1_matrix`, a symbol a byte; what layouts of version 1 are coded with.
 */
export type Construction = 'transform' | 'cauchy'

/** What {@link createErasureCode} needs. */
export interface ErasureCodeOptions {
  /** k: shards that hold the data, 1…255 */
  readonly dataShards: number
  /** n: all shards, k…255 */
  readonly totalShards: number
  /** default `transform`; both ends must agree on it */
  readonly construction?: Construction
  /** the arithmetic; default: the fastest that this engine runs */
  readonly kernel?: Kernel
}

/** A (k, n) code. Not safe to share between threads; calls are synchronous. */
export interface ErasureCode {
  readonly dataShards: number
  readonly totalShards: number
  readonly construction: Construction
  readonly kernel: KernelName
  /** The n − k parity shards of `data` (k shards of one length); written into `parity` when given. */
  encode(data: readonly Uint8Array[], parity?: readonly Uint8Array[]): Uint8Array[]
  /**
   * The shards `wanted` (default: every missing one) from any k of `shards`, where a lost shard is `undefined`.
   * @param into where a lost shard is to be written, an array of its length; default: a new one
   * @throws StorageError `STORAGE_TOO_FEW_SHARDS` with fewer than k shards present
   */
  reconstruct(
    shards: readonly (Uint8Array | undefined)[],
    wanted?: readonly number[],
    into?: (index: number) => Uint8Array,
  ): Map<number, Uint8Array>
  /** True when every parity shard follows from the data shards. All n must be given. */
  verify(shards: readonly Uint8Array[]): boolean
  /** Changes `parity` in place for data shard `index` that went from `before` to `after`: a partial write without the other shards. */
  update(index: number, before: Uint8Array, after: Uint8Array, parity: readonly Uint8Array[]): void
}

/**
 * Makes a (k, n) code. Cost: 25 ms at (10, 16), 60 ms at (29, 80) and 0.3 s at (128, 255), once; a loss pattern costs as much the first time.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` unless 1 ≤ k ≤ n ≤ 255
 */
export function createErasureCode(options: ErasureCodeOptions): ErasureCode {
  const { dataShards: k, totalShards: n } = options
  if (!Number.isInteger(k) || !Number.isInteger(n) || k < 1 || n < k || n > MAX_SHARDS) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `A code needs 1 ≤ k ≤ n ≤ ${MAX_SHARDS}, not k=${k} n=${n}`, {
      k,
      n,
    })
  }
  const kernel = options.kernel ?? bestKernel()
  const construction = options.construction ?? 'transform'
  const maps = (construction === 'cauchy' ? cauchyMaps : transformMaps)(kernel, k, n)
  const runners = new Map<string, PlaneRunner>()

  function checkLengths(shards: readonly (Uint8Array | undefined)[], count: number): number {
    let length = -1
    for (const shard of shards) {
      if (shard === undefined) continue
      if (length >= 0 && shard.length !== length) {
        throw new StorageError('STORAGE_INVALID_ARGUMENT', 'All shards must have one length', {
          length,
          other: shard.length,
        })
      }
      length = shard.length
    }
    if (shards.length !== count) {
      throw new StorageError('STORAGE_INVALID_ARGUMENT', `Expected ${count} shards, got ${shards.length}`, {
        count,
        given: shards.length,
      })
    }
    return Math.max(length, 0)
  }

  function cached(key: string, make: () => PlaneRunner): PlaneRunner {
    let runner = runners.get(key)
    if (runner === undefined) {
      runner = make()
      if (runners.size >= CACHED_PATTERNS) runners.delete(runners.keys().next().value!)
      runners.set(key, runner)
    }
    return runner
  }

  return {
    dataShards: k,
    totalShards: n,
    construction,
    kernel: kernel.name,
    encode(data, parity) {
      const length = checkLengths(data, k)
      const outputs = parity === undefined ? allocate(n - k, length) : [...parity]
      if (parity !== undefined && checkLengths(parity, n - k) !== length && n > k) {
        throw new StorageError('STORAGE_INVALID_ARGUMENT', 'Parity shards must be as long as data shards', { length })
      }
      if (n > k) maps.encode(data, outputs)
      return outputs
    },
    reconstruct(shards, wanted, into) {
      const length = checkLengths(shards, n)
      const missing = wanted ?? range(0, n).filter((i) => shards[i] === undefined)
      const present = range(0, n).filter((i) => shards[i] !== undefined)
      if (present.length < k) {
        throw new StorageError('STORAGE_TOO_FEW_SHARDS', `${present.length} shards are left and ${k} are needed`, {
          present,
          needed: k,
        })
      }
      const result = new Map<number, Uint8Array>()
      const compute = missing.filter((i) => {
        const shard = shards[i]
        if (shard !== undefined) result.set(i, shard)
        return shard === undefined
      })
      if (compute.length > 0) {
        const used = present.slice(0, k)
        const outputs = compute.map((i) => into?.(i) ?? new Uint8Array(length))
        checkLengths([shards[used[0]!], ...outputs], outputs.length + 1)
        const recover = cached(`${used.join()}>${compute.join()}`, () => maps.recover(used, compute))
        recover(
          used.map((i) => shards[i]!),
          outputs,
        )
        compute.forEach((index, i) => {
          result.set(index, outputs[i]!)
        })
      }
      return result
    },
    verify(shards) {
      checkLengths(shards, n)
      const expected = allocate(n - k, shards[0]?.length ?? 0)
      if (n > k) maps.encode(shards.slice(0, k), expected)
      return expected.every((bytes, i) => equal(bytes, shards[k + i]!))
    },
    update(index, before, after, parity) {
      if (!Number.isInteger(index) || index < 0 || index >= k) {
        throw new StorageError('STORAGE_INVALID_ARGUMENT', `There is no data shard ${index}`, { index, k })
      }
      const length = checkLengths([before, after, ...parity], n - k + 2)
      const delta = new Uint8Array(length)
      for (let i = 0; i < length; i++) delta[i] = before[i]! ^ after[i]!
      const change = allocate(n - k, length)
      if (n > k) cached(`+${index}`, () => maps.contribution(index))([delta], change)
      change.forEach((bytes, r) => {
        const target = parity[r]!
        for (let i = 0; i < length; i++) target[i]! ^= bytes[i]!
      })
    },
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function allocate(count: number, length: number): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(length))
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return a.length === b.length
}
