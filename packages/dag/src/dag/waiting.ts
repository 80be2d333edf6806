/** Units whose parents have not arrived. Bounded for each source, so that nobody can fill the memory with orphans. */
import type { UnitHeader } from '../unit/header.ts'
import type { UnitId } from '../unit/id.ts'

interface Waiting {
  readonly id: UnitId
  readonly header: UnitHeader
  readonly source: string
}

/** The pool of waiting units. When a source exceeds its share, its oldest waiting unit gives way. */
export class WaitingPool {
  readonly #units = new Map<UnitId, Waiting>()
  readonly #bySource = new Map<string, Set<UnitId>>()
  readonly #byParent = new Map<UnitId, Set<UnitId>>()
  readonly #perSource: number
  readonly #total: number

  constructor(perSource: number, total: number) {
    this.#perSource = perSource
    this.#total = total
  }

  get size(): number {
    return this.#units.size
  }

  has(id: UnitId): boolean {
    return this.#units.has(id)
  }

  add(id: UnitId, header: UnitHeader, source: string): void {
    const mine = this.#bySource.get(source) ?? new Set<UnitId>()
    this.#bySource.set(source, mine)
    if (mine.size >= this.#perSource) this.remove(first(mine))
    else if (this.#units.size >= this.#total) this.remove(first(this.#units.keys()))
    this.#bySource.set(source, mine)
    this.#units.set(id, { id, header, source })
    mine.add(id)
    for (const parent of header.parents) {
      const dependents = this.#byParent.get(parent)
      if (dependents) dependents.add(id)
      else this.#byParent.set(parent, new Set([id]))
    }
  }

  remove(id: UnitId): UnitHeader | undefined {
    const unit = this.#units.get(id)
    if (!unit) return undefined
    this.#units.delete(id)
    const mine = this.#bySource.get(unit.source)
    mine?.delete(id)
    if (mine?.size === 0) this.#bySource.delete(unit.source)
    for (const parent of unit.header.parents) {
      const dependents = this.#byParent.get(parent)
      dependents?.delete(id)
      if (dependents?.size === 0) this.#byParent.delete(parent)
    }
    return unit.header
  }

  /** Removes the units whose header fits. */
  drop(fits: (header: UnitHeader) => boolean): void {
    for (const { id, header } of [...this.#units.values()]) if (fits(header)) this.remove(id)
  }

  /** The waiting units that name `parent`, in the order of arrival. */
  dependents(parent: UnitId): UnitId[] {
    return [...(this.#byParent.get(parent) ?? [])]
  }

  header(id: UnitId): UnitHeader | undefined {
    return this.#units.get(id)?.header
  }
}

function first<T>(values: Iterable<T>): T {
  for (const value of values) return value
  throw new RangeError('empty')
}
