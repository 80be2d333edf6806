// Public keys from ECDSA signatures (SEC 1 §4.1.6 with R.x = r): Q = r⁻¹(s·R − z·G). Inverses are shared across the batch.
import { keccak256 } from './keccak'
import { copyLane, loadPacked, storePacked } from './lanes'
import { ELEMENT, isOdd, isZero, liftX, ONE, parseElement, writeElement } from './secp256k1-point'
import { makeTables, TABLE_BYTES } from './secp256k1-comb'
import {
  AREA,
  beginLockstep,
  isPairExpelled,
  JOBS,
  LEAST_TOGETHER,
  LOCKSTEP_BYTES,
  MAKE,
  MOST_PAIRS,
  multiplyMany,
  pairResult,
  repeatItem,
  setItem,
} from './secp256k1-lockstep'
import { GENERATOR, multiplyDouble, normalizeAll, setScalars } from './secp256k1-multiply'
import { invertScalar, isLowScalar, isValidScalar, multiplyScalar, negateScalar, parseReduced, parseScalar } from './secp256k1-scalar'
import { negateIf } from './field-secp256k1'

/** hash (32) ‖ r (32) ‖ s (32) ‖ parity, 0 or 1 (1) ‖ padding. */
const ITEM: usize = 104
/** x ‖ y (64) ‖ address (32 with the 12 leading bytes of the digest) ‖ valid (8). */
const RESULT: usize = 104

const U1: usize = memory.data(32, 16)
const U2: usize = memory.data(32, 16)
const INVERSE: usize = memory.data(32, 16)
const ONE_SCALAR: usize = memory.data<u64>([1, 0, 0, 0])
const X: usize = memory.data(80, 16)
const Y: usize = memory.data(80, 16)

/** Of an item: r, s, the running product of r, then R (packed x, y). */
const WORK: usize = 176
const WORK_PREFIX: usize = 64
const WORK_POINT: usize = 96
/** Scratch bytes for `count` items. */
export function recoverScratch(count: i32): usize {
  const pairs = <usize>((count + 1) >> 1)
  return <usize>count * WORK + 16 + (count < LEAST_TOGETHER ? pairs * 320 : LOCKSTEP_BYTES)
}

/** Results for `count` ≥ 1 items. */
export function recover(items: usize, count: i32, results: usize, scratch: usize): void {
  parseAndInvert(items, count, results, scratch)
  liftAll(items, count, results, scratch)
  const points = (scratch + <usize>count * WORK + 15) & ~15
  let done = 0
  while (count - done >= LEAST_TOGETHER) {
    const size = min(count - done, 2 * MOST_PAIRS)
    const first = <usize>done
    multiplyInLockstep(items + first * ITEM, size, results + first * RESULT, scratch + first * WORK, points)
    done += size
  }
  const rest = <usize>done
  multiplyCompletely(items + rest * ITEM, count - done, results + rest * RESULT, scratch + rest * WORK, points)
  for (let i: usize = 0; i < <usize>count; i++) {
    const result = results + i * RESULT
    if (load<u64>(result, 96)) keccak256(result, 64, result + 64)
  }
}

/** r⁻¹ of all items into their running products; which are valid so far into the results. An invalid item takes part with r = 1. */
function parseAndInvert(items: usize, count: i32, results: usize, work: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const item = items + i * ITEM
    const r = work + i * WORK, s = r + 32, prefix = r + WORK_PREFIX
    parseScalar(r, item + 32)
    parseScalar(s, item + 64)
    const valid = isValidScalar(r) && isValidScalar(s) && isLowScalar(s) && load<u8>(item + 96) < 2
    store<u64>(results + i * RESULT, valid ? 1 : 0, 96)
    if (!valid) memory.copy(r, ONE_SCALAR, 32)
    if (i == 0) memory.copy(prefix, r, 32)
    else multiplyScalar(prefix, prefix - WORK, r)
  }
  invertScalar(INVERSE, work + <usize>(count - 1) * WORK + WORK_PREFIX)
  for (let i = count - 1; i >= 0; i--) {
    const r = work + <usize>i * WORK, prefix = r + WORK_PREFIX
    // prefix = r⁻¹, then on to the item before
    if (i > 0) multiplyScalar(prefix, INVERSE, prefix - WORK)
    else memory.copy(prefix, INVERSE, 32)
    multiplyScalar(INVERSE, INVERSE, r)
  }
}

/** R of all items. Where there is none the item is invalid, and G stands for R: any point of the curve does. */
function liftAll(items: usize, count: i32, results: usize, work: usize): void {
  for (let pair: usize = 0; pair < <usize>count; pair += 2) {
    const last = min<usize>(pair + 1, <usize>(count - 1))
    for (let lane: usize = 0; lane < 2; lane++) {
      const i = lane ? last : pair
      if (load<u64>(results + i * RESULT, 96)) parseElement(X, lane, items + i * ITEM + 32)
      else parseElement(X, lane, GENERATOR)
    }
    const liftable = liftX(Y, X)
    for (let lane: usize = 0; lane < 2; lane++) {
      if (liftable & (1 << <i32>lane)) continue
      store<u64>(results + (lane ? last : pair) * RESULT, 0, 96)
      parseElement(X, lane, GENERATOR)
      parseElement(Y, lane, GENERATOR + 32)
    }
    const flip0 = isOdd(Y, 0) != (load<u8>(items + pair * ITEM + 96) != 0)
    const flip1 = isOdd(Y, 1) != (load<u8>(items + last * ITEM + 96) != 0)
    negateIf(Y, Y, flip0, flip1)
    const p0 = work + pair * WORK + WORK_POINT, p1 = work + last * WORK + WORK_POINT
    storePacked(X, p0, p1, 5)
    storePacked(Y, p0 + 40, p1 + 40, 5)
  }
}

