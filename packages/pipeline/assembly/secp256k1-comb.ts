// Fixed combs (Lim and Lee; all digits ±1 as in Hedabou, Pinel, Bénéteau: eprint 2004/342): a scalar of 26 · t bits is read as a matrix of t rows;
// a column selects one entry ±B[t−1] ± … ± B[0] of the table, B[j] = 2^(26j)·P. So g·G + k·P takes 25 doublings and three additions a
// column: k is split by λ into two halves of 130 bits (t = 5, sixteen entries for each P), g has 260 bits (t = 10, 512 entries of G).
// Every digit is odd, so no column is empty. An entry is x and y of one lane, packed: 80 bytes.
import { mul, negateIf, sqr, sub } from './field-secp256k1'
import { addPoint, doublePoint, ELEMENT, ONE, parseElement, POINT } from './secp256k1-point'
import { GENERATOR, normalizeAll } from './secp256k1-multiply'
import { copyElement, loadPacked, storePacked } from './lanes'
import { inverses } from './inverses'
import { splitScalar } from './secp256k1-scalar'

export const COLUMNS: i32 = 26
const ENTRY: usize = 80
/** An affine point of two lanes. */
const AFFINE: usize = 160
/** The table of one point. */
export const TABLE_BYTES: usize = 16 * ENTRY
const BASE_TEETH: i32 = 10
const BASE_ENTRIES: i32 = 512
export const BASE_COMB: usize = memory.data(512 * 80, 16)

/** Digits of an item: an index and a sign (bit 7) for P, then for λP, a byte a column; then for G, two bytes (bit 15). */
export const DIGITS_BYTES: usize = 104
export const DIGITS_LAMBDA: usize = 26
export const DIGITS_BASE: usize = 52

/** Fills the table of G: B[9] − B[8] − … − B[0], then 2·B[j] more for each bit j of the index. `scratch`: 512 · 320 bytes. */
export function initBaseComb(scratch: usize): void {
  for (let lane: usize = 0; lane < 2; lane++) {
    parseElement(POWER, lane, GENERATOR)
    parseElement(POWER + 80, lane, GENERATOR + 32)
  }
  copyElement(POWER + 160, ONE)
  for (let j = 0; j < BASE_TEETH - 1; j++) {
    copyPoint(TEETH + <usize>j * POINT, POWER)
    for (let i = 0; i < COLUMNS; i++) doublePoint(POWER)
  }
  copyPoint(scratch, POWER)
  for (let j = 0; j < BASE_TEETH - 1; j++) {
    const tooth = TEETH + <usize>j * POINT
    copyPoint(POWER, tooth)
    negateIf(POWER + 80, POWER + 80, true, true)
    addPoint(scratch, POWER)
    doublePoint(tooth)
  }
  for (let i: usize = 1; i < <usize>BASE_ENTRIES; i++) {
    const entry = scratch + i * 320
    copyPoint(entry, scratch + (i & (i - 1)) * 320)
    addPoint(entry, TEETH + <usize>ctz(i) * POINT)
  }
  normalizeAll(scratch, 320, BASE_ENTRIES)
  for (let i: usize = 0; i < <usize>BASE_ENTRIES; i++) {
    for (let k: usize = 0; k < 10; k++) store<u64>(BASE_COMB + i * ENTRY + 8 * k, load<u64>(scratch + i * 320 + 16 * k))
  }
}

const POWER: usize = memory.data(240, 16)
const TEETH: usize = memory.data(9 * 240, 16)

function copyPoint(r: usize, a: usize): void {
  for (let k: usize = 0; k < POINT; k += ELEMENT) copyElement(r + k, a + k)
}

/** Pairs of points whose tables are made at a time: what they need stays in the cache, and they share inversions. */
const TABLE_PAIRS: i32 = 32
/** Of a pair: B[1] … B[4] (320 bytes each, see normalizeAll), P, four sums of two teeth, eight of four, an entry and its mirror. */
const PAIR_TEETH: usize = 0
const PAIR_POINT: usize = PAIR_TEETH + 4 * 320
const PAIR_TWO: usize = PAIR_POINT + AFFINE
const PAIR_FOUR: usize = PAIR_TWO + 4 * AFFINE
const PAIR_BYTES: usize = PAIR_FOUR + 8 * AFFINE
const PAIRS_BYTES: usize = 32 * PAIR_BYTES
const INVERSES: usize = 32 * 8 * ELEMENT
/** Bytes of scratch for `makeTables`. */
export const MAKE_BYTES: usize = PAIRS_BYTES + 2 * INVERSES

