/**
 * The evaluation points of the code and the coordinates of its symbols. Points are numbered in a Cantor basis β_0 = 1, β_i² + β_i = β_{i−1}, in
 * which the polynomials s_j that vanish on the first 2^j points are shifts: s_j(point i) = point (i >> j).
 * Source: S.-J. Lin, W.-H. Chung, Y. S. Han, "Novel polynomial basis and its application to Reed–Solomon erasure codes" (FOCS 2014); D. G. Cantor (1989).
 */
import { multiply } from './field.ts'

const BITS = 8

const beta: number[] = [1]
while (beta.length < BITS) {
  const before = beta.at(-1)!
  for (let x = 2; ; x++) {
    if ((multiply(x, x) ^ x) === before) {
      beta.push(x)
      break
    }
  }
}

const points = Uint8Array.from({ length: 256 }, (_, i) => combine(i, beta))

/** The i-th evaluation point, 0…255: the sum of the β of the bits of i. Points below 16 are the subfield GF(16). */
export function point(i: number): number {
  return points[i]!
}

/**
 * What the bits of a symbol stand for: products of β_1, β_2 and β_4, a basis of the tower GF(4) ⊂ GF(16) ⊂ GF(256). Multiplication by an element
 * of a subfield then mixes only bits of one group of two or of four.
 */
const tower = Array.from({ length: BITS }, (_, b) =>
  [beta[1]!, beta[2]!, beta[4]!].reduce(
    (product, factor, i) => (b & (1 << i) ? multiply(product, factor) : product),
    1,
  ),
)
const fromTower = Uint8Array.from({ length: 256 }, (_, bits) => combine(bits, tower))
const toTower = new Uint8Array(256)
fromTower.forEach((element, bits) => {
  toTower[element] = bits
})

/** The field element of the bits of a symbol. */
export function elementOf(symbol: number): number {
  return fromTower[symbol]!
}

/** The symbol of a field element. */
export function symbolOf(element: number): number {
  return toTower[element]!
}

/** Multiplication by `constant` as bits: bit q of entry p says that bit q of the argument goes into bit p of the product. */
export function bitMatrix(constant: number): Uint8Array {
  const rows = new Uint8Array(BITS)
  for (let q = 0; q < BITS; q++) {
    const column = symbolOf(multiply(constant, tower[q]!))
    for (let p = 0; p < BITS; p++) if (column & (1 << p)) rows[p]! |= 1 << q
  }
  return rows
}

function combine(bits: number, basis: readonly number[]): number {
  return basis.reduce((sum, element, b) => (bits & (1 << b) ? sum ^ element : sum), 0)
}
