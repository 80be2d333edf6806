/**
 * Montgomery curves y² = x³ + A x² + x over F_{p²}, x-only arithmetic.
 *
 * A curve is two slots: A at E, (A + 2)/4 at E + stride. A point is two slots (X : Z); O = (1 : 0). A basis is three
 * points P, Q, P − Q, six slots.
 */
import type { Fp2Engine, Slot } from '../field/engine.ts'

/** Slots of a curve. */
export const CURVE_SLOTS = 2
/** Slots of a basis (P, Q, P − Q). */
export const BASIS_SLOTS = 6

/** Sets (A + 2)/4 from A. */
export function setA24(F: Fp2Engine, E: Slot): void {
  const a24 = E + F.stride
  F.add(a24, E, F.one)
  F.add(a24, a24, F.one)
  F.half(a24, a24)
  F.half(a24, a24)
}

/** False for A = ±2, where the curve is singular. */
export function isNonSingular(F: Fp2Engine, A: Slot): boolean {
  const mark = F.mark()
  const t = F.alloc(1)
  F.add(t, F.one, F.one)
  let ok = !F.equal(A, t)
  F.neg(t, t)
  ok = ok && !F.equal(A, t)
  F.release(mark)
  return ok
}

export function copyPoint(F: Fp2Engine, r: Slot, p: Slot): void {
  F.copy(r, p)
  F.copy(r + F.stride, p + F.stride)
}

/** True when X = 0 or Z = 0, where differential additions are not valid. */
export function hasZeroCoordinate(F: Fp2Engine, P: Slot): boolean {
  return F.isZero(P) || F.isZero(P + F.stride)
}

/** True when the points (X : Z) are equal, O included. */
export function pointsEqual(F: Fp2Engine, P: Slot, Q: Slot): boolean {
  const { stride: s } = F
  const pz = F.isZero(P + s)
  const qz = F.isZero(Q + s)
  if (pz || qz) return pz && qz
  const t = F.tmp
  F.mul(t, P, Q + s)
  F.mul(t + s, P + s, Q)
  return F.equal(t, t + s)
}

/** True when P ≠ O and [2]P = O. */
export function isTwoTorsion(F: Fp2Engine, P: Slot, E: Slot): boolean {
  const { stride: s, tmp: t } = F
  if (F.isZero(P + s)) return false
  if (F.isZero(P)) return true
  // X² + A X Z + Z²
  F.mul(t, P, P + s)
  F.mul(t, t, E)
  F.sqr(t + s, P)
  F.add(t, t, t + s)
  F.sqr(t + s, P + s)
  F.add(t, t, t + s)
  return F.isZero(t)
}

/** R = [2^n]P. */
export function doubleTimes(F: Fp2Engine, R: Slot, P: Slot, E: Slot, n: number): void {
  const a24 = E + F.stride
  if (n === 0) {
    if (R !== P) copyPoint(F, R, P)
    return
  }
  F.k.xDBL(R, P, a24)
  for (let j = 1; j < n; j++) F.k.xDBL(R, R, a24)
}

/** R = [k]P by the Montgomery ladder; k ≥ 0. R may be P. */
export function ladder(F: Fp2Engine, R: Slot, P: Slot, E: Slot, k: bigint): void {
  const { stride: s } = F
  const mark = F.mark()
  const base = F.alloc(6)
  let r0 = base + 2 * s
  let r1 = base + 4 * s
  copyPoint(F, base, P)
  F.copy(r0, F.one)
  F.copy(r0 + s, F.zero)
  copyPoint(F, r1, P)
  const bits = k.toString(2)
  if (k > 0n)
    for (const bit of bits) {
      if (bit === '1') [r0, r1] = [r1, r0]
      F.k.xDBLADD(r0, r1, r0, r1, base, E + s)
      if (bit === '1') [r0, r1] = [r1, r0]
    }
  copyPoint(F, R, r0)
  F.release(mark)
}

/**
 * R = P + [m]Q from a basis (P, Q, P − Q), by the three-point ladder over `bits` bits of m.
 * @returns false where the formulas are not valid.
 */
export function ladder3pt(F: Fp2Engine, R: Slot, basis: Slot, E: Slot, m: bigint, bits: number): boolean {
  const { stride: s } = F
  if (hasZeroCoordinate(F, basis + 4 * s)) return false
  const mark = F.mark()
  const x0 = F.alloc(6)
  const x1 = x0 + 2 * s
  const x2 = x1 + 2 * s
  copyPoint(F, x0, basis + 2 * s)
  copyPoint(F, x1, basis)
  copyPoint(F, x2, basis + 4 * s)
  for (let j = 0; j < bits; j++) {
    if ((m >> BigInt(j)) & 1n) F.k.xDBLADD(x0, x1, x0, x1, x2, E + s)
    else F.k.xDBLADD(x0, x2, x0, x2, x1, E + s)
  }
  copyPoint(F, R, x1)
  F.release(mark)
  return true
}

/**
 * R = [a]P + [b]Q from a basis (P, Q, P − Q) by the two-dimensional differential chain of ePrint 2017/212, Algorithm 9.
 * Variable time: for public scalars.
 * @returns false where the formulas are not valid, which happens for crafted input only.
 */
export function biscalarPublic(F: Fp2Engine, R: Slot, basis: Slot, E: Slot, a: bigint, b: bigint): boolean {
  const { stride: s } = F
  const a24 = E + s
  for (let j = 0; j < 6; j += 2) if (hasZeroCoordinate(F, basis + j * s)) return false
  let s0 = a
  let s1 = b
  if (s0 === 0n && s1 === 0n) return false
  const mark = F.mark()
  let x0 = F.alloc(8)
  let x1 = x0 + 2 * s
  let diff = x1 + 2 * s
  let spare = diff + 2 * s
  copyPoint(F, x0, basis)
  copyPoint(F, x1, basis + 2 * s)
  copyPoint(F, diff, basis + 4 * s)
  let ok = true
  while (ok && s0 !== 0n) {
    if (s1 < s0) {
      ;[s0, s1] = [s1, s0]
      ;[x0, x1] = [x1, x0]
    }
    if (s1 < s0 << 2n) {
      s1 -= s0
      F.k.xADD(spare, x1, x0, diff)
      ;[x0, diff, spare] = [spare, x0, diff]
      ok = !hasZeroCoordinate(F, x0)
    } else if (((s0 ^ s1) & 1n) === 0n) {
      s1 = (s1 - s0) >> 1n
      F.k.xADD(x0, x1, x0, diff)
      F.k.xDBL(x1, x1, a24)
      ok = !hasZeroCoordinate(F, x0) && !hasZeroCoordinate(F, x1)
    } else if ((s1 & 1n) === 0n) {
      s1 >>= 1n
      F.k.xADD(diff, x1, diff, x0)
      F.k.xDBL(x1, x1, a24)
      ok = !hasZeroCoordinate(F, diff) && !hasZeroCoordinate(F, x1)
    } else {
      s0 >>= 1n
      F.k.xADD(diff, x0, diff, x1)
      F.k.xDBL(x0, x0, a24)
      ok = !hasZeroCoordinate(F, diff) && !hasZeroCoordinate(F, x0)
    }
  }
  if (ok) {
    while ((s1 & 1n) === 0n) {
      s1 >>= 1n
      F.k.xDBL(x1, x1, a24)
    }
    if (s1 !== 1n) ladder(F, x1, x1, E, s1)
    ok = !hasZeroCoordinate(F, x1)
    copyPoint(F, R, x1)
  }
  F.release(mark)
  return ok
}
