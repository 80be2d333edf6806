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

  constructor() {
    this.ibc = this.#store('ibc')
    this.zones = this.#store('zones')
  }

  /** Begins a call over `storage`. */
  open(storage: NativeStorage): void {
    this.#storage = storage
    this.#records = new Map()
  }

  /** Writes what the call changed. Returns the keys. */
  flush(): { store: StoreName; key: Uint8Array }[] {
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

  #store(store: StoreName): KvStore {
    const record = (key: Uint8Array): HeldRecord => {
      const name = `${store}/${Buffer.from(key).toString('latin1')}`
      let found = this.#records.get(name)
      if (!found) {
        const value = readRecord(this.#storage!, STORE_POSITION[store], key)
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
