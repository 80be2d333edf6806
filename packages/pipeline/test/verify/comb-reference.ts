/** The combs of assembly/secp256k1-comb.ts in BigInt: what each column adds, as multiples of P, λP and G. */
import { secp256k1 } from '@noble/curves/secp256k1.js'

const n = secp256k1.Point.Fn.ORDER
export const LAMBDA = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n
/** The lattice of (x, y) with x + y·λ = 0 (mod n); parities (1, 1) and (0, 1). */
const V1 = [0x3086d221a7d46bcde86c90e49284eb15n, -0xe4437ed6010e88286f547fa90abfe4c3n] as const
const V2 = [0x114ca50f7a8e2f3f657c1108d9d44cfd8n, 0x3086d221a7d46bcde86c90e49284eb15n] as const
export const COLUMNS = 26

/** k as k1 + k2·λ, both odd and below 2^130 in magnitude. */
export function oddHalves(k: bigint): [bigint, bigint] {
  const nearest = (x: bigint) => (2n * x + n) / (2n * n)
  const c1 = nearest(V2[1] * k)
  const c2 = nearest(-V1[1] * k)
  let k1 = k - c1 * V1[0] - c2 * V2[0]
  let k2 = -c1 * V1[1] - c2 * V2[1]
  for (const [i, v] of [V1, V2].entries()) {
    if (((i === 0 ? k1 : k2) & 1n) === 1n) continue
    const sign = k1 >= 0n ? -1n : 1n
    k1 += sign * v[0]
    k2 += sign * v[1]
  }
  return [k1, k2]
}

/** The signed sum of teeth that each column selects of an odd number: Σ 2^c · columns[c] = x, each column Σ ±2^(26 j). */
export function combColumns(x: bigint, teeth: number): bigint[] {
  const bits = (x + (1n << BigInt(COLUMNS * teeth)) - 1n) / 2n
  return Array.from({ length: COLUMNS }, (_, c) => {
    let sum = 0n
    for (let j = 0; j < teeth; j++) {
      const tooth = 1n << BigInt(COLUMNS * j)
      sum += (bits >> BigInt(COLUMNS * j + c)) & 1n ? tooth : -tooth
    }
    return sum
  })
}

/** What column c adds: P, λP and G that many times. */
export function columnsOf(g: bigint, k: bigint): { p: bigint; lambda: bigint; base: bigint }[] {
  const [k1, k2] = oddHalves(k)
  const p = combColumns(k1, 5)
  const lambda = combColumns(k2, 5)
  const base = combColumns(g & 1n ? g : g + n, 10)
  return p.map((x, c) => ({ p: x, lambda: lambda[c]!, base: base[c]! }))
}

/**
 * d for which g·G + k·(d·G) meets an exception of affine addition in column c: the terms of P and of G are equal (or opposite), or the sum of the
 * columns above and this column are.
 */
export function meetingKey(g: bigint, k: bigint, c: number, what: 'terms' | 'sums', opposite: boolean): bigint {
  const { Fn } = secp256k1.Point
  const columns = columnsOf(g, k)
  const whole = (i: number) => ({ p: columns[i]!.p + columns[i]!.lambda * LAMBDA, base: columns[i]!.base })
  const here = whole(c)
  let above = { p: 0n, base: 0n }
  for (let i = COLUMNS - 1; i > c; i--)
    above = { p: 2n * (above.p + whole(i).p), base: 2n * (above.base + whole(i).base) }
  const sign = opposite ? -1n : 1n
  // p·d + base = 0.
  const [p, base] =
    what === 'terms' || c === COLUMNS - 1
      ? [here.p, -sign * here.base]
      : [above.p - sign * here.p, above.base - sign * here.base]
  return Fn.mul(Fn.neg(Fn.create(base)), Fn.inv(Fn.create(p)))
}
