/**
 * Coordinates of one torsion basis in another, by Tate pairings from cubical arithmetic (Robert, ePrint 2024/517; 2025/672)
 * and discrete logarithms in the group of 2^e-th roots of unity.
 */

import { copyPoint } from '../curve/montgomery.ts'
import { batchInvert } from '../curve/normalise.ts'
import { IsogenyError } from '../errors.ts'
import type { Fp2Engine, Slot } from '../field/engine.ts'

/** PQ ← PQ + Q, Q ← 2Q for cubical points, where P = (1 : 1/x(P)) is the difference. */
function cubicalDoubleAdd(F: Fp2Engine, PQ: Slot, Q: Slot, ixP: Slot, a24: Slot): void {
  const { stride: s, tmp: t0 } = F
  const t1 = t0 + s
  const t2 = t1 + s
  const t3 = t2 + s
  const t4 = t3 + s
  F.add(t0, PQ, PQ + s)
  F.sub(t1, PQ, PQ + s)
  F.add(t4, Q, Q + s)
  F.sub(t3, Q, Q + s)
  F.sqr(t2, t4)
  F.sqr(Q + s, t3)
  F.mul(t0, t0, t3)
  F.mul(t1, t1, t4)
  F.add(t4, t0, t1)
  F.sub(t3, t0, t1)
  F.sqr(PQ + s, t3)
  F.sqr(t4, t4)
  F.mul(PQ, ixP, t4)
  F.sub(t3, t2, Q + s)
  F.mul(Q, t2, Q + s)
  F.mul(t0, t3, a24)
  F.add(t0, t0, Q + s)
  F.mul(Q + s, t0, t3)
}

/** PQ ← PQ + Q only. */
function cubicalAdd(F: Fp2Engine, PQ: Slot, Q: Slot, ixP: Slot): void {
  const { stride: s, tmp: t0 } = F
  const t1 = t0 + s
  const t2 = t1 + s
  const t3 = t2 + s
  F.add(t0, PQ, PQ + s)
  F.sub(t1, PQ, PQ + s)
  F.add(t2, Q, Q + s)
  F.sub(t3, Q, Q + s)
  F.mul(t0, t0, t3)
  F.mul(t1, t1, t2)
  F.add(t2, t0, t1)
  F.sub(t3, t0, t1)
  F.sqr(PQ + s, t3)
  F.sqr(t2, t2)
  F.mul(PQ, ixP, t2)
}

/** P ← P + T for a point T of order 2, in cubical coordinates. */
function translate(F: Fp2Engine, P: Slot, T: Slot): void {
  const { stride: s, tmp: t } = F
  if (F.isZero(T + s)) return
  if (F.isZero(T)) {
    F.copy(t, P)
    F.copy(P, P + s)
    F.copy(P + s, t)
    return
  }
  F.mul(t, T, P)
  F.mul(t + s, T + s, P + s)
  F.mul(t + 2 * s, T + s, P)
  F.mul(t + 3 * s, T, P + s)
  F.sub(P, t, t + s)
  F.sub(P + s, t + 2 * s, t + 3 * s)
}

/** Coefficients of the quadratic equation of x(P ± Q): three slots κ00, κ01, κ11. */
function kappa(F: Fp2Engine, r: Slot, P: Slot, Q: Slot, A: Slot): void {
  const { stride: s, tmp: xx } = F
  const xz = xx + s
  const zx = xz + s
  const zz = zx + s
  F.mul(xx, P, Q)
  F.mul(xz, P, Q + s)
  F.mul(zx, P + s, Q)
  F.mul(zz, P + s, Q + s)
  F.sub(r, xx, zz)
  F.sqr(r, r)
  F.sub(r + 2 * s, xz, zx)
  F.sqr(r + 2 * s, r + 2 * s)
  F.mul(r + s, xx, zz)
  F.mul(r + s, r + s, A)
  F.add(r + s, r + s, r + s)
  F.add(xx, xx, zz)
  F.add(xz, xz, zx)
  F.mul(xx, xx, xz)
  F.add(r + s, r + s, xx)
  F.add(r + s, r + s, r + s)
}

