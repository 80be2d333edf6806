// g·G + k·P for many pairs of lanes in lockstep, in affine coordinates: an addition takes a division, but all pairs that stand at the same
// step share one inversion (Montgomery's trick: three multiplications each), and with it an addition takes six multiplications
// where the complete projective formulas take twelve. Pays from some 64 pairs on.
// Affine formulas have exceptions. Infinity is kept as a flag; a zero denominator (equal or opposite points, which only somebody who aims
// at them will meet) expels its lane: the caller computes it anew with complete formulas.
import { add, mul, mul3, negateIf, sqr, sub } from './field-secp256k1'
import { BETA, ELEMENT, invert, isZero, ONE } from './secp256k1-point'
import { BASE_TABLE, DIGITS, setScalars } from './secp256k1-multiply'
import { copyElement, copyLane, gather, loadPacked } from './lanes'

/** More pairs would leave the second-level cache. */
export const MOST_PAIRS: i32 = 256
/** An affine point of two lanes: x, y. */
const AFFINE: usize = 160
/** P, 2P … 16P. */
const TABLE_BYTES: usize = 16 * AFFINE
const DIGITS_LANE: usize = 3 * 26 * 2
/** Regions of the area, an element a pair in each, so that what is read together lies together; 192 bytes keep them off each other's sets. */
const ACC: usize = 0
const SUM: usize = ACC + 256 * AFFINE + 192
const TERM: usize = SUM + 256 * AFFINE + 192
const BASE: usize = TERM + 256 * AFFINE + 192
const BASE_TERM: usize = BASE + 256 * AFFINE + 192
/** Three denominators a round at most, and in PRE the products of those before them, then their inverses. */
const SLOT: usize = 256 * ELEMENT + 192
const DEN: usize = BASE_TERM + 256 * AFFINE + 192
const PRE: usize = DEN + 3 * SLOT
const TABLE: usize = PRE + 3 * SLOT
/** As `setScalars` leaves them. */
const PAIR_DIGITS: usize = TABLE + 256 * TABLE_BYTES + 192
/** A byte a pair, a bit for each lane: which points are infinity, and which lanes were expelled. */
const ACC_INFINITE: usize = PAIR_DIGITS + 256 * 2 * DIGITS_LANE
const SUM_INFINITE: usize = ACC_INFINITE + 256
const TERM_INFINITE: usize = SUM_INFINITE + 256
const BASE_INFINITE: usize = TERM_INFINITE + 256
const BASE_TERM_INFINITE: usize = BASE_INFINITE + 256
const EXPELLED: usize = BASE_TERM_INFINITE + 256
/** Bytes of the area, for as many pairs as may be. */
export const AREA_BYTES: usize = EXPELLED + 256

let area: usize = 0

const STEPS: i32 = 26
const BASE_STEPS: i32 = 13
const WINDOW: i32 = 5

const RUN: usize = memory.data(80, 16)
const INVERSE: usize = memory.data(80, 16)
const T0: usize = memory.data(80, 16)
const T1: usize = memory.data(80, 16)
const T2: usize = memory.data(80, 16)
const SAVED: usize = memory.data(160, 16)

/** Where the pairs live from now on: `AREA_BYTES`. */
export function beginLockstep(at: usize): void {
  area = at
  memory.fill(area + ACC_INFINITE, 0, 6 * 256)
}

/** Where the caller puts the two lanes of P: x, then y. */
export function pairPoint(p: i32): usize {
  return area + TABLE + <usize>p * TABLE_BYTES
}

/** Where the result stands. */
export function pairResult(p: i32): usize {
  return area + ACC + <usize>p * AFFINE
}

/** Sets the scalars of both lanes: words of g and k, below n. */
export function setPair(p: i32, g0: usize, k0: usize, g1: usize, k1: usize): void {
  setScalars(0, g0, k0)
  setScalars(1, g1, k1)
  memory.copy(area + PAIR_DIGITS + <usize>p * 2 * DIGITS_LANE, DIGITS, 2 * DIGITS_LANE)
}

/** Lanes whose result is infinity. */
export function isPairInfinite(p: i32, lane: i32): bool {
  return (load<u8>(area + ACC_INFINITE + p) & (1 << lane)) != 0
}

/** Lanes that were not computed. */
export function isPairExpelled(p: i32, lane: i32): bool {
  return (load<u8>(area + EXPELLED + p) & (1 << lane)) != 0
}

