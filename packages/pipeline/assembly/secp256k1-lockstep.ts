// g·G + k·P for many pairs of lanes in lockstep, by the combs of secp256k1-comb.ts in affine coordinates: an addition takes a division, but all
// pairs stand at the same column and share one inversion (Montgomery's trick: three multiplications each), and with it an addition
// takes six multiplications where the complete projective formulas take twelve.
// Affine formulas have exceptions: a zero denominator (equal or opposite points, which only somebody who aims at them will meet) expels its
// lane, and the caller computes it anew with complete formulas. So no sum is ever infinity.
import { add, mul, mul3, negateIf, sqr, sub } from './field-secp256k1'
import { BETA, ELEMENT, isZero, ONE } from './secp256k1-point'
import { BASE_COMB, COLUMNS, combDigits, DIGITS_BASE, DIGITS_BYTES, DIGITS_LAMBDA, MAKE_BYTES, TABLE_BYTES } from './secp256k1-comb'
import { inverses } from './inverses'
import { copyElement, copyLane, loadPacked } from './lanes'

/** More pairs would leave the second-level cache. */
export const MOST_PAIRS: i32 = 256
/** An affine point of two lanes: x, y. */
const AFFINE: usize = 160
const ENTRY: usize = 80
/** Regions of the area, a point a pair in each, so that what is read together lies together; 192 bytes keep them off each other's sets. */
const ACC: usize = 0
const TERM: usize = ACC + 256 * AFFINE + 192
const SUM: usize = TERM + 256 * AFFINE + 192
const NEXT: usize = SUM + 256 * AFFINE + 192
/** Two denominators a pair, and their inverses. */
const DENOMINATORS: usize = NEXT + 256 * AFFINE + 192
const INVERSES: usize = DENOMINATORS + 512 * ELEMENT + 192
const DIGITS: usize = INVERSES + 512 * ELEMENT + 192
/** The addresses of the tables, an item each. */
const TABLES: usize = DIGITS + 512 * DIGITS_BYTES
/** A byte a pair, a bit for each lane. */
const EXPELLED: usize = TABLES + 512 * 4
/** Bytes of the area, for as many pairs as may be. */
const AREA_BYTES: usize = EXPELLED + 256

/** Fewer items do not share an inversion often enough. */
export const LEAST_TOGETHER: i32 = 32
/** Of a caller's scratch: tables made for the call, which point and table each is for (`makeTables`), what making them takes, and the area. */
export const JOBS: usize = 512 * TABLE_BYTES
export const MAKE: usize = JOBS + 512 * 8
export const AREA: usize = MAKE + MAKE_BYTES
/** Bytes of that scratch. */
export const LOCKSTEP_BYTES: usize = AREA + AREA_BYTES

let area: usize = 0

const T0: usize = memory.data(80, 16)
const T1: usize = memory.data(80, 16)
const T2: usize = memory.data(80, 16)

/** Where the pairs live from now on: `AREA_BYTES`. */
export function beginLockstep(at: usize): void {
  area = at
  memory.fill(area + EXPELLED, 0, 256)
}

/** Sets item i, lane i & 1 of pair i >> 1: words of g and k, below n, and the table of P. */
export function setItem(i: i32, g: usize, k: usize, table: usize): void {
  combDigits(area + DIGITS + <usize>i * DIGITS_BYTES, g, k)
  store<u32>(area + TABLES + (<usize>i << 2), <u32>table)
}

/** Item i once more as the last one, where the number of items is odd. */
export function repeatItem(i: i32): void {
  const digits = area + DIGITS + <usize>i * DIGITS_BYTES
  memory.copy(digits + DIGITS_BYTES, digits, DIGITS_BYTES)
  const table = area + TABLES + (<usize>i << 2)
  store<u32>(table, load<u32>(table), 4)
}

/** Where the result of a pair stands. */
export function pairResult(p: i32): usize {
  return pointOf(ACC, p)
}

/** Lanes that were not computed. */
export function isPairExpelled(p: i32, lane: i32): bool {
  return (load<u8>(area + EXPELLED + p) & (1 << lane)) != 0
}

/**
 * The results of pairs 0 … count − 1 become g·G + k·P. Column c adds W(c) = S(c) + G(c), where S is the sum of the terms of P and λP; W and the S of the
 * column after go along with what the accumulator does, so a column takes two rounds.
 */