const MADE: usize = memory.data(160, 16)
const MIRRORED: usize = memory.data(160, 16)
const SLOPE: usize = memory.data(80, 16)
const SQUARE: usize = memory.data(80, 16)
const RISE: usize = memory.data(80, 16)

/**
 * Tables of `count` points. `jobs`: for each, the address of the point (packed x, y) and that of its table, both u32. No point may be infinity.
 * No denominator is zero: the summands are different small multiples of a point of prime order.
 */
export function makeTables(jobs: usize, count: i32, scratch: usize): void {
  for (let done = 0; done < count; done += 2 * TABLE_PAIRS) makeSome(jobs + (<usize>done << 3), min(count - done, 2 * TABLE_PAIRS), scratch)
}

function makeSome(jobs: usize, count: i32, scratch: usize): void {
  const pairs = (count + 1) >> 1
  const denominators = scratch + PAIRS_BYTES
  const inverted = denominators + INVERSES
  // The teeth, affine: they lie one after another, so that all share an inversion.
  const teeth = scratch
  const others = scratch + <usize>pairs * 4 * 320
  for (let p = 0; p < pairs; p++) {
    const point = pointOf(others, p)
    loadPacked(point, job(jobs, count, 2 * p, 0), job(jobs, count, 2 * p + 1, 0), 10)
    let tooth = teeth + <usize>p * 4 * 320
    copyElement(tooth, point)
    copyElement(tooth + 80, point + 80)
    copyElement(tooth + 160, ONE)
    for (let j = 0; j < 4; j++) {
      if (j > 0) copyPoint(tooth, tooth - 320)
      for (let i = 0; i < COLUMNS; i++) doublePoint(tooth)
      tooth += 320
    }
  }
  normalizeAll(teeth, 320, 4 * pairs)
  // B1 ± B0, B3 ± B2.
  for (let p = 0; p < pairs; p++) {
    const b = teeth + <usize>p * 4 * 320
    sub(denominators + <usize>(2 * p) * ELEMENT, pointOf(others, p), b)
    sub(denominators + <usize>(2 * p + 1) * ELEMENT, b + 320, b + 640)
  }
  inverses(denominators, inverted, 2 * pairs)
  for (let p = 0; p < pairs; p++) {
    const b = teeth + <usize>p * 4 * 320
    const two = twoOf(others, p)
    sumAndDifference(two, two + AFFINE, b, pointOf(others, p), inverted + <usize>(2 * p) * ELEMENT)
    sumAndDifference(two + 2 * AFFINE, two + 3 * AFFINE, b + 640, b + 320, inverted + <usize>(2 * p + 1) * ELEMENT)
  }
  // (B3 ± B2) ± (B1 ± B0).
  for (let p = 0; p < pairs; p++) {
    const two = twoOf(others, p)
    for (let i: usize = 0; i < 4; i++)
      sub(denominators + (<usize>(4 * p) + i) * ELEMENT, two + (i & 1) * AFFINE, two + (2 + (i >> 1)) * AFFINE)
  }
  inverses(denominators, inverted, 4 * pairs)
  for (let p = 0; p < pairs; p++) {
    const two = twoOf(others, p), four = fourOf(others, p)
    for (let i: usize = 0; i < 4; i++)
      sumAndDifference(
        four + 2 * i * AFFINE, four + (2 * i + 1) * AFFINE, two + (2 + (i >> 1)) * AFFINE, two + (i & 1) * AFFINE,
        inverted + (<usize>(4 * p) + i) * ELEMENT,
      )
  }
  // B4 ± each of these.
  for (let p = 0; p < pairs; p++) {
    const top = teeth + (<usize>p * 4 + 3) * 320, four = fourOf(others, p)
    for (let i: usize = 0; i < 8; i++) sub(denominators + (<usize>(8 * p) + i) * ELEMENT, four + i * AFFINE, top)
  }
  inverses(denominators, inverted, 8 * pairs)
  for (let p = 0; p < pairs; p++) {
    const top = teeth + (<usize>p * 4 + 3) * 320, four = fourOf(others, p)
    const t0 = job(jobs, count, 2 * p, 4), t1 = job(jobs, count, 2 * p + 1, 4)
    for (let i: usize = 0; i < 8; i++) {
      // i: bit 2: B3 − B2; bit 1: C is B1 − B0; bit 0: C is subtracted. As signs of B0 … B3, a set bit is plus:
      const sign2: usize = i & 4 ? 0 : 4
      const c: usize = i & 2 ? 2 : 3
      const index = 8 | sign2 | (i & 1 ? c ^ 3 : c)
      sumAndDifference(MADE, MIRRORED, top, four + i * AFFINE, inverted + (<usize>(8 * p) + i) * ELEMENT)
      storePacked(MADE, t0 + index * ENTRY, t1 + index * ENTRY, 10)
      storePacked(MIRRORED, t0 + (15 ^ index) * ENTRY, t1 + (15 ^ index) * ENTRY, 10)
    }
  }
}

