/**
 * The first step of a (2^n, 2^n)-isogeny out of a product E1 × E2: gluing to a theta structure of level 2 in dimension 2.
 *
 * All points stay in (X : Z) coordinates. Kernel points are kept as pairs ([2^j]P, [2^j − 1]P), whose difference is always
 * P, so that images under the gluing follow from barycentric coordinates without a y-coordinate.
 */

import { copyPoint, isTwoTorsion, pointsEqual } from '../curve/montgomery.ts'
import { batchInvert } from '../curve/normalise.ts'
import type { Fp2Engine, Slot } from '../field/engine.ts'

export interface Gluing {
  /** 4 × 4 change of theta coordinates, row by row: 16 slots. */
  readonly matrix: Slot
  /** Theta null point of the codomain. */
  readonly codomain: Slot
  /** Inverse dual theta null point, last coordinate 0. */
  readonly invDual: Slot
  /** Inverses of the images of the two kernel points of order 8. */
  readonly invImage1: Slot
  readonly invImage2: Slot
}

export function allocGluing(F: Fp2Engine): Gluing {
  return {
    matrix: F.alloc(16),
    codomain: F.alloc(4),
    invDual: F.alloc(4),
    invImage1: F.alloc(4),
    invImage2: F.alloc(4),
  }
}

/** Both kernel generators have order exactly 2 in each component here, and differ: else the kernel was crafted. */
function isTwoTorsionBasis(F: Fp2Engine, K1: Slot, K2: Slot, E1: Slot, E2: Slot): boolean {
  const d = 2 * F.stride
  return (
    isTwoTorsion(F, K1, E1) &&
    isTwoTorsion(F, K1 + d, E2) &&
    isTwoTorsion(F, K2, E1) &&
    isTwoTorsion(F, K2 + d, E2) &&
    !pointsEqual(F, K1, K2) &&
    !pointsEqual(F, K1 + d, K2 + d)
  )
}

/**
 * The symmetric elements above T1, T2 and T1 + T2 as three matrices (s00, s01, s10) and δ: ten slots
 * g1 (3), g2 (3), g3 (3), δ, where T1, T2 is a basis of E[4].
 */
function symmetricElements(F: Fp2Engine, out: Slot, T1: Slot, T2: Slot): void {
  const { stride: s } = F
  const mark = F.mark()
  const r1 = F.alloc(4)
  const r2 = r1 + s
  const s1 = r2 + s
  const s2 = s1 + s
  // Which of T1, T2, T1 + T2 is one of the canonical points of order 4, x = ±1.
  let pos = 255
  F.add(r1, T1, T1 + s)
  F.sub(s1, T1, T1 + s)
  F.add(r2, T2, T2 + s)
  F.sub(s2, T2, T2 + s)
  if (F.isZero(s1)) pos = 0
  if (F.isZero(r1)) pos = 1
  if (F.isZero(s2)) pos = 2
  if (F.isZero(r2)) pos = 3
  F.mul(s2, r1, s2)
  F.mulByI(r1, s2)
  F.mul(r2, r2, s1)
  F.add(s1, r1, r2)
  F.sub(s2, r1, r2)
  if (F.isZero(s1)) pos = 4
  if (F.isZero(s2)) pos = 5

  const T = pos >> 1 === 0 ? T2 : T1
  const delta = out + 9 * s
  F.sqr(s1, T)
  F.sqr(s2, T + s)
  F.sub(delta, s1, s2)
  F.add(r1, s1, s2)
  F.mul(r2, T, T + s)
  F.add(r2, r2, r2)

  // A slot for each of the three; the order is permuted by where the canonical point sits.
  const canonical = pos >> 1 === 0 ? 0 : pos >> 1 === 2 ? 2 : 1
  const first = canonical === 0 ? 1 : 0
  const third = canonical === 2 ? 1 : 2
  const g1 = out + 3 * first * s
  const g2 = out + 3 * canonical * s
  const g3 = out + 3 * third * s
  F.neg(g1, r1)
  F.copy(g1 + s, r2)
  F.neg(g1 + 2 * s, r2)
  F.copy(g2, F.zero)
  if (pos & 1) F.copy(g2 + s, delta)
  else F.neg(g2 + s, delta)
  F.copy(g2 + 2 * s, g2 + s)
  const plus = pos === 0 || pos === 3 || pos === 4
  const minus = pos === 1 || pos === 2 || pos === 5
  const timesI = (r: Slot, a: Slot, positive: boolean): void => {
    F.mulByI(r, a)
    if (!positive) F.neg(r, r)
  }
  timesI(g3, r2, plus)
  timesI(g3 + s, r1, minus)
  timesI(g3 + 2 * s, r1, plus)
  F.release(mark)
}

