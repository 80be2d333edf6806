/** Finite fields F_{p^k} for the curve toolbox: plain, generic, not for secrets. */
import { IsogenyError } from '../errors.ts'
import { mod } from '../quaternion/integers.ts'

/** An element of F_{p^k}: k coefficients in [0, p), lowest first. */
export type Element = readonly bigint[]

/**
 * A finite field F_{p^k} with its arithmetic, made by {@link createField}. Elements of two fields must not be mixed;
 * nothing checks it.
 */
export interface Field {
  readonly p: bigint
  /** k: 1 for a prime field, at most 6. */
  readonly degree: number
  /** p^k. */
  readonly size: bigint
  readonly zero: Element
  readonly one: Element
  /** The class of an integer, or of a coefficient list. */
  of(value: bigint | readonly bigint[]): Element
  add(a: Element, b: Element): Element
  sub(a: Element, b: Element): Element
  neg(a: Element): Element
  mul(a: Element, b: Element): Element
  /** @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` for 0 */
  inv(a: Element): Element
  /** a^e for e ≥ 0, by squaring. */
  pow(a: Element, e: bigint): Element
  equal(a: Element, b: Element): boolean
  isZero(a: Element): boolean
  /** A square root, or undefined for a non-square (Tonelli and Shanks). */
  sqrt(a: Element): Element | undefined
}

/** Highest extension degree offered: embedding degrees of supersingular curves are at most 6. */
export const DEGREE_LIMIT = 6

function invMod(a: bigint, p: bigint): bigint {
  let [r0, r1, s0, s1] = [mod(a, p), p, 1n, 0n]
  while (r1 !== 0n) {
    const q = r0 / r1
    ;[r0, r1] = [r1, r0 - q * r1]
    ;[s0, s1] = [s1, s0 - q * s1]
  }
  return mod(s0, p)
}

/** Distinct prime factors of a small integer. */
function primeFactors(n: number): number[] {
  const out: number[] = []
  for (let q = 2; n > 1; q++)
    if (n % q === 0) {
      out.push(q)
      while (n % q === 0) n /= q
    }
  return out
}

/** F_{p^k} with the least binomial or trinomial that is irreducible; for k = 2, x² + 1 when p ≡ 3 (mod 4). */
export function createField(p: bigint, degree = 1): Field {
  if (p < 5n || !Number.isInteger(degree) || degree < 1 || degree > DEGREE_LIMIT)
    throw new IsogenyError('ISOGENY_UNSUPPORTED', `fields need a prime p ≥ 5 and a degree from 1 to ${DEGREE_LIMIT}`, {
      p,
      degree,
    })
  if (degree === 1) return fieldOf(p, [0n])
  for (let c = 1n; c < 200n; c++)
    for (let b = 0n; b < 4n; b++) {
      const tail = new Array<bigint>(degree).fill(0n)
      tail[0] = c
      if (degree > 1) tail[1] = b
      const field = fieldOf(p, tail)
      if (isIrreducible(field, degree)) return field
    }
  throw new IsogenyError('ISOGENY_INTERNAL', 'no small irreducible polynomial found', { p, degree })
}

/** Rabin's test for the modulus of a would-be field: x^(p^k) = x, and x^(p^(k/q)) − x invertible for each prime q | k. */
function isIrreducible(F: Field, k: number): boolean {
  const x = F.of([0n, 1n])
  const frobenius = (times: number): Element => {
    let y = x
    for (let j = 0; j < times; j++) y = F.pow(y, F.p)
    return y
  }
  if (!F.equal(frobenius(k), x)) return false
  return primeFactors(k).every((q) => {
    try {
      F.inv(F.sub(frobenius(k / q), x))
      return true
    } catch {
      return false
    }
  })
}

