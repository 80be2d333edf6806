/** One change of a {@link KeyValueStore.batch}. A missing `value` deletes the key. */
export interface StoreChange {
  key: string
  value?: Uint8Array
}

/**
 * The durable ordered map under a node. Keys are ASCII strings in code-unit order, values are bytes.
 * Reads are synchronous because the EVM reads state in the middle of execution.
 */
export interface KeyValueStore {
  /** The value of `key`. Throws `NODE_STORE_CORRUPT` when the stored bytes were damaged. */
  get(key: string): Uint8Array | undefined
  /** Applies all changes or none. With `sync` it resolves only once the disk has them. */
  batch(changes: readonly StoreChange[], options?: { sync?: boolean }): Promise<void>
  /** Entries with `from <= key < to` in key order. */
  entries(from: string, to: string): AsyncIterable<[key: string, value: Uint8Array]>
  /** The keys with `from <= key < to` in key order. */
  keys(from: string, to: string): AsyncIterable<string>
  /** Gives the room of deleted entries with `from <= key < to` back to the disk. Reads and writes go on meanwhile. */
  compact(from: string, to: string): Promise<void>
  /** The store as it is now: what batches change from here on it does not see. */
  snapshot(): KeyValueSnapshot
  close(): Promise<void>
}

/** The store as it was at one moment, while the store itself goes on. Holds disk space until it is closed. */
export interface KeyValueSnapshot {
  /** Entries with `from <= key < to` in key order. */
  entries(from: string, to: string): AsyncIterable<[key: string, value: Uint8Array]>
  close(): Promise<void>
}

/** A store in memory: for tests and for networks that need not survive. */
export function createMemoryStore(): KeyValueStore {
  return memoryStore(new Map())
}

function memoryStore(map: Map<string, Uint8Array>): KeyValueStore {
  return {
    get: (key) => map.get(key),
    async batch(changes) {
      for (const { key, value } of changes) {
        if (value) map.set(key, value)
        else map.delete(key)
      }
    },
    async *entries(from, to) {
      for (const key of [...map.keys()].filter((key) => key >= from && key < to).sort()) {
        const value = map.get(key)
        if (value) yield [key, value]
      }
    },
    async *keys(from, to) {
      yield* [...map.keys()].filter((key) => key >= from && key < to).sort()
    },
    async compact() {},
    snapshot() {
      const { entries, close } = memoryStore(new Map(map))
      return { entries, close }
    },
    async close() {},
  }
}

/** A fixed-width decimal so that string order is number order. */
export function sortable(number: number): string {
  return number.toString().padStart(12, '0')
}
