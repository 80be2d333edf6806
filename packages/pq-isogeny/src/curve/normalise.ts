/**
 * From a level-2 theta null point (a : b) in dimension 1 to a Montgomery curve, in the model that the specification fixes:
 * of the six Montgomery coefficients of the isomorphism class the greatest one, comparing imaginary parts first.
 */
import type { Fp2Engine, Slot } from '../field/engine.ts'
import { setA24 } from './montgomery.ts'

/** The change of coordinates (x, z) ↦ (a x + b z, c x + d z), four slots. */
export const ISOMORPHISM_SLOTS = 4

/** Numerator and denominator of A = 2(x⁴ + z⁴)/(x⁴ − z⁴) to `r`. */
function montgomeryCoefficient(F: Fp2Engine, r: Slot, x: Slot, z: Slot): void {
  const { stride: s, tmp: t } = F
  F.sqr(t, x)
  F.sqr(t + s, z)
  F.sqr(t, t)
  F.sqr(t + s, t + s)
  F.add(r, t, t + s)
  F.add(r, r, r)
  F.sub(r + s, t, t + s)
}

/** r[j] = 1/a[j] for `n` neighbouring slots with one inversion; all 0 when one of them is 0. In place. */
export function batchInvert(F: Fp2Engine, a: Slot, n: number): void {
  const { stride: s } = F
  const mark = F.mark()
  const prefix = F.alloc(n)
  const t = F.alloc(2)
  F.copy(prefix, a)
  for (let j = 1; j < n; j++) F.mul(prefix + j * s, prefix + (j - 1) * s, a + j * s)
  F.inv(t, prefix + (n - 1) * s)
  for (let j = n - 1; j > 0; j--) {
    F.mul(t + s, t, prefix + (j - 1) * s)
    F.mul(t, t, a + j * s)
    F.copy(a + j * s, t + s)
  }
  F.copy(a, t)
  F.release(mark)
}

/**
 * Writes the curve of the theta null point (x : z) at `theta` to `E`, and to `M`, when given, the isomorphism from theta
 * coordinates to Montgomery coordinates.
 * @returns false when the null point is not one of an elliptic curve.
 */
export function thetaToMontgomery(F: Fp2Engine, E: Slot, M: Slot | undefined, theta: Slot): boolean {
  const { stride: s } = F
  const mark = F.mark()
  const x = theta
  const z = theta + s
  const m = F.alloc(6) // (numerator, denominator) of the three coefficients
  const t = F.alloc(2)
  const ix = F.alloc(1)
  const iz = F.alloc(1)
  F.mulByI(ix, x) // −i·x and −i·z, the choice of root of the specification
  F.neg(ix, ix)
  F.mulByI(iz, z)
  F.neg(iz, iz)
  montgomeryCoefficient(F, m, x, z)
  F.add(t, x, z)
  F.sub(t + s, x, z)
  montgomeryCoefficient(F, m + 2 * s, t, t + s)
  F.add(t, ix, z)
  F.add(t + s, x, iz)
  montgomeryCoefficient(F, m + 4 * s, t, t + s)

  const A = F.alloc(6)
  for (let j = 0; j < 3; j++) F.copy(A + j * s, m + (2 * j + 1) * s)
  batchInvert(F, A, 3)
  const ok = !F.isZero(A)
  if (ok) {
    for (let j = 0; j < 3; j++) {
      F.mul(A + j * s, A + j * s, m + 2 * j * s)
      F.neg(A + (j + 3) * s, A + j * s)
    }
    let best = 0
    let max = F.read(A)
    for (let j = 1; j < 6; j++) {
      const v = F.read(A + j * s)
      if (v.im > max.im || (v.im === max.im && v.re > max.re)) {
        max = v
        best = j
      }
    }
    F.copy(E, A + best * s)
    setA24(F, E)
    if (M !== undefined) {
      const kind = best % 3
      F.copy(M, kind === 0 ? z : kind === 1 ? x : ix)
      if (kind === 1) F.neg(M, M)
      F.copy(M + s, kind === 0 ? x : kind === 1 ? z : iz)
      F.copy(M + 2 * s, z)
      if (best === 2 || best === 3 || best === 4) F.neg(M + 2 * s, M + 2 * s)
      F.copy(M + 3 * s, x)
      if (best === 0 || best === 1 || best === 5) F.neg(M + 3 * s, M + 3 * s)
    }
  }
  F.release(mark)
  return ok
}

/** Applies the change of coordinates `M` to the point P in place. */
export function applyIsomorphism(F: Fp2Engine, P: Slot, M: Slot): void {
  const { stride: s, tmp: t } = F
  F.mul(t, P, M)
  F.mul(t + s, P + s, M + s)
  F.mul(t + 2 * s, P, M + 2 * s)
  F.mul(t + 3 * s, P + s, M + 3 * s)
  F.add(P, t, t + s)
  F.add(P + s, t + 2 * s, t + 3 * s)
}