/** F_p[t]/(t^k + tail), tail of length k. */
function fieldOf(p: bigint, tail: readonly bigint[]): Field {
  const k = tail.length
  const size = p ** BigInt(k)
  const zero: Element = new Array<bigint>(k).fill(0n)
  const mul = (a: Element, b: Element): Element => {
    const t = new Array<bigint>(2 * k - 1).fill(0n)
    for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) t[i + j]! += a[i]! * b[j]!
    for (let i = 2 * k - 2; i >= k; i--) {
      const c = t[i]! % p
      for (let j = 0; j < k; j++) t[i - k + j]! -= c * tail[j]!
    }
    return t.slice(0, k).map((c) => mod(c, p))
  }
  const F: Field = {
    p,
    degree: k,
    size,
    zero,
    one: zero.map((_, j) => (j === 0 ? 1n : 0n)),
    of(value) {
      if (typeof value === 'bigint') return zero.map((_, j) => (j === 0 ? mod(value, p) : 0n))
      return zero.map((_, j) => mod(value[j] ?? 0n, p))
    },
    add: (a, b) => a.map((c, j) => (c + b[j]!) % p),
    sub: (a, b) => a.map((c, j) => mod(c - b[j]!, p)),
    neg: (a) => a.map((c) => (c === 0n ? 0n : p - c)),
    mul,
    inv(a) {
      if (a.every((c) => c === 0n)) throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', '0 has no inverse', { p })
      if (k === 1) return [invMod(a[0]!, p)]
      // Solve a·x = 1 over F_p by elimination: k ≤ 6.
      const rows = zero.map((_, r) => [...zero.map(() => 0n), r === 0 ? 1n : 0n])
      for (let j = 0; j < k; j++) {
        const basis = zero.map((_, i) => (i === j ? 1n : 0n))
        mul(a, basis).forEach((c, r) => {
          rows[r]![j] = c
        })
      }
      for (let col = 0; col < k; col++) {
        const pivot = rows.findIndex((row, r) => r >= col && row[col] !== 0n)
        if (pivot < 0) throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', 'element is not invertible', { p })
        ;[rows[col], rows[pivot]] = [rows[pivot]!, rows[col]!]
        const scale = invMod(rows[col]![col]!, p)
        rows[col] = rows[col]!.map((c) => (c * scale) % p)
        for (let r = 0; r < k; r++) {
          const f = rows[r]![col]!
          if (r !== col && f !== 0n) rows[r] = rows[r]!.map((c, j) => mod(c - f * rows[col]![j]!, p))
        }
      }
      return rows.map((row) => row[k]!)
    },
    pow(a, e) {
      let r = F.one
      for (let b = a; e > 0n; e >>= 1n) {
        if (e & 1n) r = mul(r, b)
        b = mul(b, b)
      }
      return r
    },
    equal: (a, b) => a.every((c, j) => c === b[j]),
    isZero: (a) => a.every((c) => c === 0n),
    sqrt(a) {
      if (F.isZero(a)) return a
      const half = (size - 1n) / 2n
      if (!F.equal(F.pow(a, half), F.one)) return undefined
      let odd = size - 1n
      let m = 0
      while ((odd & 1n) === 0n) {
        odd >>= 1n
        m++
      }
      // Over F_p the integers 2, 3, … soon meet a non-square; over an extension they are all squares, so take t + n.
      let z = F.of(2n)
      for (let n = 0n; F.equal(F.pow(z, half), F.one); n++) z = k === 1 ? F.of(n + 3n) : F.of([n, 1n])
      let c = F.pow(z, odd)
      let t = F.pow(a, odd)
      let r = F.pow(a, (odd + 1n) / 2n)
      while (!F.equal(t, F.one)) {
        let i = 0
        for (let x = t; !F.equal(x, F.one); i++) x = mul(x, x)
        let b = c
        for (let j = 0; j < m - i - 1; j++) b = mul(b, b)
        r = mul(r, b)
        c = mul(b, b)
        t = mul(t, c)
        m = i
      }
      return r
    },
  }
  return F
}

/** Roots in F of a monic polynomial of degree at most 3, coefficients lowest first, without multiplicity. */
export function roots(F: Field, polynomial: readonly Element[], random: () => Element): Element[] {
  type Poly = Element[]
  const trim = (f: Poly): Poly => {
    while (f.length > 0 && F.isZero(f[f.length - 1]!)) f.pop()
    return f
  }
  const monic = (f: Poly): Poly => {
    const s = F.inv(f[f.length - 1]!)
    return f.map((c) => F.mul(c, s))
  }
  const rem = (f: Poly, g: Poly): Poly => {
    const r = f.slice()
    while (trim(r).length >= g.length) {
      const c = r[r.length - 1]!
      const shift = r.length - g.length
      g.forEach((x, j) => {
        r[shift + j] = F.sub(r[shift + j]!, F.mul(c, x))
      })
      r.pop()
    }
    return r
  }
  const mulMod = (f: Poly, g: Poly, m: Poly): Poly => {
    const t: Poly = Array.from({ length: Math.max(f.length + g.length - 1, 0) }, () => F.zero)
    f.forEach((a, i) => {
      g.forEach((b, j) => {
        t[i + j] = F.add(t[i + j]!, F.mul(a, b))
      })
    })
    return rem(t, m)
  }
  const powMod = (f: Poly, e: bigint, m: Poly): Poly => {
    let r: Poly = rem([F.one], m)
    for (let b = rem(f, m); e > 0n; e >>= 1n) {
      if (e & 1n) r = mulMod(r, b, m)
      b = mulMod(b, b, m)
    }
    return r
  }
  const gcdPoly = (f: Poly, g: Poly): Poly => {
    let [a, b] = [trim(f.slice()), trim(g.slice())]
    while (b.length > 0) [a, b] = [monic(b), rem(a, monic(b))]
    return a.length ? monic(a) : a
  }
  const minus = (f: Poly, g: Poly): Poly =>
    trim(Array.from({ length: Math.max(f.length, g.length) }, (_, j) => F.sub(f[j] ?? F.zero, g[j] ?? F.zero)))
  const x: Poly = [F.zero, F.one]
  const f = monic(trim(polynomial.slice() as Poly))
  const split = (g: Poly): Element[] => {
    if (g.length <= 1) return []
    if (g.length === 2) return [F.neg(g[0]!)]
    for (;;) {
      const h = gcdPoly(g, minus(powMod([random(), F.one], (F.size - 1n) / 2n, g), [F.one]))
      if (h.length > 1 && h.length < g.length) {
        let [q, r]: [Poly, Poly] = [[], g.slice()]
        while (r.length >= h.length) {
          const c = r[r.length - 1]!
          const shift = r.length - h.length
          q = [c, ...q]
          r = r.slice(0, -1).map((v, j) => (j >= shift ? F.sub(v, F.mul(c, h[j - shift]!)) : v))
        }
        return [...split(h), ...split(monic(trim(q)))]
      }
    }
  }
  const linear = gcdPoly(f, minus(powMod(x, F.size, f), x))
  return split(linear)
}
