/**
 * Left ideals of O0, in the inert form (N, x, y): I = O0·N + O0·((2x + (2y + 1)i + j)/2). An ideal that is not inert is an
 * inert one times a Gaussian integer, its split part.
 */
import { IsogenyError } from '../errors.ts'
import { contentO0, modO0, type Quaternion, qConj, qMul, qNorm, qNormalise, quaternion, toO0 } from './algebra.ts'
import { type Gaussian, gConj, gGcd, gMul, gNorm } from './gaussian.ts'
import { bitLength, crt, gcd, invMod, isProbablePrime, jacobi, mod, sqrtModPrime } from './integers.ts'
import type { QuaternionParameters } from './parameters.ts'
import type { RandomSource } from './random.ts'
import { type Pair, reduceGaussian } from './reduction.ts'

export interface Ideal {
  readonly norm: bigint
  readonly x: bigint
  readonly y: bigint
}

/** Draws before a search that succeeds with overwhelming probability is called a defect. */
const SEARCH_LIMIT = 100_000

export function defect(what: string): IsogenyError {
  return new IsogenyError('ISOGENY_INTERNAL', `${what}: no result where one exists with overwhelming probability`)
}

const I: Quaternion = quaternion(0n, 1n, 0n, 0n)

/** The generator (2x + (2y + 1)i + j)/2. */
export const generatorOf = (ideal: Ideal): Quaternion => quaternion(2n * ideal.x, 2n * ideal.y + 1n, 1n, 0n, 2n)

/** The element as an integral numerator modulo an odd norm: denominators of 2 do not matter there. */
function numerator(x: Quaternion): Quaternion {
  return { v: x.v, den: 1n }
}

/** The inert ideal of odd norm n that `generator` and n generate. */
function inertOdd(generator: Quaternion, n: bigint, p: bigint): Ideal {
  let g = numerator(modO0(qNormalise(generator), n))
  let s = mod(g.v[2] * g.v[2] + g.v[3] * g.v[3], n)
  let d = gcd(n, s)
  if (d !== 1n) {
    let q = n
    while (d !== 1n) {
      q /= d
      d = gcd(q, s)
    }
    const t = qMul(quaternion(q, 0n, 1n, 0n), g, p)
    g = qNormalise(quaternion(mod(t.v[0], n), mod(t.v[1], n), mod(t.v[2], n), mod(t.v[3], n)))
    s = g.v[2] * g.v[2] + g.v[3] * g.v[3]
  }
  const t = invMod(2n * s, n)
  const [u, v] = gMul([g.v[0], g.v[1]], [g.v[2], -g.v[3]])
  return { norm: n, x: mod(mod(u, n) * t, n), y: mod((mod(v, n) - s) * t, n) }
}

/** The ideal of odd norm n that `generator` and n generate, as an inert ideal and the Gaussian integer split off it. */
export function idealOdd(generator: Quaternion, n: bigint, p: bigint): { ideal: Ideal; split: Gaussian } {
  let g = numerator(qNormalise(modO0(generator, n)))
  let split = gGcd([g.v[0], g.v[1]], [g.v[2], -g.v[3]])
  split = gGcd(split, [n, 0n])
  if (split[0] === 0n && (split[1] === 1n || split[1] === -1n)) split = [1n, 0n]
  const m = gNorm(split)
  g = qMul(g, quaternion(split[0], -split[1], 0n, 0n, m), p)
  return { ideal: inertOdd(qNormalise(modO0(g, n)), n / m, p), split }
}

