// Module "ed25519": verification under the rules of ZIP-215: 8·(s·B − k·A − R) = 0 with s < ℓ, A and R any encodings of points on the
// curve, non-canonical ones and points of small order included. The equation is cofactored, so single and batch agree.
// Twisted Edwards curve −x² + y² = 1 + d·x²·y² in extended coordinates (Hisil, Wong, Carter, Dawson: eprint 2008/522, §3.1 and §3.3);
// the addition is complete because d is no square. Two lanes throughout.
import { add, freeze, fromWords, mul, negateIf, spread, sqr, sub, w0, w1, w2, w3 } from './field-ed25519'
import { copyLane, gather, loadPacked, storePacked } from './lanes'
import { addScalar, isBelowOrder, multiplyScalar, recode, reduceWide } from './ed25519-scalar'
import { sha512After64 } from './sha512'

/** X, Y, Z, T. */
const POINT: usize = 320
const ONE: usize = memory.data(80, 16)
const D: usize = memory.data(80, 16)
const D2: usize = memory.data(80, 16)
const SQRT_M1: usize = memory.data(80, 16)
const T0: usize = memory.data(80, 16)
const T1: usize = memory.data(80, 16)
const T2: usize = memory.data(80, 16)
const T3: usize = memory.data(80, 16)
const T4: usize = memory.data(80, 16)
const T5: usize = memory.data(80, 16)

function isZero(a: usize, lane: usize): bool {
  freeze(a, lane)
  return (w0 | w1 | w2 | w3) == 0
}

function isOdd(a: usize, lane: usize): bool {
  freeze(a, lane)
  return (w0 & 1) != 0
}

function neutral(p: usize): void {
  memory.fill(p, 0, POINT)
  memory.copy(p + 80, ONE, 80)
  memory.copy(p + 160, ONE, 80)
}

/** P += Q, where Q is given as y + x, y − x, 2dxy and 2z. */
function addCached(p: usize, sum: usize, difference: usize, product: usize, twoZ: usize): void {
  const X = p, Y = p + 80, Z = p + 160, T = p + 240
  sub(T0, Y, X)
  add(T1, Y, X)
  mul(T0, T0, difference)
  mul(T1, T1, sum)
  mul(T2, T, product)
  mul(T3, Z, twoZ)
  finishAddition(X, Y, Z, T)
}

/** P += Q, an affine Q: y + x, y − x, 2dxy. */
function addAffine(p: usize, sum: usize, difference: usize, product: usize): void {
  const X = p, Y = p + 80, Z = p + 160, T = p + 240
  sub(T0, Y, X)
  add(T1, Y, X)
  mul(T0, T0, difference)
  mul(T1, T1, sum)
  mul(T2, T, product)
  add(T3, Z, Z)
  finishAddition(X, Y, Z, T)
}

@inline function finishAddition(X: usize, Y: usize, Z: usize, T: usize): void {
  sub(T4, T1, T0)
  sub(T5, T3, T2)
  add(T3, T3, T2)
  add(T1, T1, T0)
  mul(X, T4, T5)
  mul(Y, T3, T1)
  mul(Z, T5, T3)
  mul(T, T4, T1)
}

const CACHED: usize = memory.data(320, 16)

/** q (y + x, y − x, 2dxy·z, 2z) from an extended point. */
function cache(q: usize, p: usize): void {
  add(q, p + 80, p)
  sub(q + 80, p + 80, p)
  mul(q + 160, p + 240, D2)
  add(q + 240, p + 160, p + 160)
}

function addPoint(p: usize, q: usize): void {
  cache(CACHED, q)
  addCached(p, CACHED, CACHED + 80, CACHED + 160, CACHED + 240)
}

function doublePoint(p: usize): void {
  const X = p, Y = p + 80, Z = p + 160, T = p + 240
  sqr(T0, X)
  sqr(T1, Y)
  sqr(T2, Z)
  add(T2, T2, T2)
  add(T3, X, Y)
  sqr(T3, T3)
  add(T4, T0, T1)
  sub(T3, T4, T3)
  sub(T5, T0, T1)
  add(T2, T2, T5)
  mul(X, T3, T2)
  mul(Y, T5, T4)
  mul(T, T3, T4)
  mul(Z, T2, T5)
}

function squarings(r: usize, a: usize, count: i32): void {
  sqr(r, a)
  for (let i = 1; i < count; i++) sqr(r, r)
}

