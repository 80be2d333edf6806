/**
 * The parents of units, in the order of the units. A parent is stored as its distance from the child: parents are recent, and a
 * hundred of them are most of what a unit of a large committee takes. One byte each if all of a unit's are within 255, else two;
 * farther ones are kept apart. Where a unit's bytes start is counted in two bytes from a base that 64 units share.
 */
import { FAR_BYTES, IntColumn, ShortColumn } from './columns.ts'

const CHUNK_BITS = 6
const ELSEWHERE = 0xffff

export class ParentEdges {
  #bytes = new Uint8Array(256)
  #length = 0
  /** Twice the distance from the base, plus one if the distances are wide. */
  readonly #starts = new ShortColumn()
  readonly #bases = new IntColumn()
  /** Units whose bytes start too far from the base; and far parents, by the place of their bytes. */
  readonly #farStarts = new Map<number, number>()
  readonly #far = new Map<number, number>()

  /** Adds the unit that comes next, with these parents. Those below 0 are left out. */
  add(parents: Int32Array, count: number): void {
    const unit = this.#starts.length
    let width = 1
    for (let k = 0; k < count; k++) if (parents[k]! >= 0 && unit - parents[k]! > 0xff) width = 2
    this.#open(unit, width - 1)
    if (this.#length + 2 * count > this.#bytes.length) this.#reserve(this.#length + 2 * count)
    const bytes = this.#bytes
    let at = this.#length
    for (let k = 0; k < count; k++) {
      const parent = parents[k]!
      if (parent < 0) continue
      const distance = unit - parent
      if (width === 1) bytes[at++] = distance
      else {
        const isFar = distance > 0xffff
        if (isFar) this.#far.set(at, parent)
        bytes[at++] = isFar ? 0 : distance & 0xff
        bytes[at++] = isFar ? 0 : distance >> 8
      }
    }
    this.#length = at
  }

  #open(unit: number, isWide: number): void {
    if (unit >> CHUNK_BITS === this.#bases.length) this.#bases.push(this.#length)
    const start = 2 * (this.#length - this.#bases.values[unit >> CHUNK_BITS]!) + isWide
    if (start >= ELSEWHERE) this.#farStarts.set(unit, 2 * this.#length + isWide)
    this.#starts.push(Math.min(start, ELSEWHERE))
  }

  #reserve(capacity: number): void {
    const grown = new Uint8Array(Math.max(capacity, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  /** Twice where a unit's bytes start, plus one if they are wide. */
  #start(unit: number): number {
    const start = this.#starts.values[unit]!
    if (start === ELSEWHERE) return this.#farStarts.get(unit)!
    return 2 * this.#bases.values[unit >> CHUNK_BITS]! + start
  }

  /** Number of parents. */
  count(unit: number): number {
    const start = this.#start(unit)
    const end = unit + 1 < this.#starts.length ? this.#start(unit + 1) >> 1 : this.#length
    return (end - (start >> 1)) >> (start & 1)
  }

  /** Parent number `k` of a unit. */
  at(unit: number, k: number): number {
    const start = this.#start(unit)
    const bytes = this.#bytes
    if ((start & 1) === 0) return unit - bytes[(start >> 1) + k]!
    const at = (start >> 1) + 2 * k
    const distance = bytes[at]! | (bytes[at + 1]! << 8)
    return distance === 0 ? this.#far.get(at)! : unit - distance
  }

  get byteLength(): number {
    const far = this.#far.size + this.#farStarts.size
    return this.#length + 2 * this.#starts.length + 4 * this.#bases.length + FAR_BYTES * far
  }
}
