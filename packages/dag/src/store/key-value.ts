/** The port behind the durable store, and its implementation in memory. */
import { compareBytes } from '../unit/message.ts'

/** One change. */
export type KeyValueChange = { readonly key: Uint8Array; readonly value: Uint8Array | undefined }

/** An ordered key-value database. Keys are bytes, ordered lexicographically. */
export interface KeyValueStore {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** Applies all changes or none; an undefined value deletes. Resolves when they survive a crash of the machine. */
  write(changes: readonly KeyValueChange[]): Promise<void>
  /** Entries with `from` ≤ key < `to`, ascending. */
  range(from: Uint8Array, to: Uint8Array): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>
  close(): Promise<void>
}

/** A store that is gone with the process: for tests and light uses. */
export function memoryKeyValue(): KeyValueStore {
  const entries = new Map<string, readonly [Uint8Array, Uint8Array]>()
  const nameOf = (key: Uint8Array) => key.join()
  return {
    get: async (key) => entries.get(nameOf(key))?.[1].slice(),
    write: async (changes) => {
      for (const { key, value } of changes) {
        if (value === undefined) entries.delete(nameOf(key))
        else entries.set(nameOf(key), [key.slice(), value.slice()])
      }
    },
    async *range(from, to) {
      const inside = [...entries.values()].filter(([key]) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0)
      inside.sort(([a], [b]) => compareBytes(a, b))
      for (const [key, value] of inside) yield [key.slice(), value.slice()] as const
    },
    close: async () => {},
  }
}
