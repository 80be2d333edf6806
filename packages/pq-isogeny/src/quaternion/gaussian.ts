/** Gaussian integers. Which associate a gcd is matters for exact reproduction, so Euclid's steps are those of the reference. */
import { roundedDiv } from './integers.ts'

/** re + im·i. */
export type Gaussian = readonly [bigint, bigint]

export const gMul = (a: Gaussian, b: Gaussian): Gaussian => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
export const gConj = (a: Gaussian): Gaussian => [a[0], -a[1]]
export const gNorm = (a: Gaussian): bigint => a[0] * a[0] + a[1] * a[1]
const isZero = (a: Gaussian): boolean => a[0] === 0n && a[1] === 0n

/** a − round(a/b)·b. */
function remainder(a: Gaussian, b: Gaussian): Gaussian {
  const n = gNorm(b)
  const q = gMul(gConj(b), a)
  const t = gMul([roundedDiv(q[0], n), roundedDiv(q[1], n)], b)
  return [a[0] - t[0], a[1] - t[1]]
}

export function gGcd(a: Gaussian, b: Gaussian): Gaussian {
  let [q, r] = isZero(a) ? [b, a] : [a, b]
  while (!isZero(r)) [q, r] = [r, remainder(q, r)]
  return q
}

/** Multiplies by the unit that makes both parts of `key` non-negative, and returns that unit's power of i. */
export function quadrantOf(key: Gaussian): number {
  const [re, im] = key
  const turn = re < 0n !== im < 0n
  const [x, y] = turn ? [-im, re] : [re, im]
  return (turn ? 1 : 0) + (x < 0n || y < 0n ? 2 : 0)
}

/** i^k·a. */
export function turn(a: Gaussian, k: number): Gaussian {
  const [x, y] = a
  return k === 0 ? a : k === 1 ? [-y, x] : k === 2 ? [-x, -y] : [y, -x]
}
