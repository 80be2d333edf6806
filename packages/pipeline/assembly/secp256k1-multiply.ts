// g·G + k·P for two lanes at once: 130 doublings, digits of k (split by λ) in windows of 5 bits from a table of multiples of P,
// digits of g in windows of 10 bits from two fixed tables, of G and of 2^130·G, so that both share the doublings.
import { mul, negateIf } from './field-secp256k1'
import { addAffine, addPoints, addPoint, BETA, doublePoint, ELEMENT, infinity, invert, ONE, parseElement, POINT } from './secp256k1-point'
import { copyLane, gather, loadPacked } from './lanes'
import { recode, splitScalar } from './secp256k1-scalar'

const WINDOW: i32 = 5
const STEPS: i32 = 26
const ENTRIES: i32 = 16
const BASE_WINDOW: i32 = 10
const BASE_STEPS: i32 = 13
const BASE_ENTRIES: i32 = 512

/** Multiples 1 … 512 of G, then of 2^130·G; an entry is x and y, packed: 80 bytes. */
const BASE_TABLE: usize = memory.data(2 * 512 * 80, 16)
/** Multiples 0 … 16 of P, two lanes; behind them βX of each. */
const TABLE: usize = memory.data(17 * 240, 16)
const BETA_TABLE: usize = memory.data(17 * 80, 16)
/** For making fixed tables. */
export const SCRATCH: usize = memory.data(512 * 320, 16)
export const GENERATOR: usize = memory.data<u8>([
  0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59,
  0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98, 0x48, 0x3a, 0xda, 0x77, 0x26, 0xa3, 0xc4, 0x65, 0x5d, 0xa4, 0xfb, 0xfc, 0x0e, 0x11, 0x08, 0xa8, 0xfd, 0x17,
  0xb4, 0x48, 0xa6, 0x85, 0x54, 0x19, 0x9c, 0x47, 0xd0, 0x8f, 0xfb, 0x10, 0xd4, 0xb8,
])
const X: usize = memory.data(80, 16)
const Y: usize = memory.data(80, 16)
const INVERSE: usize = memory.data(80, 16)
const STEP: usize = memory.data(80, 16)
const SAVED: usize = memory.data(240, 16)

/** Per lane: 26 digits of k1, 26 of k2, 26 of g (13 for each table), i16. */
const DIGITS: usize = memory.data(2 * 3 * 26 * 2, 16)
const DIGITS_LANE: usize = 3 * 26 * 2
const HALVES: usize = memory.data(64, 16)

/** Fills the fixed tables: lane 0 works on G, lane 1 on 2^130·G. */
export function initTables(): void {
  const P = SAVED
  for (let lane: usize = 0; lane < 2; lane++) {
    parseElement(P, lane, GENERATOR)
    parseElement(P + 80, lane, GENERATOR + 32)
  }
  memory.copy(P + 160, ONE, 80)
  memory.copy(SCRATCH, P, POINT)
  for (let i = 0; i < 130; i++) doublePoint(P)
  copyLane(SCRATCH, P, 1, POINT)
  for (let i: usize = 1; i < 512; i++) {
    memory.copy(SCRATCH + i * 320, SCRATCH + (i - 1) * 320, POINT)
    addPoint(SCRATCH + i * 320, SCRATCH)
  }
  normalizeAll(SCRATCH, 320, 512)
  for (let i: usize = 0; i < 512; i++) {
    for (let k: usize = 0; k < 10; k++) {
      store<u64>(BASE_TABLE + i * 80 + 8 * k, load<u64>(SCRATCH + i * 320 + 16 * k))
      store<u64>(BASE_TABLE + (512 + i) * 80 + 8 * k, load<u64>(SCRATCH + i * 320 + 16 * k, 8))
    }
  }
}

/**
 * Makes `count` points of `stride` ≥ 320 bytes affine with one inversion (Montgomery's trick); bytes 240 … 319 of each are scratch.
 * No Z may be zero.
 */
export function normalizeAll(points: usize, stride: usize, count: i32): void {
  memory.copy(points + 240, points + 160, ELEMENT)
  for (let i: usize = 1; i < <usize>count; i++) mul(points + i * stride + 240, points + (i - 1) * stride + 240, points + i * stride + 160)
  invert(INVERSE, points + <usize>(count - 1) * stride + 240)
  for (let i = count - 1; i >= 0; i--) {
    const p = points + <usize>i * stride
    if (i > 0) mul(STEP, INVERSE, p - stride + 240)
    else memory.copy(STEP, INVERSE, ELEMENT)
    mul(INVERSE, INVERSE, p + 160)
    mul(p, p, STEP)
    mul(p + 80, p + 80, STEP)
    memory.copy(p + 160, ONE, ELEMENT)
  }
}