export function multiplyMany(count: i32): void {
  beginSums(count, SUM, COLUMNS - 1)
  divide(count, count)
  for (let p = 0; p < count; p++) finishAdd(p, 0, SUM, TERM)
  for (let p = 0; p < count; p++) beginBase(p, 0, SUM, COLUMNS - 1)
  divide(count, count)
  for (let p = 0; p < count; p++) finishAdd(p, 0, SUM, TERM)
  memory.copy(area + ACC, area + SUM, <usize>count * AFFINE)
  beginSums(count, SUM, COLUMNS - 2)
  divide(count, count)
  for (let p = 0; p < count; p++) finishAdd(p, 0, SUM, TERM)
  let sum = SUM, next = NEXT
  for (let c = COLUMNS - 2; c >= 0; c--) {
    for (let p = 0; p < count; p++) {
      beginBase(p, 0, sum, c)
      const y = pointOf(ACC, p) + 80
      add(slot(DENOMINATORS, count + p), y, y)
    }
    divide(count, 2 * count)
    for (let p = 0; p < count; p++) {
      finishAdd(p, 0, sum, TERM)
      doubleWith(pointOf(ACC, p), slot(INVERSES, count + p))
    }
    for (let p = 0; p < count; p++) sub(slot(DENOMINATORS, count + p), pointOf(sum, p), pointOf(ACC, p))
    if (c > 0) {
      beginSums(count, next, c - 1)
      divide(count, 2 * count)
      for (let p = 0; p < count; p++) finishAdd(p, 0, next, TERM)
    } else {
      memory.copy(area + DENOMINATORS, area + DENOMINATORS + <usize>count * ELEMENT, <usize>count * ELEMENT)
      divide(count, count)
      memory.copy(area + INVERSES + <usize>count * ELEMENT, area + INVERSES, <usize>count * ELEMENT)
    }
    for (let p = 0; p < count; p++) finishAdd(p, count, ACC, sum)
    const swapped = sum
    sum = next
    next = swapped
  }
}

@inline function pointOf(region: usize, p: i32): usize {
  return area + region + <usize>p * AFFINE
}

@inline function slot(region: usize, i: i32): usize {
  return area + region + <usize>i * ELEMENT
}

/** Loads the terms of P and λP at a column into `region` and TERM, and their denominators. */
function beginSums(count: i32, region: usize, column: i32): void {
  for (let p = 0; p < count; p++) {
    const digits = area + DIGITS + <usize>(2 * p) * DIGITS_BYTES + column
    const tables = area + TABLES + (<usize>p << 3)
    const table0 = <usize>load<u32>(tables), table1 = <usize>load<u32>(tables, 4)
    const sum = pointOf(region, p), term = pointOf(TERM, p)
    loadDigits(sum, table0, table1, load<u8>(digits), load<u8>(digits + DIGITS_BYTES))
    loadDigits(term, table0, table1, load<u8>(digits, DIGITS_LAMBDA), load<u8>(digits + DIGITS_BYTES, DIGITS_LAMBDA))
    mul(term, term, BETA)
    sub(slot(DENOMINATORS, p), term, sum)
  }
}

@inline function loadDigits(to: usize, table0: usize, table1: usize, d0: u32, d1: u32): void {
  loadPacked(to, table0 + (d0 & 15) * ENTRY, table1 + (d1 & 15) * ENTRY, 10)
  negateIf(to + 80, to + 80, d0 > 127, d1 > 127)
}

/** Loads the term of G at a column into TERM, and the denominator of adding it to `region`. */
function beginBase(p: i32, at: i32, region: usize, column: i32): void {
  const digits = area + DIGITS + <usize>(2 * p) * DIGITS_BYTES + DIGITS_BASE + (<usize>column << 1)
  const d0 = <u32>load<u16>(digits), d1 = <u32>load<u16>(digits + DIGITS_BYTES)
  const term = pointOf(TERM, p)
  loadPacked(term, BASE_COMB + (d0 & 511) * ENTRY, BASE_COMB + (d1 & 511) * ENTRY, 10)
  negateIf(term + 80, term + 80, d0 > 511, d1 > 511)
  sub(slot(DENOMINATORS, at + p), term, pointOf(region, p))
}

/** Inverts the first `size` denominators, one or two rows of `count` pairs. A lane with nothing to divide by takes part with 1 and is expelled. */
function divide(count: i32, size: i32): void {
  if (inverses(area + DENOMINATORS, area + INVERSES, size)) return
  for (let i = 0; i < size; i++) {
    for (let lane: usize = 0; lane < 2; lane++) {
      if (!isZero(slot(DENOMINATORS, i), lane)) continue
      copyLane(slot(DENOMINATORS, i), ONE, lane, ELEMENT)
      const p = i % count
      store<u8>(area + EXPELLED + p, load<u8>(area + EXPELLED + p) | (1 << <u8>lane))
    }
  }
  inverses(area + DENOMINATORS, area + INVERSES, size)
}

/** a += b, given the inverse at `at` + p. */
@inline function finishAdd(p: i32, at: i32, a: usize, b: usize): void {
  const point = pointOf(a, p), other = pointOf(b, p)
  sub(T0, other + 80, point + 80)
  mul(T0, T0, slot(INVERSES, at + p))
  chord(point, other)
}

/** P = 2P, given 1 / 2y. */
function doubleWith(p: usize, inverse: usize): void {
  sqr(T0, p)
  mul3(T0, T0)
  mul(T0, T0, inverse)
  chord(p, p)
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
