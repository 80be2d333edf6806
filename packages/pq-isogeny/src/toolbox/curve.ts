/** Short Weierstrass curves y² = x³ + a x + b over F_{p^k}, points, j-invariants and orders. */
import { IsogenyError } from '../errors.ts'
import { bitLength, gcd, isqrt } from '../quaternion/integers.ts'
import type { Element, Field } from './field.ts'

/**
 * An elliptic curve in short Weierstrass form, y² = x³ + a x + b, made by {@link createCurve}, which refuses singular
 * ones.
 */
export interface Curve {
  readonly field: Field
  readonly a: Element
  readonly b: Element
}

/** An affine point; undefined is the point at infinity. */
export type Point = { readonly x: Element; readonly y: Element } | undefined

/**
 * y² = x³ + a x + b.
 * @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` for a singular curve
 */
export function createCurve(field: Field, a: bigint | readonly bigint[], b: bigint | readonly bigint[]): Curve {
  const E = { field, a: field.of(a), b: field.of(b) }
  if (field.isZero(discriminant(E)))
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', 'the curve is singular', { p: field.p })
  return E
}

/** 4a³ + 27b². */
function discriminant({ field: F, a, b }: Curve): Element {
  return F.add(F.mul(F.of(4n), F.mul(a, F.mul(a, a))), F.mul(F.of(27n), F.mul(b, b)))
}

/** 1728·4a³/(4a³ + 27b²). */
export function jInvariant(E: Curve): Element {
  const { field: F, a } = E
  const t = F.mul(F.of(4n), F.mul(a, F.mul(a, a)))
  return F.mul(F.mul(F.of(1728n), t), F.inv(discriminant(E)))
}

/** A curve with the given j-invariant; which twist is not specified. */
export function curveFromJ(F: Field, j: Element): Curve {
  if (F.isZero(j)) return { field: F, a: F.zero, b: F.one }
  const d = F.sub(F.of(1728n), j)
  if (F.isZero(d)) return { field: F, a: F.one, b: F.zero }
  const k = F.mul(j, F.inv(d))
  return { field: F, a: F.mul(F.of(3n), k), b: F.mul(F.of(2n), k) }
}

/** x³ + a x + b. */
export function rightSide({ field: F, a, b }: Curve, x: Element): Element {
  return F.add(F.mul(F.add(F.mul(x, x), a), x), b)
}

/** Whether P satisfies the curve's equation; the point at infinity does. */
export function isOnCurve(E: Curve, P: Point): boolean {
  return P === undefined || E.field.equal(E.field.mul(P.y, P.y), rightSide(E, P.x))
}

/** −P: the point with the same x on the other side of the axis. */
export function negate(E: Curve, P: Point): Point {
  return P && { x: P.x, y: E.field.neg(P.y) }
}

/** Whether P and Q are equal; infinity equals itself alone. */
export function samePoint(E: Curve, P: Point, Q: Point): boolean {
  if (P === undefined || Q === undefined) return P === Q
  return E.field.equal(P.x, Q.x) && E.field.equal(P.y, Q.y)
}

/** Slope of the line through P and Q, or of the tangent at P; undefined when it is vertical. */
export function slope(E: Curve, P: NonNullable<Point>, Q: NonNullable<Point>): Element | undefined {
  const F = E.field
  if (!F.equal(P.x, Q.x)) return F.mul(F.sub(Q.y, P.y), F.inv(F.sub(Q.x, P.x)))
  if (F.isZero(F.add(P.y, Q.y))) return undefined
  return F.mul(F.add(F.mul(F.of(3n), F.mul(P.x, P.x)), E.a), F.inv(F.add(P.y, P.y)))
}

/**
 * P + Q by the chord-and-tangent rule, in affine coordinates: one inversion. Not constant time, and neither point is
 * checked to be on the curve.
 */
export function addPoints(E: Curve, P: Point, Q: Point): Point {
  if (P === undefined) return Q
  if (Q === undefined) return P
  const l = slope(E, P, Q)
  if (l === undefined) return undefined
  const F = E.field
  const x = F.sub(F.sub(F.mul(l, l), P.x), Q.x)
  return { x, y: F.sub(F.mul(l, F.sub(P.x, x)), P.y) }
}

/** [n]P. */
export function multiply(E: Curve, P: Point, n: bigint): Point {
  if (n < 0n) return multiply(E, negate(E, P), -n)
  let r: Point
  for (let b = P; n > 0n; n >>= 1n) {
    if (n & 1n) r = addPoints(E, r, b)
    b = addPoints(E, b, b)
  }
  return r
}

