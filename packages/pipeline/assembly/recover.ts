// Public keys from ECDSA signatures (SEC 1 §4.1.6 with R.x = r): Q = r⁻¹(s·R − z·G). Inverses are shared across the batch.
import { keccak256 } from './keccak'
import { copyLane } from './lanes'
import { mul } from './field-secp256k1'
import { ELEMENT, isOdd, isZero, liftX, ONE, parseElement, POINT, writeElement } from './secp256k1-point'
import { multiplyDouble, normalizeAll, setScalars } from './secp256k1-multiply'
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

/** Scratch bytes for `count` items: r, s and prefix products (96 each), a point of 320 and two flags for each pair. */
export function recoverScratch(count: i32): usize {
  return <usize>count * 96 + <usize>((count + 1) >> 1) * 328 + 512
}

/** Results for `count` ≥ 1 items. */
export function recover(items: usize, count: i32, results: usize, scratch: usize): void {
  const scalars = scratch
  const pairs = (count + 1) >> 1
  const points = (scratch + <usize>count * 96 + 15) & ~15
  // r, s and the running products of r. An invalid item takes part with r = 1.
  for (let i: usize = 0; i < <usize>count; i++) {
    const item = items + i * ITEM
    const r = scalars + i * 96, s = r + 32, prefix = r + 64
    parseScalar(r, item + 32)
    parseScalar(s, item + 64)
    const valid = isValidScalar(r) && isValidScalar(s) && isLowScalar(s) && load<u8>(item + 96) < 2
    store<u64>(results + i * RESULT, valid ? 1 : 0, 96)
    if (!valid) memory.copy(r, ONE_SCALAR, 32)
    if (i == 0) memory.copy(prefix, r, 32)
    else multiplyScalar(prefix, prefix - 96, r)
  }
  invertScalar(INVERSE, scalars + <usize>(count - 1) * 96 + 64)
  for (let i = count - 1; i >= 0; i--) {
    const r = scalars + <usize>i * 96, prefix = r + 64
    // prefix = r⁻¹, then on to the item before
    if (i > 0) multiplyScalar(prefix, INVERSE, r - 96 + 64)
    else memory.copy(prefix, INVERSE, 32)
    multiplyScalar(INVERSE, INVERSE, r)
  }
  for (let pair: usize = 0; pair < <usize>pairs; pair++) {
    const point = points + pair * 320
    for (let lane: usize = 0; lane < 2; lane++) {
      const i = min<usize>(pair * 2 + lane, <usize>(count - 1))
      const item = items + i * ITEM
      const r = scalars + i * 96
      if (load<u64>(results + i * RESULT, 96)) parseElement(X, lane, item + 32)
      else copyLane(X, ONE, lane, ELEMENT)
      parseReduced(U1, item)
      multiplyScalar(U1, U1, r + 64)
      negateScalar(U1, U1)
      multiplyScalar(U2, r + 32, r + 64)
      setScalars(lane, U1, U2)
    }
    const liftable = liftX(Y, X)
    for (let lane: usize = 0; lane < 2; lane++) {
      const i = pair * 2 + lane
      if (i >= <usize>count) break
      if (!(liftable & (1 << <i32>lane))) store<u64>(results + i * RESULT, 0, 96)
    }
    const last = min<usize>(pair * 2 + 1, <usize>(count - 1))
    const flip0 = isOdd(Y, 0) != (load<u8>(items + pair * 2 * ITEM + 96) != 0)
    const flip1 = isOdd(Y, 1) != (load<u8>(items + last * ITEM + 96) != 0)
    negateIf(Y, Y, flip0, flip1)
    multiplyDouble(point, X, Y)
    // Where R is no point the lane holds rubbish; a Z of zero must not spoil the common inversion.
    for (let lane: usize = 0; lane < 2; lane++) {
      if (!isZero(point + 160, lane)) continue
      copyLane(point + 160, ONE, lane, ELEMENT)
      const i = pair * 2 + lane
      if (i < <usize>count) store<u64>(results + i * RESULT, 0, 96)
    }
  }
  normalizeAll(points, 320, pairs)
  for (let i: usize = 0; i < <usize>count; i++) {
    const result = results + i * RESULT
    if (!load<u64>(result, 96)) continue
    const point = points + (i >> 1) * 320
    writeElement(result, point, i & 1)
    writeElement(result + 32, point + 80, i & 1)
    keccak256(result, 64, result + 64)
  }
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
