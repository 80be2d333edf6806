/** The key-value port on IndexedDB: browsers. */
import { DagError } from '../errors.ts'
import type { KeyValueStore } from './key-value.ts'

/*
 * The part of IndexedDB that is used, so that neither this package nor those who use it need the types of the DOM.
 */
interface Request<T> {
  readonly result: T
  readonly error: unknown
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}
interface ObjectStore {
  get(key: Uint8Array): Request<unknown>
  put(value: Uint8Array, key: Uint8Array): unknown
  delete(key: Uint8Array): unknown
  getAll(range: unknown, count: number): Request<unknown[]>
  getAllKeys(range: unknown, count: number): Request<unknown[]>
}
interface Transaction {
  readonly error: unknown
  objectStore(name: string): ObjectStore
  oncomplete: (() => void) | null
  onabort: (() => void) | null
}
interface Database {
  createObjectStore(name: string): unknown
  transaction(name: string, mode: 'readonly' | 'readwrite', options?: { durability: 'strict' }): Transaction
  close(): void
}
/** `globalThis.indexedDB`, or something that does the same. */
export interface IndexedDbFactory {
  open(
    name: string,
    version: number,
  ): Request<Database> & { onupgradeneeded: (() => void) | null; onblocked: (() => void) | null }
}
/** `globalThis.IDBKeyRange`. */
export interface IndexedDbKeyRange {
  bound(lower: Uint8Array, upper: Uint8Array, lowerOpen: boolean, upperOpen: boolean): unknown
}

const STORE = 'entries'
/** Entries read in one go: a transaction must not wait for the consumer of a range. */
const PAGE = 256

function settled<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(failure(request.error))
  })
}

function failure(cause: unknown): DagError {
  return new DagError(
    'DAG_STORE_DAMAGED',
    `IndexedDB failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    {},
    { cause },
  )
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : (value as Uint8Array)
}

/** Opens or creates a database by name. The factory and key range default to those of the platform. */
export async function openIndexedDbKeyValue(
  name: string,
  platform: { indexedDB: IndexedDbFactory; IDBKeyRange: IndexedDbKeyRange } = globalThis as never,
): Promise<KeyValueStore> {
  const request = platform.indexedDB.open(name, 1)
  request.onupgradeneeded = () => request.result.createObjectStore(STORE)
  const db = await settled(request)
  const read = () => db.transaction(STORE, 'readonly').objectStore(STORE)
  return {
    get: async (key) => {
      const value = await settled(read().get(key))
      return value === undefined ? undefined : bytesOf(value)
    },
    write: (changes) =>
      new Promise((resolve, reject) => {
        const transaction = db.transaction(STORE, 'readwrite', { durability: 'strict' })
        transaction.oncomplete = () => resolve()
        transaction.onabort = () => reject(failure(transaction.error))
        const store = transaction.objectStore(STORE)
        for (const { key, value } of changes) {
          if (value === undefined) store.delete(key)
          else store.put(value, key)
        }
      }),
    async *range(from, to) {
      let [lower, isOpen] = [from, false]
      for (;;) {
        const range = platform.IDBKeyRange.bound(lower, to, isOpen, true)
        const store = read()
        const [keys, values] = await Promise.all([
          settled(store.getAllKeys(range, PAGE)),
          settled(store.getAll(range, PAGE)),
        ])
        for (const [i, key] of keys.entries()) yield [bytesOf(key), bytesOf(values[i])] as const
        if (keys.length < PAGE) return
        lower = bytesOf(keys.at(-1))
        isOpen = true
      }
    },
    close: async () => db.close(),
  }
}