/** The first point whose x-coordinate `random` draws and that exists. */
export function randomPoint(E: Curve, random: () => Element): NonNullable<Point> {
  for (;;) {
    const x = random()
    const y = E.field.sqrt(rightSide(E, x))
    if (y) return { x, y }
  }
}

/** p^(1/4) giant steps are taken; beyond this size of field that is more than 2^16. */
export const ORDER_BITS_LIMIT = 64

/** Below this every x is tried. */
const EXHAUSTIVE_LIMIT = 512n

/**
 * #E(F_p) for p up to 64 bits: exhaustively below 512, else by baby steps and giant steps over the Hasse interval on random
 * points of the curve and its twist (Shanks, Mestre). About p^(1/4) point additions.
 * @throws {IsogenyError} `ISOGENY_UNSUPPORTED` for an extension field or a greater p
 */
export function curveOrder(E: Curve, random: () => Element): bigint {
  const { field: F } = E
  const { p } = F
  if (F.degree !== 1 || bitLength(p) > ORDER_BITS_LIMIT)
    throw new IsogenyError(
      'ISOGENY_UNSUPPORTED',
      `orders are computed over prime fields of up to ${ORDER_BITS_LIMIT} bits`,
      { p },
    )
  if (p < EXHAUSTIVE_LIMIT) {
    let n = 1n
    for (let x = 0n; x < p; x++) {
      const t = rightSide(E, F.of(x))
      n += F.isZero(t) ? 1n : F.sqrt(t) ? 2n : 0n
    }
    return n
  }
  // A non-square d gives the twist y² = x³ + a d² x + b d³, of order 2(p + 1) − #E.
  let d = F.of(2n)
  for (let n = 3n; F.sqrt(d); n++) d = F.of(n)
  const d2 = F.mul(d, d)
  const twist: Curve = { field: F, a: F.mul(E.a, d2), b: F.mul(E.b, F.mul(d2, d)) }
  const width = 2n * isqrt(p) + 1n
  let exponents: [bigint, bigint] = [1n, 1n]
  for (let round = 0; round < 64; round++) {
    const side = round & 1
    const C = side === 0 ? E : twist
    const P = randomPoint(C, random)
    exponents = exponents.map((e, s) => (s === side ? lcm(e, pointOrder(C, P, p, width)) : e)) as [bigint, bigint]
    const candidates: bigint[] = []
    const low = p + 1n - width
    const first = ((low + exponents[0] - 1n) / exponents[0]) * exponents[0]
    for (let n = first; n <= p + 1n + width && candidates.length < 2; n += exponents[0])
      if ((2n * (p + 1n) - n) % exponents[1] === 0n) candidates.push(n)
    if (candidates.length === 1) return candidates[0]!
  }
  throw new IsogenyError('ISOGENY_UNSUPPORTED', 'the group structure leaves the order open', { p })
}

const lcm = (a: bigint, b: bigint): bigint => (a / gcd(a, b)) * b

const key = (P: Point): string => (P === undefined ? 'O' : `${P.x.join()}`)

/** The order of P, by a multiple in the Hasse interval whose prime factors are then taken out. */
function pointOrder(E: Curve, P: Point, p: bigint, width: bigint): bigint {
  const step = isqrt(width) + 1n
  const baby = new Map<string, bigint>()
  let B: Point
  for (let j = 0n; j <= step; j++) {
    if (!baby.has(key(B))) baby.set(key(B), j)
    B = addPoints(E, B, P)
  }
  const stride = multiply(E, P, 2n * step + 1n)
  let G = multiply(E, P, p + 1n - width)
  for (let base = p + 1n - width; base <= p + 1n + width + 2n * step + 1n; base += 2n * step + 1n) {
    const j = baby.get(key(G))
    if (j !== undefined)
      for (const n of [base - j, base + j]) if (n > 0n && multiply(E, P, n) === undefined) return exactOrder(E, P, n)
    G = addPoints(E, G, stride)
  }
  throw new IsogenyError('ISOGENY_INTERNAL', 'no multiple of a point order in the Hasse interval', { p })
}

function exactOrder(E: Curve, P: Point, multiple: bigint): bigint {
  let n = multiple
  let rest = multiple
  for (let q = 2n; rest > 1n; q++) {
    if (q * q > rest) q = rest
    while (rest % q === 0n) {
      rest /= q
      if (n % q === 0n && multiply(E, P, n / q) === undefined) n /= q
    }
  }
  return n
}
