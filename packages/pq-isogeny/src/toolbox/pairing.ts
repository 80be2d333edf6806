/** Weil and reduced Tate pairings by Miller's algorithm, embedding degrees, and what MOV and Frey–Rück make of them. */
import { IsogenyError } from '../errors.ts'
import { bitLength, isqrt, mod } from '../quaternion/integers.ts'
import { addPoints, type Curve, multiply, type Point, slope } from './curve.ts'
import { createField, type Element, type Field } from './field.ts'

/** f_{n,P}(Q) for the function with divisor n(P) − n(O), normalised at O; undefined when Q meets a zero or pole on the way. */
function miller(E: Curve, P: NonNullable<Point>, Q: NonNullable<Point>, n: bigint): Element | undefined {
  const F = E.field
  let num = F.one
  let den = F.one
  let T: Point = P
  /** Line through A and B at Q over the vertical at A + B. */
  const step = (A: NonNullable<Point>, B: NonNullable<Point>): Point => {
    const l = slope(E, A, B)
    const sum = addPoints(E, A, B)
    num = F.mul(num, l === undefined ? F.sub(Q.x, A.x) : F.sub(F.sub(Q.y, A.y), F.mul(l, F.sub(Q.x, A.x))))
    if (sum !== undefined) den = F.mul(den, F.sub(Q.x, sum.x))
    return sum
  }
  for (const bit of n.toString(2).slice(1)) {
    num = F.mul(num, num)
    den = F.mul(den, den)
    if (T !== undefined) T = step(T, T)
    if (bit === '1') T = T === undefined ? P : step(T, P)
  }
  if (F.isZero(num) || F.isZero(den)) return undefined
  return F.mul(num, F.inv(den))
}

function requireTorsion(E: Curve, P: Point, n: bigint): void {
  if (multiply(E, P, n) !== undefined)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', 'the point is not of the order that the pairing needs', { n })
}

/**
 * Weil pairing e_n(P, Q) = (−1)^n f_P(Q)/f_Q(P) of two points of order dividing n. Alternating: e_n(P, P) = 1, so that it
 * says nothing of multiples of one point; take an independent Q or a distortion map.
 */
export function weilPairing(E: Curve, P: Point, Q: Point, n: bigint): Element {
  const F = E.field
  requireTorsion(E, P, n)
  requireTorsion(E, Q, n)
  if (P === undefined || Q === undefined) return F.one
  const a = miller(E, P, Q, n)
  const b = miller(E, Q, P, n)
  // A zero or pole on the way happens only for Q in ⟨P⟩, where the value is 1.
  if (a === undefined || b === undefined) return F.one
  const r = F.mul(a, F.inv(b))
  return n & 1n ? F.neg(r) : r
}

/**
 * Reduced Tate pairing f_P(Q)^((q − 1)/n) over a field F_q that contains the n-th roots of unity; Q is any point.
 * @param shift a point used to move Q off the zeros of f_P; needed only when Q is a multiple of P
 */
export function tatePairing(E: Curve, P: Point, Q: Point, n: bigint, shift?: Point): Element {
  const F = E.field
  if ((F.size - 1n) % n !== 0n)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', 'the field does not contain the roots of unity of order n', {
      n,
    })
  requireTorsion(E, P, n)
  if (P === undefined || Q === undefined) return F.one
  const reduce = (t: Element): Element => F.pow(t, (F.size - 1n) / n)
  const direct = miller(E, P, Q, n)
  if (direct !== undefined) return reduce(direct)
  const moved = addPoints(E, Q, shift)
  const a = moved && miller(E, P, moved, n)
  const b = shift && miller(E, P, shift, n)
  if (a === undefined || b === undefined)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', 'Q is a multiple of P: pass a shift point outside ⟨P⟩', { n })
  return reduce(F.mul(a, F.inv(b)))
}

/** The least k ≤ limit with p^k ≡ 1 (mod n); undefined when there is none. */
export function embeddingDegree(p: bigint, n: bigint, limit = 10_000): number | undefined {
  let t = 1n
  for (let k = 1; k <= limit; k++) {
    t = mod(t * p, n)
    if (t === 1n % n) return k
  }
  return undefined
}

/** Security of finite-field logarithms by field size, NIST SP 800-57 part 1, table 2. */
const FIELD_SECURITY = [
  [15360, 256],
  [7680, 192],
  [3072, 128],
  [2048, 112],
  [1024, 80],
] as const

/**
 * Security of a discrete logarithm on a curve when it may also be moved to a finite field by a pairing (Menezes,
 * Okamoto and Vanstone, 1993), in bits.
 */