/** The results of pairs 0 … count − 1 become g·G + k·P. */
export function multiplyMany(count: i32): void {
  makeTables(count)
  for (let i = STEPS - 1; i >= 0; i--) {
    const first = i == STEPS - 1
    const withBase = (i & 1) == 0
    // The first doubling goes along with the sums of this step's terms, the second with the sum of the sums.
    for (let p = 0; p < count; p++) {
      loadTerm(p, SUM, SUM_INFINITE, 0, i)
      loadTerm(p, TERM, TERM_INFINITE, 1, i)
      addDenominator(p, 1, SUM, TERM, SUM_INFINITE, TERM_INFINITE)
      if (withBase) {
        loadBase(p, BASE, BASE_INFINITE, 0, i >> 1)
        loadBase(p, BASE_TERM, BASE_TERM_INFINITE, 1, i >> 1)
        addDenominator(p, 2, BASE, BASE_TERM, BASE_INFINITE, BASE_TERM_INFINITE)
      }
      if (!first) doubleDenominator(p)
    }
    invertAll(count, first ? 1 : 0, withBase ? 3 : 2)
    for (let p = 0; p < count; p++) {
      finishAdd(p, 1, SUM, TERM, SUM_INFINITE, TERM_INFINITE)
      if (withBase) finishAdd(p, 2, BASE, BASE_TERM, BASE_INFINITE, BASE_TERM_INFINITE)
      if (!first) finishDouble(p)
    }
    if (first) {
      // No terms of G here: the highest step is odd.
      memory.copy(area + ACC, area + SUM, <usize>count * AFFINE)
      memory.copy(area + ACC_INFINITE, area + SUM_INFINITE, count)
      continue
    }
    for (let doubling = 1; doubling < WINDOW; doubling++) {
      const sums = withBase && doubling == 1
      for (let p = 0; p < count; p++) {
        if (sums) addDenominator(p, 1, SUM, BASE, SUM_INFINITE, BASE_INFINITE)
        doubleDenominator(p)
      }
      invertAll(count, 0, sums ? 2 : 1)
      for (let p = 0; p < count; p++) {
        if (sums) finishAdd(p, 1, SUM, BASE, SUM_INFINITE, BASE_INFINITE)
        finishDouble(p)
      }
    }
    for (let p = 0; p < count; p++) addDenominator(p, 0, ACC, SUM, ACC_INFINITE, SUM_INFINITE)
    invertAll(count, 0, 1)
    for (let p = 0; p < count; p++) finishAdd(p, 0, ACC, SUM, ACC_INFINITE, SUM_INFINITE)
  }
}

/** P doubled, then P added until 16P. */
function makeTables(count: i32): void {
  for (let m: usize = 1; m < 16; m++) {
    for (let p = 0; p < count; p++) {
      const entry = pairPoint(p) + m * AFFINE
      memory.copy(entry, entry - AFFINE, AFFINE)
      if (m == 1) add(slotOf(DEN, 0, p), entry + 80, entry + 80)
      else sub(slotOf(DEN, 0, p), pairPoint(p), entry)
    }
    invertAll(count, 0, 1)
    for (let p = 0; p < count; p++) {
      const entry = pairPoint(p) + m * AFFINE
      if (m == 1) doubleWith(entry, slotOf(PRE, 0, p))
      else addWith(entry, pairPoint(p), slotOf(PRE, 0, p))
    }
  }
}

@inline function pointOf(region: usize, p: i32): usize {
  return area + region + <usize>p * AFFINE
}

@inline function slotOf(region: usize, slot: usize, p: i32): usize {
  return area + region + slot * SLOT + <usize>p * ELEMENT
}

@inline function flags(region: usize, p: i32): u8 {
  return load<u8>(area + region + p)
}

@inline function digit(p: i32, lane: usize, row: usize, i: i32): i32 {
  return <i32>load<i16>(area + PAIR_DIGITS + <usize>p * 2 * DIGITS_LANE + lane * DIGITS_LANE + row * 52 + (<usize>i << 1))
}

@inline function absolute(x: i32): usize {
  return <usize>(x < 0 ? -x : x)
}

@inline function zeroLanes(d0: i32, d1: i32): u32 {
  return (d0 == 0 ? 1 : 0) | (d1 == 0 ? 2 : 0)
}

/** The multiple of P (row 0) or λP (row 1) that step i asks for; of a zero digit P itself, flagged as infinity. */
function loadTerm(p: i32, region: usize, infinite: usize, row: usize, i: i32): void {
  const d0 = digit(p, 0, row, i), d1 = digit(p, 1, row, i)
  const a0 = absolute(d0), a1 = absolute(d1)
  const p0 = pairPoint(p) + (a0 ? a0 - 1 : 0) * AFFINE, p1 = pairPoint(p) + (a1 ? a1 - 1 : 0) * AFFINE
  const to = pointOf(region, p)
  gather(to, p0, p1)
  gather(to + 80, p0 + 80, p1 + 80)
  if (row == 1) mul(to, to, BETA)
  negateIf(to + 80, to + 80, d0 < 0, d1 < 0)
  store<u8>(area + infinite + p, zeroLanes(d0, d1))
}

