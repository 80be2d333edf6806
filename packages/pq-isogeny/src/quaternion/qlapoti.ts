/**
 * Qlapoti: for an ideal I finds elements µ1, µ2 of a small equivalent ideal with N(µ1) + N(µ2) = 2^e·N, which makes the
 * isogeny of I a component of a (2^e, 2^e)-isogeny from E0 × E0 (specification, ideal-to-isogeny translation).
 */
import { type Quaternion, qAdd, qConj, qMul, qNorm, qNormalise, qScale, quaternion } from './algebra.ts'
import { type Gaussian, gConj, gGcd, gMul, gNorm } from './gaussian.ts'
import { defect, generatorOf, type Ideal, shortestEquivalent } from './ideal.ts'
import { bitLength, gcd, invMod, isProbablePrime, isqrt, mod, roundedDiv, sumOfTwoSquares, xgcd } from './integers.ts'
import type { QuaternionParameters } from './parameters.ts'
import type { RandomSource } from './random.ts'
import { shortestVector2, type Vector2 } from './reduction.ts'

const SEARCH_LIMIT = 1_000_000

/** Generators (c, g), (m, 0) of the lattice {(s, t) : a s + b t ≡ 0 (mod 4N)} for the element (a + b i + …)/2. */
function congruenceLattice(element: Quaternion, N: bigint): { c: bigint; g: bigint; m: bigint } {
  const [a, b] = element.v
  const g = gcd(a, 4n * N)
  const m = (4n * N) / g
  return { c: mod(-invMod(a / g, m) * b, m), g, m }
}

interface Interval {
  /** Squared bounds of |k|. */
  readonly low: bigint
  readonly high: bigint
  readonly omega: Gaussian
  readonly generator: Quaternion
  /** How many factors 5 were taken out of ω. */
  readonly fives: number
  /** Whether the interval is so long that k may be kept coprime to N. */
  readonly wide: boolean
}

/** The interval for |k|² from the first minimum ω of the lattice of the generator. */
function initialise(q: QuaternionParameters, N: bigint, omega: Vector2, generator: Quaternion): Interval {
  const { p } = q
  const minimum = gNorm(omega)
  const half = N >> 1n
  const range = ((8n * (1n << BigInt(q.usedTorsion)) - 16n * N) * N) / p
  if (minimum * range <= 2n * half) throw defect('first minimum of Qlapoti')
  let low = half / minimum + (half % minimum === 0n ? 0n : 1n)
  let high = (5n * N) / 2n / minimum
  if (high > range >> 1n) high = range >> 1n
  const wanted = BigInt(bitLength(N)) ** 2n
  let wide = high - low > wanted
  let fives = 0
  let w: Gaussian = omega
  let gen = generator
  if (!wide) {
    let g = gcd(w[0], w[1])
    let power = 1n
    while (g % 5n === 0n && power < wanted * wanted) {
      g /= 5n
      power *= 5n
      fives++
    }
    if (fives > 0) {
      w = [w[0] / power, w[1] / power]
      let five: Gaussian = (2n * w[0] - w[1]) % 5n === 0n ? [2n, -1n] : [2n, 1n]
      for (let j = 1; j < fives; j++) five = gMul(five, five)
      w = gMul(five, w)
      gen = qMul(quaternion(five[0], five[1], 0n, 0n), gen, p)
    }
    low *= power
    high *= power
    wide = high - low > wanted
  }
  return { low, high, omega: w, generator: gen, fives, wide }
}

/** The first loop: an element α0 = k·generator whose lattice has the short vector kω. */
function chooseMultiplier(
  N: bigint,
  t: Interval,
  p: bigint,
  random: RandomSource,
): { alpha: Quaternion; short: Gaussian } {
  const halved = t.low >> 1n
  let from = isqrt(halved)
  if (from * from !== halved && (t.low & 1n) === 0n) from++
  const to = isqrt(t.high)
  const content = gcd(t.omega[0], t.omega[1])
  // Tiny intervals have one known answer each.
  const fixed: Gaussian | undefined = to <= 2n ? [1n, 0n] : to <= 4n ? [2n, 1n] : to <= 11n ? [4n, 3n] : undefined
  const rootBits = (square: bigint): number => ((bitLength(square) + 1) >> 1) + 1
  for (let tries = 0; tries < SEARCH_LIMIT; tries++) {
    let k: Gaussian
    if (fixed) k = fixed
    else {
      const k1 = random.interval(from, to, rootBits(t.high))
      let low = 0n
      if (t.low > k1 * k1) {
        low = isqrt(t.low - k1 * k1)
        if (low * low < t.low - k1 * k1) low++
      }
      const rest = t.high - k1 * k1
      const high = isqrt(rest)
      if (low > high) continue
      k = [k1, random.interval(low, high, rest === 0n ? 1 : rootBits(rest))]
    }
    if (((k[0] ^ k[1]) & 1n) === 0n || gcd(k[0], k[1]) !== 1n) continue
    if (gcd(gNorm(k), t.wide ? N : content) !== 1n) continue
    if ((k[0] & 1n) === 1n) k = [k[1], k[0]]
    if (t.fives & 1) k = [-k[1], k[0]]
    for (;;) {
      const g = gGcd(gConj(k), t.omega)
      const n = gNorm(g)
      const product = gMul(k, gMul(g, g))
      k = [product[0] / n, product[1] / n]
      if (n === 1n) break
    }
    const alpha = qMul(quaternion(k[0], k[1], 0n, 0n), t.generator, p)
    if (gcd(N, gcd(alpha.v[0], alpha.v[1])) !== 1n) continue
    return { alpha, short: gMul(k, t.omega) }
  }
  throw defect('first loop of Qlapoti')
}