const E0: usize = memory.data(80, 16)
const E1: usize = memory.data(80, 16)
const E2: usize = memory.data(80, 16)

/** r = a^((p−5)/8) = a^(2^252 − 3). r ≠ a. */
function powerForRoot(r: usize, a: usize): void {
  sqr(E0, a)
  squarings(E1, E0, 2)
  mul(E1, a, E1)
  mul(E0, E0, E1)
  sqr(E0, E0)
  mul(E0, E1, E0) // 2^5 − 1
  squarings(E1, E0, 5)
  mul(E0, E1, E0)
  squarings(E1, E0, 10)
  mul(E1, E1, E0)
  squarings(E2, E1, 20)
  mul(E1, E2, E1)
  squarings(E1, E1, 10)
  mul(E0, E1, E0) // 2^50 − 1
  squarings(E1, E0, 50)
  mul(E1, E1, E0)
  squarings(E2, E1, 100)
  mul(E1, E2, E1)
  squarings(E1, E1, 50)
  mul(E0, E1, E0) // 2^250 − 1
  squarings(E0, E0, 2)
  mul(r, E0, a)
}

const X: usize = memory.data(80, 16)
const Y: usize = memory.data(80, 16)
const U: usize = memory.data(80, 16)
const V: usize = memory.data(80, 16)
const V3: usize = memory.data(80, 16)
const CHECK: usize = memory.data(80, 16)
const OTHER: usize = memory.data(80, 16)

/**
 * Decodes two encodings (RFC 8032 §5.1.3, but any 255-bit y and any sign of x = 0, as ZIP-215 has it) into packed affine points
 * (y + x, y − x, 2dxy: 120 bytes). Bit l of the result: lane l is on the curve.
 */
function decode(from0: usize, from1: usize, to0: usize, to1: usize): i32 {
  fromWords(Y, 0, load<u64>(from0), load<u64>(from0, 8), load<u64>(from0, 16), load<u64>(from0, 24) & 0x7fffffffffffffff)
  fromWords(Y, 1, load<u64>(from1), load<u64>(from1, 8), load<u64>(from1, 16), load<u64>(from1, 24) & 0x7fffffffffffffff)
  sqr(U, Y)
  mul(V, U, D)
  sub(U, U, ONE)
  add(V, V, ONE)
  // x = u·v³·(u·v⁷)^((p−5)/8), a root of u/v or of −u/v when either exists
  sqr(V3, V)
  mul(V3, V3, V)
  sqr(CHECK, V3)
  mul(CHECK, CHECK, V)
  mul(CHECK, CHECK, U)
  powerForRoot(X, CHECK)
  mul(X, X, V3)
  mul(X, X, U)
  sqr(CHECK, X)
  mul(CHECK, CHECK, V)
  sub(V3, CHECK, U)
  add(CHECK, CHECK, U)
  mul(OTHER, X, SQRT_M1)
  let onCurve: i32 = 0
  for (let lane: usize = 0; lane < 2; lane++) {
    if (isZero(V3, lane)) onCurve |= 1 << <i32>lane
    else if (isZero(CHECK, lane)) {
      onCurve |= 1 << <i32>lane
      copyLane(X, OTHER, lane, 80)
    }
  }
  const flip0 = isOdd(X, 0) != (load<u8>(from0, 31) >> 7 != 0)
  const flip1 = isOdd(X, 1) != (load<u8>(from1, 31) >> 7 != 0)
  negateIf(X, X, flip0, flip1)
  add(U, Y, X)
  sub(V, Y, X)
  mul(CHECK, X, Y)
  mul(CHECK, CHECK, D2)
  storePacked(U, to0, to1, 5)
  storePacked(V, to0 + 40, to1 + 40, 5)
  storePacked(CHECK, to0 + 80, to1 + 80, 5)
  return onCurve
}

// Items and records

/** R (32) ‖ A (32) ‖ s (32) ‖ message address (4) ‖ length (4) ‖ malformed (4) ‖ padding (4). */
const ITEM: usize = 112
/** R packed (120) ‖ A packed (120) ‖ s (32) ‖ k (32) ‖ state (8). */
const RECORD: usize = 312
const DIGEST: usize = memory.data(64, 16)
const BASE: usize = memory.data(120, 16)
const BASE_ENCODED: usize = memory.data<u64>([0x6666666666666658, 0x6666666666666666, 0x6666666666666666, 0x6666666666666666])

