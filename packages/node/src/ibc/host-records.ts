/** The host's two stores during one call: read from the contract's storage as needed, written back when the call has succeeded. */
import type { KvStore } from '@zos/hub-ibc'
import type { NativeStorage } from '../native/native-storage.ts'
import { readRecord, writeRecord } from './byte-records.ts'

/** `ibc` is what other chains prove against; `zones` is this chain's own books. */
export type StoreName = 'ibc' | 'zones'
/** Positions of the mappings in the host's storage. Position 2 holds the root (see `IbcLedger`). */
export const STORE_POSITION: Readonly<Record<StoreName, number>> = { ibc: 0, zones: 1 }

interface HeldRecord {
  readonly store: StoreName
  readonly key: Uint8Array
  before: Uint8Array | undefined
  value: Uint8Array | undefined
}

export class HostRecords {
  readonly ibc: KvStore
  readonly zones: KvStore
  #storage: NativeStorage | undefined
  #records = new Map<string, HeldRecord>()
  /** Why the storage could not be read, or the call not pay for it. */
  #failure: { readonly reason: unknown } | undefined

  constructor() {
    this.ibc = this.#store('ibc')
    this.zones = this.#store('zones')
  }

  /** Begins a call over `storage`. */
  open(storage: NativeStorage): void {
    this.#storage = storage
    this.#records = new Map()
    this.#failure = undefined
  }

  /** Writes what the call changed. Returns the keys. Throws what a read threw: the host takes that for a packet's own fault, and would acknowledge it so. */
  flush(): { store: StoreName; key: Uint8Array }[] {
    if (this.#failure) throw this.#failure.reason
    const changed = [...this.#records.values()].filter(({ before, value }) => !same(before, value))
    for (const record of changed) {
      writeRecord(this.#storage!, STORE_POSITION[record.store], record.key, record.value)
      record.before = record.value
    }
    return changed
  }

  /** Ends the call; what was not flushed is forgotten. */
  close(): void {
    this.#storage = undefined
    this.#records = new Map()
  }

  #read(store: StoreName, key: Uint8Array): Uint8Array | undefined {
    try {
      return readRecord(this.#storage!, STORE_POSITION[store], key)
    } catch (reason) {
      this.#failure ??= { reason }
      throw reason
    }
  }

  #store(store: StoreName): KvStore {
    const record = (key: Uint8Array): HeldRecord => {
      const name = `${store}/${Buffer.from(key).toString('latin1')}`
      let found = this.#records.get(name)
      if (!found) {
        const value = this.#read(store, key)
        found = { store, key: key.slice(), before: value, value }
        this.#records.set(name, found)
      }
      return found
    }
    return {
      get: (key) => record(key).value,
      set: (key, value) => {
        record(key).value = value
      },
      delete: (key) => {
        record(key).value = undefined
      },
    }
  }
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0
}
