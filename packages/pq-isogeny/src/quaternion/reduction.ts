/**
 * Lattice reduction, exact: rank 2 over Z, rank 2 over Z[i], rank 4 over Z. The reference uses fixed-point arithmetic to run
 * in constant time; reduced bases are unique up to the conventions stated here, so exact integers give the same ones.
 */
import { type Gaussian, gConj, gMul, quadrantOf, turn } from './gaussian.ts'
import { roundedDiv } from './integers.ts'

export type Vector2 = readonly [bigint, bigint]

const dot = (a: Vector2, b: Vector2): bigint => a[0] * b[0] + a[1] * b[1]

/** The shorter vector of a reduced basis of a plane lattice, its first coordinate not negative (Lagrange). */
export function shortestVector2(a: Vector2, b: Vector2): Vector2 {
  let na = dot(a, a)
  let nb = dot(b, b)
  for (;;) {
    if (na > nb) {
      ;[a, b] = [b, a]
      ;[na, nb] = [nb, na]
    }
    const q = roundedDiv(dot(a, b), na)
    if (q === 0n) return a[0] < 0n ? [-a[0], -a[1]] : a
    b = [b[0] - q * a[0], b[1] - q * a[1]]
    nb = dot(b, b)
  }
}

/** z1 + z2·j with z1, z2 ∈ Z[i], over the denominator 2. */
export interface Pair {
  readonly z1: Gaussian
  readonly z2: Gaussian
}

/** conj(v1)·w1 + p·conj(v2)·w2. */
function hermitian(v: Pair, w: Pair, p: bigint): Gaussian {
  const a = gMul(gConj(v.z1), w.z1)
  const b = gMul(gConj(v.z2), w.z2)
  return [a[0] + p * b[0], a[1] + p * b[1]]
}

const turnPair = (v: Pair, k: number): Pair => ({ z1: turn(v.z1, k), z2: turn(v.z2, k) })

/**
 * Lagrange reduction over Z[i] for the norm |z1|² + p|z2|². The first vector has both parts of z1 non-negative, and so has
 * the Hermitian product of the two: canonical for a lattice.
 */
export function reduceGaussian(v: Pair, w: Pair, p: bigint): [Pair, Pair] {
  const norm = (x: Pair): bigint => x.z1[0] * x.z1[0] + x.z1[1] * x.z1[1] + p * (x.z2[0] * x.z2[0] + x.z2[1] * x.z2[1])
  let nv = norm(v)
  let nw = norm(w)
  for (;;) {
    if (nv > nw) {
      ;[v, w] = [w, v]
      ;[nv, nw] = [nw, nv]
    }
    const h = hermitian(v, w, p)
    const q: Gaussian = [roundedDiv(h[0], nv), roundedDiv(h[1], nv)]
    if (q[0] === 0n && q[1] === 0n) break
    const t1 = gMul(q, v.z1)
    const t2 = gMul(q, v.z2)
    w = { z1: [w.z1[0] - t1[0], w.z1[1] - t1[1]], z2: [w.z2[0] - t2[0], w.z2[1] - t2[1]] }
    nw = norm(w)
  }
  v = turnPair(v, quadrantOf(v.z1))
  return [v, turnPair(w, quadrantOf(hermitian(v, w, p)))]
}

export type Matrix4 = readonly (readonly bigint[])[]

/** Coefficients tried when the Minkowski-reduced basis is picked out of an almost reduced one. */
const SEARCH = [-2n, -1n, 0n, 1n, 2n]

/** All non-zero vectors of SEARCH⁴ up to sign. */
const CANDIDATES = (() => {
  const out: bigint[][] = []
  for (const a of SEARCH)
    for (const b of SEARCH)
      for (const c of SEARCH)
        for (const d of SEARCH) {
          const first = [a, b, c, d].find((x) => x !== 0n)
          if (first !== undefined && first > 0n) out.push([a, b, c, d])
        }
  return out
})()

function det(rows: bigint[][]): bigint {
  if (rows.length === 1) return rows[0]![0]!
  let sum = 0n
  for (let j = 0; j < rows.length; j++) {
    if (rows[0]![j] === 0n) continue
    const minor = rows.slice(1).map((r) => r.filter((_, c) => c !== j))
    sum += (j % 2 === 0 ? 1n : -1n) * rows[0]![j]! * det(minor)
  }
  return sum
}

/** The inverse of a matrix of determinant ±1. */
export function unimodularInverse(m: bigint[][]): bigint[][] {
  const d = det(m)
  return m.map((_, i) =>
    m.map((_, j) => {
      const minor = m.filter((_, r) => r !== j).map((row) => row.filter((_, c) => c !== i))
      return d * ((i + j) % 2 === 0 ? 1n : -1n) * det(minor)
    }),
  )
}

/** Rank over the rationals of a few small integer vectors. */
function independent(vectors: bigint[][]): boolean {
  const gram = vectors.map((v) => vectors.map((w) => v.reduce((s, x, j) => s + x * w[j]!, 0n)))
  return det(gram) !== 0n
}

