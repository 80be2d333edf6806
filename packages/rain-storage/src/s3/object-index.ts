/** Names of objects: an ordered map from text keys to bytes, with atomic durable batches. */

/** A change: a value, or `undefined` to remove. */
export type IndexChange = readonly [key: string, value: Uint8Array | undefined]

/** The index port. Keys are ordered by their UTF-8 bytes. */
export interface ObjectIndex {
  get(key: string): Promise<Uint8Array | undefined>
  /** All or nothing; durable when it resolves. */
  write(changes: readonly IndexChange[]): Promise<void>
  /** Keys from `from` (inclusive) to `to` (exclusive), in order. */
  list(from: string, to: string): AsyncIterable<readonly [string, Uint8Array]>
  close(): Promise<void>
}

/** An index in memory, for tests. Listing sorts all keys. */
export function createMemoryIndex(): ObjectIndex {
  const entries = new Map<string, Uint8Array>()
  return {
    get: async (key) => entries.get(key),
    async write(changes) {
      for (const [key, value] of changes) {
        if (value === undefined) entries.delete(key)
        else entries.set(key, value)
      }
    },
    async *list(from, to) {
      const keys = [...entries.keys()]
        .filter((key) => compareKeys(key, from) >= 0 && compareKeys(key, to) < 0)
        .sort(compareKeys)
      for (const key of keys) {
        const value = entries.get(key)
        if (value !== undefined) yield [key, value]
      }
    },
    close: async () => undefined,
  }
}

/** Order by code points, which is the order of UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // surrogates stand for code points above all of the basic plane
    const high = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10_000 : unit)
    return high(x) - high(y)
  }
  return a.length - b.length
}
