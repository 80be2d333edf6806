import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  addPoints,
  type Curve,
  cglHash,
  createCurve,
  createField,
  curveFromJ,
  curveOrder,
  distortionMap,
  divisionPolynomial,
  type Element,
  embeddingDegree,
  type Field,
  freyRueckReduction,
  isOnCurve,
  isogenyGraph,
  isSupersingularByDivisionPolynomial,
  isSupersingularByGraph,
  isSupersingularByTrace,
  jInvariant,
  movReduction,
  movSecurity,
  multiply,
  randomPoint,
  roots,
  samePoint,
  solveLogarithm,
  supersingularCount,
  tatePairing,
  velu,
  weilPairing,
} from '../src/curves.ts'
import { isIsogenyError } from '../src/errors.ts'
import { P324_3 } from '../src/params.ts'
import { decodePublicKey } from '../src/verify/codec.ts'
import { knownAnswers } from './kat.ts'
import { seededIntegers } from './seeded.ts'

const oracle = JSON.parse(readFileSync(new URL('vectors/curves.json', import.meta.url), 'utf8')) as Record<
  string,
  string[][]
>
const rows = (name: string): bigint[][] => oracle[name]!.map((row) => row.map(BigInt))
const next = seededIntegers(11)
const draw = (F: Field) => (): Element => F.of(Array.from({ length: F.degree }, () => next(F.p)))

describe('orders and supersingularity agree with PARI/GP', () => {
  it.each(rows('orders'))('p = %i, y² = x³ + %i x + %i', (p, a, b, order, supersingular) => {
    const F = createField(p)
    const E = createCurve(F, a, b)
    expect(curveOrder(E, draw(F))).toBe(order)
    const expected = supersingular === 1n
    expect(isSupersingularByTrace(E, draw(F))).toBe(expected)
    expect(isSupersingularByGraph(E, draw(F))).toBe(expected)
    expect(isSupersingularByDivisionPolynomial(E, draw(F))).toBe(expected)
  })

  it('the number of supersingular j in F_p', () => {
    for (const [p, count] of rows('supersingularOverFp').filter(([p]) => p! < 600n) as [bigint, bigint][]) {
      const F = createField(p)
      let n = 0n
      for (let j = 0n; j < p; j++) if (isSupersingularByDivisionPolynomial(curveFromJ(F, F.of(j)), draw(F))) n++
      expect(n).toBe(count)
    }
  })

  it('a known-answer public key of SQIsign is supersingular over F_{p²}', () => {
    const { A } = decodePublicKey(P324_3, knownAnswers('p324_3')[0]!.publicKey)!
    const F = createField(P324_3.p, 2)
    expect(F.equal(F.mul(F.of([0n, 1n]), F.of([0n, 1n])), F.of(-1n))).toBe(true)
    // y² = x³ + A x² + x with x = X − A/3.
    const m = F.of([A.re, A.im])
    const third = F.inv(F.of(3n))
    const a = F.sub(F.one, F.mul(F.mul(m, m), third))
    const b = F.mul(F.mul(m, third), F.sub(F.mul(F.mul(F.of(2n), F.mul(m, m)), F.inv(F.of(9n))), F.one))
    const E: Curve = { field: F, a, b }
    expect(isSupersingularByTrace(E, draw(F))).toBe(true)
    const other: Curve = { field: F, a: F.add(a, F.one), b }
    expect(isSupersingularByTrace(other, draw(F))).toBe(false)
  })

  it('division polynomials', () => {
    const F = createField(631n)
    const E = createCurve(F, 30n, 34n)
    const x = F.of(77n)
    const y2 = F.add(F.mul(F.add(F.mul(x, x), E.a), x), E.b)
    for (const [n, value] of rows('divisionPolynomials') as [bigint, bigint][]) {
      const ours = divisionPolynomial(E, x, n)
      if (n & 1n) expect(ours).toEqual(F.of(value))
      // elldivpol gives ψ_n times 2y for even n, that is ours times (2y)².
      else expect(F.mul(ours, F.mul(F.of(4n), y2))).toEqual(F.of(value))
    }
  })
})