export interface MovEstimate {
  /** Half the bits of n: Pollard's rho on the curve. */
  readonly curveBits: number
  /** By SP 800-57 for a field of k·log2(p) bits; 0 below 1024 bits. */
  readonly fieldBits: number
  /** The lesser of the two. A classical estimate: a quantum computer breaks both. */
  readonly bits: number
}

/** What the MOV and Frey–Rück reductions leave of a discrete logarithm of order n on a curve over F_p. */
export function movSecurity({ p, k, n }: { p: bigint; k: number; n: bigint }): MovEstimate {
  const curveBits = Math.floor(bitLength(n) / 2)
  const size = k * bitLength(p)
  const fieldBits = FIELD_SECURITY.find(([bits]) => size >= bits)?.[1] ?? 0
  return { curveBits, fieldBits, bits: Math.min(curveBits, fieldBits) }
}

/** The MOV reduction of a logarithm Q = [x]P of order n to one in F_{q}: (g, h) = (e(P, R), e(Q, R)) with h = g^x. */
export function movReduction(E: Curve, P: Point, Q: Point, R: Point, n: bigint): { g: Element; h: Element } {
  return { g: weilPairing(E, P, R, n), h: weilPairing(E, Q, R, n) }
}

/** The Frey–Rück reduction: the same with the Tate pairing. */
export function freyRueckReduction(E: Curve, P: Point, Q: Point, R: Point, n: bigint): { g: Element; h: Element } {
  return { g: tatePairing(E, P, R, n), h: tatePairing(E, Q, R, n) }
}

/** Greatest order that `solveLogarithm` takes: 2^18 table entries. */
export const LOGARITHM_LIMIT = 1n << 36n

/**
 * x with h = g^x for g of order n, by baby steps and giant steps; undefined when there is none.
 * @throws {IsogenyError} `ISOGENY_UNSUPPORTED` beyond LOGARITHM_LIMIT
 */
export function solveLogarithm(F: Field, g: Element, h: Element, n: bigint): bigint | undefined {
  if (n > LOGARITHM_LIMIT)
    throw new IsogenyError('ISOGENY_UNSUPPORTED', 'logarithms are solved for toy orders only', { n })
  const m = isqrt(n) + 1n
  const table = new Map<string, bigint>()
  let t = F.one
  for (let j = 0n; j < m; j++) {
    table.set(t.join(), j)
    t = F.mul(t, g)
  }
  const giant = F.inv(t)
  let x = h
  for (let i = 0n; i <= m; i++) {
    const j = table.get(x.join())
    if (j !== undefined) return (i * m + j) % n
    x = F.mul(x, giant)
  }
  return undefined
}

/**
 * A distortion map of a supersingular curve (Verheul, 2001): it makes a second, independent point out of one, so that
 * the Weil pairing of the two says something. Made by {@link distortionMap}.
 */
export interface Distortion {
  /** The curve over F_{p²}. */
  readonly curve: Curve
  /** Moves a point of the curve over F_p, or F_{p²}, to an independent one. */
  apply(P: Point): Point
}

/**
 * The distortion map of a supersingular curve over F_p with extra automorphisms: (x, y) ↦ (−x, i y) on y² = x³ + a x for
 * p ≡ 3 (mod 4), (x, y) ↦ (ω x, y) on y² = x³ + b for p ≡ 2 (mod 3).
 * @throws {IsogenyError} `ISOGENY_UNSUPPORTED` for another curve
 */
export function distortionMap(E: Curve): Distortion {
  const { field: base, a, b } = E
  const { p } = base
  const F = createField(p, 2)
  const lift = (x: Element): Element => (x.length === 2 ? x : F.of(x[0]!))
  const curve: Curve = { field: F, a: lift(a), b: lift(b) }
  if (base.isZero(b) && p % 4n === 3n) {
    const i = F.sqrt(F.of(-1n))!
    return { curve, apply: (P) => P && { x: F.neg(lift(P.x)), y: F.mul(i, lift(P.y)) } }
  }
  if (base.isZero(a) && p % 3n === 2n) {
    // ω = (−1 + √−3)/2
    const omega = F.mul(F.add(F.of(-1n), F.sqrt(F.of(-3n))!), F.inv(F.of(2n)))
    return { curve, apply: (P) => P && { x: F.mul(omega, lift(P.x)), y: lift(P.y) } }
  }
  throw new IsogenyError('ISOGENY_UNSUPPORTED', 'no distortion map is known here for this curve', { p })
}