/** Records of `count` items; state 1 is fit for checking, 0 invalid. */
export function prepareEd25519(items: usize, count: i32, records: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const item = items + i * ITEM
    const record = records + i * RECORD
    store<u64>(record, 0, 304)
    if (load<u32>(item, 104) != 0 || !isBelowOrder(item + 64)) continue
    if (decode(item, item + 32, record, record + 120) != 3) continue
    memory.copy(record + 240, item + 64, 32)
    sha512After64(item, <usize>load<u32>(item, 96), <usize>load<u32>(item, 100), DIGEST)
    reduceWide(record + 272, DIGEST)
    store<u64>(record, 1, 304)
  }
}

export function recordState(records: usize, i: i32): u32 {
  return load<u32>(records + <usize>i * RECORD, 304)
}

// Batch: Σ w·(k·A + R) − (Σ w·s)·B, times 8. Scalars of A and B have 253 bits, those of R 128: the terms of A come first, and the
// upper windows look at them alone.

const P: usize = memory.data(320, 16)
const Q: usize = memory.data(240, 16)
const RUNNING: usize = memory.data(320, 16)
const SUM: usize = memory.data(320, 16)
/** 256 bits in windows of at least 4. */
const WINDOWS: usize = memory.data(33 * 320, 16)
const BUCKETS: usize = memory.data(129 * 320, 16)
const W: usize = memory.data(32, 16)
const PRODUCT: usize = memory.data(32, 16)
const TOTAL: usize = memory.data(32, 16)

/** Bytes for the digits of `count` items. */
export function batchScratch(count: i32): usize {
  return <usize>(2 * count + 1) * 2 * 66 + 64
}

/** As checkBatch of secp256k1-verify.ts. */
export function checkBatch(records: usize, list: usize, count: i32, weights: usize, scratch: usize): bool {
  const long = count + 1
  const all = long + count
  const bits: i32 = count < 24 ? 4 : count < 60 ? 5 : count < 200 ? 6 : count < 500 ? 7 : 8
  const windows = (253 / bits + 2) & ~1
  const short = (128 / bits + 2) & ~1
  const stride = <usize>all << 1
  memory.fill(TOTAL, 0, 32)
  for (let i: usize = 0; i < <usize>count; i++) {
    const record = records + <usize>load<u32>(list + (i << 2)) * RECORD
    memory.fill(W, 0, 32)
    memory.copy(W, weights + i * 16, 16)
    multiplyScalar(PRODUCT, W, record + 272)
    recode(scratch + (i << 1), stride, PRODUCT, 8, bits, windows, false)
    recode(scratch + ((<usize>long + i) << 1), stride, W, 4, bits, short, false)
    multiplyScalar(PRODUCT, W, record + 240)
    addScalar(TOTAL, TOTAL, PRODUCT)
  }
  recode(scratch + (<usize>count << 1), stride, TOTAL, 8, bits, windows, true)
  const pairs = windows >> 1
  for (let k = 0; k < pairs; k++)
    windowPair(records, list, count, 2 * k < short ? all : long, bits, scratch + <usize>k * 2 * stride, stride, WINDOWS + <usize>k * POINT)
  neutral(SUM)
  for (let k = pairs - 1; k >= 0; k--) {
    for (let lane: usize = 2; lane > 0; lane--) {
      for (let s = 0; s < bits; s++) doublePoint(SUM)
      const from = WINDOWS + <usize>k * POINT + ((lane - 1) << 3)
      for (let i: usize = 0; i < POINT; i += 16) {
        store<u64>(P + i, load<u64>(from + i))
        store<u64>(P + i, load<u64>(from + i), 8)
      }
      addPoint(SUM, P)
    }
  }
  return isTorsion(SUM, 0)
}

/** 8·P = 0. */
function isTorsion(p: usize, lane: usize): bool {
  for (let i = 0; i < 3; i++) doublePoint(p)
  sub(T0, p + 80, p + 160)
  return isZero(p, lane) && isZero(T0, lane)
}

