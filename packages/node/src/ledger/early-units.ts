import type { UnitId } from '@zos/dag'

/** Bytes of all early units: a second or two of a full network. What is dropped is fetched again when its epoch has begun. */
const MAX_BYTES = 32 * 1024 * 1024
/** Of one source, so that one cannot crowd out the others. */
const MAX_BYTES_PER_SOURCE = 8 * 1024 * 1024
const MAX_UNITS = 4_096

/** An encoded unit as it came. */
export interface EarlyUnit {
  readonly bytes: Uint8Array
  readonly source: string
}

/** Units of an epoch that has not begun here: nobody knows yet who may sign them, so they are kept unread. */
export class EarlyUnits {
  readonly #units = new Map<UnitId, EarlyUnit & { epoch: number }>()
  readonly #bytesOf = new Map<string, number>()
  #bytes = 0

  get size(): number {
    return this.#units.size
  }

  has(id: UnitId): boolean {
    return this.#units.has(id)
  }

  add(id: UnitId, epoch: number, { bytes, source }: EarlyUnit): void {
    const mine = (this.#bytesOf.get(source) ?? 0) + bytes.length
    if (this.#units.size >= MAX_UNITS || mine > MAX_BYTES_PER_SOURCE || this.#bytes + bytes.length > MAX_BYTES) return
    this.#units.set(id, { bytes, source, epoch })
    this.#bytesOf.set(source, mine)
    this.#bytes += bytes.length
  }

  /** Lets go of the units of the epochs up to `epoch` and returns them. */
  take(epoch: number): EarlyUnit[] {
    const taken: EarlyUnit[] = []
    for (const [id, unit] of this.#units) {
      if (unit.epoch > epoch) continue
      this.#units.delete(id)
      this.#bytes -= unit.bytes.length
      const left = this.#bytesOf.get(unit.source)! - unit.bytes.length
      if (left > 0) this.#bytesOf.set(unit.source, left)
      else this.#bytesOf.delete(unit.source)
      taken.push(unit)
    }
    return taken
  }
}
