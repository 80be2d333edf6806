import { decodeUnit, encodeUnit, type Unit, type UnitId } from '@zos/dag'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'
import { sortable } from '../store/kv.ts'
import { unitHash } from './unit-hash.ts'

/** Encoded units kept in memory for peers that ask: about a minute of a busy network. */
const RECENT_UNITS = 1_024
const DRAFT_KEY = 'draft'

/** Every unit that the node has connected, in the order it connected them: parents always come first. */
export class UnitStore {
  readonly #store: KeyValueStore
  readonly #recent = new Map<UnitId, Uint8Array>()
  #next: number
  #waiting: StoreChange[] = []
  #writing: Promise<void> = Promise.resolve()

  private constructor(store: KeyValueStore, next: number) {
    this.#store = store
    this.#next = next
  }

  /** Opens the units of `store`, telling each stored one to `onUnit`, oldest first. */
  static async open(store: KeyValueStore, onUnit: (unit: Unit) => void): Promise<UnitStore> {
    let next = 0
    for await (const [key, bytes] of store.entries('u', 'v')) {
      next = Number(key.slice(1)) + 1
      onUnit(decodeUnit(bytes, { hash: unitHash }))
    }
    return new UnitStore(store, next)
  }

  /** Adds a unit; it is written with the next {@link flush}. */
  add(unit: Unit, bytes: Uint8Array = encodeUnit(unit)): void {
    const position = sortable(this.#next++)
    this.#waiting.push(
      { key: `u${position}`, value: bytes },
      { key: `i${unit.id}`, value: new TextEncoder().encode(position) },
    )
    this.#recent.set(unit.id, bytes)
    if (this.#recent.size > RECENT_UNITS) this.#recent.delete(this.#recent.keys().next().value!)
  }

  /** Resolves when everything added so far is in the store; with `sync`, on the disk. */
  flush(options: { sync?: boolean } = {}): Promise<void> {
    this.#writing = this.#writing.then(() => {
      const changes = this.#waiting
      this.#waiting = []
      return this.#store.batch(changes, options)
    })
    return this.#writing
  }

  /** Keeps one unit that is not connected yet, durably. */
  async saveDraft(unit: Unit): Promise<void> {
    await this.#store.batch([{ key: DRAFT_KEY, value: encodeUnit(unit) }], { sync: true })
  }

  draft(): Unit | undefined {
    const bytes = this.#store.get(DRAFT_KEY)
    return bytes && decodeUnit(bytes, { hash: unitHash })
  }

  /** The encoded unit, from memory or the store. */
  bytes(id: UnitId): Uint8Array | undefined {
    const recent = this.#recent.get(id)
    if (recent) return recent
    const position = this.#store.get(`i${id}`)
    return position && this.#store.get(`u${new TextDecoder().decode(position)}`)
  }

  unit(id: UnitId): Unit | undefined {
    const bytes = this.bytes(id)
    return bytes && decodeUnit(bytes, { hash: unitHash })
  }
}
