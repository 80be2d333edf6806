import { describe, expect, it } from 'vitest'
import { basisOfE0 } from '../src/curve/basis.ts'
import {
  biscalarPublic,
  copyPoint,
  doubleTimes,
  isTwoTorsion,
  ladder,
  pointsEqual,
  setA24,
} from '../src/curve/montgomery.ts'
import { createWasmEngine } from '../src/field/wasm.ts'
import { P324_3, P500_27, P664_17 } from '../src/params.ts'
import { modO0, qAdd, qConj, qMul, qNorm, qNormalise, quaternion, toO0 } from '../src/quaternion/algebra.ts'
import { gGcd, gMul, gNorm, quadrantOf, turn } from '../src/quaternion/gaussian.ts'
import {
  generatorOf,
  idealOdd,
  intersect,
  randomIdeal,
  reducedBasis,
  shortestEquivalent,
  smallEquivalent,
} from '../src/quaternion/ideal.ts'
import {
  bitLength,
  crt,
  gcd,
  invMod,
  isProbablePrime,
  isqrt,
  jacobi,
  mod,
  powMod,
  roundedDiv,
  sqrtModPrime,
  sumOfTwoSquares,
  xgcd,
} from '../src/quaternion/integers.ts'
import { quaternionParameters } from '../src/quaternion/parameters.ts'
import { qlapoti } from '../src/quaternion/qlapoti.ts'
import { RandomSource } from '../src/quaternion/random.ts'
import { minkowski, reduceGaussian, shortestVector2, unimodularInverse } from '../src/quaternion/reduction.ts'
import { representInteger, sampleFromBall } from '../src/quaternion/sampling.ts'
import { coordinatesInBasis } from '../src/signing/pairing.ts'
import { applyToBasis, inverseMatrix, normaliseMatrix } from '../src/signing/translate.ts'
import { seededIntegers } from './seeded.ts'

const next = seededIntegers(5)
const random = new RandomSource(new Uint8Array(48).fill(9), 'tst')
const q1 = quaternionParameters(P324_3)

describe.each([P324_3, P500_27, P664_17])('E0 at $name', (set) => {
  const F = createWasmEngine(set)
  const { stride: s } = F
  const q = quaternionParameters(set)
  const E = F.alloc(2)
  setA24(F, E)
  const basis = F.alloc(6)
  basisOfE0(F, basis, E, set.f, q.differenceFlipped)

  it('the fixed basis has full order, the second point above (0, 0)', () => {
    const t = F.alloc(2)
    for (const j of [0, 2, 4]) {
      doubleTimes(F, t, basis + j * s, E, set.f - 1)
      expect(isTwoTorsion(F, t, E)).toBe(true)
      expect(F.isZero(t)).toBe(j === 2)
    }
  })

  it('the matrices are those of i and j, which act as (−x) and conjugation', () => {
    const t = F.alloc(4)
    for (const column of [0, 1] as const) {
      const P = basis + 2 * column * s
      expect(biscalarPublic(F, t, basis, E, q.actionI[0][column], q.actionI[1][column])).toBe(true)
      F.neg(t + 2 * s, P)
      F.copy(t + 3 * s, P + s)
      expect(pointsEqual(F, t, t + 2 * s)).toBe(true)
      expect(biscalarPublic(F, t, basis, E, q.actionJ[0][column], q.actionJ[1][column])).toBe(true)
      F.conj(t + 2 * s, P)
      F.conj(t + 3 * s, P + s)
      expect(pointsEqual(F, t, t + 2 * s)).toBe(true)
    }
  })

  it('norms of the matrices are those of the endomorphisms', () => {
    const m = 1n << BigInt(set.f)
    const det = (M: typeof q.actionI): bigint => mod(M[0][0] * M[1][1] - M[0][1] * M[1][0], m)
    expect(det(q.actionI)).toBe(1n)
    expect(det(q.actionJ)).toBe(set.p % m)
    expect(det(q.actionGen3)).toBe(((set.p + 1n) / 4n) % m)
    expect(det(q.actionGen4)).toBe(((set.p + 1n) / 4n) % m)
    expect(isProbablePrime(q.mixingDegree, 30, random)).toBe(true)
    expect(isProbablePrime(q.cofactor, 30, random)).toBe(true)
  })

  it('coordinates by pairings invert the application of a matrix', () => {
    const order = set.responseBits
    const m = 1n << BigInt(order)
    const M = [
      [next(m) | 1n, next(m) & ~1n],
      [next(m), next(m) | 1n],
    ] as [[bigint, bigint], [bigint, bigint]]
    const moved = F.alloc(6)
    for (let j = 0; j < 6; j += 2) doubleTimes(F, moved + j * s, basis + j * s, E, set.f - order)
    applyToBasis(F, moved, E, M, order)
    const [r1, r2, s1, s2] = coordinatesInBasis(F, E, basis, moved, order)
    expect(
      normaliseMatrix(
        [
          [r1, s1],
          [r2, s2],
        ],
        order,
      ),
    ).toEqual(normaliseMatrix(M, order))
    const inverse = inverseMatrix(M, order)
    expect(mod(M[0][0] * inverse[0][0] + M[0][1] * inverse[1][0], m)).toBe(1n)
    expect(mod(M[1][0] * inverse[0][0] + M[1][1] * inverse[1][0], m)).toBe(0n)
  })

  it('the ladder and the two-dimensional chain agree', () => {
    const t = F.alloc(4)
    for (let n = 0; n < 5; n++) {
      const k = next(1n << 200n) + 2n
      ladder(F, t, basis, E, k)
      copyPoint(F, t + 2 * s, t)
      expect(biscalarPublic(F, t, basis, E, k, 0n)).toBe(true)
      expect(pointsEqual(F, t, t + 2 * s)).toBe(true)
    }
  })
})

