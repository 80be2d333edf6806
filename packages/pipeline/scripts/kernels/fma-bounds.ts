import type { FmaField, FmaMachine } from './fma-field.ts'

/** A value known to be a multiple of 2^grain with |value| ≤ max. */
export interface Interval {
  readonly max: bigint
  readonly grain: number
}

/**
 * The contract of a stored limb: multiple of 2^b[k], |limb| ≤ contract. Half a digit, and a little for the carry that settles
 * last. Every recipe assumes it of its inputs and must establish it for its outputs, so it holds along any formula whatever.
 */
export function contract(field: FmaField, k: number): Interval {
  const half = 1n << BigInt(field.b[k + 1]! - 1)
  const slack = (k === 0 ? 1n << 40n : 1n << 10n) << BigInt(field.b[k]!)
  return { max: half + slack, grain: field.b[k]! }
}

/** The first step of a recipe whose exactness does not hold for every input of the contract. */
export class BoundViolation extends Error {
  override readonly name = 'BoundViolation'
}

/** Runs recipes on intervals and throws {@link BoundViolation} where a double could be inexact. Also records the tightest margin. */
export class BoundMachine implements FmaMachine<Interval> {
  readonly field: FmaField
  readonly input: (k: number) => Interval
  readonly stored: (Interval | undefined)[] = Array(5).fill(undefined)
  /** Largest |value| / 2^grain seen in an addition; must stay at or below 2^53. */
  widest = 0n

  constructor(field: FmaField, input: (k: number) => Interval = (k) => contract(field, k)) {
    this.field = field
    this.input = input
  }

  limb(_operand: 'a' | 'b', index: number): Interval {
    return this.input(index)
  }

  add(x: Interval, y: Interval): Interval {
    return this.#representable(x.max + y.max, Math.min(x.grain, y.grain), 'sum')
  }

  sub(x: Interval, y: Interval): Interval {
    return this.add(x, y)
  }

  double(x: Interval): Interval {
    return { max: x.max * 2n, grain: x.grain + 1 }
  }

  split(x: Interval, y: Interval, k: number): [Interval, Interval] {
    return this.#split(x.max * y.max, x.grain + y.grain, k)
  }

  splitScaled(x: Interval, by: number, k: number): [Interval, Interval] {
    return this.#split(x.max * BigInt(by), x.grain, k)
  }

  splitFold(x: Interval, k: number): [Interval, Interval] {
    return this.#split(...this.#folded(x), k)
  }

  carry(x: Interval, k: number): [Interval, Interval] {
    return this.#split(x.max, x.grain, k)
  }

  addFold(y: Interval, x: Interval): Interval {
    const [max, grain] = this.#folded(x)
    // One fused operation: only the result must be representable.
    return this.#representable(y.max + max, Math.min(y.grain, grain), 'folded sum')
  }

  store(index: number, x: Interval): void {
    const allowed = contract(this.field, index)
    if (x.max > allowed.max || x.grain < allowed.grain)
      throw new BoundViolation(
        `limb ${index} leaves the contract: ${x.max} > ${allowed.max} or grain ${x.grain} < ${allowed.grain}`,
      )
    this.stored[index] = x
  }

  #folded(x: Interval): [bigint, number] {
    const down = this.field.b[5]!
    if (x.grain < down) throw new BoundViolation(`fold of a value of grain ${x.grain} < ${down}`)
    return [(x.max >> BigInt(down)) * this.field.fold, x.grain - down]
  }

  /** Rounding |value| ≤ max to a multiple of 2^b[k+1] by adding and subtracting C. */
  #split(max: bigint, grain: number, k: number): [Interval, Interval] {
    const unit = this.field.b[k + 1]!
    // The sum with C = 1.5 · 2^(52+unit) must stay in the binade [2^(52+unit), 2^(53+unit)], whose spacing is 2^unit.
    if (max > 1n << BigInt(51 + unit)) throw new BoundViolation(`column ${k}: |x| up to ${max} leaves the binade of C`)
    if (grain > unit) throw new BoundViolation(`column ${k}: grain ${grain} above the unit ${unit}`)
    const half = 1n << BigInt(unit - 1)
    const h = { max: ((max + half) >> BigInt(unit)) << BigInt(unit), grain: unit }
    const l = this.#representable(max < half ? max : half, grain, `rest of column ${k}`)
    return [h, l]
  }

  #representable(max: bigint, grain: number, what: string): Interval {
    const units = max >> BigInt(grain)
    if (units > this.widest) this.widest = units
    if (units > 1n << 53n) throw new BoundViolation(`${what} needs ${units} units of 2^${grain}, more than 2^53`)
    return { max, grain }
  }
}
