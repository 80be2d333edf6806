// Points of y² = x³ + 7 in projective coordinates, two lanes at once. Complete formulas (Renes, Costello, Batina: eprint 2015/1060,
// algorithms 7, 8 and 9 with b3 = 21): no exceptional inputs, so repeated points, opposite points and infinity need no cases.
// An element takes 80 bytes (two lanes), a point X, Y, Z 240. One lane of an element, packed, takes 40 bytes.
import { add, freeze, fromWords, mul, mul21, mul3, sqr, sub, w0, w1, w2, w3 } from './field-secp256k1'

export const ELEMENT: usize = 80
export const POINT: usize = 240

const T0: usize = memory.data(80, 16)
const T1: usize = memory.data(80, 16)
const T2: usize = memory.data(80, 16)
const T3: usize = memory.data(80, 16)
const T4: usize = memory.data(80, 16)
const T5: usize = memory.data(80, 16)
const X3: usize = memory.data(80, 16)
const Y3: usize = memory.data(80, 16)
const Z3: usize = memory.data(80, 16)
export const ONE: usize = memory.data(80, 16)
export const BETA: usize = memory.data(80, 16)
const SEVEN: usize = memory.data(80, 16)

export function initPoint(): void {
  for (let lane: usize = 0; lane < 2; lane++) {
    fromWords(ONE, lane, 1, 0, 0, 0)
    fromWords(SEVEN, lane, 7, 0, 0, 0)
    // A cube root of one: (βx, y) = λ(x, y).
    fromWords(BETA, lane, 0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710)
  }
}

export function isZero(a: usize, lane: usize): bool {
  freeze(a, lane)
  return (w0 | w1 | w2 | w3) == 0
}

export function infinity(p: usize): void {
  memory.fill(p, 0, POINT)
  memory.copy(p + ELEMENT, ONE, ELEMENT)
}

/** P += (x, y), affine. */
export function addAffine(p: usize, x: usize, y: usize): void {
  const X = p, Y = p + 80, Z = p + 160
  mul(T0, X, x)
  mul(T1, Y, y)
  add(T3, x, y)
  add(T4, X, Y)
  mul(T3, T3, T4)
  add(T4, T0, T1)
  sub(T3, T3, T4)
  mul(T4, y, Z)
  add(T4, T4, Y)
  mul(T5, x, Z)
  add(T5, T5, X)
  mul3(T0, T0)
  mul21(T2, Z)
  add(Z3, T1, T2)
  sub(T1, T1, T2)
  mul21(T5, T5)
  mul(X3, T4, T5)
  mul(T2, T3, T1)
  sub(X, T2, X3)
  mul(T5, T5, T0)
  mul(T1, T1, Z3)
  add(Y, T1, T5)
  mul(T0, T0, T3)
  mul(Z3, Z3, T4)
  add(Z, Z3, T0)
}

/** P += Q. */
export function addPoint(p: usize, q: usize): void {
  addPoints(p, q, q + 80, q + 160)
}

/** P += (X2 : Y2 : Z2). */
export function addPoints(p: usize, X2: usize, Y2: usize, Z2: usize): void {
  const X1 = p, Y1 = p + 80, Z1 = p + 160
  mul(T0, X1, X2)
  mul(T1, Y1, Y2)
  mul(T2, Z1, Z2)
  add(T3, X1, Y1)
  add(T4, X2, Y2)
  mul(T3, T3, T4)
  add(T4, T0, T1)
  sub(T3, T3, T4)
  add(T4, Y1, Z1)
  add(X3, Y2, Z2)
  mul(T4, T4, X3)
  add(X3, T1, T2)
  sub(T4, T4, X3)
  add(X3, X1, Z1)
  add(Y3, X2, Z2)
  mul(X3, X3, Y3)
  add(Y3, T0, T2)
  sub(Y3, X3, Y3)
  mul3(T0, T0)
  mul21(T2, T2)
  add(Z3, T1, T2)
  sub(T1, T1, T2)
  mul21(Y3, Y3)
  mul(X3, T4, Y3)
  mul(T2, T3, T1)
  sub(X1, T2, X3)
  mul(Y3, Y3, T0)
  mul(T1, T1, Z3)
  add(Y1, T1, Y3)
  mul(T0, T0, T3)
  mul(Z3, Z3, T4)
  add(Z1, Z3, T0)
}