/** The change of theta coordinates that makes the kernel the standard one, from its points of order 4. */
function changeOfCoordinates(F: Fp2Engine, M: Slot, K1: Slot, K2: Slot): void {
  const { stride: s } = F
  const mark = F.mark()
  const B1 = F.alloc(10)
  const B2 = F.alloc(10)
  const d12 = F.alloc(2)
  const t = d12 + s
  symmetricElements(F, B1, K1, K2)
  symmetricElements(F, B2, K1 + 2 * s, K2 + 2 * s)
  const g = (B: Slot, j: number, e: number): Slot => B + (3 * (j - 1) + e) * s // e: 0 = s00, 1 = s01, 2 = s10
  const m = (i: number, j: number): Slot => M + (4 * i + j) * s
  F.mul(d12, B1 + 9 * s, B2 + 9 * s)

  for (let j = 0; j < 4; j++) {
    const e1 = j >> 1
    const e2 = j & 1
    F.mul(m(0, j), g(B1, 1, e1), g(B2, 1, e2))
    F.mul(t, g(B1, 2, e1), g(B2, 2, e2))
    F.add(m(0, j), m(0, j), t)
    F.mul(t, g(B1, 3, e1), g(B2, 3, e2))
    F.sub(m(0, j), m(0, j), t)
  }
  F.add(m(0, 0), m(0, 0), d12)
  // r = g00·a + g10·b, then g01·a − g00·b
  const act = (r: Slot, q: Slot, G: Slot, a: Slot, b: Slot): void => {
    F.mul(r, G, a)
    F.mul(t, G + 2 * s, b)
    F.add(r, r, t)
    F.mul(q, G + s, a)
    F.mul(t, G, b)
    F.sub(q, q, t)
  }
  const G2 = g(B2, 2, 0)
  const G1 = g(B1, 1, 0)
  act(m(1, 0), m(1, 1), G2, m(0, 0), m(0, 1))
  act(m(1, 2), m(1, 3), G2, m(0, 2), m(0, 3))
  act(m(2, 0), m(2, 2), G1, m(0, 0), m(0, 2))
  act(m(2, 1), m(2, 3), G1, m(0, 1), m(0, 3))
  act(m(3, 0), m(3, 2), G1, m(1, 0), m(1, 2))
  act(m(3, 1), m(3, 3), G1, m(1, 1), m(1, 3))
  for (let j = 0; j < 4; j++) {
    F.mul(m(0, j), m(0, j), d12)
    F.mul(m(1, j), m(1, j), B1 + 9 * s)
    F.mul(m(2, j), m(2, j), B2 + 9 * s)
  }
  F.release(mark)
}

/** r = M·a; with `three`, the last coordinate of `a` is known to be 0. r may be a. */
function applyMatrix(F: Fp2Engine, r: Slot, M: Slot, a: Slot, three = false): void {
  const { stride: s } = F
  const mark = F.mark()
  const out = F.alloc(5)
  const t = out + 4 * s
  for (let i = 0; i < 4; i++) {
    F.mul(out + i * s, a, M + 4 * i * s)
    for (let j = 1; j < (three ? 3 : 4); j++) {
      F.mul(t, a + j * s, M + (4 * i + j) * s)
      F.add(out + i * s, out + i * s, t)
    }
  }
  for (let i = 0; i < 4; i++) F.copy(r + i * s, out + i * s)
  F.release(mark)
}

/** Theta coordinates of the couple point (P1, P2) at `T`. */
function coupleToTheta(F: Fp2Engine, out: Slot, M: Slot, T: Slot): void {
  const { stride: s } = F
  const mark = F.mark()
  const v = F.alloc(4)
  F.mul(v, T, T + 2 * s)
  F.mul(v + s, T, T + 3 * s)
  F.mul(v + 2 * s, T + 2 * s, T + s)
  F.mul(v + 3 * s, T + s, T + 3 * s)
  applyMatrix(F, out, M, v)
  F.release(mark)
}