/** Shift that brings the greatest diagonal entry to 400 bits of a Gram matrix, so that doubles and their squares can steer the reduction. */
function floatGram(G: bigint[][]): number[][] {
  const bits = Math.max(...G.map((row, i) => row[i]!.toString(16).length * 4))
  const shift = BigInt(Math.max(0, bits - 400))
  return G.map((row) => row.map((x) => Number(x >> shift)))
}

/**
 * LLL reduction of a positive quadratic form of rank 4, steered by doubles and carried out in integers. The result is only
 * a good starting point: `minkowski` decides exactly.
 * @returns rows of the transform: new basis vectors in terms of the old ones; G is updated in place
 */
function lll(G: bigint[][]): bigint[][] {
  const U = G.map((_, i) => G.map((_, j) => (i === j ? 1n : 0n)))
  const addRow = (i: number, j: number, q: bigint): void => {
    // b_i += q·b_j
    for (let c = 0; c < 4; c++) U[i]![c]! += q * U[j]![c]!
    for (let c = 0; c < 4; c++) G[i]![c]! += q * G[j]![c]!
    for (let r = 0; r < 4; r++) G[r]![i]! += q * G[r]![j]!
  }
  const swap = (i: number, j: number): void => {
    ;[U[i], U[j]] = [U[j]!, U[i]!]
    ;[G[i], G[j]] = [G[j]!, G[i]!]
    for (const row of G) [row[i], row[j]] = [row[j]!, row[i]!]
  }
  // Pairwise Lagrange steps, exact, until none applies; then a lattice-wide check with doubles on the reduced form.
  for (;;) {
    let changed = false
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 4; j++) {
        if (i === j || G[j]![j]! > G[i]![i]!) continue
        const q = roundedDiv(G[i]![j]!, G[j]![j]!)
        if (q !== 0n) {
          addRow(i, j, -q)
          changed = true
        }
      }
    if (changed) continue
    for (let i = 1; i < 4; i++) for (let j = i; j > 0 && G[j]![j]! < G[j - 1]![j - 1]!; j--) swap(j, j - 1)
    // b_i minus the nearest combination of the shorter vectors (Babai), by doubles; taken when it is shorter exactly.
    for (let i = 3; i > 0 && !changed; i--) {
      const x = babai(floatGram(G), i)
      if (!x.every(Number.isFinite) || x.every((c) => c === 0)) continue
      const before = G[i]![i]!
      x.forEach((c, j) => {
        if (c !== 0) addRow(i, j, BigInt(-c))
      })
      if (G[i]![i]! < before) changed = true
      else
        x.forEach((c, j) => {
          if (c !== 0) addRow(i, j, BigInt(c))
        })
    }
    if (!changed) return U
  }
}

/** Nearest-plane coefficients of b_k on b_0 … b_(k−1), from a Gram matrix of doubles. */
function babai(G: number[][], k: number): number[] {
  const mu: number[][] = []
  const r: number[] = []
  for (let i = 0; i <= k; i++) {
    mu.push([])
    let norm = G[i]![i]!
    for (let j = 0; j < i; j++) {
      let s = G[i]![j]!
      for (let l = 0; l < j; l++) s -= mu[i]![l]! * mu[j]![l]! * r[l]!
      mu[i]!.push(s / r[j]!)
      norm -= (s * s) / r[j]!
    }
    r.push(norm)
  }
  const target = mu[k]!.slice()
  const x: number[] = new Array<number>(k).fill(0)
  for (let j = k - 1; j >= 0; j--) {
    x[j] = Math.round(target[j]!)
    for (let l = 0; l < j; l++) target[l]! -= x[j]! * mu[j]![l]!
  }
  return x
}

/**
 * Minkowski-reduced basis of a positive quadratic form of rank 4 (Gram matrix G): rows of the transform in terms of the
 * given basis, ordered by norm, each with a non-negative product with the first. Canonical up to one global sign.
 */
export function minkowski(gram: Matrix4): { transform: bigint[][]; norms: bigint[] } {
  const G = gram.map((row) => row.slice())
  const U = lll(G)
  const value = (x: bigint[], y: bigint[]): bigint => {
    let s = 0n
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 4; j++) if (x[i] !== 0n && y[j] !== 0n) s += x[i]! * y[j]! * G[i]![j]!
    return s
  }
  const sorted = CANDIDATES.map((x) => ({ x, norm: value(x, x) })).sort((a, b) =>
    a.norm < b.norm ? -1 : a.norm > b.norm ? 1 : 0,
  )
  const chosen: { x: bigint[]; norm: bigint }[] = []
  for (const c of sorted) {
    if (chosen.length === 4) break
    if (independent([...chosen.map((t) => t.x), c.x])) chosen.push(c)
  }
  const transform = chosen.map(({ x }, k) => {
    const sign = k > 0 && value(chosen[0]!.x, x) < 0n ? -1n : 1n
    return [0, 1, 2, 3].map((c) => sign * x.reduce((s, t, i) => s + t * U[i]![c]!, 0n))
  })
  return { transform, norms: chosen.map((c) => c.norm) }
}