/** The multiple of G (table 0) or 2^130·G (table 1). */
function loadBase(p: i32, region: usize, infinite: usize, table: usize, i: i32): void {
  const d0 = digit(p, 0, 2, i + <i32>table * BASE_STEPS), d1 = digit(p, 1, 2, i + <i32>table * BASE_STEPS)
  const a0 = absolute(d0), a1 = absolute(d1)
  const start = BASE_TABLE + table * 512 * 80
  const p0 = start + (a0 ? a0 - 1 : 0) * 80, p1 = start + (a1 ? a1 - 1 : 0) * 80
  const to = pointOf(region, p)
  loadPacked(to, p0, p1, 10)
  negateIf(to + 80, to + 80, d0 < 0, d1 < 0)
  store<u8>(area + infinite + p, zeroLanes(d0, d1))
}

/** A lane with nothing to divide by takes part with 1. */
@inline function unless(denominator: usize, lanes: u32): void {
  if (lanes & 1) copyLane(denominator, ONE, 0, ELEMENT)
  if (lanes & 2) copyLane(denominator, ONE, 1, ELEMENT)
}

@inline function doubleDenominator(p: i32): void {
  const y = pointOf(ACC, p) + 80
  add(slotOf(DEN, 0, p), y, y)
  unless(slotOf(DEN, 0, p), flags(ACC_INFINITE, p))
}

@inline function addDenominator(p: i32, slot: usize, a: usize, b: usize, aInfinite: usize, bInfinite: usize): void {
  sub(slotOf(DEN, slot, p), pointOf(b, p), pointOf(a, p))
  unless(slotOf(DEN, slot, p), flags(aInfinite, p) | flags(bInfinite, p))
}

/** Puts the inverses of denominators `from` … `to` − 1 of all pairs into their PRE. */
function invertAll(count: i32, from: usize, to: usize): void {
  multiplyUp(count, from, to)
  const zero0 = isZero(RUN, 0), zero1 = isZero(RUN, 1)
  if (zero0 || zero1) {
    if (zero0) expel(count, from, to, 0)
    if (zero1) expel(count, from, to, 1)
    multiplyUp(count, from, to)
  }
  invert(INVERSE, RUN)
  for (let slot = to; slot > from; slot--) {
    for (let p = count - 1; p >= 0; p--) {
      const pre = slotOf(PRE, slot - 1, p)
      mul(pre, pre, INVERSE)
      mul(INVERSE, INVERSE, slotOf(DEN, slot - 1, p))
    }
  }
}

function multiplyUp(count: i32, from: usize, to: usize): void {
  copyElement(RUN, ONE)
  for (let slot = from; slot < to; slot++) {
    for (let p = 0; p < count; p++) {
      copyElement(slotOf(PRE, slot, p), RUN)
      mul(RUN, RUN, slotOf(DEN, slot, p))
    }
  }
}

/** Replaces the zero denominators of a lane by 1 and remembers that what follows from them is wrong. */
function expel(count: i32, from: usize, to: usize, lane: usize): void {
  for (let slot = from; slot < to; slot++) {
    for (let p = 0; p < count; p++) {
      if (!isZero(slotOf(DEN, slot, p), lane)) continue
      copyLane(slotOf(DEN, slot, p), ONE, lane, ELEMENT)
      store<u8>(area + EXPELLED + p, flags(EXPELLED, p) | (1 << <u8>lane))
    }
  }
}

/** What stands in a lane of infinity has no meaning, before and after. */
@inline function finishDouble(p: i32): void {
  doubleWith(pointOf(ACC, p), slotOf(PRE, 0, p))
}

/** a += b. */
@inline function finishAdd(p: i32, slot: usize, a: usize, b: usize, aInfinite: usize, bInfinite: usize): void {
  const left = flags(aInfinite, p), right = flags(bInfinite, p)
  const point = pointOf(a, p)
  if (left | right) memory.copy(SAVED, point, AFFINE)
  addWith(point, pointOf(b, p), slotOf(PRE, slot, p))
  if ((left | right) == 0) return
  for (let lane: usize = 0; lane < 2; lane++) {
    const bit: u8 = 1 << <u8>lane
    if (left & bit) copyLane(point, pointOf(b, p), lane, AFFINE)
    else if (right & bit) copyLane(point, SAVED, lane, AFFINE)
  }
  store<u8>(area + aInfinite + p, left & right)
}

/** P = 2P, given 1 / 2y. */
function doubleWith(p: usize, inverse: usize): void {
  sqr(T0, p)
  mul3(T0, T0)
  mul(T0, T0, inverse)
  chord(p, p)
}

/** P += Q, given 1 / (x_Q − x_P). */
function addWith(p: usize, q: usize, inverse: usize): void {
  sub(T0, q + 80, p + 80)
  mul(T0, T0, inverse)
  chord(p, q)
}

/** The third point on the line of slope T0 through P and Q, mirrored, in the place of P. */
function chord(p: usize, q: usize): void {
  sqr(T1, T0)
  sub(T1, T1, p)
  sub(T1, T1, q)
  sub(T2, p, T1)
  mul(T2, T2, T0)
  sub(p + 80, T2, p + 80)
  copyElement(p, T1)
}