interface Solution {
  readonly lambda: bigint
  readonly st: Vector2
  readonly sum: readonly [bigint, bigint]
}

/** The second loop: λ and a lattice point near the target such that what is left is a sum of two squares. */
function solve(
  q: QuaternionParameters,
  alpha: Quaternion,
  r: bigint,
  short: Gaussian,
  N: bigint,
  random: RandomSource,
): Solution {
  const N4 = 4n * N
  const twoE = 1n << BigInt(q.usedTorsion)
  const deltaN = ((r & 1n) === 0n ? 3n : 1n) * N
  const [a, b] = alpha.v
  // A basis whose first vector is the short one, and a solution of a s + b t ≡ 1 (mod 4N).
  const { c, g, m } = congruenceLattice(alpha, N)
  const [d, u, v] = xgcd(a, b)
  const [, k] = xgcd(d, N4)
  const t0 = [-mod(k * u, N4), -mod(k * v, N4)] as const
  const a1 = short[1] / g
  const a2 = (g * short[0] - c * short[1]) / N4
  const [, a4, a3] = xgcd(a1, a2)
  const second: Vector2 = [-a3 * c + a4 * m, -a3 * g]
  const n0 = gNorm(short)
  const e = roundedDiv(short[0] * second[0] + short[1] * second[1], n0)
  const R = [short, [second[0] - e * short[0], second[1] - e * short[1]]] as const
  const detR = R[0][0] * R[1][1] - R[1][0] * R[0][1]
  const bound = isqrt(twoE / r)
  for (let lambda = 1n; lambda <= bound + 2n; lambda += 2n) {
    if (gcd(lambda, N4) !== 1n) continue
    const sum = twoE - deltaN - 2n * r * lambda * lambda
    const h = mod(sum * invMod(lambda, N4), N4)
    const target = [mod(-t0[0] * h, N4), mod(-t0[1] * h, N4)] as const
    const c0 = roundedDiv(R[1][1] * target[0] - R[1][0] * target[1], detR)
    const c1 = roundedDiv(-R[0][1] * target[0] + R[0][0] * target[1], detR)
    const s = target[0] - (R[0][0] * c0 + R[1][0] * c1)
    const t = target[1] - (R[0][1] * c0 + R[1][1] * c1)
    if (((s ^ t) & 1n) === 0n) continue
    const kk = (sum + deltaN - lambda * (a * s + b * t)) / N
    const z = 2n * kk - s * s - t * t
    if (z < 0n || (z & 3n) !== 1n || !isProbablePrime(z, q.primalityRounds, random)) continue
    const two = sumOfTwoSquares(z)
    if (two) return { lambda, st: [s, t], sum: two }
  }
  throw defect('second loop of Qlapoti')
}

/** The result of Qlapoti for an ideal I: E0 × E0 → ?, with kernel {(θ(P)/d1, P)}, evaluates the isogeny of I by β1/d1. */
export interface Translation {
  readonly beta: Quaternion
  readonly degree: bigint
  readonly theta: Quaternion
}

export function qlapoti(q: QuaternionParameters, ideal: Ideal, random: RandomSource): Translation {
  const { p } = q
  const { ideal: small, element } = shortestEquivalent(q, ideal, random)
  const N = small.norm
  const generator = generatorOf(small)
  const L = congruenceLattice(generator, N)
  const interval = initialise(q, N, shortestVector2([L.c, L.g], [L.m, 0n]), generator)
  const { alpha, short } = chooseMultiplier(N, interval, p, random)
  const r = qNorm(alpha, p) / N
  const { lambda, st, sum } = solve(q, alpha, r, short, N, random)
  let [sc, tc] = sum
  if (((st[0] ^ sc) & 1n) === 1n) [sc, tc] = [tc, sc]
  const scaled = qScale(alpha, lambda)
  const mu1 = qAdd(quaternion((st[0] + sc) * N, (st[1] + tc) * N, 0n, 0n, 2n), scaled)
  const mu2 = qAdd(quaternion((st[0] - sc) * N, (st[1] - tc) * N, 0n, 0n, 2n), scaled)
  const conj = qConj(mu1)
  const theta = qMul(mu2, { v: conj.v, den: conj.den * N }, p)
  const n = qNorm(element, p) / ideal.norm
  const product = qMul(mu1, element, p)
  return {
    theta: qConj(qNormalise(theta)),
    degree: qNorm(mu1, p) / n,
    beta: qNormalise({ v: product.v, den: product.den * n }),
  }
}
