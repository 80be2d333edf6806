/**
 * Named records in the storage of a native contract, laid out as Solidity lays out
 *
 *     mapping(string name => bytes record)     // slot 0
 *     mapping(string table => address[] keys)  // slot 1: what the listed tables hold
 *     mapping(string name => uint256 place)    // slot 2: 1 + the key's place in that list
 *
 * so that `eth_getStorageAt`, proofs and snapshots reach them. A store serves one call: it reads each record once, and writes what is
 * changed when {@link RecordStore.flush} is called.
 */
import { bytesToBigInt, bytesToHex, equalsBytes, setLengthLeft, setLengthRight } from '@ethereumjs/util'
import type { ContractStore, StateValue } from '@zos/zpos'
import type { AddressHex, Hash } from '../state/account.ts'
import { dataSlot, mappingSlot, type NativeStorage, slotAt, slotValue } from './native-storage.ts'
import { decodeRecord, encodeRecord } from './record-codec.ts'

const RECORDS = 0
const LISTS = 1
const PLACES = 2
/** Bytes of a slot; `bytes` shorter than this stand in one slot with their length (Solidity, layout in storage). */
const SLOT_BYTES = 32

/** A {@link ContractStore} over storage slots. */
export interface RecordStore extends ContractStore {
  /** Writes what changed since the store was made. */
  flush(): void
}

/** Makes a store. `listed` names the tables whose keys (addresses) can be listed; for others `keys` throws. */
export function createRecordStore(storage: NativeStorage, listed: readonly string[]): RecordStore {
  const loaded = new Map<string, { bytes: Uint8Array; value: StateValue | undefined }>()
  const changed = new Map<string, StateValue | undefined>()
  const undo: { name: string; had: boolean; value: StateValue | undefined }[] = []

  function stored(name: string) {
    let record = loaded.get(name)
    if (!record) {
      const bytes = readBytes(storage, mappingSlot(name, RECORDS))
      record = { bytes, value: bytes.length === 0 ? undefined : decodeRecord(bytes) }
      loaded.set(name, record)
    }
    return record
  }

  const get = (name: string) => (changed.has(name) ? changed.get(name) : stored(name).value)
  const tableOf = (name: string) => name.slice(0, name.indexOf('/'))

  return {
    get,
    set(name, value) {
      stored(name)
      undo.push({ name, had: changed.has(name), value: changed.get(name) })
      changed.set(name, value)
    },
    keys(prefix) {
      const table = tableOf(prefix)
      if (!listed.includes(table)) throw new Error(`the keys of the table ${table} are not listed`)
      const names = new Set(readList(storage, table).map((key) => `${table}/${key}`))
      for (const [name, value] of changed) {
        if (tableOf(name) !== table) continue
        if (value === undefined) names.delete(name)
        else names.add(name)
      }
      return [...names].filter((name) => name.startsWith(prefix)).sort()
    },
    snapshot: () => undo.length,
    revert(mark) {
      while (undo.length > mark) {
        const { name, had, value } = undo.pop()!
        if (had) changed.set(name, value)
        else changed.delete(name)
      }
    },
    flush() {
      for (const [name, value] of changed) {
        const before = stored(name)
        const bytes = value === undefined ? new Uint8Array() : encodeRecord(value)
        if (equalsBytes(before.bytes, bytes)) continue
        writeBytes(storage, mappingSlot(name, RECORDS), before.bytes, bytes)
        if (listed.includes(tableOf(name))) {
          if (before.bytes.length === 0) enlist(storage, name)
          else if (bytes.length === 0) delist(storage, name)
        }
        loaded.set(name, { bytes, value })
      }
      changed.clear()
      undo.length = 0
    },
  }
}

function readBytes(storage: NativeStorage, slot: Hash): Uint8Array {
  const head = storage.get(slot)
  if (head.length === 0) return head
  if ((head.at(-1)! & 1) === 0) {
    const word = setLengthLeft(head, SLOT_BYTES)
    return word.slice(0, word[SLOT_BYTES - 1]! / 2)
  }
  const length = Number((bytesToBigInt(head) - 1n) / 2n)
  const bytes = new Uint8Array(length)
  const first = dataSlot(slot)
  for (let at = 0; at < length; at += SLOT_BYTES) {
    const word = setLengthLeft(storage.get(slotAt(first + BigInt(at / SLOT_BYTES))), SLOT_BYTES)
    bytes.set(word.subarray(0, Math.min(SLOT_BYTES, length - at)), at)
  }
  return bytes
}

function writeBytes(storage: NativeStorage, slot: Hash, before: Uint8Array, bytes: Uint8Array): void {
  const first = dataSlot(slot)
  const words = bytes.length < SLOT_BYTES ? 0 : Math.ceil(bytes.length / SLOT_BYTES)
  const wordsBefore = before.length < SLOT_BYTES ? 0 : Math.ceil(before.length / SLOT_BYTES)
  for (let index = 0; index < Math.max(words, wordsBefore); index++) {
    const at = index * SLOT_BYTES
    const word = index < words ? setLengthRight(bytes.slice(at, at + SLOT_BYTES), SLOT_BYTES) : new Uint8Array()
    storage.set(slotAt(first + BigInt(index)), trimmed(word))
  }
  if (bytes.length >= SLOT_BYTES) storage.set(slot, slotValue(2n * BigInt(bytes.length) + 1n))
  else {
    const word = setLengthRight(bytes, SLOT_BYTES)
    word[SLOT_BYTES - 1] = 2 * bytes.length
    storage.set(slot, trimmed(word))
  }
}

function readList(storage: NativeStorage, table: string): AddressHex[] {
  const slot = mappingSlot(table, LISTS)
  const first = dataSlot(slot)
  return Array.from({ length: Number(bytesToBigInt(storage.get(slot))) }, (_, index) =>
    bytesToHex(setLengthLeft(storage.get(slotAt(first + BigInt(index))), 20)),
  )
}

function enlist(storage: NativeStorage, name: string): void {
  const [table, key] = name.split('/') as [string, string]
  const slot = mappingSlot(table, LISTS)
  const length = bytesToBigInt(storage.get(slot))
  storage.set(slotAt(dataSlot(slot) + length), slotValue(BigInt(key)))
  storage.set(slot, slotValue(length + 1n))
  storage.set(mappingSlot(name, PLACES), slotValue(length + 1n))
}

/** The last key takes the place of the one that goes. */
function delist(storage: NativeStorage, name: string): void {
  const [table] = name.split('/') as [string]
  const slot = mappingSlot(table, LISTS)
  const first = dataSlot(slot)
  const length = bytesToBigInt(storage.get(slot))
  const place = bytesToBigInt(storage.get(mappingSlot(name, PLACES)))
  const last = storage.get(slotAt(first + length - 1n))
  if (place !== length) {
    storage.set(slotAt(first + place - 1n), last)
    storage.set(mappingSlot(`${table}/${bytesToHex(setLengthLeft(last, 20))}`, PLACES), slotValue(place))
  }
  storage.set(slotAt(first + length - 1n), new Uint8Array())
  storage.set(mappingSlot(name, PLACES), new Uint8Array())
  storage.set(slot, slotValue(length - 1n))
}

function trimmed(word: Uint8Array): Uint8Array {
  let start = 0
  while (start < word.length && word[start] === 0) start++
  return word.slice(start)
}
