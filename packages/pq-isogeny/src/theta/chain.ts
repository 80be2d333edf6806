/**
 * (2^n, 2^n)-isogenies E1 × E2 → E3 × E4 between products of elliptic curves, in theta coordinates of level 2
 * (Dartois, Maino, Pope, Robert, ePrint 2023/1747, in the form of SQIsign 3.0).
 */
import { copyPoint } from '../curve/montgomery.ts'
import { applyIsomorphism, ISOMORPHISM_SLOTS, thetaToMontgomery } from '../curve/normalise.ts'
import type { Fp2Engine, Slot } from '../field/engine.ts'
import { allocGluing, startChain } from './gluing.ts'

/** Theta structure of the current codomain. */
interface Structure {
  readonly invDual: Slot
  readonly invSquared: Slot
  /** Four factors from which the dual null point follows without an inversion. */
  readonly factors: Slot
  /** Whether `invSquared` holds; computed on the first doubling. */
  ready: boolean
}

/** The dual theta null point of the structure. */
function dualNullPoint(F: Fp2Engine, r: Slot, A: Structure): void {
  const { stride: s, tmp: t } = F
  F.copy(r + 3 * s, A.invDual + 2 * s)
  F.copy(r + 2 * s, A.invDual + 3 * s)
  F.mul(t, A.factors, A.factors + 3 * s)
  F.mul(r, t, A.factors + s)
  F.mul(r + s, t, A.factors + 2 * s)
}

/**
 * The (2,2)-isogeny with kernel ⟨[4]T1, [4]T2⟩ from theta points of order 8.
 * @param dual whether the points are in dual coordinates
 * @param check reject an unexpected splitting and a kernel that is not isotropic
 */
function isogenyStep(F: Fp2Engine, A: Structure, T1: Slot, T2: Slot, dual: boolean, check: boolean): boolean {
  const { stride: s } = F
  const mark = F.mark()
  const a = F.alloc(4)
  const b = F.alloc(4)
  const t1 = F.alloc(2)
  const t2 = t1 + s
  A.ready = false
  if (dual) {
    F.k.hadamard(a, T1)
    F.k.squaredTheta(a, a)
    F.k.hadamard(b, T2)
    F.k.squaredTheta(b, b)
  } else {
    F.k.squaredTheta(a, T1)
    F.k.squaredTheta(b, T2)
  }
  let ok = true
  if (check) {
    for (let j = 0; j < 4; j++) ok = ok && !F.isZero(b + j * s)
    ok = ok && !F.isZero(a) && !F.isZero(a + s)
  }
  if (ok) {
    const d = A.invDual
    F.mul(t1, a + s, b + 3 * s)
    F.mul(t2, a, b + 2 * s)
    F.mul(d, t1, b + 2 * s)
    F.mul(d + 2 * s, t1, b)
    F.mul(d + s, t2, b + 3 * s)
    F.mul(d + 3 * s, t2, b + s)
    F.copy(A.factors, b)
    F.copy(A.factors + s, a)
    F.copy(A.factors + 2 * s, a + s)
    F.copy(A.factors + 3 * s, b + s)
    if (check) {
      F.mul(t1, a + 2 * s, d + 2 * s)
      F.mul(t2, a + 3 * s, d + 3 * s)
      ok = F.equal(t1, t2)
    }
  }
  F.release(mark)
  return ok
}

function toProductCoordinates(F: Fp2Engine, P: Slot): void {
  const { stride: s, tmp: t } = F
  F.add(t, P, P + 2 * s)
  F.add(t + s, P + s, P + 3 * s)
  F.sub(t + 2 * s, P + s, P + 3 * s)
  F.sub(t + 3 * s, P, P + 2 * s)
  for (let j = 0; j < 4; j++) F.copy(P + j * s, t + j * s)
}

/** Splits a product theta point into (x : z) and (x : y). @returns false when it is not a product. */
function splitPoint(F: Fp2Engine, r: Slot, P: Slot): boolean {
  const { stride: s, tmp: t } = F
  F.mul(t, P, P + 3 * s)
  F.mul(t + s, P + s, P + 2 * s)
  if (!F.equal(t, t + s)) return false
  F.copy(r, P)
  F.copy(r + s, P + 2 * s)
  F.copy(r + 2 * s, P)
  F.copy(r + 3 * s, P + s)
  return true
}

/** A theta null point (x : z) of an elliptic curve: no coordinate 0, x⁴ ≠ z⁴. */
function isEllipticNullPoint(F: Fp2Engine, P: Slot): boolean {
  const { stride: s, tmp: t } = F
  F.sqr(t, P)
  F.sqr(t + s, P + s)
  F.sqr(t, t)
  F.sqr(t + s, t + s)
  return !F.isZero(P) && !F.isZero(P + s) && !F.equal(t, t + s)
}

