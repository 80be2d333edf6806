import { decodeUnit, encodeUnit, type Unit, type UnitId } from '@zos/dag'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'
import { sortable } from '../store/kv.ts'
import type { EpochStart } from './epoch.ts'
import { decodeEpochStart, encodeEpochStart } from './epoch-record.ts'
import { unitHash } from './unit-hash.ts'

/** Encoded units kept in memory for peers that ask: about a minute of a busy network. */
const RECENT_UNITS = 1_024
/** And no more bytes than this: full units have half a megabyte. */
const RECENT_BYTES = 32 * 1024 * 1024
const DRAFT_KEY = 'draft'
const LAST_EPOCH_KEY = 'epoch'

/** The first key of a round's units; a unit's key is this and its id. */
export function roundKey(round: number): string {
  return `u${sortable(round)}`
}

/** Makes `start` the last epoch of a store. */
export function epochChanges(start: EpochStart): StoreChange[] {
  return [
    { key: `E${sortable(start.number)}`, value: encodeEpochStart(start) },
    { key: LAST_EPOCH_KEY, value: new TextEncoder().encode(String(start.number)) },
  ]
}

/** Every unit that the node has connected, by round: parents always come first. Beside them the start of each epoch. */
export class UnitStore {
  readonly #store: KeyValueStore
  readonly #recent = new Map<UnitId, Uint8Array>()
  #recentBytes = 0
  #waiting: StoreChange[] = []
  #writing: Promise<void> = Promise.resolve()

  constructor(store: KeyValueStore) {
    this.#store = store
  }

  /** Adds a unit; it is written with the next {@link flush}. */
  add(unit: Unit, bytes: Uint8Array = encodeUnit(unit)): void {
    const { round } = unit.header.validator!
    this.#waiting.push(
      { key: roundKey(round) + unit.id, value: bytes },
      { key: `i${unit.id}`, value: new TextEncoder().encode(String(round)) },
    )
    this.#recent.set(unit.id, bytes)
    this.#recentBytes += bytes.length
    while (this.#recent.size > RECENT_UNITS || (this.#recentBytes > RECENT_BYTES && this.#recent.size > 1)) {
      const [oldest, { length }] = this.#recent.entries().next().value!
      this.#recent.delete(oldest)
      this.#recentBytes -= length
    }
  }

  /** Adds the start of an epoch; it is written with the next {@link flush}. */
  addEpoch(start: EpochStart): void {
    this.#waiting.push(...epochChanges(start))
  }

  /** The start of an epoch, undefined for the first and for those that this node has not reached. */
  epoch(number: number): EpochStart | undefined {
    const bytes = this.#store.get(`E${sortable(number)}`)
    return bytes && decodeEpochStart(bytes)
  }

  /** The last epoch whose start is stored; 0: none is. */
  lastEpoch(): number {
    const number = this.#store.get(LAST_EPOCH_KEY)
    return number ? Number(new TextDecoder().decode(number)) : 0
  }

  /** Resolves when everything added so far is in the store; with `sync`, on the disk. */
  flush(options: { sync?: boolean } = {}): Promise<void> {
    const writing = this.#writing.then(() => {
      const changes = this.#waiting
      this.#waiting = []
      return this.#store.batch(changes, options)
    })
    this.#writing = writing
    return writing
  }

  /** Keeps one unit that is not connected yet, durably, and with it everything that it builds on. */
  saveDraft(unit: Unit): Promise<void> {
    this.#waiting.push({ key: DRAFT_KEY, value: encodeUnit(unit) })
    return this.flush({ sync: true })
  }

  draft(): Unit | undefined {
    const bytes = this.#store.get(DRAFT_KEY)
    return bytes && decodeUnit(bytes, { hash: unitHash })
  }

  /** The encoded unit, from memory or the store. */
  bytes(id: UnitId): Uint8Array | undefined {
    const recent = this.#recent.get(id)
    if (recent) return recent
    const round = this.#store.get(`i${id}`)
    return round && this.#store.get(roundKey(Number(new TextDecoder().decode(round))) + id)
  }

  unit(id: UnitId): Unit | undefined {
    const bytes = this.bytes(id)
    return bytes && decodeUnit(bytes, { hash: unitHash })
  }

  /** The encoded units of the rounds `from` to `to`, both included, by round, then id. */
  async *rounds(from: number, to: number): AsyncGenerator<Uint8Array> {
    await this.flush()
    for await (const [, bytes] of this.#store.entries(roundKey(from), roundKey(to + 1))) yield bytes
  }
}
