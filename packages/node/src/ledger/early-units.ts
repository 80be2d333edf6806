import type { UnitId } from '@zos/dag'
import type { WaitOutcome } from './waiting-units.ts'

/** Bytes of all early units: a second or two of a full network. What is dropped is fetched again when its epoch has begun. */
const MAX_BYTES = 32 * 1024 * 1024
/** Of one source, so that one cannot crowd out the others. */
const MAX_BYTES_PER_SOURCE = 8 * 1024 * 1024
const MAX_UNITS = 4_096
const MAX_UNITS_PER_SOURCE = 1_024

/** An encoded unit as it came. */
export interface EarlyUnit {
  readonly bytes: Uint8Array
  readonly source: string
  /** Told what became of it once its epoch has begun. */
  readonly settle: (outcome: WaitOutcome) => void
}

/** Units of the next epoch, which has not begun here: its base is not known yet, so nobody can say whether they hold. */
export class EarlyUnits {
  readonly #units = new Map<UnitId, EarlyUnit & { epoch: number }>()
  readonly #bySource = new Map<string, { units: number; bytes: number }>()
  #bytes = 0

  get size(): number {
    return this.#units.size
  }

  has(id: UnitId): boolean {
    return this.#units.has(id)
  }

  /** False if there is no room for it. */
  add(id: UnitId, epoch: number, unit: EarlyUnit): boolean {
    const { length } = unit.bytes
    const mine = this.#bySource.get(unit.source) ?? { units: 0, bytes: 0 }
    if (this.#units.size >= MAX_UNITS || this.#bytes + length > MAX_BYTES) return false
    if (mine.units >= MAX_UNITS_PER_SOURCE || mine.bytes + length > MAX_BYTES_PER_SOURCE) return false
    this.#units.set(id, { ...unit, epoch })
    this.#bySource.set(unit.source, { units: mine.units + 1, bytes: mine.bytes + length })
    this.#bytes += length
    return true
  }

  /** Lets go of the units of the epochs up to `epoch` and returns them. */
  take(epoch: number): EarlyUnit[] {
    const taken: EarlyUnit[] = []
    for (const [id, unit] of this.#units) {
      if (unit.epoch > epoch) continue
      this.#units.delete(id)
      this.#bytes -= unit.bytes.length
      const { units, bytes } = this.#bySource.get(unit.source)!
      if (units > 1) this.#bySource.set(unit.source, { units: units - 1, bytes: bytes - unit.bytes.length })
      else this.#bySource.delete(unit.source)
      taken.push(unit)
    }
    return taken
  }
}
