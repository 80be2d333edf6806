/**
 * Systematic Reed–Solomon erasure code over GF(2^8): k data shards and n − k parity shards of one length; any k of the n
 * give the data back. Shard i < k is the data itself.
 */
import { StorageError } from '../errors.ts'
import { bestKernel, type Kernel, type KernelName, type KernelPlan } from './kernel.ts'
import { coefficient, generatorRows, inverse, type Matrix, product } from './matrix.ts'

/** 255 = the field's non-zero elements; the Cauchy matrix needs n distinct ones. */
export const MAX_SHARDS = 255

/** Loss patterns whose inverted matrices are kept: a repair works through many segments with the same lost nodes. */
const CACHED_PATTERNS = 64

/** What {@link createErasureCode} needs. */
export interface ErasureCodeOptions {
  /** k: shards that hold the data, 1…255 */
  readonly dataShards: number
  /** n: all shards, k…255 */
  readonly totalShards: number
  /** the arithmetic; default: the fastest that this engine runs */
  readonly kernel?: Kernel
}

/** A (k, n) code. Not safe to share between threads; calls are synchronous. */
export interface ErasureCode {
  readonly dataShards: number
  readonly totalShards: number
  readonly kernel: KernelName
  /** The n − k parity shards of `data` (k shards of one length); written into `parity` when given. */
  encode(data: readonly Uint8Array[], parity?: readonly Uint8Array[]): Uint8Array[]
  /**
   * The shards `wanted` (default: every missing one) from any k of `shards`, where a lost shard is `undefined`.
   * @throws StorageError `STORAGE_TOO_FEW_SHARDS` with fewer than k shards present
   */
  reconstruct(shards: readonly (Uint8Array | undefined)[], wanted?: readonly number[]): Map<number, Uint8Array>
  /** True when every parity shard follows from the data shards. All n must be given. */
  verify(shards: readonly Uint8Array[]): boolean
  /** Changes `parity` in place for data shard `index` that went from `before` to `after`: a partial write without the other shards. */
  update(index: number, before: Uint8Array, after: Uint8Array, parity: readonly Uint8Array[]): void
}

/**
 * Makes a (k, n) code. Cost: tables of 32·k·(n − k) bytes.
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
  const encodePlan = kernel.plan(generatorRows(k, range(k, n)))
  const recoverPlans = new Map<string, KernelPlan>()

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

  function recoverPlan(present: readonly number[], wanted: readonly number[]): KernelPlan {
    const key = `${present.join()}>${wanted.join()}`
    let plan = recoverPlans.get(key)
    if (plan === undefined) {
      const recover: Matrix = product(generatorRows(k, wanted), inverse(generatorRows(k, present)))
      plan = kernel.plan(recover)
      if (recoverPlans.size >= CACHED_PATTERNS) recoverPlans.delete(recoverPlans.keys().next().value!)
      recoverPlans.set(key, plan)
    }
    return plan
  }

  return {
    dataShards: k,
    totalShards: n,
    kernel: kernel.name,
    encode(data, parity) {
      const length = checkLengths(data, k)
      const outputs = parity === undefined ? allocate(n - k, length) : [...parity]
      if (parity !== undefined && checkLengths(parity, n - k) !== length && n > k) {
        throw new StorageError('STORAGE_INVALID_ARGUMENT', 'Parity shards must be as long as data shards', { length })
      }
      if (n > k) kernel.apply(encodePlan, data, outputs)
      return outputs
    },
    reconstruct(shards, wanted) {
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
        const outputs = allocate(compute.length, length)
        kernel.apply(
          recoverPlan(used, compute),
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
      if (n > k) kernel.apply(encodePlan, shards.slice(0, k), expected)
      return expected.every((bytes, i) => equal(bytes, shards[k + i]!))
    },
    update(index, before, after, parity) {
      if (!Number.isInteger(index) || index < 0 || index >= k) {
        throw new StorageError('STORAGE_INVALID_ARGUMENT', `There is no data shard ${index}`, { index, k })
      }
      const length = checkLengths([before, after, ...parity], n - k + 2)
      const delta = new Uint8Array(length)
      for (let i = 0; i < length; i++) delta[i] = before[i]! ^ after[i]!
      const cells = Uint8Array.from(range(k, n), (row) => coefficient(k, row, index))
      const change = allocate(n - k, length)
      if (n > k) kernel.apply(kernel.plan({ rows: n - k, columns: 1, cells }), [delta], change)
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
