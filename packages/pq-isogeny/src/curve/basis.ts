/**
 * Deterministic bases of E[2^f] with a one-byte hint (entangled bases, ePrint 2017/518), Q above (0, 0).
 *
 * Hint: bit 0 says whether A is a square, the other seven bits are the multiplier found, 0 when none below 128 was.
 */
import type { Fp2Engine, Slot } from '../field/engine.ts'
import { copyPoint, ladder } from './montgomery.ts'

/**
 * With probability 2^−128 an honest search goes past 127; the reference then searches without end, which a crafted curve
 * could exploit. Ours stops here and fails closed.
 */
const SEARCH_LIMIT = 256

/** A deterministic choice of x(P + Q) and x(P − Q) from x(P), x(Q) (ePrint 2017/518, Proposition 3), on a curve with C = 1. */
function differencePoint(F: Fp2Engine, sum: Slot, difference: Slot, P: Slot, Q: Slot, A: Slot): void {
  const { stride: s } = F
  const mark = F.mark()
  const bxx = F.alloc(5)
  const bxz = bxx + s
  const bzz = bxz + s
  const t0 = bzz + s
  const t1 = t0 + s
  F.mul(t0, P, Q)
  F.mul(t1, P + s, Q + s)
  F.sub(bxx, t0, t1)
  F.sqr(bxx, bxx)
  F.add(bxz, t0, t1)
  F.mul(t0, P, Q + s)
  F.mul(t1, P + s, Q)
  F.add(bzz, t0, t1)
  F.mul(bxz, bxz, bzz)
  F.sub(bzz, t0, t1)
  F.sqr(bzz, bzz)
  F.mul(t0, t0, t1)
  F.mul(t0, t0, A)
  F.add(t0, t0, t0)
  F.add(bxz, bxz, t0)
  // Scaled by the conjugate of Bzz, the denominator is a fourth power of F_p and the root below does not depend on it.
  F.conj(t0, bzz)
  F.mul(bxx, bxx, t0)
  F.mul(bxz, bxz, t0)
  F.mul(bzz, bzz, t0)
  F.sqr(t0, bxz)
  F.mul(t1, bxx, bzz)
  F.sub(t0, t0, t1)
  F.sqrt(t0, t0)
  F.add(sum, bxz, t0)
  F.sub(difference, bxz, t0)
  F.copy(sum + s, bzz)
  F.copy(difference + s, bzz)
  F.release(mark)
}

/** True when x is the x-coordinate of a point over F_{p²}. */
function isOnCurve(F: Fp2Engine, x: Slot, A: Slot): boolean {
  const t = F.tmp
  F.add(t, x, A)
  F.mul(t, t, x)
  F.add(t, t, F.one)
  F.mul(t, t, x)
  return F.isSquare(t)
}

/** The least n ≥ start with n·A on the curve; A a non-square. 0 when there is none below the limit. */
function searchMultiple(F: Fp2Engine, A: Slot, start: number): number {
  const mark = F.mark()
  const x = F.alloc(2)
  let found = 0
  for (let n = start; !found && n < SEARCH_LIMIT; n++) {
    F.write(x + F.stride, BigInt(n), 0n)
    F.mul(x, A, x + F.stride)
    if (isOnCurve(F, x, A)) found = n
  }
  F.release(mark)
  return found
}

/** The least b ≥ start with 1 + b² a non-square of F_p and −A/(1 + i b) on the curve; A a square. −1 when there is none. */
function searchNonResidue(F: Fp2Engine, A: Slot, start: number): number {
  const { stride: s } = F
  const mark = F.mark()
  const t = F.alloc(3)
  let found = -1
  for (let b = start; found < 0 && b < SEARCH_LIMIT; b++) {
    if (F.isSquareFp(b * b + 1)) continue
    // A²(z − 1) − z² with z = 1 + i b is a non-square exactly when the point is on the curve.
    F.write(t, 0n, BigInt(b))
    F.sqr(t + s, A)
    F.mul(t, t, t + s)
    F.write(t + s, 1n, BigInt(b))
    F.sqr(t + s, t + s)
    F.sub(t, t, t + s)
    if (!F.isSquare(t)) found = b
  }
  F.release(mark)
  return found
}

/** P with x(P) = n·A or −A/(1 + i b), and Q with x(Q) = −x(P) − A, before the cofactor is cleared. */
function entangledPoints(F: Fp2Engine, P: Slot, Q: Slot, A: Slot, square: boolean, n: number): void {
  const { stride: s } = F
  if (square) {
    F.write(P + s, 1n, BigInt(n))
    F.neg(P, A)
  } else {
    F.write(P + s, BigInt(n), 0n)
    F.mul(P, A, P + s)
    F.copy(P + s, F.one)
  }
  F.mul(Q, A, P + s)
  F.add(Q, Q, P)
  F.neg(Q, Q)
  F.copy(Q + s, P + s)
}

