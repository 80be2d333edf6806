/**
 * Arithmetic in F_{p²} = F_p(i), i² = −1, over numbered slots.
 *
 * Curve and theta formulas are written once, against this interface. A handle names the slot of one element; neighbouring
 * slots are `stride` apart, so a point (X : Z) is a handle P with X at P and Z at P + stride. Two engines exist with
 * identical results: `createBigIntEngine` (the reference) and `createWasmEngine` (kernels emitted at load).
 */
import type { ParameterSet } from '../params.ts'
import type { FormulaName } from './formulas.ts'
import type { Fp2Ops, Slot } from './operations.ts'

export type { Fp2Ops, Slot } from './operations.ts'

export interface Fp2Engine extends Fp2Ops {
  readonly kind: 'bigint' | 'wasm'
  readonly set: ParameterSet
  /** The slot that holds 0, and the one that holds 1. Never written by callers. */
  readonly zero: Slot
  readonly one: Slot
  /** The formulas of formulas.ts, as functions of handles. */
  readonly k: Readonly<Record<FormulaName, (...handles: number[]) => void>>
  /** Reserves `n` neighbouring slots, all 0. */
  alloc(n: number): Slot
  /** Stack discipline for `alloc`: `release(mark())` frees and zeroes what was reserved in between. */
  mark(): number
  release(mark: number): void
  neg(r: Slot, a: Slot): void
  /** r = i·a. */
  mulByI(r: Slot, a: Slot): void
  /** r = the conjugate of a. */
  conj(r: Slot, a: Slot): void
  half(r: Slot, a: Slot): void
  /** r = 1/a, and 0 for a = 0. */
  inv(r: Slot, a: Slot): void
  /** The square root that the reference picks (ePrint 2024/1563); garbage when `a` is not a square. */
  sqrt(r: Slot, a: Slot): void
  /** True when `a` is a square in F_{p²}, 0 included. */
  isSquare(a: Slot): boolean
  isZero(a: Slot): boolean
  equal(a: Slot, b: Slot): boolean
  /** True when the integer `n` is a square modulo p, 0 included. */
  isSquareFp(n: number): boolean
  write(r: Slot, re: bigint, im: bigint): void
  read(a: Slot): { re: bigint; im: bigint }
}