function windowPair(records: usize, list: usize, count: i32, terms: i32, bits: i32, row0: usize, stride: usize, out: usize): void {
  const last: usize = 1 << (bits - 1)
  const row1 = row0 + stride
  for (let j: usize = 0; j <= last; j++) neutral2(BUCKETS + j * 320)
  for (let i = 0; i < terms; i++) {
    const d0: i32 = load<i16>(row0 + (<usize>i << 1)), d1: i32 = load<i16>(row1 + (<usize>i << 1))
    if ((d0 | d1) == 0) continue
    let point: usize = BASE
    if (i < count) point = records + <usize>load<u32>(list + (<usize>i << 2)) * RECORD + 120
    else if (i > count) point = records + <usize>load<u32>(list + (<usize>(i - count - 1) << 2)) * RECORD
    const b0 = BUCKETS + <usize>(d0 < 0 ? -d0 : d0) * 320
    const b1 = BUCKETS + <usize>(d1 < 0 ? -d1 : d1) * 320 + 160
    // −P exchanges y + x with y − x and negates 2dxy.
    loadPacked(Q, d0 < 0 ? point + 40 : point, d1 < 0 ? point + 40 : point, 5)
    loadPacked(Q + 80, d0 < 0 ? point : point + 40, d1 < 0 ? point : point + 40, 5)
    spread(Q + 160, point + 80, d0 < 0, d1 < 0)
    loadPacked(P, b0, b1, 20)
    addAffine(P, Q, Q + 80, Q + 160)
    storePacked(P, b0, b1, 20)
  }
  neutral(RUNNING)
  neutral(out)
  for (let j = last; j > 0; j--) {
    loadPacked(P, BUCKETS + j * 320, BUCKETS + j * 320 + 160, 20)
    addPoint(RUNNING, P)
    addPoint(out, RUNNING)
  }
}

/** The neutral point, packed, for both lanes of a bucket. */
function neutral2(bucket: usize): void {
  memory.fill(bucket, 0, 320)
  for (let lane: usize = 0; lane < 320; lane += 160) {
    for (let k: usize = 0; k < 40; k += 8) {
      store<u64>(bucket + lane + 40 + k, load<u64>(ONE + 2 * k))
      store<u64>(bucket + lane + 80 + k, load<u64>(ONE + 2 * k))
    }
  }
}

// Singly, two lanes: s·B − k·A − R. Digits of k in 51 windows of 5 bits, of s in 26 of 10 bits from a fixed table.

const TABLE: usize = memory.data(17 * 320, 16)
/** y + x, y − x, 2dxy, packed, of 1·B … 512·B. */
const BASE_TABLE: usize = memory.data(512 * 120, 16)
const DIGITS: usize = memory.data(2 * 160, 16)
const ACC: usize = memory.data(320, 16)
const SAVED: usize = memory.data(320, 16)

/** As in secp256k1-verify.ts, without need of a scratch area; the records must be of state 1. */
export function checkMany(records: usize, list: usize, count: i32, scratch: usize): void {
  for (let i = 0; i < count; i += 2) {
    const entry = list + (<usize>i << 2)
    const first = load<u32>(entry)
    const both = i + 1 < count
    const bits = checkPair(records + <usize>first * RECORD, records + <usize>(both ? load<u32>(entry, 4) : first) * RECORD)
    store<u32>(entry, bits & 1)
    if (both) store<u32>(entry, bits >> 1, 4)
  }
}