/** [c·2^(f − order)]P: a point of order 2^order from any point of maximal 2-power order. */
function clearCofactor(F: Fp2Engine, P: Slot, E: Slot, order: number): void {
  ladder(F, P, P, E, BigInt(F.set.c))
  for (let j = order; j < F.set.f; j++) F.k.xDBL(P, P, E + F.stride)
}

/**
 * The fixed basis of E0[2^order], for A = 0, where entangled bases do not exist.
 * @param flipped take the other root for x(P − Q)
 */
export function basisOfE0(F: Fp2Engine, basis: Slot, E: Slot, order: number, flipped = false): void {
  const { stride: s } = F
  const { p, q } = F.set.e0Basis
  const mark = F.mark()
  const sum = F.alloc(2)
  F.write(basis, BigInt(`0x${p[0]}`), BigInt(`0x${p[1]}`))
  F.write(basis + 2 * s, BigInt(`0x${q[0]}`), BigInt(`0x${q[1]}`))
  F.copy(basis + s, F.one)
  F.copy(basis + 3 * s, F.one)
  for (let j = order; j < F.set.f; j++) {
    F.k.xDBL(basis, basis, E + s)
    F.k.xDBL(basis + 2 * s, basis + 2 * s, E + s)
  }
  differencePoint(F, sum, basis + 4 * s, basis, basis + 2 * s, E)
  if (flipped) copyPoint(F, basis + 4 * s, sum)
  F.release(mark)
}

/** Completes (P, Q, P − Q) from the two entangled points: our Q is their difference, so that it lies above (0, 0). */
function complete(F: Fp2Engine, basis: Slot, E: Slot, square: boolean, n: number, order: number, sum: Slot): void {
  const { stride: s } = F
  const mark = F.mark()
  const P = F.alloc(4)
  const Q = P + 2 * s
  entangledPoints(F, P, Q, E, square, n)
  clearCofactor(F, P, E, order)
  clearCofactor(F, Q, E, order)
  copyPoint(F, basis, P)
  copyPoint(F, basis + 4 * s, Q)
  differencePoint(F, sum, basis + 2 * s, basis, basis + 4 * s, E)
  F.release(mark)
}

/**
 * The basis of E[2^order] that `hint` names.
 * @returns false when the fallback search of a zero hint finds nothing: crafted input.
 */
export function basisFromHint(F: Fp2Engine, basis: Slot, E: Slot, order: number, hint: number): boolean {
  if (F.isZero(E)) {
    basisOfE0(F, basis, E, order)
    return true
  }
  const square = (hint & 1) === 1
  let n = hint >> 1
  if (n === 0) {
    n = square ? searchNonResidue(F, E, 128) : searchMultiple(F, E, 128)
    if (n <= 0) return false
  }
  const mark = F.mark()
  complete(F, basis, E, square, n, order, F.alloc(2))
  F.release(mark)
  return true
}

/**
 * A basis of E[2^order] and its hint. When the verifier will need points of order 2^short only, `short` makes the choice of
 * x(P − Q) agree with the one `basisFromHint` makes there.
 * @throws never; the search fails with probability below 2^−128 and then returns −1.
 */
export function basisToHint(F: Fp2Engine, basis: Slot, E: Slot, order: number, short = 0): number {
  const { stride: s } = F
  if (F.isZero(E)) {
    basisOfE0(F, basis, E, order)
    return 0
  }
  const square = F.isSquare(E)
  const n = square ? searchNonResidue(F, E, 1) : searchMultiple(F, E, 1)
  if (n <= 0) return -1
  const mark = F.mark()
  const sum = F.alloc(2)
  complete(F, basis, E, square, n, order, sum)
  if (short > 0) {
    const t = F.alloc(7)
    const q1 = t + 3 * s
    const q2 = t + 5 * s
    copyPoint(F, q1, basis + 2 * s)
    copyPoint(F, q2, sum)
    for (let j = short; j < order; j++) {
      F.k.xDBL(q1, q1, E + s)
      F.k.xDBL(q2, q2, E + s)
    }
    F.mul(t, q1, q2 + s)
    F.mul(t + s, q2, q1 + s)
    F.sub(t, t, t + s)
    F.mul(t + s, q1 + s, q2 + s)
    F.conj(t + 2 * s, t + s)
    F.sqr(t + 2 * s, t + 2 * s)
    F.mul(t + s, t + s, t + 2 * s)
    F.mul(t, t, t + s)
    F.sqr(t + s, t)
    F.sqrt(t + s, t + s)
    if (F.equal(t, t + s)) F.copy(basis + 2 * s, sum)
  }
  F.release(mark)
  return ((n < 128 ? n : 0) << 1) | (square ? 1 : 0)
}
