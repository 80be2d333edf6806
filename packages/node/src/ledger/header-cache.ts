import type { HeaderStore, UnitHeader, UnitId } from '@zos/dag'

/** Headers in memory: some ten minutes of thirty validators at a round a second, about a kilobyte each. */
const MAX_HEADERS = 16_384

/** The DAG's headers: recent ones in memory, older ones read back from the unit store. Keeps a node's memory from growing with its history. */
export class HeaderCache implements HeaderStore {
  readonly #recent = new Map<UnitId, UnitHeader>()
  readonly #load: (id: UnitId) => UnitHeader | undefined

  constructor(load: (id: UnitId) => UnitHeader | undefined) {
    this.#load = load
  }

  get(id: UnitId): UnitHeader | undefined {
    return this.#recent.get(id) ?? this.#load(id)
  }

  set(id: UnitId, header: UnitHeader): void {
    this.#recent.set(id, header)
    if (this.#recent.size > MAX_HEADERS) this.#recent.delete(this.#recent.keys().next().value!)
  }

  delete(id: UnitId): void {
    this.#recent.delete(id)
  }
}
