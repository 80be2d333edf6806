import type { Unit, UnitId } from '@zos/dag'

/** What became of a unit that had to wait. `dropped`: others took its place, or its epoch is over. */
export type WaitOutcome = 'connected' | 'invalid' | 'dropped'

/** A unit whose signature is checked and whose parents are not all here. */
export interface WaitingUnit {
  unit: Unit
  bytes: Uint8Array
  /** The peer that sent it: its units count against its share. */
  source: string
  /** Told once when it waits no more. */
  settle: (outcome: WaitOutcome) => void
}

/** Ten rounds of a committee of a hundred. */
const MAX_PER_SOURCE = 1_024
const MAX_WAITING = 8_192
/** Their payloads may be large: a flood of waiting units is bounded by bytes as well. */
const MAX_BYTES_PER_SOURCE = 16 * 1024 * 1024
const MAX_BYTES = 64 * 1024 * 1024

/** Units that arrived before their parents. Bounded: beyond a source's share its oldest is dropped, and fetched again when needed. */
export class WaitingUnits {
  readonly #units = new Map<UnitId, { unit: WaitingUnit; missing: Set<UnitId> }>()
  readonly #dependents = new Map<UnitId, Set<UnitId>>()
  readonly #perSource = new Map<string, { ids: Set<UnitId>; bytes: number }>()
  #bytes = 0

  get size(): number {
    return this.#units.size
  }

  has(id: UnitId): boolean {
    return this.#units.has(id)
  }

  /** True if a unit waits for `parent`. */
  waitsFor(parent: UnitId): boolean {
    return this.#dependents.has(parent)
  }

  add(waiting: WaitingUnit, missing: readonly UnitId[]): void {
    const { id } = waiting.unit
    this.#units.set(id, { unit: waiting, missing: new Set(missing) })
    for (const parent of missing) setOf(this.#dependents, parent).add(id)
    const mine = this.#perSource.get(waiting.source) ?? { ids: new Set(), bytes: 0 }
    this.#perSource.set(waiting.source, mine)
    mine.ids.add(id)
    mine.bytes += waiting.bytes.length
    this.#bytes += waiting.bytes.length
    while (mine.ids.size > MAX_PER_SOURCE || mine.bytes > MAX_BYTES_PER_SOURCE) this.#drop(first(mine.ids))
    while (this.#units.size > MAX_WAITING || this.#bytes > MAX_BYTES) this.#drop(first(this.#units.keys()))
  }

  /** The units that had only `parent` missing; they wait no more. */
  release(parent: UnitId): WaitingUnit[] {
    const released: WaitingUnit[] = []
    for (const id of this.#dependents.get(parent) ?? []) {
      const entry = this.#units.get(id)
      if (!entry) continue
      entry.missing.delete(parent)
      if (entry.missing.size > 0) continue
      released.push(entry.unit)
      this.#remove(id)
    }
    this.#dependents.delete(parent)
    return released
  }

  /** The parents that somebody waits for and that wait themselves for nothing: what to ask peers for. */
  missing(limit: number): UnitId[] {
    const wanted: UnitId[] = []
    for (const parent of this.#dependents.keys()) {
      if (wanted.length === limit) break
      if (!this.#units.has(parent)) wanted.push(parent)
    }
    return wanted
  }

  /** Nobody needs any of them any more. */
  dropAll(): void {
    for (const id of [...this.#units.keys()]) this.#drop(id)
  }

  #drop(id: UnitId): void {
    const entry = this.#units.get(id)
    this.#remove(id)
    entry?.unit.settle('dropped')
  }

  #remove(id: UnitId): void {
    const entry = this.#units.get(id)
    if (!entry) return
    this.#units.delete(id)
    const { source, bytes } = entry.unit
    const mine = this.#perSource.get(source)!
    mine.ids.delete(id)
    mine.bytes -= bytes.length
    this.#bytes -= bytes.length
    if (mine.ids.size === 0) this.#perSource.delete(source)
    for (const parent of entry.missing) {
      const dependents = this.#dependents.get(parent)
      dependents?.delete(id)
      if (dependents?.size === 0) this.#dependents.delete(parent)
    }
  }
}

function setOf<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  let set = map.get(key)
  if (!set) {
    set = new Set()
    map.set(key, set)
  }
  return set
}

function first<T>(iterable: Iterable<T>): T {
  for (const value of iterable) return value
  throw new Error('empty')
}
