/**
 * The straight-line formulas of the hot paths: Montgomery x-only arithmetic, 4-isogenies, level-2 theta structures in
 * dimension 2. Written once in the order of the specification; the BigInt engine runs them as they stand, the WebAssembly
 * engine records each once and emits it as one function.
 *
 * Rule: no branch, no handle but the parameters and `F.tmp`; outputs may alias inputs where the reference allows it.
 */
import type { Fp2Ops, Slot } from './operations.ts'

/** Q = 2P on the curve with a24 = (A + 2)/4. 2S + 3M. */
function xDBL(F: Fp2Ops, Q: Slot, P: Slot, a24: Slot): void {
  const { stride: s, tmp: t0 } = F
  const t1 = t0 + s
  const t2 = t1 + s
  F.add(t0, P, P + s)
  F.sqr(t0, t0)
  F.sub(t1, P, P + s)
  F.sqr(t1, t1)
  F.sub(t2, t0, t1)
  F.mul(Q, t0, t1)
  F.mul(t0, t2, a24)
  F.add(t0, t0, t1)
  F.mul(Q + s, t0, t2)
}

/** Q = 2P with projective (A + 2C : 4C) at `a24`. 2S + 4M. */
function xDBLProj(F: Fp2Ops, Q: Slot, P: Slot, a24: Slot): void {
  const { stride: s, tmp: t0 } = F
  const t1 = t0 + s
  const t2 = t1 + s
  F.add(t0, P, P + s)
  F.sqr(t0, t0)
  F.sub(t1, P, P + s)
  F.sqr(t1, t1)
  F.sub(t2, t0, t1)
  F.mul(t1, t1, a24 + s)
  F.mul(Q, t0, t1)
  F.mul(t0, t2, a24)
  F.add(t0, t0, t1)
  F.mul(Q + s, t0, t2)
}

/** R = P + Q where D = P − Q. 2S + 4M. */
function xADD(F: Fp2Ops, R: Slot, P: Slot, Q: Slot, D: Slot): void {
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
  F.add(t2, t0, t1)
  F.sub(t3, t0, t1)
  F.sqr(t2, t2)
  F.sqr(t3, t3)
  F.mul(t2, D + s, t2)
  F.mul(R + s, D, t3)
  F.copy(R, t2)
}

function dblAdd(F: Fp2Ops, R: Slot, S: Slot, P: Slot, Q: Slot, D: Slot, a24: Slot, normalised: boolean): void {
  const { stride: s, tmp: t0 } = F
  const t1 = t0 + s
  const t2 = t1 + s
  F.add(t0, P, P + s)
  F.sub(t1, P, P + s)
  F.sqr(R, t0)
  F.sub(t2, Q, Q + s)
  F.add(S, Q, Q + s)
  F.mul(t0, t0, t2)
  F.sqr(R + s, t1)
  F.mul(t1, t1, S)
  F.sub(t2, R, R + s)
  F.mul(R, R, R + s)
  F.mul(S, a24, t2)
  F.sub(S + s, t0, t1)
  F.add(R + s, R + s, S)
  F.add(S, t0, t1)
  F.mul(R + s, R + s, t2)
  F.sqr(S + s, S + s)
  F.sqr(S, S)
  F.mul(S + s, S + s, D)
  if (!normalised) F.mul(S, S, D + s)
}

/** R = 2P and S = P + Q where D = P − Q; R may be P and S may be Q. 4S + 7M. */
function xDBLADD(F: Fp2Ops, R: Slot, S: Slot, P: Slot, Q: Slot, D: Slot, a24: Slot): void {
  dblAdd(F, R, S, P, Q, D, a24, false)
}

/** The same for D with Z = 1. 4S + 6M. */
function xDBLADDNorm(F: Fp2Ops, R: Slot, S: Slot, P: Slot, Q: Slot, D: Slot, a24: Slot): void {
  dblAdd(F, R, S, P, Q, D, a24, true)
}

/**
 * 4-isogeny with kernel ⟨P⟩, [2]P ≠ (0, 0): writes (A + 2C : 4C) of the codomain to `B` and the three constants of
 * `eval4` to `K`.
 */
function iso4(F: Fp2Ops, K: Slot, B: Slot, P: Slot): void {
  const { stride: s, tmp: t1 } = F
  const t2 = t1 + s
  const t3 = t2 + s
  const t4 = t3 + s
  F.sqr(t1, P)
  F.sqr(t2, P + s)
  F.add(t3, t2, t1)
  F.sub(t4, t2, t1)
  F.mul(B, t3, t4)
  F.sqr(B + s, t2)
  F.add(K + 2 * s, P, P + s)
  F.sub(K + s, P, P + s)
  F.add(t2, t2, t2)
  F.add(K, t2, t2)
}

