/**
 * The quaternion algebra B = (−1, −p): i² = −1, j² = −p, k = ij, and its maximal order O0 = ⟨1, i, (i + j)/2, (1 + k)/2⟩,
 * the endomorphism ring of E0.
 */
import { abs, gcd, mod } from './integers.ts'

/** (a + b i + c j + d k)/den. */
export interface Quaternion {
  readonly v: readonly [bigint, bigint, bigint, bigint]
  readonly den: bigint
}

export const quaternion = (a: bigint, b: bigint, c: bigint, d: bigint, den = 1n): Quaternion => ({
  v: [a, b, c, d],
  den,
})

export function qMul(x: Quaternion, y: Quaternion, p: bigint): Quaternion {
  const [a0, a1, a2, a3] = x.v
  const [b0, b1, b2, b3] = y.v
  return quaternion(
    a0 * b0 - a1 * b1 - p * (a2 * b2 + a3 * b3),
    a0 * b1 + a1 * b0 + p * (a2 * b3 - a3 * b2),
    a0 * b2 + a2 * b0 - a1 * b3 + a3 * b1,
    a0 * b3 + a3 * b0 - a2 * b1 + a1 * b2,
    x.den * y.den,
  )
}

export const qConj = (x: Quaternion): Quaternion => quaternion(x.v[0], -x.v[1], -x.v[2], -x.v[3], x.den)

export const qScale = (x: Quaternion, n: bigint): Quaternion =>
  quaternion(x.v[0] * n, x.v[1] * n, x.v[2] * n, x.v[3] * n, x.den)

export function qAdd(x: Quaternion, y: Quaternion): Quaternion {
  const g = gcd(x.den, y.den)
  const [m, n] = [y.den / g, x.den / g]
  const v = x.v.map((c, j) => c * m + y.v[j]! * n) as [bigint, bigint, bigint, bigint]
  return { v, den: x.den * m }
}

/** Reduced norm of an element whose norm is an integer. */
export function qNorm(x: Quaternion, p: bigint): bigint {
  const [a, b, c, d] = x.v
  return (a * a + b * b + p * (c * c + d * d)) / (x.den * x.den)
}

/** In lowest terms, denominator positive. */
export function qNormalise(x: Quaternion): Quaternion {
  let g = x.den
  for (const c of x.v) g = gcd(g, c)
  g = abs(g)
  if (x.den < 0n) g = -g
  return quaternion(x.v[0] / g, x.v[1] / g, x.v[2] / g, x.v[3] / g, x.den / g)
}

/** Coordinates in the basis 1, i, (i + j)/2, (1 + k)/2 of an element of O0. */
export function toO0(x: Quaternion): [bigint, bigint, bigint, bigint] {
  const [a, b, c, d] = x.v
  return [(a - d) / x.den, (b - c) / x.den, (2n * c) / x.den, (2n * d) / x.den]
}

/** Content of an element of O0: the greatest integer that divides it in O0. */
export const contentO0 = (x: Quaternion): bigint => toO0(x).reduce((g, c) => gcd(g, c), 0n)

/** The representative with O0-coordinates in [0, n), over the denominator 2. */
export function modO0(x: Quaternion, n: bigint): Quaternion {
  const [a, b, c, d] = toO0(x).map((t) => mod(t, n)) as [bigint, bigint, bigint, bigint]
  return quaternion(2n * a + d, 2n * b + c, c, d, 2n)
}