/** The gluing with kernel ⟨[4]K1, [4]K2⟩, K1 and K2 couple points of order 8. @returns false for a malformed kernel. */
function computeGluing(F: Fp2Engine, phi: Gluing, E1: Slot, E2: Slot, K1: Slot, K2: Slot, check: boolean): boolean {
  const { stride: s } = F
  const mark = F.mark()
  const K4 = F.alloc(8)
  const K2t = F.alloc(8)
  for (let j = 0; j < 2; j++) {
    const K = j === 0 ? K1 : K2
    F.k.xDBL(K4 + 4 * j * s, K, E1 + s)
    F.k.xDBL(K4 + (4 * j + 2) * s, K + 2 * s, E2 + s)
    F.k.xDBL(K2t + 4 * j * s, K4 + 4 * j * s, E1 + s)
    F.k.xDBL(K2t + (4 * j + 2) * s, K4 + (4 * j + 2) * s, E2 + s)
  }
  let ok = !check || isTwoTorsionBasis(F, K2t, K2t + 4 * s, E1, E2)
  if (ok) {
    changeOfCoordinates(F, phi.matrix, K4, K4 + 4 * s)
    const T1 = F.alloc(4)
    const T2 = F.alloc(4)
    coupleToTheta(F, T1, phi.matrix, K1)
    coupleToTheta(F, T2, phi.matrix, K2)
    F.k.squaredTheta(T1, T1)
    F.k.squaredTheta(T2, T2)
    ok =
      F.isZero(T1 + 3 * s) &&
      F.isZero(T2 + 3 * s) &&
      !F.isZero(T1) &&
      !F.isZero(T2) &&
      !F.isZero(T1 + s) &&
      !F.isZero(T2 + 2 * s) &&
      !F.isZero(T1 + 2 * s)
    if (ok) {
      const { codomain: c, invDual: d, invImage1: i1, invImage2: i2 } = phi
      F.mul(c, T1, T2)
      F.mul(c + s, T1 + s, T2)
      F.mul(c + 2 * s, T1, T2 + 2 * s)
      F.copy(c + 3 * s, F.zero)
      F.mul(d, T1 + s, T2 + 2 * s)
      F.copy(d + s, c + 2 * s)
      F.copy(d + 2 * s, c + s)
      F.copy(d + 3 * s, F.zero)
      F.mul(i1, T1 + 2 * s, d + 2 * s)
      F.mul(i1 + 2 * s, T1, d)
      F.copy(i1 + s, i1)
      F.copy(i1 + 3 * s, i1 + 2 * s)
      F.mul(i2, T2 + s, d + s)
      F.mul(i2 + s, T2, d)
      F.copy(i2 + 2 * s, i2)
      F.copy(i2 + 3 * s, i2 + s)
      F.k.hadamard(c, c)
    }
  }
  F.release(mark)
  return ok
}

/** (u, v, w) of the pair P, Q with difference D: three slots. */
function barycentric(F: Fp2Engine, out: Slot, P: Slot, Q: Slot, D: Slot): void {
  const { stride: s, tmp: t0 } = F
  const t1 = t0 + s
  const t2 = t1 + s
  const t3 = t2 + s
  F.add(t0, P, P + s)
  F.sub(t1, P, P + s)
  F.add(t2, Q, Q + s)
  F.sub(t3, Q, Q + s)
  F.mul(t0, t0, t3)
  F.mul(t1, t1, t2)
  F.add(t2, t1, t0) // λ
  F.sub(t3, t1, t0) // μ
  F.mul(t0, D + s, t2)
  F.sqr(t0, t0)
  F.mul(t1, t3, D)
  F.mul(t2, t3, D + s)
  F.sqr(t3, t1)
  F.add(out, t3, t0)
  F.sub(out + s, t3, t0)
  F.mul(out + 2 * s, t1, t2)
  F.add(out + 2 * s, out + 2 * s, out + 2 * s)
}

/**
 * Image of a couple point P under the gluing from the barycentric coordinates of (P, Q) in both components and the inverse
 * of the image of Q.
 */
function evalBarycentric(F: Fp2Engine, image: Slot, phi: Gluing, c1: Slot, c2: Slot, inv: Slot, dual: boolean): void {
  const { stride: s } = F
  const mark = F.mark()
  const T1 = F.alloc(4)
  const T2 = F.alloc(4)
  const [u1, v1, w1] = [c1, c1 + s, c1 + 2 * s]
  const [u2, v2, w2] = [c2, c2 + s, c2 + 2 * s]
  F.mul(T1, u1, u2)
  F.mul(T2 + 3 * s, v1, v2)
  F.add(T1, T1, T2 + 3 * s)
  F.mul(T1 + s, u1, w2)
  F.mul(T1 + 2 * s, w1, u2)
  F.mul(T1 + 3 * s, w1, w2)
  F.add(T2, u1, v1)
  F.add(T2 + s, u2, v2)
  F.mul(T2, T2, T2 + s)
  F.sub(T2, T2, T1)
  F.mul(T2 + s, v1, w2)
  F.mul(T2 + 2 * s, w1, v2)
  applyMatrix(F, T1, phi.matrix, T1)
  applyMatrix(F, T2, phi.matrix, T2, true)
  F.k.square4(T1, T1)
  F.k.square4(T2, T2)
  for (let j = 0; j < 4; j++) F.sub(T1 + j * s, T1 + j * s, T2 + j * s)
  F.k.hadamard(T1, T1)
  F.k.mul4(image, T1, inv)
  if (!dual) F.k.hadamard(image, image)
  F.release(mark)
}