export interface ChainOptions {
  /** Length n: kernel points have order 2^(n + 2). */
  readonly length: number
  /** Domain curves. */
  readonly E1: Slot
  readonly E2: Slot
  /** (P1, P2), (Q1, Q2): eight slots. */
  readonly kernel: Slot
  /** Where the codomain curves go; one that is absent is not computed. */
  readonly E3?: Slot
  readonly E4?: Slot
  /** Couple points, each with one component O, replaced by their images (in the codomain curves computed). */
  readonly points?: Slot
  readonly count?: number
  /** All the checks that untrusted input needs. */
  readonly verify: boolean
}

/**
 * Share of the remaining steps to double down at once. A doubling costs about two evaluations, so the balanced tree is
 * tilted towards evaluations; the result does not depend on it.
 */
const DOUBLING_SHARE = 0.42

/** Computes the chain. @returns false when the kernel does not lead to a product of curves: crafted input. */
export function thetaChain(F: Fp2Engine, o: ChainOptions): boolean {
  const mark = F.mark()
  const ok = runChain(F, o)
  F.release(mark)
  return ok
}

function runChain(F: Fp2Engine, o: ChainOptions): boolean {
  const { stride: s } = F
  const n = o.length
  const count = o.count ?? 0
  const points = o.points ?? 0
  const depth = 2 * Math.ceil(Math.log2(n)) + 4
  const stack1 = F.alloc(4 * depth)
  const stack2 = F.alloc(4 * depth)
  const images = F.alloc(4 * count)
  const gluing = allocGluing(F)
  const A: Structure = { invDual: F.alloc(4), invSquared: F.alloc(4), factors: F.alloc(4), ready: true }
  const t = F.alloc(4)
  const todo: number[] = [n]
  let top = startChain(F, gluing, o.E1, o.E2, o.kernel, stack1, stack2, todo, points, images, count, o.verify)
  if (top === -2) return false
  F.k.invert4(A.invDual, gluing.codomain)
  F.k.squaredTheta(A.invSquared, gluing.codomain)
  F.k.invert4(A.invSquared, A.invSquared)

  for (let step = 1; top >= 0 && todo[top]! > 0; step++) {
    // The first step after the gluing has its points in theta coordinates, all others in dual ones.
    const dual = step !== 1
    while (todo[top]! > 1) {
      const order = todo[top]!
      const doublings = Math.min(order - 1, Math.max(1, Math.round(order * DOUBLING_SHARE)))
      if (!A.ready) {
        dualNullPoint(F, t, A)
        F.k.squaredTheta(t, t)
        F.k.invert4(A.invSquared, t)
        A.ready = true
      }
      for (const stack of [stack1, stack2]) {
        let from = stack + 4 * top * s
        const to = from + 4 * s
        for (let j = 0; j < doublings; j++) {
          F.k.thetaDBL(to, from, A.invDual, A.invSquared)
          from = to
        }
      }
      top++
      todo[top] = order - doublings
    }
    const at = 4 * top * s
    if (!isogenyStep(F, A, stack1 + at, stack2 + at, dual, o.verify && step !== n - 1)) return false
    const push = dual ? F.k.thetaEvalDual : F.k.thetaEval
    for (let j = 0; j < count; j++) push(images + 4 * j * s, images + 4 * j * s, A.invDual)
    for (let j = 0; j < top; j++) {
      push(stack1 + 4 * j * s, stack1 + 4 * j * s, A.invDual)
      push(stack2 + 4 * j * s, stack2 + 4 * j * s, A.invDual)
      todo[j]!--
    }
    top--
  }
  dualNullPoint(F, t, A)
  return split(F, o, t, images, count)
}

/** The last step: from the dual null point of a product structure to the two curves and the points on them. */
function split(F: Fp2Engine, o: ChainOptions, dualNull: Slot, images: Slot, count: number): boolean {
  const { stride: s } = F
  toProductCoordinates(F, dualNull)
  for (let j = 0; j < 4; j++) if (F.isZero(dualNull + j * s)) return false
  const nulls = F.alloc(4)
  if (!splitPoint(F, nulls, dualNull)) return false
  const couple = F.alloc(4 * count)
  for (let j = 0; j < count; j++) {
    toProductCoordinates(F, images + 4 * j * s)
    if (!splitPoint(F, couple + 4 * j * s, images + 4 * j * s)) return false
  }
  if (o.verify && !isEllipticNullPoint(F, nulls + 2 * s)) return false
  const M = F.alloc(ISOMORPHISM_SLOTS)
  for (const [E, at] of [
    [o.E3, 0],
    [o.E4, 2],
  ] as const) {
    if (E === undefined) continue
    if (!thetaToMontgomery(F, E, M, nulls + at * s)) return false
    for (let j = 0; j < count; j++) applyIsomorphism(F, couple + (4 * j + at) * s, M)
  }
  for (let j = 0; j < count; j++) {
    copyPoint(F, o.points! + 4 * j * s, couple + 4 * j * s)
    copyPoint(F, o.points! + (4 * j + 2) * s, couple + (4 * j + 2) * s)
  }
  return true
}
