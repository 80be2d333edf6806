import { CdnError } from '../errors.ts'
import { Cache } from './cache.ts'
import type { CacheStats } from './engine.ts'
import type { PolicyName } from './policies.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-codec.ts'

/** Where a {@link StoredCache} keeps its bytes: a folder, a browser's store, memory. Keys are CIDs or names of up to 200 safe characters. */
export interface ByteStore {
  get(key: string): Promise<Uint8Array | undefined>
  /** Atomic: after a crash the key holds all of the bytes or nothing. */
  put(key: string, bytes: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  keys(): Promise<string[]>
}

/** A store in memory. */
export function createMemoryStore(): ByteStore {
  const values = new Map<string, Uint8Array>()
  return {
    get: async (key) => values.get(key),
    put: async (key, bytes) => void values.set(key, bytes),
    delete: async (key) => void values.delete(key),
    keys: async () => [...values.keys()],
  }
}

/** Options of {@link openStoredCache}. */
export interface StoredCacheOptions {
  store: ByteStore
  /** Bytes of values; the index is extra (about 60 bytes an entry). */
  capacityBytes: number
  policy?: PolicyName
  /** The index is saved after this many changes. Default 1,000; {@link StoredCache.save} saves at once. */
  saveEvery?: number
}

const INDEX_KEY = '_index'
const DEFAULT_SAVE_EVERY = 1000

/** A cache of bytes that survives restarts: the order of its queues is saved, and what the store holds decides when they disagree. */
export interface StoredCache {
  /** `undefined` when it is not here. A value that the store lost is a miss. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Offers bytes; false when the policy did not admit them. */
  set(key: string, bytes: Uint8Array): Promise<boolean>
  has(key: string): boolean
  delete(key: string): Promise<void>
  /** Writes the index. */
  save(): Promise<void>
  stats(): CacheStats
  keys(): string[]
}

/**
 * Opens the cache that `store` holds, or an empty one. A damaged or missing index costs the order, not the values: they are taken in anew.
 * Values that the index does not know and that do not fit are deleted.
 */
export async function openStoredCache(options: StoredCacheOptions): Promise<StoredCache> {
  const { store, capacityBytes, saveEvery = DEFAULT_SAVE_EVERY } = options
  const busy = new Map<string, Promise<void>>()
  let changes = 0
  /** One operation at a time for each key, in order. */
  const enqueue = (key: string, work: () => Promise<void>): Promise<void> => {
    const after = (busy.get(key) ?? Promise.resolve()).catch(() => {}).then(work)
    busy.set(key, after)
    const done = () => {
      if (busy.get(key) === after) busy.delete(key)
    }
    after.then(done, done)
    return after
  }
  const cache = new Cache<string, true>({
    capacityBytes,
    ...(options.policy ? { policy: options.policy } : {}),
    onEvict: (key) => void enqueue(key, async () => (cache.has(key) ? undefined : store.delete(key))).catch(() => {}),
  })
  const save = async () => {
    changes = 0
    await store.put(INDEX_KEY, encodeSnapshot(cache.snapshot()))
  }
  const changed = async () => {
    if (++changes >= saveEvery) await save()
  }

  const present = new Set((await store.keys()).filter((key) => key !== INDEX_KEY))
  const saved = await store.get(INDEX_KEY)
  const snapshot = saved && decodeSnapshot(saved)
  if (snapshot) cache.restore(snapshot, (key) => (present.has(key) ? true : undefined))
  for (const key of present) {
    if (cache.has(key)) continue
    const bytes = await store.get(key)
    if (!bytes || cache.stats().bytes + bytes.length > capacityBytes || !cache.set(key, true, bytes.length)) {
      await store.delete(key)
    }
  }

  return {
    async get(key) {
      if (!cache.get(key)) return undefined
      await busy.get(key)?.catch(() => {})
      const bytes = await store.get(key)
      if (!bytes) cache.delete(key)
      return bytes
    },
    async set(key, bytes) {
      if (key === INDEX_KEY || key.length === 0 || key.length > 200 || !/^[\w.-]+$/.test(key)) {
        throw new CdnError('CDN_INVALID_ARGUMENT', `a stored key is 1 to 200 of A-Z a-z 0-9 _ . -, not "${key}"`, {
          key,
        })
      }
      if (!cache.set(key, true, bytes.length)) return false
      try {
        await enqueue(key, async () => {
          if (cache.has(key)) await store.put(key, bytes)
        })
      } catch (error) {
        cache.delete(key)
        throw new CdnError(
          'CDN_STORE_FAILED',
          `the store did not take "${key}" (${bytes.length} bytes)`,
          { key },
          { cause: error },
        )
      }
      await changed()
      return cache.has(key)
    },
    has: (key) => cache.has(key),
    async delete(key) {
      if (cache.delete(key)) await enqueue(key, () => store.delete(key))
    },
    save,
    stats: () => cache.stats(),
    keys: () => Array.from(cache.keys(), ([key]) => key),
  }
}
