/** Sampling: response elements from a ball of a lattice, elements of given norm, ideals of given odd norm. */
import { modO0, type Quaternion, qMul, qNorm, qNormalise, quaternion } from './algebra.ts'
import type { Gaussian } from './gaussian.ts'
import { defect, type Ideal, idealOdd } from './ideal.ts'
import { bitLength, gcd, isProbablePrime, isqrt, mod, sumOfTwoSquares, xgcd } from './integers.ts'
import type { QuaternionParameters } from './parameters.ts'
import type { RandomSource } from './random.ts'
import { minkowski, unimodularInverse } from './reduction.ts'

const SEARCH_LIMIT = 1_000_000

/** Hermite basis of conj(A)·B, columns (2N, 0), (0, 2N), (e, c, 1, 0), (d, b, 0, 1) over the denominator 2. */
interface ProductLattice {
  readonly n2: bigint
  readonly e: bigint
  readonly c: bigint
  readonly d: bigint
  readonly b: bigint
}

/** The lattice of homomorphisms between the codomains of two ideals of coprime norms. */
function productLattice(a: Ideal, b: Ideal): ProductLattice {
  const [, u, v] = xgcd(a.norm, b.norm)
  const x1 = mod(-v * 2n * a.x, 2n * a.norm) * b.norm
  const x2 = mod(u * 2n * b.x, 2n * b.norm) * a.norm
  const y1 = mod(-v * (2n * a.y + 1n), 2n * a.norm) * b.norm
  const y2 = mod(u * (2n * b.y + 1n), 2n * b.norm) * a.norm
  return { n2: 2n * a.norm * b.norm, e: x2 + x1, c: y2 - y1, b: x2 - x1, d: -(y2 + y1) }
}

/**
 * A uniform element of conj(A)·B of norm (relative to N(A)·N(B)) odd and at most `radius`: rejection from the box of the
 * Minkowski-reduced dual basis.
 */
export function sampleFromBall(
  q: QuaternionParameters,
  a: Ideal,
  b: Ideal,
  radius: bigint,
  random: RandomSource,
): { element: Quaternion; norm: bigint } {
  const { p } = q
  const L = productLattice(a, b)
  const { n2 } = L
  const [zero, unit] = [0n, 1n]
  // Dual vectors in the order of the third, fourth, first, second column, scaled by n2²·p.
  const cross = L.e * L.c + L.d * L.b
  const dual = [
    [n2 * n2, zero, -L.e * n2, -L.c * n2],
    [zero, n2 * n2, -L.d * n2, -L.b * n2],
    [-L.e * n2, -L.d * n2, p + L.e * L.e + L.d * L.d, cross],
    [-L.c * n2, -L.b * n2, cross, p + L.c * L.c + L.b * L.b],
  ]
  const { transform, norms } = minkowski(dual)
  const inverse = unimodularInverse(transform)
  const order = [2, 3, 0, 1]
  const doubled = 2n * radius
  const box = norms.map((n) => isqrt((n * doubled) / (n2 * p))).reverse()
  const columns = [
    [n2, zero, zero, zero],
    [zero, n2, zero, zero],
    [L.e, L.c, unit, zero],
    [L.d, L.b, zero, unit],
  ]
  for (let tries = 0; tries < SEARCH_LIMIT; tries++) {
    const y = box.map((bound) => (bound === 0n ? 0n : random.interval(0n, 2n * bound, bitLength(bound) + 2) - bound))
    const x = order.map((m) => y.reduce((s, t, c) => s + inverse[m]![3 - c]! * t, 0n))
    const at = (r: number): bigint => columns.reduce((s, col, j) => s + col[r]! * x[j]!, 0n)
    const element = quaternion(at(0), at(1), at(2), at(3), 2n)
    const [v0, v1, v2, v3] = element.v
    const twice = (v0 * v0 + v1 * v1 + p * (v2 * v2 + v3 * v3)) / n2
    if ((twice & 3n) === 0n || twice > doubled) continue
    return { element: qNormalise(element), norm: twice >> 1n }
  }
  throw defect('sampling from a ball')
}

/** An element a + b i + c j + d k with integer coordinates and norm n (RepresentInteger). */
export function representInteger(
  q: QuaternionParameters,
  n: bigint,
  random: RandomSource,
  fallback: RandomSource,
): Quaternion {
  const { p } = q
  // Declared size of a floor square root: half the bits of its argument, and the sign bit.
  const rootBits = (square: bigint): number => ((bitLength(square) + 1) >> 1) + 1
  const square = n / p - 1n
  const bound = isqrt(square)
  for (let tries = 0; tries < SEARCH_LIMIT; tries++) {
    const c = random.interval(1n, bound, rootBits(square))
    const rest = (n - p * c * c) / p
    const limit = isqrt(rest)
    if (limit === 0n) continue
    const d = random.interval(1n, limit, rootBits(rest))
    const target = n - p * (c * c + d * d)
    if (!isProbablePrime(target, q.primalityRounds, fallback)) continue
    const sum = sumOfTwoSquares(target)
    if (sum) return quaternion(sum[0], sum[1], c, d)
  }
  throw defect('representing an integer')
}

/** A random ideal of odd norm n, shifted by the element `shift`, with its split part. */
export function randomIdealOfNorm(
  q: QuaternionParameters,
  n: bigint,
  shift: Quaternion,
  random: RandomSource,
  fallback: RandomSource,
  declaredBits: number,
): { ideal: Ideal; split: Gaussian } {
  const { p } = q
  const base = representInteger(q, q.cofactor * n, random, fallback)
  for (let tries = 0; tries < SEARCH_LIMIT; tries++) {
    const v = [0, 1, 2, 3].map(() => random.interval(1n, n, declaredBits)) as [bigint, bigint, bigint, bigint]
    const r: Quaternion = { v, den: 1n }
    if (gcd(qNorm(r, p), n) !== 1n) continue
    const g = modO0(qMul(base, r, p), n)
    return idealOdd(modO0(qMul(g, modO0(shift, n), p), n), n, p)
  }
  throw defect('random ideal of given norm')
}