/** The inert ideal of norm 2^e that `generator` and 2^e generate. @returns undefined when it is not inert. */
function inertPowerOfTwo(generator: Quaternion, n: bigint, p: bigint): Ideal | undefined {
  if (n === 1n) return { norm: 1n, x: 0n, y: 1n }
  const odd = (t: bigint): boolean => (t & 1n) === 1n
  let g = modO0(qNormalise(generator), n)
  let [a, b, c, d] = toO0(g)
  if (odd(c) === odd(d)) {
    if (!odd(c) || odd(a) === odd(b)) return undefined
    g = modO0(qNormalise(qMul(quaternion(0n, 1n, 1n, 0n, 2n), g, p)), n)
    ;[a, b, c, d] = toO0(g)
  }
  if (odd(c)) {
    g = modO0(qMul(I, g, p), n)
    ;[a, b, c, d] = toO0(g)
  }
  const t = invMod(c * c + d * d, n)
  return {
    norm: n,
    x: mod(t * mod(a * c + b * d + c * d, n), n),
    y: mod(t * mod(b * c - a * d - d * d, n), n),
  }
}

/** The ideal of norm 2^e of an element that may be divisible by 1 + i, and what was split off (1 or 1 − i). */
export function idealPowerOfTwo(generator: Quaternion, e: number, p: bigint): { ideal: Ideal; split: Gaussian } {
  const turned = qMul(generator, quaternion(1n, 1n, 0n, 0n), p)
  const n = contentO0(turned)
  const divisible = (n & 1n) === 0n
  const g = divisible
    ? quaternion(turned.v[0] / n, turned.v[1] / n, turned.v[2] / n, turned.v[3] / n, turned.den)
    : generator
  const ideal = inertPowerOfTwo(g, 1n << BigInt(divisible ? e - 1 : e), p)
  if (ideal === undefined) throw defect('ideal of 2-power norm')
  return { ideal, split: divisible ? [1n, -1n] : [1n, 0n] }
}

/** A ∩ B for ideals of coprime norms, where A is given with its split part. */
export function intersect(a: Ideal, split: Gaussian | undefined, b: Ideal): Ideal {
  let { x, y } = b
  if (split !== undefined) {
    const m = 2n * b.norm
    const s = gConj(split)
    const square = gMul(s, s)
    const t = gMul([2n * x, 2n * y + 1n], [mod(square[0], m), mod(square[1], m)])
    const inverse = invMod(gNorm(split), b.norm)
    x = mod((mod(t[0], m) >> 1n) * inverse, b.norm)
    y = mod(((mod(t[1], m) - gNorm(split)) / 2n) * inverse, b.norm)
  }
  return {
    norm: a.norm * b.norm,
    x: crt(a.x, x, a.norm, b.norm),
    y: crt(a.y, y, a.norm, b.norm),
  }
}

/** Uniform ideal of the prime norm n. */
export function randomIdeal(q: QuaternionParameters, n: bigint, random: RandomSource, fallback: RandomSource): Ideal {
  const bits = bitLength(n) + 2
  for (let tries = 0; tries < SEARCH_LIMIT; tries++) {
    const x = random.interval(0n, n - 1n, bits)
    const t = mod(-(q.p + 4n * x * x), 4n * n)
    if (jacobi(mod(t, n), n) !== 1 || (t & 3n) >= 2n) continue
    const root = sqrtModPrime(mod(t, n), n, fallback)
    let y = crt(t & 1n, root, 4n, n)
    if (random.interval(0n, 1n, 2) === 1n) y = -y
    return { norm: n, x, y: (mod(y, 2n * n) - 1n) >> 1n }
  }
  throw defect('random ideal')
}

/** Columns v1, i·v1, v2, i·v2 of a reduced basis over the denominator 2. */
export function reducedBasis(ideal: Ideal, p: bigint): [Quaternion, Quaternion, Quaternion, Quaternion] {
  const [v, w] = reduceGaussian(
    { z1: [2n * ideal.norm, 0n], z2: [0n, 0n] },
    { z1: [2n * ideal.x, 2n * ideal.y + 1n], z2: [1n, 0n] },
    p,
  )
  const asElement = (t: Pair): Quaternion => quaternion(t.z1[0], t.z1[1], t.z2[0], t.z2[1], 2n)
  const timesI = (t: Pair): Quaternion => quaternion(-t.z1[1], t.z1[0], -t.z2[1], t.z2[0], 2n)
  return [asElement(v), timesI(v), asElement(w), timesI(w)]
}

