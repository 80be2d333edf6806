/** What happened so far. Bytes are counted by the sizes that were given to `set`. */
export interface CacheStats {
  hits: number
  misses: number
  hitBytes: number
  evictions: number
  entries: number
  bytes: number
  capacityBytes: number
}

/** For each queue of the policy its rows `[key, sizeBytes, mark]`, newest first. */
export type CacheSnapshot<K> = [key: K, sizeBytes: number, mark: number][][]

/** What is behind a `Cache`; its methods are those of that class, and sizes are positive already. */
export interface CacheEngine<K, V> {
  get(key: K): V | undefined
  has(key: K): boolean
  peek(key: K): V | undefined
  set(key: K, value: V, sizeBytes: number): boolean
  delete(key: K): boolean
  keys(): IterableIterator<[key: K, sizeBytes: number]>
  stats(): CacheStats
  snapshot(): CacheSnapshot<K>
  restore(snapshot: CacheSnapshot<K>, valueFor: (key: K) => V | undefined): void
}