/** x(P1 − P2) as the common root of the equations of (P1, P2) and (P1 − Q, P2 − Q). */
function sharedDifference(F: Fp2Engine, r: Slot, P1: Slot, P2: Slot, P1Q: Slot, P2Q: Slot, A: Slot): void {
  const { stride: s } = F
  const mark = F.mark()
  const k = F.alloc(7)
  const l = k + 3 * s
  const t = k + 6 * s
  kappa(F, k, P1, P2, A)
  kappa(F, l, P1Q, P2Q, A)
  F.mul(t, k + s, l)
  F.mul(r, l + s, k)
  F.sub(r, r, t)
  F.mul(t, k + 2 * s, l)
  F.mul(r + s, l + 2 * s, k)
  F.sub(r + s, r + s, t)
  F.release(mark)
}

/**
 * log_g f for g of order 2^e, given 1/g: divide and conquer on the bits.
 * @throws {IsogenyError} `ISOGENY_INTERNAL` when f is not a power of g
 */
function discreteLog(F: Fp2Engine, f: Slot, gInverse: Slot, e: number): bigint {
  const { stride: s } = F
  const mark = F.mark()
  const depth = Math.ceil(Math.log2(e)) + 2
  const fs = F.alloc(depth)
  const gs = F.alloc(depth)
  F.copy(fs, f)
  F.copy(gs, gInverse)
  const solve = (length: number, level: number): bigint => {
    const at = (level - 1) * s
    if (length === 1) {
      const isOne = F.equal(fs + at, F.one)
      if (!isOne && !F.equal(fs + at, gs + at))
        throw new IsogenyError('ISOGENY_INTERNAL', 'a pairing value is outside the expected group')
      for (let j = 0; j < level - 1; j++) {
        if (!isOne) F.mul(fs + j * s, fs + j * s, gs + j * s)
        F.sqr(gs + j * s, gs + j * s)
      }
      return isOne ? 0n : 1n
    }
    const right = length >> 1
    const left = length - right
    F.copy(fs + at + s, fs + at)
    F.copy(gs + at + s, gs + at)
    for (let j = 0; j < left; j++) {
      F.sqr(fs + at + s, fs + at + s)
      F.sqr(gs + at + s, gs + at + s)
    }
    const low = solve(right, level + 1)
    const high = solve(left, level)
    return low + (high << BigInt(right))
  }
  const log = solve(e, 1)
  F.release(mark)
  return log
}

/** [r1, r2, s1, s2] with R = 2^(f−e)([r1]P + [r2]Q), S = 2^(f−e)([s1]P + [s2]Q), up to one common sign. */
export type Coordinates = readonly [bigint, bigint, bigint, bigint]

/**
 * Coordinates of the basis (R, S) of E[2^e] in the basis (P, Q) of E[2^f], f the full exponent.
 * @param PQ, RS bases (P, Q, P − Q), six slots each
 */
