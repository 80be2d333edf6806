import type { HeaderStore, UnitHeader, UnitId } from '@zos/dag'

/** Headers of a generation: a minute and a half to two of thirty validators at a round a second, about 1.5 kB each. */
const GENERATION = 4_096

/**
 * The DAG's headers: recent ones in memory, older ones read back from the unit store. Keeps a node's memory from growing with its history:
 * two generations at most, and what is older than the epoch before goes when an epoch ends.
 */
export class HeaderCache implements HeaderStore {
  #young = new Map<UnitId, UnitHeader>()
  #old = new Map<UnitId, UnitHeader>()
  readonly #load: (id: UnitId) => UnitHeader | undefined

  constructor(load: (id: UnitId) => UnitHeader | undefined) {
    this.#load = load
  }

  /** Headers in memory. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(id: UnitId): UnitHeader | undefined {
    return this.#young.get(id) ?? this.#old.get(id) ?? this.#load(id)
  }

  set(id: UnitId, header: UnitHeader): void {
    if (this.#young.size >= GENERATION) this.rotate()
    this.#young.set(id, header)
  }

  delete(id: UnitId): void {
    this.#young.delete(id)
    this.#old.delete(id)
  }

  /** Starts a generation; that before the last one is forgotten. */
  rotate(): void {
    this.#old = this.#young
    this.#young = new Map()
  }
}