/** The scalars of Q = g·G + k·R: g = −z/r in U1, k = s/r in U2. */
function scalarsOf(item: usize, work: usize): void {
  parseReduced(U1, item)
  multiplyScalar(U1, U1, work + WORK_PREFIX)
  negateScalar(U1, U1)
  multiplyScalar(U2, work + 32, work + WORK_PREFIX)
}

/** The keys of at most 2 · MOST_PAIRS items. */
function multiplyInLockstep(items: usize, count: i32, results: usize, work: usize, scratch: usize): void {
  beginLockstep(scratch + AREA)
  for (let i: usize = 0; i < <usize>count; i++) {
    const at = work + i * WORK
    const table = scratch + i * TABLE_BYTES
    store<u32>(scratch + JOBS + (i << 3), <u32>(at + WORK_POINT))
    store<u32>(scratch + JOBS + (i << 3), <u32>table, 4)
    scalarsOf(items + i * ITEM, at)
    setItem(<i32>i, U1, U2, table)
  }
  if (count & 1) repeatItem(count - 1)
  makeTables(scratch + JOBS, count, scratch + MAKE)
  multiplyMany((count + 1) >> 1)
  for (let i = 0; i < count; i++) {
    const at = <usize>i
    if (isPairExpelled(i >> 1, i & 1)) multiplyCompletely(items + at * ITEM, 1, results + at * RESULT, work + at * WORK, EXPELLED_POINT)
    else writeKey(results + at * RESULT, pairResult(i >> 1), i & 1)
  }
}

const EXPELLED_POINT: usize = memory.data(320, 16)

/** The keys of any items by complete formulas, two at a time; one inversion makes all affine. */
function multiplyCompletely(items: usize, count: i32, results: usize, work: usize, points: usize): void {
  if (count == 0) return
  const pairs = (count + 1) >> 1
  for (let pair: usize = 0; pair < <usize>pairs; pair++) {
    const last = min<usize>(2 * pair + 1, <usize>(count - 1))
    const point = points + pair * 320
    for (let lane: usize = 0; lane < 2; lane++) {
      const i = lane ? last : 2 * pair
      scalarsOf(items + i * ITEM, work + i * WORK)
      setScalars(lane, U1, U2)
    }
    const p0 = work + 2 * pair * WORK + WORK_POINT, p1 = work + last * WORK + WORK_POINT
    loadPacked(X, p0, p1, 5)
    loadPacked(Y, p0 + 40, p1 + 40, 5)
    multiplyDouble(point, X, Y)
    // A Z of zero (Q is infinity: no key) must not spoil the common inversion.
    for (let lane: usize = 0; lane < 2; lane++) {
      if (!isZero(point + 160, lane)) continue
      copyLane(point + 160, ONE, lane, ELEMENT)
      store<u64>(results + (lane ? last : 2 * pair) * RESULT, 0, 96)
    }
  }
  normalizeAll(points, 320, pairs)
  for (let i = 0; i < count; i++) writeKey(results + <usize>i * RESULT, points + <usize>(i >> 1) * 320, i & 1)
}

@inline function writeKey(result: usize, point: usize, lane: usize): void {
  if (!load<u64>(result, 96)) return
  writeElement(result, point, lane)
  writeElement(result + 32, point + 80, lane)
}

/** x (32) ‖ parity, 2: malformed (1) ‖ padding (7). */
const LIFT_ITEM: usize = 40

/** y and address of `count` ≥ 1 keys, in the form of the results above. */
export function liftKeys(keys: usize, count: i32, results: usize): void {
  for (let pair: usize = 0; pair < <usize>count; pair += 2) {
    let valid: i32 = 0
    for (let lane: usize = 0; lane < 2; lane++) {
      const key = keys + min<usize>(pair + lane, <usize>(count - 1)) * LIFT_ITEM
      if (parseElement(X, lane, key) && load<u8>(key, 32) < 2) valid |= 1 << <i32>lane
    }
    valid &= liftX(Y, X)
    const last = keys + min<usize>(pair + 1, <usize>(count - 1)) * LIFT_ITEM
    const flip0 = isOdd(Y, 0) != (load<u8>(keys + pair * LIFT_ITEM, 32) != 0)
    const flip1 = isOdd(Y, 1) != (load<u8>(last, 32) != 0)
    negateIf(Y, Y, flip0, flip1)
    for (let lane: usize = 0; lane < 2 && pair + lane < <usize>count; lane++) {
      const result = results + (pair + lane) * RESULT
      store<u64>(result, (valid >> <i32>lane) & 1, 96)
      writeElement(result, X, lane)
      writeElement(result + 32, Y, lane)
      keccak256(result, 64, result + 64)
    }
  }
}