/** Bit 0: the first record holds, bit 1: the second. */
function checkPair(r0: usize, r1: usize): u32 {
  for (let lane: usize = 0; lane < 2; lane++) {
    const record = lane ? r1 : r0
    recode(DIGITS + lane * 160, 2, record + 272, 8, 5, 51, true)
    recode(DIGITS + lane * 160 + 102, 2, record + 240, 8, 10, 26, false)
  }
  // Multiples 0 … 16 of A in cached form; entry 1 from the affine point: 2z = 2.
  const A = TABLE + 320
  memory.fill(TABLE, 0, 320)
  memory.copy(TABLE, ONE, 80)
  memory.copy(TABLE + 80, ONE, 80)
  add(TABLE + 240, ONE, ONE)
  loadPacked(A, r0 + 120, r1 + 120, 15)
  add(A + 240, ONE, ONE)
  neutral(P)
  for (let m: usize = 1; m <= 16; m++) {
    addAffine(P, A, A + 80, A + 160)
    if (m > 1) cache(TABLE + m * 320, P)
  }
  neutral(ACC)
  for (let step = 50; step >= 0; step--) {
    if (step != 50) for (let s = 0; s < 5; s++) doublePoint(ACC)
    const d0: i32 = load<i16>(DIGITS + (<usize>step << 1)), d1: i32 = load<i16>(DIGITS + 160 + (<usize>step << 1))
    const p0 = TABLE + <usize>(d0 < 0 ? -d0 : d0) * 320, p1 = TABLE + <usize>(d1 < 0 ? -d1 : d1) * 320
    gather(Q, d0 < 0 ? p0 + 80 : p0, d1 < 0 ? p1 + 80 : p1)
    gather(Q + 80, d0 < 0 ? p0 : p0 + 80, d1 < 0 ? p1 : p1 + 80)
    gather(Q + 160, p0 + 160, p1 + 160)
    negateIf(Q + 160, Q + 160, d0 < 0, d1 < 0)
    gather(P, p0 + 240, p1 + 240)
    addCached(ACC, Q, Q + 80, Q + 160, P)
    if ((step & 1) == 0) addBase(step >> 1)
  }
  // − R
  loadPacked(Q + 80, r0, r1, 5)
  loadPacked(Q, r0 + 40, r1 + 40, 5)
  loadPacked(Q + 160, r0 + 80, r1 + 80, 5)
  negateIf(Q + 160, Q + 160, true, true)
  addAffine(ACC, Q, Q + 80, Q + 160)
  memory.copy(SAVED, ACC, 320)
  const first = isTorsion(ACC, 0)
  memory.copy(ACC, SAVED, 320)
  return (first ? 1 : 0) | (isTorsion(ACC, 1) ? 2 : 0)
}

function addBase(step: i32): void {
  const d0: i32 = load<i16>(DIGITS + 102 + (<usize>step << 1)), d1: i32 = load<i16>(DIGITS + 262 + (<usize>step << 1))
  if ((d0 | d1) == 0) return
  const a0 = <usize>(d0 < 0 ? -d0 : d0), a1 = <usize>(d1 < 0 ? -d1 : d1)
  const p0 = BASE_TABLE + (a0 ? a0 - 1 : 0) * 120, p1 = BASE_TABLE + (a1 ? a1 - 1 : 0) * 120
  loadPacked(Q, d0 < 0 ? p0 + 40 : p0, d1 < 0 ? p1 + 40 : p1, 5)
  loadPacked(Q + 80, d0 < 0 ? p0 : p0 + 40, d1 < 0 ? p1 : p1 + 40, 5)
  loadPacked(Q + 160, p0 + 80, p1 + 80, 5)
  negateIf(Q + 160, Q + 160, d0 < 0, d1 < 0)
  const oneIdle = a0 == 0 || a1 == 0
  if (oneIdle) memory.copy(SAVED, ACC, 320)
  addAffine(ACC, Q, Q + 80, Q + 160)
  if (oneIdle) copyLane(ACC, SAVED, a0 == 0 ? 0 : 1, 320)
}

/** r = a⁻¹ = a^(2^255 − 21). r ≠ a. */
function invert(r: usize, a: usize): void {
  powerForRoot(r, a) // 2^252 − 3
  squarings(r, r, 3) // 2^255 − 24
  mul(r, r, a)
  mul(r, r, a)
  mul(r, r, a)
}

export function init(): void {
  for (let lane: usize = 0; lane < 2; lane++) {
    fromWords(ONE, lane, 1, 0, 0, 0)
    fromWords(D, lane, 0x75eb4dca135978a3, 0x00700a4d4141d8ab, 0x8cc740797779e898, 0x52036cee2b6ffe73)
    fromWords(SQRT_M1, lane, 0xc4ee1b274a0ea0b0, 0x2f431806ad2fe478, 0x2b4d00993dfbd7a7, 0x2b8324804fc1df0b)
  }
  add(D2, D, D)
  decode(BASE_ENCODED, BASE_ENCODED, BASE, BASE)
  neutral(ACC)
  loadPacked(Q, BASE, BASE, 15)
  for (let m: usize = 0; m < 512; m++) {
    addAffine(ACC, Q, Q + 80, Q + 160)
    invert(U, ACC + 160)
    mul(X, ACC, U)
    mul(Y, ACC + 80, U)
    add(U, Y, X)
    sub(V, Y, X)
    mul(CHECK, X, Y)
    mul(CHECK, CHECK, D2)
    const entry = BASE_TABLE + m * 120
    storePacked(U, entry, entry, 5)
    storePacked(V, entry + 40, entry + 40, 5)
    storePacked(CHECK, entry + 80, entry + 80, 5)
  }
}

export function heapBase(): usize {
  return __heap_base
}