/** Image of a couple point with one component O. @returns false when it is not on the expected hyperplane. */
function evalSpecial(F: Fp2Engine, image: Slot, P: Slot, phi: Gluing): boolean {
  const { stride: s } = F
  const mark = F.mark()
  const T = F.alloc(4)
  coupleToTheta(F, T, phi.matrix, P)
  F.k.squaredTheta(T, T)
  const ok = F.isZero(T + 3 * s)
  if (ok) {
    for (let j = 0; j < 3; j++) F.mul(image + j * s, T + j * s, phi.invDual + j * s)
    F.copy(image + 3 * s, F.zero)
    F.k.hadamard(image, image)
  }
  F.release(mark)
  return ok
}

/**
 * Where to stop on the way down: halves, until the steps are so few that doublings after the gluing are cheaper than the
 * push of one more point through it.
 */
function gluingDoublings(order: number): number {
  return order >= 16 ? order >> 1 : order - 1
}

/**
 * Starts a chain of length `todo[0]`: computes the gluing, pushes `points` and the kernel points of the doubling stack
 * through it (`stack1`, `stack2`: theta points) and updates `todo`.
 * @param kernel T1 = (P1, P2), T2 = (Q1, Q2): eight slots
 * @param points couple points with one component O, `count` of them; their images go to `images`
 * @returns index of the top of the stack, or −2 for a malformed kernel
 */
export function startChain(
  F: Fp2Engine,
  phi: Gluing,
  E1: Slot,
  E2: Slot,
  kernel: Slot,
  stack1: Slot,
  stack2: Slot,
  todo: number[],
  points: Slot,
  images: Slot,
  count: number,
  check: boolean,
): number {
  const { stride: s } = F
  const mark = F.mark()
  const depth = Math.ceil(Math.log2(todo[0]!)) + 3
  // Lane l of 4 (P1, P2, Q1, Q2), level j: the pair ([2^x]P, [2^x − 1]P).
  const lanes = F.alloc(4 * depth * 4)
  const pair = (lane: number, j: number): Slot => lanes + (lane * depth + j) * 4 * s
  const curve = (lane: number): Slot => ((lane & 1) === 0 ? E1 : E2)
  const z = F.alloc(4)
  for (let lane = 0; lane < 4; lane++) F.copy(z + lane * s, kernel + (2 * lane + 1) * s)
  batchInvert(F, z, 4)
  for (let lane = 0; lane < 4; lane++) {
    F.mul(pair(lane, 0), kernel + 2 * lane * s, z + lane * s)
    F.copy(pair(lane, 0) + s, F.one)
    F.copy(pair(lane, 0) + 2 * s, F.one)
    F.copy(pair(lane, 0) + 3 * s, F.zero)
  }
  let top = 0
  while (todo[top] !== 1) {
    const doublings = gluingDoublings(todo[top]!)
    top++
    todo[top] = todo[top - 1]! - doublings
    for (let lane = 0; lane < 4; lane++) {
      const r = pair(lane, top)
      copyPoint(F, r, pair(lane, top - 1))
      copyPoint(F, r + 2 * s, pair(lane, top - 1) + 2 * s)
      for (let j = 0; j < doublings; j++) F.k.xDBLADDNorm(r, r + 2 * s, r, r + 2 * s, pair(lane, 0), curve(lane) + s)
    }
  }
  const K1 = F.alloc(8)
  const K2 = K1 + 4 * s
  for (let lane = 0; lane < 4; lane++) copyPoint(F, K1 + 2 * lane * s, pair(lane, top))
  let ok = computeGluing(F, phi, E1, E2, K1, K2, check)
  for (let j = 0; ok && j < count; j++) ok = evalSpecial(F, images + 4 * j * s, points + 4 * j * s, phi)
  if (ok) {
    const c1 = F.alloc(3)
    const c2 = F.alloc(3)
    const inv = F.alloc(8)
    const push = (image: Slot, half: number, j: number, inverse: Slot, dual: boolean): void => {
      barycentric(F, c1, pair(2 * half, j), pair(2 * half, 0), pair(2 * half, j) + 2 * s)
      barycentric(F, c2, pair(2 * half + 1, j), pair(2 * half + 1, 0), pair(2 * half + 1, j) + 2 * s)
      evalBarycentric(F, image, phi, c1, c2, inverse, dual)
    }
    push(stack1, 0, top, phi.invImage1, true)
    push(stack2, 1, top, phi.invImage2, true)
    todo[0]!--
    F.k.invert4(inv, stack1)
    F.k.invert4(inv + 4 * s, stack2)
    F.k.hadamard(stack1, stack1)
    F.k.hadamard(stack2, stack2)
    for (let j = 1; j < top; j++) {
      push(stack1 + 4 * j * s, 0, j, inv, false)
      push(stack2 + 4 * j * s, 1, j, inv + 4 * s, false)
      todo[j]!--
    }
  }
  F.release(mark)
  return ok ? top - 1 : -2
}
