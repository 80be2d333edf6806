import { CdnError } from '../errors.ts'
import type { CacheEngine, CacheSnapshot, CacheStats } from './engine.ts'
import { FlatCache } from './flat/flat-cache.ts'
import { POLICIES, POLICY_NAMES, type PolicyName } from './policies.ts'
import type { PolicyFactory } from './policy.ts'
import { PolicyCache } from './policy-cache.ts'

/** Options of {@link Cache}. */
export interface CacheOptions<K, V> {
  /** The sum of the sizes of the values never exceeds this. */
  capacityBytes: number
  /** A name, or a policy of your own. Default `filtered-s3-fifo`. */
  policy?: PolicyName | PolicyFactory
  /** `integer`: keys are 0 … 2^53−1 and live in typed arrays. Default `string`. */
  keys?: 'string' | 'integer'
  /** Called for each value that had to make room, when the cache has settled: it may use the cache. */
  onEvict?: (key: K, value: V) => void
}

/**
 * A cache in memory, bounded in bytes, with an interchangeable replacement {@link Policy}. Every operation is O(1) amortised.
 * It keeps values of any kind; for bytes on a disk or in a browser's store see {@link openStoredCache}.
 */
export class Cache<K extends string | number, V> {
  readonly capacityBytes: number
  /** 1 for integers. A number, for an engine asks five questions to learn that a field is true. */
  private readonly integers: number
  private readonly engine: CacheEngine<K, V>

  /** @throws CdnError `CDN_INVALID_ARGUMENT` for a capacity that is not positive or an unknown policy. */
  constructor(options: CacheOptions<K, V>) {
    const { capacityBytes, policy = 'filtered-s3-fifo', keys = 'string', onEvict } = options
    if (!(capacityBytes > 0) || !Number.isFinite(capacityBytes)) {
      throw new CdnError('CDN_INVALID_ARGUMENT', `capacityBytes must be positive, not ${capacityBytes}`, {
        capacityBytes,
      })
    }
    if (typeof policy === 'string' && !POLICY_NAMES.includes(policy)) {
      const known = POLICY_NAMES.join(', ')
      throw new CdnError('CDN_INVALID_ARGUMENT', `unknown policy ${policy}; there are ${known}`, { policy })
    }
    this.capacityBytes = capacityBytes
    const integers = keys === 'integer'
    this.integers = integers ? 1 : 0
    this.engine =
      policy === 'filtered-s3-fifo'
        ? new FlatCache<K, V>(capacityBytes, integers, onEvict)
        : new PolicyCache<K, V>(
            capacityBytes,
            integers,
            onEvict,
            typeof policy === 'function' ? policy : POLICIES[policy],
          )
  }

  /** The value, and a hit for the policy; `undefined` when it is not here. */
  get(key: K): V | undefined {
    return this.engine.get(key)
  }

  /** True when the value is here; the policy does not hear of it. */
  has(key: K): boolean {
    return this.engine.has(key)
  }

  /** The value without a hit for the policy. */
  peek(key: K): V | undefined {
    return this.engine.peek(key)
  }

  /**
   * Offers a value of `sizeBytes`. False when the policy did not admit it (it is larger than the cache, or less in demand than what is here).
   * A value that was here is replaced.
   *
   * @throws CdnError `CDN_INVALID_ARGUMENT` for a size that is not positive, or a key that is no integer from 0 to 2^53 − 1 where keys are such.
   */
  set(key: K, value: V, sizeBytes: number): boolean {
    if (!(sizeBytes > 0)) {
      throw new CdnError('CDN_INVALID_ARGUMENT', `sizeBytes must be positive, not ${sizeBytes}`, { key, sizeBytes })
    }
    if (this.integers === 1 && !(Number.isSafeInteger(key) && (key as number) >= 0)) {
      throw new CdnError('CDN_INVALID_ARGUMENT', `a key must be an integer from 0 to 2^53 - 1, not ${key}`, { key })
    }
    return this.engine.set(key, value, sizeBytes)
  }

  /** Takes a value out. False when it was not here. */
  delete(key: K): boolean {
    return this.engine.delete(key)
  }

  /** Keys and sizes of what is here, in no special order. */
  keys(): IterableIterator<[key: K, sizeBytes: number]> {
    return this.engine.keys()
  }

  stats(): CacheStats {
    return this.engine.stats()
  }

  /**
   * The order of every queue with keys, sizes and marks, newest first: what {@link restore} needs to go on after a restart with the same
   * decisions (sketches start anew, and with the default policy the memory of what was turned out).
   */
  snapshot(): CacheSnapshot<K> {
    return this.engine.snapshot()
  }

  /**
   * Fills an empty cache from a snapshot of one with the same policy; `valueFor` gives each value, or `undefined` when it is lost (the key
   * then stays out). Entries that no longer fit are left out.
   *
   * @throws CdnError `CDN_INVALID_ARGUMENT` when the cache is not empty.
   */
  restore(snapshot: CacheSnapshot<K>, valueFor: (key: K) => V | undefined): void {
    if (this.engine.stats().entries > 0) throw new CdnError('CDN_INVALID_ARGUMENT', 'restore needs an empty cache')
    this.engine.restore(snapshot, valueFor)
  }
}