/** R = image of Q under the 4-isogeny with constants `K`. 2S + 6M. */
function eval4(F: Fp2Ops, R: Slot, Q: Slot, K: Slot): void {
  const { stride: s, tmp: t0 } = F
  const t1 = t0 + s
  const x = t1 + s
  const z = x + s
  F.add(t0, Q, Q + s)
  F.sub(t1, Q, Q + s)
  F.mul(x, t0, K + s)
  F.mul(z, t1, K + 2 * s)
  F.mul(t0, t0, t1)
  F.mul(t0, t0, K)
  F.add(t1, x, z)
  F.sub(z, x, z)
  F.sqr(t1, t1)
  F.sqr(z, z)
  F.add(x, t0, t1)
  F.sub(t0, t0, z)
  F.mul(R, x, t1)
  F.mul(R + s, z, t0)
}

/** (x, y, z, t) → (x+y+z+t, x−y+z−t, x+y−z−t, x−y−z+t). */
function hadamard(F: Fp2Ops, r: Slot, a: Slot): void {
  const { stride: s, tmp: t1 } = F
  const t2 = t1 + s
  const t3 = t2 + s
  const t4 = t3 + s
  F.add(t1, a, a + s)
  F.sub(t2, a, a + s)
  F.add(t3, a + 2 * s, a + 3 * s)
  F.sub(t4, a + 2 * s, a + 3 * s)
  F.add(r, t1, t3)
  F.add(r + s, t2, t4)
  F.sub(r + 2 * s, t1, t3)
  F.sub(r + 3 * s, t2, t4)
}

function square4(F: Fp2Ops, r: Slot, a: Slot): void {
  const { stride: s } = F
  for (let j = 0; j < 4; j++) F.sqr(r + j * s, a + j * s)
}

function mul4(F: Fp2Ops, r: Slot, a: Slot, b: Slot): void {
  const { stride: s } = F
  for (let j = 0; j < 4; j++) F.mul(r + j * s, a + j * s, b + j * s)
}

/** Hadamard transform of the squared coordinates. 4S. */
function squaredTheta(F: Fp2Ops, r: Slot, a: Slot): void {
  square4(F, r, a)
  hadamard(F, r, r)
}

/** (x, y, z, t) → (yzt, xzt, xyt, xyz), the projective inverse. 6M. */
function invert4(F: Fp2Ops, r: Slot, p: Slot): void {
  const { stride: s, tmp: a } = F
  const d = a + s
  const b = d + s
  const c = b + s
  F.mul(a, p, p + s)
  F.mul(d, p + 2 * s, p + 3 * s)
  F.copy(b, p)
  F.copy(c, p + 2 * s)
  F.mul(r, p + s, d)
  F.mul(r + s, b, d)
  F.mul(r + 2 * s, p + 3 * s, a)
  F.mul(r + 3 * s, c, a)
}

/** r = 2a on a theta structure given by its inverse dual and inverse squared null points. 8S + 8M. */
function thetaDBL(F: Fp2Ops, r: Slot, a: Slot, invDual: Slot, invSquared: Slot): void {
  squaredTheta(F, r, a)
  square4(F, r, r)
  mul4(F, r, r, invSquared)
  hadamard(F, r, r)
  mul4(F, r, r, invDual)
}

/** Image of `a` under a (2,2)-isogeny in the dual coordinates of its codomain. 4S + 4M. */
function thetaEval(F: Fp2Ops, r: Slot, a: Slot, invDual: Slot): void {
  squaredTheta(F, r, a)
  mul4(F, r, r, invDual)
}

/** The same for `a` given in dual coordinates. 4S + 4M. */
function thetaEvalDual(F: Fp2Ops, r: Slot, a: Slot, invDual: Slot): void {
  hadamard(F, r, a)
  squaredTheta(F, r, r)
  mul4(F, r, r, invDual)
}

/** The formulas by name, each with its number of handles. */
export const FORMULAS = {
  xDBL: [3, xDBL],
  xDBLProj: [3, xDBLProj],
  xADD: [4, xADD],
  xDBLADD: [6, xDBLADD],
  xDBLADDNorm: [6, xDBLADDNorm],
  iso4: [3, iso4],
  eval4: [3, eval4],
  hadamard: [2, hadamard],
  square4: [2, square4],
  mul4: [3, mul4],
  squaredTheta: [2, squaredTheta],
  invert4: [2, invert4],
  thetaDBL: [4, thetaDBL],
  thetaEval: [3, thetaEval],
  thetaEvalDual: [3, thetaEvalDual],
} as const satisfies Record<string, readonly [number, (F: Fp2Ops, ...handles: Slot[]) => void]>

export type FormulaName = keyof typeof FORMULAS