describe('pairings', () => {
  it.each(rows('pairings'))('Weil and Tate on p = %i agree with PARI/GP', (p, a, b, px, py, qx, qy, n, weil, tate) => {
    const F = createField(p)
    const E = createCurve(F, a, b)
    const [P, Q] = [
      { x: F.of(px!), y: F.of(py!) },
      { x: F.of(qx!), y: F.of(qy!) },
    ]
    expect(weilPairing(E, P, Q, n!)).toEqual(F.of(weil!))
    expect(tatePairing(E, P, Q, n!)).toEqual(F.of(tate!))
    expect(weilPairing(E, multiply(E, P, 2n), multiply(E, Q, 3n), n!)).toEqual(F.pow(F.of(weil!), 6n))
    expect(weilPairing(E, P, P, n!)).toEqual(F.one)
    expect(tatePairing(E, P, multiply(E, Q, 2n), n!)).toEqual(F.pow(F.of(tate!), 2n))
    expect(F.pow(tatePairing(E, P, P, n!, Q), n!)).toEqual(F.one)
  })

  it('a distortion map makes the pairing of multiples of one point tell, and MOV and Frey–Rück solve a toy logarithm', () => {
    for (const [p, a, b] of [
      [1000003n, 1n, 0n],
      [65537n, 0n, 4n],
    ] as const) {
      const base = createField(p)
      const E = createCurve(base, a, b)
      const { curve, apply } = distortionMap(E)
      const F = curve.field
      let n = p + 1n
      for (let q = 2n; q * q <= n; q++) while (n % q === 0n && n > q) n /= q
      expect(embeddingDegree(p, n)).toBe(2)
      let P = multiply(E, randomPoint(E, draw(base)), (p + 1n) / n)
      while (P === undefined) P = multiply(E, randomPoint(E, draw(base)), (p + 1n) / n)
      const lift = { x: F.of(P.x[0]!), y: F.of(P.y[0]!) }
      const R = apply(P)
      expect(isOnCurve(curve, R)).toBe(true)
      expect(F.equal(weilPairing(curve, lift, R, n), F.one)).toBe(false)
      const x = next(n)
      const Q = multiply(curve, lift, x)
      for (const reduce of [movReduction, freyRueckReduction]) {
        const { g, h } = reduce(curve, lift, Q, R, n)
        expect(solveLogarithm(F, g, h, n)).toBe(x)
      }
    }
  })

  it('the whitepaper figures: 1024-bit fields, 160-bit curves and 80 bits belong together', () => {
    const p = (1n << 511n) + 111n
    expect(movSecurity({ p, k: 2, n: (1n << 159n) + 1n })).toEqual({ curveBits: 80, fieldBits: 80, bits: 80 })
    expect(movSecurity({ p: 1n << 255n, k: 2, n: 1n << 254n }).bits).toBe(0)
    expect(embeddingDegree(631n, 5n)).toBe(1)
    expect(embeddingDegree(7n, 7n)).toBeUndefined()
  })
})

describe('isogenies', () => {
  it.each(rows('velu'))(
    'Vélu on p = %i, degree with kernel (%i, …) agrees with PARI/GP',
    (p, a, b, kx, ky, order, j) => {
      const F = createField(p!)
      const E = createCurve(F, a!, b!)
      const K = { x: F.of(kx!), y: F.of(ky!) }
      const phi = velu(E, K)
      expect(BigInt(phi.degree)).toBe(order)
      expect(jInvariant(phi.codomain)).toEqual(F.of(j!))
      expect(curveOrder(phi.codomain, draw(F))).toBe(curveOrder(E, draw(F)))
      const [P, Q] = [randomPoint(E, draw(F)), randomPoint(E, draw(F))]
      expect(phi.apply(multiply(E, K, 2n))).toBeUndefined()
      expect(isOnCurve(phi.codomain, phi.apply(P))).toBe(true)
      const image = addPoints(phi.codomain, phi.apply(P), phi.apply(Q))
      expect(samePoint(phi.codomain, phi.apply(addPoints(E, P, Q)), image)).toBe(true)
    },
  )

  it('the supersingular 2-isogeny graph has as many vertices as there are supersingular j', () => {
    for (const p of [83n, 107n, 431n]) {
      const F = createField(p, 2)
      const graph = isogenyGraph(p, F.of(1728n), draw(F))
      expect(BigInt(graph.size)).toBe(supersingularCount(p))
      for (const [j, neighbours] of graph) for (const k of neighbours) expect(graph.get(k)).toContain(j)
    }
  })

  it('the CGL walk stays supersingular and depends on every bit', () => {
    const p = 2n ** 61n - 1n
    const bits = [1, 0, 1, 1, 0, 0, 1] as const
    const F = createField(p, 2)
    const end = cglHash(p, bits)
    expect(isSupersingularByTrace(curveFromJ(F, end), draw(F))).toBe(true)
    for (let k = 0; k < bits.length; k++) {
      const other = bits.map((b, j) => (j === k ? ((1 - b) as 0 | 1) : b))
      expect(cglHash(p, other)).not.toEqual(end)
    }
  })
})

describe('the toolbox refuses what it cannot do', () => {
  const code = (run: () => unknown): string => {
    try {
      run()
    } catch (error) {
      if (isIsogenyError(error)) return error.code
      throw error
    }
    return 'none'
  }
  it('with codes', () => {
    const F = createField(631n)
    const E = createCurve(F, 30n, 34n)
    expect(code(() => createCurve(F, 0n, 0n))).toBe('ISOGENY_INVALID_ARGUMENT')
    expect(code(() => createField(631n, 7))).toBe('ISOGENY_UNSUPPORTED')
    expect(code(() => F.inv(F.zero))).toBe('ISOGENY_INVALID_ARGUMENT')
    expect(code(() => curveOrder(createCurve(createField(2n ** 89n - 1n), 1n, 1n), () => F.one))).toBe(
      'ISOGENY_UNSUPPORTED',
    )
    expect(code(() => distortionMap(E))).toBe('ISOGENY_UNSUPPORTED')
    expect(code(() => weilPairing(E, { x: F.of(36n), y: F.of(60n) }, undefined, 7n))).toBe('ISOGENY_INVALID_ARGUMENT')
    expect(code(() => tatePairing(E, undefined, undefined, 11n))).toBe('ISOGENY_INVALID_ARGUMENT')
    expect(code(() => cglHash(13n, []))).toBe('ISOGENY_UNSUPPORTED')
    expect(code(() => solveLogarithm(F, F.one, F.one, 1n << 40n))).toBe('ISOGENY_UNSUPPORTED')
  })
  it('roots of a cubic are found with their number', () => {
    const F = createField(1009n)
    const of = (...c: bigint[]): Element[] => c.map((t) => F.of(t))
    expect(
      roots(F, of(-6n, 11n, -6n, 1n), draw(F))
        .map((r) => r[0])
        .sort(),
    ).toEqual([1n, 2n, 3n])
  })
})