describe('integers', () => {
  it('identities hold on random input', () => {
    for (let n = 0; n < 50; n++) {
      const [a, b] = [next(1n << 300n) + 1n, next(1n << 250n) + 1n]
      const [g, u, v] = xgcd(a, -b)
      expect(u * a + v * -b).toBe(g)
      expect(g).toBe(gcd(a, b))
      const r = isqrt(a)
      expect(r * r <= a && (r + 1n) * (r + 1n) > a).toBe(true)
      expect(bitLength(a)).toBe(a.toString(2).length)
      const m = b | 1n
      if (gcd(a, m) === 1n) expect((a * invMod(a, m)) % m).toBe(1n % m)
      const d = roundedDiv(a, -b)
      expect(2n * (a + d * b) <= b && 2n * (a + d * b) >= -b).toBe(true)
    }
    expect([roundedDiv(3n, 2n), roundedDiv(-3n, 2n), roundedDiv(5n, 3n)]).toEqual([1n, -1n, 2n])
    expect(crt(2n, 3n, 5n, 7n)).toBe(17n)
    expect(powMod(3n, 200n, 1_000_003n)).toBe(3n ** 200n % 1_000_003n)
  })

  it('primes, characters, roots and sums of two squares up to 2000', () => {
    const isPrime = (n: number): boolean =>
      n > 1 && ![...Array(n).keys()].some((d) => d > 1 && d * d <= n && n % d === 0)
    for (let n = 0; n < 2000; n++) expect(isProbablePrime(BigInt(n), 26, random), `${n}`).toBe(isPrime(n))
    for (const composite of [2047n * 1n, 3215031751n, 341550071728321n, 5459n, 5777n, 1000003n ** 2n])
      expect(isProbablePrime(composite, 24, random)).toBe(false)
    for (let n = 3; n < 500; n += 2) {
      if (!isPrime(n)) continue
      const p = BigInt(n)
      const a = (7n * 7n) % p
      if (a !== 0n) {
        expect(jacobi(a, p)).toBe(1)
        expect(sqrtModPrime(a, p, random) ** 2n % p).toBe(a)
      }
      const sum = sumOfTwoSquares(p)
      if (n % 4 === 1) expect(sum![0] ** 2n + sum![1] ** 2n).toBe(p)
      else expect(sum).toBeUndefined()
    }
    expect(sumOfTwoSquares(2n)).toEqual([1n, 1n])
    expect(jacobi(15n, 45n)).toBe(0)
  })

  it('Gaussian gcds divide, and the quadrant rule turns into the first quadrant', () => {
    for (let n = 0; n < 30; n++) {
      const [a, b, c] = [0, 0, 0].map(() => [next(1n << 60n) - (1n << 59n), next(1n << 60n) - (1n << 59n)] as const)
      const g = gGcd(gMul(a!, c!), gMul(b!, c!))
      expect(gNorm(g) % gNorm(c!)).toBe(0n)
      const [x, y] = turn(a!, quadrantOf(a!))
      expect(x >= 0n && y >= 0n).toBe(true)
    }
  })
})

