import { BoundViolation } from './fma-bounds.ts'
import type { IntField, IntMachine } from './int-field.ts'

/** The contract of a stored limb: |limb| ≤ 2^25 + 2^20, inside i32. */
export const INT_CONTRACT = (1n << 25n) + (1n << 20n)

/** Runs integer recipes on bounds |x| ≤ V and throws where an i64 could overflow or a stored limb leave the contract. */
export class IntBoundMachine implements IntMachine<bigint> {
  readonly field: IntField
  widest = 0n

  constructor(field: IntField) {
    this.field = field
  }

  limb(): bigint {
    return INT_CONTRACT
  }

  add(x: bigint, y: bigint): bigint {
    return this.#fits(x + y)
  }

  sub(x: bigint, y: bigint): bigint {
    return this.#fits(x + y)
  }

  multiply(x: bigint, y: bigint): bigint {
    return this.#fits(x * y)
  }

  scale(x: bigint, by: number): bigint {
    return this.#fits(x * BigInt(by))
  }

  carry(x: bigint): [bigint, bigint] {
    const half = 1n << 25n
    this.#fits(x + half)
    return [(x + half) >> 26n, x < half ? x : half]
  }

  store(index: number, x: bigint): void {
    if (x > INT_CONTRACT) throw new BoundViolation(`limb ${index} leaves the contract: ${x} > ${INT_CONTRACT}`)
  }

  #fits(max: bigint): bigint {
    if (max > this.widest) this.widest = max
    if (max >= 1n << 63n) throw new BoundViolation(`${max} does not fit a signed 64-bit integer`)
    return max
  }
}