/** P = 2P. */
export function doublePoint(p: usize): void {
  const X = p, Y = p + 80, Z = p + 160
  sqr(T0, Y)
  add(Z3, T0, T0)
  add(Z3, Z3, Z3)
  add(Z3, Z3, Z3)
  mul(T1, Y, Z)
  sqr(T2, Z)
  mul21(T2, T2)
  mul(X3, T2, Z3)
  add(Y3, T0, T2)
  mul(Z, T1, Z3)
  mul3(T2, T2)
  sub(T0, T0, T2)
  mul(Y3, T0, Y3)
  mul(T1, X, Y)
  add(Y, X3, Y3)
  mul(X3, T0, T1)
  add(X, X3, X3)
}

function squarings(r: usize, a: usize, count: i32): void {
  sqr(r, a)
  for (let i = 1; i < count; i++) sqr(r, r)
}

const E2: usize = memory.data(80, 16)
const E3: usize = memory.data(80, 16)
const E22: usize = memory.data(80, 16)
const EA: usize = memory.data(80, 16)
const EB: usize = memory.data(80, 16)

/** r = a^(2^223 − 1), the common head of square root and inverse; leaves a^(2^2 − 1) in E2, a^(2^22 − 1) in E22. r ≠ a. */
function powerHead(r: usize, a: usize): void {
  sqr(E2, a)
  mul(E2, E2, a)
  sqr(E3, E2)
  mul(E3, E3, a)
  squarings(EA, E3, 3)
  mul(EA, EA, E3) // 2^6 − 1
  squarings(EA, EA, 3)
  mul(EA, EA, E3) // 2^9 − 1
  squarings(EA, EA, 2)
  mul(EA, EA, E2) // 2^11 − 1
  squarings(E22, EA, 11)
  mul(E22, E22, EA) // 2^22 − 1
  squarings(EA, E22, 22)
  mul(EA, EA, E22) // 2^44 − 1
  squarings(EB, EA, 44)
  mul(EB, EB, EA) // 2^88 − 1
  squarings(r, EB, 88)
  mul(r, r, EB) // 2^176 − 1
  squarings(r, r, 44)
  mul(r, r, EA) // 2^220 − 1
  squarings(r, r, 3)
  mul(r, r, E3) // 2^223 − 1
}

/** r = a^(p−2): the inverse, 0 for 0. r ≠ a. */
export function invert(r: usize, a: usize): void {
  powerHead(r, a)
  squarings(r, r, 23)
  mul(r, r, E22)
  squarings(r, r, 5)
  mul(r, r, a)
  squarings(r, r, 3)
  mul(r, r, E2)
  squarings(r, r, 2)
  mul(r, r, a)
}

const RHS: usize = memory.data(80, 16)
const CHECK: usize = memory.data(80, 16)

/** y with y² = x³ + 7, by the power (p+1)/4. Bit l of the result is set when lane l has such a y. y ≠ x. */
export function liftX(y: usize, x: usize): i32 {
  sqr(RHS, x)
  mul(RHS, RHS, x)
  add(RHS, RHS, SEVEN)
  powerHead(y, RHS)
  squarings(y, y, 23)
  mul(y, y, E22)
  squarings(y, y, 6)
  mul(y, y, E2)
  squarings(y, y, 2)
  sqr(CHECK, y)
  sub(CHECK, CHECK, RHS)
  return (isZero(CHECK, 0) ? 1 : 0) | (isZero(CHECK, 1) ? 2 : 0)
}

/** True when the canonical value of a lane is odd. */
export function isOdd(a: usize, lane: usize): bool {
  freeze(a, lane)
  return (w0 & 1) != 0
}

/** A 32-byte big-endian number into one lane. False, and 0 stored, when it is not below p. */
export function parseElement(a: usize, lane: usize, p: usize): bool {
  const v3 = bswap<u64>(load<u64>(p)), v2 = bswap<u64>(load<u64>(p, 8)), v1 = bswap<u64>(load<u64>(p, 16)), v0 = bswap<u64>(load<u64>(p, 24))
  if ((v3 & v2 & v1) == u64.MAX_VALUE && v0 >= 0xfffffffefffffc2f) {
    fromWords(a, lane, 0, 0, 0, 0)
    return false
  }
  fromWords(a, lane, v0, v1, v2, v3)
  return true
}

/** The canonical value of a lane as 32 bytes, big endian. */
export function writeElement(p: usize, a: usize, lane: usize): void {
  freeze(a, lane)
  store<u64>(p, bswap<u64>(w3), 0)
  store<u64>(p, bswap<u64>(w2), 8)
  store<u64>(p, bswap<u64>(w1), 16)
  store<u64>(p, bswap<u64>(w0), 24)
}