/** Sets the scalars of a lane: words of g and k, below n. */
export function setScalars(lane: usize, g: usize, k: usize): void {
  const digits = DIGITS + lane * DIGITS_LANE
  const signs = splitScalar(HALVES, k)
  recode(digits, 2, HALVES, 4, WINDOW, STEPS, (signs & 1) != 0)
  recode(digits + 52, 2, HALVES + 32, 4, WINDOW, STEPS, (signs & 2) != 0)
  recode(digits + 104, 2, g, 8, BASE_WINDOW, 26, false)
}

@inline function digit(lane: usize, row: usize, i: i32): i32 {
  return <i32>load<i16>(DIGITS + lane * DIGITS_LANE + row * 52 + (<usize>i << 1))
}

@inline function absolute(x: i32): usize {
  return <usize>(x < 0 ? -x : x)
}

/** acc += the table's multiples of P (row 0) or λP (row 1) at step i. */
@inline function addTable(acc: usize, row: usize, i: i32): void {
  const d0 = digit(0, row, i), d1 = digit(1, row, i)
  const p0 = TABLE + absolute(d0) * POINT, p1 = TABLE + absolute(d1) * POINT
  if (row == 0) gather(X, p0, p1)
  else gather(X, BETA_TABLE + absolute(d0) * 80, BETA_TABLE + absolute(d1) * 80)
  gather(Y, p0 + 80, p1 + 80)
  gather(STEP, p0 + 160, p1 + 160)
  negateIf(Y, Y, d0 < 0, d1 < 0)
  addPoints(acc, X, Y, STEP)
}

/** acc += multiples of the fixed point `table` (0: G, 1: 2^130·G) at step i. A lane whose digit is 0 is put back as it was. */
@inline function addBase(acc: usize, table: usize, i: i32): void {
  const d0 = digit(0, 2, i + <i32>table * BASE_STEPS), d1 = digit(1, 2, i + <i32>table * BASE_STEPS)
  if ((d0 | d1) == 0) return
  const a0 = absolute(d0), a1 = absolute(d1)
  const start = BASE_TABLE + table * 512 * 80
  const p0 = start + (a0 ? a0 - 1 : 0) * 80, p1 = start + (a1 ? a1 - 1 : 0) * 80
  loadPacked(X, p0, p1, 5)
  loadPacked(Y, p0 + 40, p1 + 40, 5)
  negateIf(Y, Y, d0 < 0, d1 < 0)
  const oneIdle = a0 == 0 || a1 == 0
  if (oneIdle) memory.copy(SAVED, acc, POINT)
  addAffine(acc, X, Y)
  if (oneIdle) copyLane(acc, SAVED, a0 == 0 ? 0 : 1, POINT)
}

/** acc = g·G + k·(x, y) in each lane, for the scalars set before. */
export function multiplyDouble(acc: usize, x: usize, y: usize): void {
  infinity(TABLE)
  memory.fill(BETA_TABLE, 0, 80)
  memory.copy(TABLE + POINT, x, 80)
  memory.copy(TABLE + POINT + 80, y, 80)
  memory.copy(TABLE + POINT + 160, ONE, 80)
  for (let i: usize = 2; i <= 16; i++) {
    const entry = TABLE + i * POINT
    if (i & 1) {
      memory.copy(entry, entry - POINT, POINT)
      addAffine(entry, TABLE + POINT, TABLE + POINT + 80)
    } else {
      memory.copy(entry, TABLE + (i >> 1) * POINT, POINT)
      doublePoint(entry)
    }
  }
  for (let i: usize = 1; i <= 16; i++) mul(BETA_TABLE + i * 80, TABLE + i * POINT, BETA)
  infinity(acc)
  for (let i = STEPS - 1; i >= 0; i--) {
    if (i != STEPS - 1) for (let s = 0; s < WINDOW; s++) doublePoint(acc)
    addTable(acc, 0, i)
    addTable(acc, 1, i)
    if ((i & 1) == 0) {
      addBase(acc, 0, i >> 1)
      addBase(acc, 1, i >> 1)
    }
  }
}