export function coordinatesInBasis(F: Fp2Engine, E: Slot, PQ: Slot, RS: Slot, e: number): Coordinates {
  const { stride: s, set } = F
  const mark = F.mark()
  const a24 = E + s
  const P = F.alloc(6)
  const R = F.alloc(6)
  for (let j = 0; j < 6; j++) {
    F.copy(P + j * s, PQ + j * s)
    F.copy(R + j * s, RS + j * s)
  }
  const [Q, PmQ, S, RmS] = [P + 2 * s, P + 4 * s, R + 2 * s, R + 4 * s]
  const diff = F.alloc(8)
  const [PmR, PmS, RmQ, SmQ] = [diff, diff + 2 * s, diff + 4 * s, diff + 6 * s]

  // One choice of x(P − R); it fixes the relative sign of the two bases and with it the other three differences.
  const k = F.alloc(3)
  kappa(F, k, P, R, E)
  F.mul(PmR + s, k, k + 2 * s)
  F.add(PmR + s, PmR + s, PmR + s)
  F.add(PmR + s, PmR + s, PmR + s)
  F.sqr(PmR, k + s)
  F.sub(PmR, PmR, PmR + s)
  F.sqrt(PmR, PmR)
  F.add(PmR, k + s, PmR)
  F.add(PmR + s, k + 2 * s, k + 2 * s)
  sharedDifference(F, RmQ, R, Q, PmR, PmQ, E)
  sharedDifference(F, PmS, P, S, PmR, RmS, E)
  sharedDifference(F, SmQ, S, Q, PmS, PmQ, E)

  const inv = F.alloc(11)
  const zs = [P + s, Q + s, R + s, S + s, PmQ + s, PmR + s, PmS + s, RmQ + s, SmQ + s]
  F.copy(inv, P)
  F.copy(inv + s, Q)
  zs.forEach((z, j) => void F.copy(inv + (j + 2) * s, z))
  batchInvert(F, inv, 11)
  const ixP = F.alloc(2)
  const ixQ = ixP + s
  F.mul(ixP, P + s, inv)
  F.mul(ixQ, Q + s, inv + s)
  zs.forEach((z, j) => {
    F.mul(z - s, z - s, inv + (j + 2) * s)
    F.copy(z, F.one)
  })

  // Ladders.
  const nP = F.alloc(16)
  const [nR, nS, nPQ, PnR, PnS, nRQ, nSQ] = [1, 2, 3, 4, 5, 6, 7].map((j) => nP + 2 * j * s) as [
    Slot,
    Slot,
    Slot,
    Slot,
    Slot,
    Slot,
    Slot,
  ]
  copyPoint(F, nP, P)
  copyPoint(F, nR, R)
  copyPoint(F, nS, S)
  copyPoint(F, nPQ, PmQ)
  copyPoint(F, PnR, PmR)
  copyPoint(F, PnS, PmS)
  copyPoint(F, nRQ, RmQ)
  copyPoint(F, nSQ, SmQ)
  for (let j = 0; j < set.f - 1; j++) cubicalDoubleAdd(F, nPQ, nP, ixQ, a24)
  for (let j = 0; j < e - 1; j++) {
    cubicalAdd(F, PnR, nR, ixP)
    cubicalDoubleAdd(F, nRQ, nR, ixQ, a24)
    cubicalAdd(F, PnS, nS, ixP)
    cubicalDoubleAdd(F, nSQ, nS, ixQ, a24)
  }
  translate(F, nPQ, nP)
  translate(F, PnR, nR)
  translate(F, nRQ, nR)
  translate(F, PnS, nS)
  translate(F, nSQ, nS)
  for (const n of [nP, nR, nS]) {
    const T = F.tmp + 8 * s
    copyPoint(F, T, n)
    translate(F, n, T)
  }

  // Ratios as fractions w1/w2, reduced by (p − 1)·c·2^(f − e).
  const w = F.alloc(10)
  const ratio = (j: number, PnQ: Slot, nQ: Slot, base: Slot, inverted: boolean): void => {
    const [x, z] = inverted ? [w + (2 * j + 1) * s, w + 2 * j * s] : [w + 2 * j * s, w + (2 * j + 1) * s]
    F.mul(x, nQ, base)
    F.copy(z, PnQ)
  }
  ratio(0, nPQ, nP, Q, false)
  ratio(1, PnR, nR, P, false)
  ratio(2, nRQ, nR, Q, true)
  ratio(3, PnS, nS, P, false)
  ratio(4, nSQ, nS, Q, true)
  const num = F.alloc(5)
  const den = F.alloc(5)
  const c = F.alloc(1)
  for (let j = 0; j < 5; j++) {
    const [x, z] = [w + 2 * j * s, w + (2 * j + 1) * s]
    F.conj(c, x)
    F.mul(num + j * s, z, c)
    F.conj(c, z)
    F.mul(den + j * s, x, c)
  }
  batchInvert(F, den, 5)
  for (let j = 0; j < 5; j++) {
    const r = num + j * s
    F.mul(r, r, den + j * s)
    F.copy(c, r)
    for (const bit of set.c.toString(2).slice(1)) {
      F.sqr(r, r)
      if (bit === '1') F.mul(r, r, c)
    }
    for (let i = e; i < set.f; i++) F.sqr(r, r)
  }
  const logs = [1, 2, 3, 4].map((j) => discreteLog(F, num + j * s, num, e)) as [bigint, bigint, bigint, bigint]
  F.release(mark)
  const [r2, r1, s2, s1] = logs
  return [r1, r2, s1, s2]
}