describe('quaternions and ideals', () => {
  it('norms are multiplicative and O0 is closed', () => {
    const p = q1.p
    const draw = () =>
      modO0(
        quaternion(2n * next(1n << 90n), 2n * next(1n << 90n), 2n * next(1n << 90n), 2n * next(1n << 90n), 2n),
        1n << 80n,
      )
    for (let n = 0; n < 20; n++) {
      const [x, y] = [draw(), draw()]
      expect(qNorm(qMul(x, y, p), p)).toBe(qNorm(x, p) * qNorm(y, p))
      const z = qNormalise(qMul(x, y, p))
      const [a, b, c, d] = toO0(z)
      expect([2n * a + d, 2n * b + c, c, d].map((t, j) => 2n * z.v[j]! === t * z.den)).toEqual([true, true, true, true])
      expect(qNorm(qAdd(x, qConj(x)), p)).toBe(((2n * x.v[0]!) / x.den) ** 2n)
    }
  })

  it('random, small and shortest ideals are ideals, of the norms asked for', () => {
    const isIdeal = (I: { norm: bigint; x: bigint; y: bigint }): boolean => qNorm(generatorOf(I), q1.p) % I.norm === 0n
    const I = randomIdeal(q1, q1.mixingDegree, random, random)
    expect(isIdeal(I)).toBe(true)
    const { ideal: J, element } = smallEquivalent(q1, I, 'prime', random, random)
    expect(isIdeal(J) && isProbablePrime(J.norm, 30, random)).toBe(true)
    expect(qNorm(element, q1.p)).toBe(I.norm * J.norm)
    const shortest = shortestEquivalent(q1, J, random)
    expect(isIdeal(shortest.ideal)).toBe(true)
    expect(shortest.ideal.norm <= J.norm).toBe(true)
    const other = randomIdeal(q1, 1_000_003n, random, random)
    const both = intersect(other, undefined, J)
    expect(isIdeal(both) && both.norm === J.norm * 1_000_003n).toBe(true)
    const [v] = reducedBasis(J, q1.p)
    expect(qNorm(v, q1.p) % J.norm).toBe(0n)
    const made = idealOdd(generatorOf(J), J.norm, q1.p)
    expect(made.ideal).toEqual(J)
  })

  it('Qlapoti solves its norm equation', () => {
    const J = smallEquivalent(q1, randomIdeal(q1, q1.mixingDegree, random, random), 'prime', random, random).ideal
    const { beta, degree, theta } = qlapoti(q1, J, random)
    expect(degree & 1n).toBe(1n)
    expect(qNorm(beta, q1.p)).toBe(J.norm * degree)
    // θ = µ2·conj(µ1)/N: its norm is d1·d2 with d1 + d2 = 2^e.
    expect(qNorm(theta, q1.p)).toBe(degree * ((1n << BigInt(q1.usedTorsion)) - degree))
  })

  it('sampled elements have the norm that is said', () => {
    const n = (q1.p << 40n) | 1n
    expect(qNorm(representInteger(q1, n, random, random), q1.p)).toBe(n)
    const [a, b] = [1_000_003n, 1_000_033n].map((m) => randomIdeal(q1, m, random, random)) as [never, never]
    const radius = 1n << 180n
    const { element, norm } = sampleFromBall(q1, a, b, radius, random)
    expect(norm <= radius && (norm & 1n) === 1n).toBe(true)
    expect(qNorm(element, q1.p)).toBe(norm * 1_000_003n * 1_000_033n)
  })
})

describe('lattice reduction', () => {
  it('plane lattices: no shorter vector among small combinations', () => {
    for (let n = 0; n < 20; n++) {
      const [a, b] = [
        [next(10n ** 6n) + 1n, next(10n ** 6n)] as const,
        [next(10n ** 6n), next(10n ** 6n) + 1n] as const,
      ]
      const v = shortestVector2(a, b)
      const norm = v[0] * v[0] + v[1] * v[1]
      for (let x = -20n; x <= 20n; x++)
        for (let y = -20n; y <= 20n; y++) {
          const [s, t] = [x * a[0] + y * b[0], x * a[1] + y * b[1]]
          if (s !== 0n || t !== 0n) expect(s * s + t * t >= norm).toBe(true)
        }
    }
  })

  it('rank 4: the basis is one, is ordered, and its first vector is shortest among small combinations', () => {
    for (let n = 0; n < 5; n++) {
      const B = Array.from({ length: 4 }, (_, i) =>
        Array.from({ length: 4 }, (_, j) => (i === j ? 10n ** 30n : next(10n ** 30n))),
      )
      const gram = B.map((r) => B.map((s) => r.reduce((t, x, j) => t + x * s[j]!, 0n)))
      const { transform, norms } = minkowski(gram)
      const inverse = unimodularInverse(transform)
      for (let i = 0; i < 4; i++)
        for (let j = 0; j < 4; j++)
          expect(transform[i]!.reduce((t, x, k) => t + x * inverse[k]![j]!, 0n)).toBe(i === j ? 1n : 0n)
      expect([...norms].sort((a, b) => (a < b ? -1 : 1))).toEqual(norms)
      const value = (x: bigint[]): bigint =>
        gram.reduce((t, row, i) => t + row.reduce((u, g, j) => u + x[i]! * x[j]! * g, 0n), 0n)
      for (const [i, row] of transform.entries()) expect(value(row)).toBe(norms[i])
      for (let k = 0; k < 300; k++) {
        const c = transform[0]!.map(() => next(7n) - 3n)
        const x = [0, 1, 2, 3].map((col) => c.reduce((t, y, i) => t + y * transform[i]![col]!, 0n))
        if (x.some((y) => y !== 0n)) expect(value(x) >= norms[0]!).toBe(true)
      }
    }
  })

  it('over Z[i]: products are reduced and oriented', () => {
    const I = randomIdeal(q1, q1.mixingDegree, random, random)
    const [v, w] = reduceGaussian(
      { z1: [2n * I.norm, 0n], z2: [0n, 0n] },
      { z1: [2n * I.x, 2n * I.y + 1n], z2: [1n, 0n] },
      q1.p,
    )
    const norm = (t: typeof v): bigint => gNorm(t.z1) + q1.p * gNorm(t.z2)
    expect(norm(v) <= norm(w)).toBe(true)
    expect(v.z1[0] >= 0n && v.z1[1] >= 0n).toBe(true)
  })
})