/** What the norm of a small equivalent ideal must be: prime, odd, or odd and coprime to a given number. */
export type NormCondition = 'prime' | 'odd' | bigint

/**
 * A random small ideal equivalent to `ideal`, and the element γ with equivalent = ideal·γ (in the convention of the
 * reference: conj of the sampled element times it, over norms).
 */
export function smallEquivalent(
  q: QuaternionParameters,
  ideal: Ideal,
  condition: NormCondition,
  random: RandomSource,
  fallback: RandomSource,
): { ideal: Ideal; element: Quaternion } {
  const basis = reducedBasis(ideal, q.p)
  const bound = q.equivalentBound
  for (let tries = 0; tries < SEARCH_LIMIT; tries++) {
    const c = [0, 1, 2, 3].map(() => random.interval(0n, 2n * bound, 33) - bound)
    const content = c.reduce((g, t) => gcd(g, t), 0n)
    if (content === 0n) continue
    const at = (r: number): bigint => basis.reduce((s, b, j) => s + b.v[r]! * (c[j]! / content), 0n)
    const element = quaternion(at(0), at(1), at(2), at(3), 2n)
    const n = qNorm(element, q.p) / ideal.norm
    if ((n & 1n) === 0n) continue
    if (condition === 'prime' && !isProbablePrime(n, q.primalityRounds, fallback)) continue
    if (typeof condition === 'bigint' && gcd(n, condition) !== 1n) continue
    const made = idealOdd(qConj(element), n, q.p)
    const split = quaternion(made.split[0], made.split[1], 0n, 0n)
    const product = qMul(split, element, q.p)
    const m = gNorm(made.split)
    const v = product.v.map((t) => t / m) as [bigint, bigint, bigint, bigint]
    return { ideal: made.ideal, element: qNormalise({ v, den: product.den }) }
  }
  throw defect('small equivalent ideal')
}

/** The ideal that `generator` and n generate, in inert form; for norms of any parity, split parts dropped. */
function idealInert(generator: Quaternion, n: bigint, p: bigint): Ideal {
  let val = 0n
  while (((n >> val) & 1n) === 0n) val++
  const odd = idealOdd(generator, n >> val, p)
  let even = 1n << val
  let g = generator
  if (val > 0n) {
    g = modO0(g, even)
    const parity = (): number[] => toO0(g).map((t) => Number(t & 1n))
    let [a, b, c, d] = parity() as [number, number, number, number]
    while (even !== 1n && c === d && (a === b || d === 0)) {
      g = modO0(qMul(quaternion(1n, -1n, 0n, 0n, 2n), g, p), even)
      ;[a, b, c, d] = parity() as [number, number, number, number]
      even >>= 1n
    }
  }
  const evenIdeal = inertPowerOfTwo(g, even, p)
  if (evenIdeal === undefined) throw defect('inert part of a small ideal')
  return intersect(odd.ideal, undefined, evenIdeal)
}

/** The shortest ideal equivalent to `ideal`, in its canonical one of two forms, and the element that leads to it. */
export function shortestEquivalent(
  q: QuaternionParameters,
  ideal: Ideal,
  fallback: RandomSource,
): { ideal: Ideal; element: Quaternion } {
  const { p } = q
  let [element] = reducedBasis(ideal, p)
  const n = qNorm(element, p) / ideal.norm
  let generator = qConj(element)
  if (gcd(n, ideal.norm) !== 1n) {
    // The conjugate generates the new ideal only together with norms coprime to the old one: go over a third ideal.
    const { element: link } = smallEquivalent(q, ideal, n * ideal.norm, fallback, fallback)
    const product = qMul(link, generator, p)
    generator = modO0(qNormalise({ v: product.v, den: product.den * ideal.norm }), n)
  }
  let red = idealInert(generator, n, p)
  if (2n * red.x > red.norm) {
    red = { norm: red.norm, x: red.norm - red.x, y: red.norm - red.y - 1n }
    element = qMul(I, element, p)
  }
  return { ideal: red, element }
}
