/** Is a curve supersingular? Three independent ways, which the tests require to agree. */
import { bitLength } from '../quaternion/integers.ts'
import { type Curve, curveOrder, jInvariant, multiply, randomPoint, rightSide } from './curve.ts'
import { createField, type Element, type Field, roots } from './field.ts'

/**
 * By the trace: over F_p, p > 3, supersingular means #E ≡ 1 (mod p), that is #E = p + 1. Where the order is out of reach, a
 * random point of order not dividing p + 1 proves that it is not, and points that all do make it so with probability close
 * to 1.
 */
export function isSupersingularByTrace(E: Curve, random: () => Element, exact = bitLength(E.field.p) <= 40): boolean {
  const { p, degree } = E.field
  if (degree === 1 && exact) return curveOrder(E, random) % p === 1n
  // Over F_{p²}, traces of supersingular curves are 0, ±p, ±2p: a point is killed by one of these orders.
  const q = p ** BigInt(degree)
  const orders = degree === 1 ? [p + 1n] : [q + 1n, q + 1n - p, q + 1n + p, q + 1n - 2n * p, q + 1n + 2n * p]
  let open = orders
  for (let n = 0; n < 8 && open.length > 0; n++) {
    const P = randomPoint(E, random)
    open = open.filter((m) => multiply(E, P, m) === undefined)
  }
  return open.length > 0
}

/** Φ_2(X, j) as a monic cubic in X: coefficients lowest first (the classical modular polynomial of level 2). */
export function modularPolynomial2(F: Field, j: Element): Element[] {
  const n = (x: bigint): Element => F.of(x)
  const j2 = F.mul(j, j)
  const j3 = F.mul(j2, j)
  return [
    F.add(F.add(j3, F.mul(n(-162000n), j2)), F.add(F.mul(n(8748000000n), j), n(-157464000000000n))),
    F.add(F.add(F.mul(n(1488n), j2), F.mul(n(40773375n), j)), n(8748000000n)),
    F.add(F.add(F.neg(j2), F.mul(n(1488n), j)), n(-162000n)),
    F.one,
  ]
}

/**
 * By the 2-isogeny graph (Sutherland, 2012): over F_{p²} every supersingular vertex has all three neighbours, while on the
 * volcano of an ordinary curve one of three paths falls off the floor within log2(p) + 1 steps.
 */
export function isSupersingularByGraph(E: Curve, random: () => Element): boolean {
  const { p, degree } = E.field
  const F = degree === 2 ? E.field : createField(p, 2)
  const lift = degree === 1 ? (x: Element): Element => F.of(x[0]!) : (x: Element): Element => x
  const draw = degree === 2 ? random : (): Element => F.of([random()[0]!, random()[0]!])
  const j = lift(jInvariant(E))
  const distinct = roots(F, modularPolynomial2(F, j), draw)
  // Multiple roots belong to curves with extra endomorphisms of small norm: decided by the trace instead.
  if (distinct.length < 3) return hasDoubleRoot(F, j, distinct) ? isSupersingularByTrace(E, random) : false
  const paths = distinct.map((next) => ({ from: j, at: next }))
  for (let step = 0; step <= bitLength(p) + 1; step++)
    for (const path of paths) {
      // (X³ + c2 X² + c1 X + c0)/(X − from) = X² + s X + t
      const [, c1, c2] = modularPolynomial2(F, path.at) as [Element, Element, Element]
      const s = F.add(c2, path.from)
      const t = F.add(c1, F.mul(path.from, s))
      const root = F.sqrt(F.sub(F.mul(s, s), F.mul(F.of(4n), t)))
      if (root === undefined) return false
      const next = F.mul(F.sub(root, s), F.inv(F.of(2n)))
      path.from = path.at
      path.at = next
    }
  return true
}

function hasDoubleRoot(F: Field, j: Element, distinct: readonly Element[]): boolean {
  const f = modularPolynomial2(F, j)
  return distinct.some((x) => {
    const derivative = F.add(F.add(F.mul(F.of(3n), F.mul(x, x)), F.mul(F.add(f[2]!, f[2]!), x)), f[1]!)
    return F.isZero(derivative)
  })
}

/** Evaluations that must agree; an ordinary curve passes one with probability at most 1/(2p). */
const EVALUATIONS = 12

/**
 * By the p-th division polynomial (Doliskani, 2018): ψ_p is constant exactly when E has no points of order p, so it is
 * evaluated at random places. O(log p) multiplications each.
 */
export function isSupersingularByDivisionPolynomial(E: Curve, random: () => Element): boolean {
  const first = divisionPolynomial(E, random(), E.field.p)
  for (let n = 1; n < EVALUATIONS; n++)
    if (!E.field.equal(first, divisionPolynomial(E, random(), E.field.p))) return false
  return !E.field.isZero(first)
}

/** ψ_n(x) for odd n, ψ_n(x)/2y for even n, by the recurrences of the division polynomials. */
export function divisionPolynomial(E: Curve, x: Element, n: bigint): Element {
  const { field: F, a, b } = E
  const { mul, sub, add } = F
  const square = (t: Element): Element => mul(t, t)
  const cube = (t: Element): Element => mul(t, square(t))
  const y2 = mul(F.of(4n), rightSide(E, x)) // (2y)²
  const y4 = square(y2)
  const x2 = square(x)
  const x3 = mul(x2, x)
  const memo = new Map<bigint, Element>([
    [-1n, F.of(-1n)],
    [0n, F.zero],
    [1n, F.one],
    [2n, F.one],
    [3n, sub(add(add(mul(F.of(3n), square(x2)), mul(mul(F.of(6n), a), x2)), mul(mul(F.of(12n), b), x)), square(a))],
    [
      4n,
      mul(
        F.of(2n),
        sub(
          sub(
            sub(
              add(add(square(x3), mul(mul(F.of(5n), a), square(x2))), mul(mul(F.of(20n), b), x3)),
              mul(mul(F.of(5n), square(a)), x2),
            ),
            mul(mul(F.of(4n), mul(a, b)), x),
          ),
          add(mul(F.of(8n), square(b)), cube(a)),
        ),
      ),
    ],
  ])
  const psi = (m: bigint): Element => {
    const known = memo.get(m)
    if (known) return known
    const h = m >> 1n
    let value: Element
    if (m & 1n) {
      const left = mul(psi(h + 2n), cube(psi(h)))
      const right = mul(psi(h - 1n), cube(psi(h + 1n)))
      value = (h & 1n) === 0n ? sub(mul(y4, left), right) : sub(left, mul(y4, right))
    } else {
      value = mul(psi(h), sub(mul(psi(h + 2n), square(psi(h - 1n))), mul(psi(h - 2n), square(psi(h + 1n)))))
    }
    memo.set(m, value)
    return value
  }
  return psi(n)
}