/** The address in a job; an odd count's last one stands in both lanes. */
@inline function job(jobs: usize, count: i32, i: i32, offset: usize): usize {
  return <usize>load<u32>(jobs + (<usize>min(i, count - 1) << 3) + offset)
}

@inline function pointOf(others: usize, p: i32): usize {
  return others + <usize>p * (PAIR_BYTES - PAIR_POINT)
}

@inline function twoOf(others: usize, p: i32): usize {
  return pointOf(others, p) + (PAIR_TWO - PAIR_POINT)
}

@inline function fourOf(others: usize, p: i32): usize {
  return pointOf(others, p) + (PAIR_FOUR - PAIR_POINT)
}

/** sum = A + B and difference = A − B (x, y of two lanes each), given 1 / (x_B − x_A). */
function sumAndDifference(sum: usize, difference: usize, a: usize, b: usize, inverse: usize): void {
  sub(RISE, b + 80, a + 80)
  third(sum, a, b, inverse)
  negateIf(RISE, b + 80, true, true)
  sub(RISE, RISE, a + 80)
  third(difference, a, b, inverse)
}

/** The point on the line of slope RISE · inverse through A and one of x_B, mirrored. */
function third(r: usize, a: usize, b: usize, inverse: usize): void {
  mul(SLOPE, RISE, inverse)
  sqr(SQUARE, SLOPE)
  sub(SQUARE, SQUARE, a)
  sub(r, SQUARE, b)
  sub(SQUARE, a, r)
  mul(SQUARE, SQUARE, SLOPE)
  sub(r + 80, SQUARE, a + 80)
}

const HALVES: usize = memory.data(64, 16)
/** (a1, b1) and (a2, b2) of the lattice, 192 bits, two's complement; parities (1, 1) and (0, 1). */
const V1: usize = memory.data<u64>([
  0xe86c90e49284eb15, 0x3086d221a7d46bcd, 0,
  0x90ab8056f5401b3d, 0x1bbc8129fef177d7, 0xffffffffffffffff,
])
const V2: usize = memory.data<u64>([
  0x57c1108d9d44cfd8, 0x14ca50f7a8e2f3f6, 1,
  0xe86c90e49284eb15, 0x3086d221a7d46bcd, 0,
])
const ORDER: usize = memory.data<u64>([0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff])
const SUM: usize = memory.data(40, 16)

/** r (three words) += s · v, s = ±1. */
function addVector(r: usize, v: usize, minus: bool): void {
  let carry: u64 = minus ? 1 : 0
  const flip: u64 = minus ? u64.MAX_VALUE : 0
  for (let i: usize = 0; i < 24; i += 8) {
    const x = load<u64>(r + i), y = load<u64>(v + i) ^ flip
    const t: u64 = x + y
    const u: u64 = t + carry
    carry = <u64>(t < x) | <u64>(u < t)
    store<u64>(r + i, u)
  }
}

/** r = −r, three words. */
function negateWide(r: usize): void {
  let carry: u64 = 1
  for (let i: usize = 0; i < 24; i += 8) {
    const t: u64 = ~load<u64>(r + i)
    const u: u64 = t + carry
    carry = <u64>(u < t)
    store<u64>(r + i, u)
  }
}

/**
 * Digits of g·G + k·P at `out`; g and k below n. The halves of k are both made odd by adding lattice vectors, against the sign of the first, which
 * keeps them below 2^130: |k1| < 2^128 becomes at most a1 + a2 < 2^129, |k2| < 2^128 at most 2^128 + |b1| + b2 < 2^130. An even g becomes g + n.
 */
export function combDigits(out: usize, g: usize, k: usize): void {
  const signs = splitScalar(HALVES, k)
  if (signs & 1) negateWide(HALVES)
  if (signs & 2) negateWide(HALVES + 32)
  if ((load<u32>(HALVES) & 1) == 0) shift(V1)
  if ((load<u32>(HALVES, 32) & 1) == 0) shift(V2)
  combOfHalf(out, HALVES)
  combOfHalf(out + DIGITS_LAMBDA, HALVES + 32)
  combOfBase(out + DIGITS_BASE, g)
}

function shift(v: usize): void {
  const minus = <i64>load<u64>(HALVES, 16) >= 0
  addVector(HALVES, v, minus)
  addVector(HALVES + 32, v + 24, minus)
}

/** Digits ±1 at places i of an odd k: bits of (k + 2^130 − 1) / 2, plus where set. */
function combOfHalf(out: usize, k: usize): void {
  // + 2^130 − 1; the lowest word of an odd number does not borrow.
  const w0: u64 = load<u64>(k) - 1, w1: u64 = load<u64>(k, 8), w2: u64 = load<u64>(k, 16) + 4
  const l0: u64 = (w0 >> 1) | (w1 << 63), l1: u64 = (w1 >> 1) | (w2 << 63), l2: u64 = w2 >> 1
  const r0 = <u32>l0 & 0x3ffffff
  const r1 = <u32>(l0 >> 26) & 0x3ffffff
  const r2 = <u32>((l0 >> 52) | (l1 << 12)) & 0x3ffffff
  const r3 = <u32>(l1 >> 14) & 0x3ffffff
  const r4 = <u32>((l1 >> 40) | (l2 << 24)) & 0x3ffffff
  for (let c = 0; c < COLUMNS; c++) {
    const index = ((r0 >> c) & 1) | (((r1 >> c) & 1) << 1) | (((r2 >> c) & 1) << 2) | (((r3 >> c) & 1) << 3)
    // A minus at the top: the mirrored entry.
    const minus = ((r4 >> c) & 1) ^ 1
    store<u8>(out + c, <u8>((index ^ (minus * 15)) | (minus << 7)))
  }
}

const ROWS: usize = memory.data(40, 16)

function combOfBase(out: usize, g: usize): void {
  const odd = (load<u32>(g) & 1) != 0
  let carry: u64 = 0
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(g + i)
    const t: u64 = x + (odd ? 0 : load<u64>(ORDER + i))
    const u: u64 = t + carry
    carry = <u64>(t < x) | <u64>(u < t)
    store<u64>(SUM + i, u)
  }
  // + 2^260 − 1, halved.
  store<u64>(SUM, load<u64>(SUM) - 1)
  store<u64>(SUM, carry + 16, 32)
  for (let i: usize = 0; i < 40; i += 8) {
    const next: u64 = i < 32 ? load<u64>(SUM + i, 8) : 0
    store<u64>(SUM + i, (load<u64>(SUM + i) >> 1) | (next << 63))
  }
  for (let j = 0; j < BASE_TEETH; j++) {
    const at = 26 * j, word = <usize>(at >> 6) << 3, bit = at & 63
    let row: u64 = load<u64>(SUM + word) >> bit
    if (bit > 38) row |= load<u64>(SUM + word, 8) << (64 - bit)
    store<u32>(ROWS + (<usize>j << 2), <u32>row & 0x3ffffff)
  }
  for (let c = 0; c < COLUMNS; c++) {
    let index: u32 = 0
    for (let j = 0; j < BASE_TEETH - 1; j++) index |= ((load<u32>(ROWS + (<usize>j << 2)) >> c) & 1) << j
    const minus = ((load<u32>(ROWS, 36) >> c) & 1) ^ 1
    store<u16>(out + (<usize>c << 1), <u16>((index ^ (minus * 511)) | (minus << 15)))
  }
}
