// BIP-340 and ECDSA brought to one form: an item holds when g·G + b·Q = R, and a batch when Σ w·(g·G + b·Q − R) = 0 for random
// 128-bit weights w. The group has prime order, so single and batch agree (a false batch passes with probability 2^-128).
import { copyLane, loadPacked } from './lanes'
import { mul, negateIf, sqr, sub } from './field-secp256k1'
import { BETA, ELEMENT, isOdd, isZero, liftX, ONE, parseElement } from './secp256k1-point'
import { GENERATOR, multiplyDouble, normalizeAll, setScalars } from './secp256k1-multiply'
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
import { makeTables, TABLE_BYTES } from './secp256k1-comb'
import { findTable, keepTable, tickKeyTables } from './key-tables'
import { msmAdd, msmBegin, msmIsZero, msmScratch } from './secp256k1-msm'
import {
  addOrder,
  addScalar,
  invertScalar,
  isLowScalar,
  isValidScalar,
  multiplyScalar,
  negateScalar,
  parseReduced,
  parseScalar,
  splitScalar,
} from './secp256k1-scalar'
import { sha256Absorb, sha256Finish, sha256Load, sha256Reset, sha256Save } from './sha256'
import { fromWords } from './field-secp256k1'

/**
 * Record of an item: R (x, y, βx packed: 120) ‖ Q (120) ‖ g (32) ‖ b (32) ‖ state (4) ‖ PLAIN: R.x may also be r + n; LONE: parity of R.y (4)
 * ‖ parity of Q.y (4) ‖ padding (4).
 */
const RECORD: usize = 320
const INVALID: u32 = 0
/** R is known: fit for a batch. */
const KNOWN: u32 = 1
/** Plain ECDSA: only R.x mod n is known. R holds r, and r + n in the place of y. */
const PLAIN: u32 = 2
/** R.x and the parity of R.y are known, and the square root for R.y was not taken: it is of no use outside the batch equation. */
const LONE: u32 = 3

const X: usize = memory.data(80, 16)
const Y: usize = memory.data(80, 16)
const T: usize = memory.data(80, 16)
const ACC: usize = memory.data(240, 16)
const BASE: usize = memory.data(120, 16)
const MIDSTATE: usize = memory.data(32, 16)
const TAG: usize = memory.data<u8>([
  0x7b, 0xb5, 0x2d, 0x7a, 0x9f, 0xef, 0x58, 0x32, 0x3e, 0xb1, 0xbf, 0x7a, 0x40, 0x7d, 0xb3, 0x82, 0xd2, 0xf3, 0xf2, 0xd8, 0x1b, 0xb1, 0x22, 0x4f, 0x49,
  0xfe, 0x51, 0x8f, 0x6d, 0x48, 0xd3, 0x7c,
])
const DIGEST: usize = memory.data(32, 16)
const S: usize = memory.data(32, 16)
const W: usize = memory.data(32, 16)
const TOTAL: usize = memory.data(32, 16)
const PRODUCT: usize = memory.data(32, 16)
const HALVES: usize = memory.data(64, 16)
const SEVEN: usize = memory.data(80, 16)

/** Two square roots waiting to be taken together. */
const PENDING: usize = memory.data(64, 16)
let pending: usize = 0

export function initVerify(): void {
  // BIP-340: the challenge hash starts with SHA-256("BIP0340/challenge") twice, one whole block.
  sha256Reset()
  sha256Absorb(block(TAG), 1)
  sha256Save(MIDSTATE)
  parseElement(X, 0, GENERATOR)
  parseElement(Y, 0, GENERATOR + 32)
  mul(T, X, BETA)
  pack(BASE, 0)
  for (let lane: usize = 0; lane < 2; lane++) fromWords(SEVEN, lane, 7, 0, 0, 0)
}

function block(tag: usize): usize {
  memory.copy(ACC, tag, 32)
  memory.copy(ACC + 32, tag, 32)
  return ACC
}

/** Lane of X, Y and βX (in T) to a packed point. */
function pack(record: usize, lane: usize): void {
  for (let k: usize = 0; k < 5; k++) {
    store<u64>(record + 8 * k, load<u64>(X + 16 * k + (lane << 3)))
    store<u64>(record + 40 + 8 * k, load<u64>(Y + 16 * k + (lane << 3)))
    store<u64>(record + 80 + 8 * k, load<u64>(T + 16 * k + (lane << 3)))
  }
}

/** Takes the roots that wait. A number that is no x coordinate makes its item invalid. */
function flushLifts(): void {
  if (pending == 0) return
  for (let lane: usize = 0; lane < 2; lane++) {
    const job = PENDING + min<usize>(lane, pending - 1) * 16
    const point = <usize>load<u32>(job, 4)
    for (let k: usize = 0; k < 5; k++) store<u64>(X + 16 * k + (lane << 3), load<u64>(point + 8 * k))
  }
  const liftable = liftX(Y, X)
  const odd0 = isOdd(Y, 0) != (load<u32>(PENDING, 8) != 0)
  const odd1 = isOdd(Y, 1) != (load<u32>(PENDING + (pending - 1) * 16, 8) != 0)
  negateIf(Y, Y, odd0, odd1)
  mul(T, X, BETA)
  for (let lane: usize = 0; lane < pending; lane++) {
    const job = PENDING + lane * 16
    if (liftable & (1 << <i32>lane)) pack(<usize>load<u32>(job, 4), lane)
    else store<u32>(<usize>load<u32>(job), INVALID, 304)
  }
  pending = 0
}

/** Queues the square root for a point whose packed x stands at `point`; `parity` of the wanted y. */
function lift(record: usize, point: usize, parity: u32): void {
  const job = PENDING + pending * 16
  store<u32>(job, <u32>record)
  store<u32>(job, <u32>point, 4)
  store<u32>(job, parity, 8)
  pending++
  if (pending == 2) flushLifts()
}

/** Packs the element of 32 big-endian bytes at `from`; false when it is not below p. */
function packX(to: usize, from: usize): bool {
  if (!parseElement(X, 0, from)) return false
  for (let k: usize = 0; k < 5; k++) store<u64>(to + 8 * k, load<u64>(X + 16 * k))
  return true
}

/** A full public key x ‖ y at `from` into the packed point; false when it is not on the curve. */
function packKey(to: usize, from: usize): bool {
  if (!parseElement(X, 0, from) || !parseElement(Y, 0, from + 32)) return false
  copyLane(X, ONE, 1, ELEMENT)
  copyLane(Y, ONE, 1, ELEMENT)
  sqr(ACC, X)
  mul(ACC, ACC, X)
  sqr(T, Y)
  sub(T, T, ACC)
  sub(T, T, SEVEN)
  if (!isZero(T, 0)) return false
  mul(T, X, BETA)
  pack(to, 0)
  return true
}

/** R.x (32) ‖ P.x (32) ‖ s (32) ‖ P.y (32) ‖ message address (4) ‖ message length (4) ‖ malformed (4) ‖ P.y is given (4). */
const BIP340_ITEM: usize = 144

/** Records of `count` BIP-340 items; with `lone` fit for `checkMany` only, and cheaper. */
export function prepareBip340(items: usize, count: i32, records: usize, lone: bool): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const item = items + i * BIP340_ITEM
    const record = records + i * RECORD
    const g = record + 240
    store<u32>(record, INVALID, 304)
    store<u64>(record, 0, 308)
    if (load<u32>(item, 136) != 0) continue
    parseScalar(g, item + 64)
    // s may be 0, but not n or more.
    if (!isValidScalar(g) && (load<u64>(g) | load<u64>(g, 8) | load<u64>(g, 16) | load<u64>(g, 24)) != 0) continue
    if (!packX(record, item)) continue
    const known = load<u32>(item, 140) != 0
    if (known) {
      // An even y, on the curve: what lifting would have found.
      if ((load<u8>(item, 127) & 1) != 0) continue
      store<u32>(record, 0, 308)
      memory.copy(KEY, item + 32, 32)
      memory.copy(KEY + 32, item + 96, 32)
      if (!packKey(record + 120, KEY)) continue
    } else if (!packX(record + 120, item + 32)) continue
    sha256Load(MIDSTATE)
    sha256Absorb(item, 1)
    const size = <usize>load<u32>(item, 132)
    const message = <usize>load<u32>(item, 128)
    const whole = size >> 6
    sha256Absorb(message, <i32>whole)
    sha256Finish(message + (whole << 6), <i32>(size & 63), 128 + size, DIGEST)
    parseReduced(record + 272, DIGEST)
    negateScalar(record + 272, record + 272)
    store<u32>(record, lone ? LONE : KNOWN, 304)
    if (!lone) lift(record, record, 0)
    if (!known) lift(record, record + 120, 0)
  }
  flushLifts()
}

const KEY: usize = memory.data(64, 16)

/** hash (32) ‖ r (32) ‖ s (32) ‖ Q (64) ‖ parity, 2: unknown (4) ‖ malformed (4). */
const ECDSA_ITEM: usize = 168

/** Records of `count` ≥ 1 ECDSA items; `scratch` of 64 bytes each for the common inversion. `lone` as in `prepareBip340`. */
export function prepareEcdsa(items: usize, count: i32, records: usize, scratch: usize, lone: bool): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const item = items + i * ECDSA_ITEM
    const record = records + i * RECORD
    const s = scratch + i * 64
    parseScalar(S, item + 32)
    parseScalar(s, item + 64)
    const valid = load<u32>(item, 164) == 0 && isValidScalar(S) && isValidScalar(s) && isLowScalar(s)
    store<u32>(record, valid ? KNOWN : INVALID, 304)
    store<u32>(record, 0, 308)
    store<u32>(record, load<u8>(item, 159) & 1, 312)
    if (!valid) {
      memory.fill(s, 0, 32)
      store<u32>(s, 1)
    }
    if (i == 0) memory.copy(s + 32, s, 32)
    else multiplyScalar(s + 32, s - 32, s)
  }
  invertScalar(TOTAL, scratch + <usize>(count - 1) * 64 + 32)
  for (let i = count - 1; i >= 0; i--) {
    const s = scratch + <usize>i * 64
    if (i > 0) multiplyScalar(s + 32, TOTAL, s - 32)
    else memory.copy(s + 32, TOTAL, 32)
    multiplyScalar(TOTAL, TOTAL, s)
  }
  for (let i: usize = 0; i < <usize>count; i++) {
    const item = items + i * ECDSA_ITEM
    const record = records + i * RECORD
    if (load<u32>(record, 304) == INVALID) continue
    if (!packKey(record + 120, item + 96)) {
      store<u32>(record, INVALID, 304)
      continue
    }
    const inverse = scratch + i * 64 + 32
    parseReduced(S, item)
    multiplyScalar(record + 240, S, inverse)
    parseScalar(S, item + 32)
    multiplyScalar(record + 272, S, inverse)
    packX(record, item + 32)
    const parity = load<u32>(item, 160)
    if (parity < 2) {
      if (lone) {
        store<u32>(record, LONE, 304)
        store<u32>(record, parity, 308)
      } else lift(record, record, parity)
      continue
    }
    store<u32>(record, PLAIN, 304)
    if (addOrder(S, S)) {
      fromWords(X, 0, load<u64>(S), load<u64>(S, 8), load<u64>(S, 16), load<u64>(S, 24))
      for (let k: usize = 0; k < 5; k++) store<u64>(record + 40 + 8 * k, load<u64>(X + 16 * k))
      store<u32>(record, 1, 308)
    }
  }
  flushLifts()
}

/** State of a record: 0 invalid, 1 fit for a batch, more: to be checked by itself. */
export function recordState(records: usize, i: i32): u32 {
  return load<u32>(records + <usize>i * RECORD, 304)
}

/** True when all `count` listed records (u32 indices at `list`, each of state 1) hold. `weights`: 16 random bytes for each. */
export function checkBatch(records: usize, list: usize, count: i32, weights: usize, scratch: usize): bool {
  msmBegin(scratch, 3 * count + 2)
  memory.fill(TOTAL, 0, 32)
  for (let i: usize = 0; i < <usize>count; i++) {
    const record = records + <usize>load<u32>(list + (i << 2)) * RECORD
    memory.fill(W, 0, 32)
    memory.copy(W, weights + i * 16, 16)
    msmAdd(record, false, W, true)
    multiplyScalar(PRODUCT, W, record + 272)
    addSplit(record + 120)
    multiplyScalar(PRODUCT, W, record + 240)
    addScalar(TOTAL, TOTAL, PRODUCT)
  }
  memory.copy(PRODUCT, TOTAL, 32)
  addSplit(BASE)
  return msmIsZero()
}

/** Adds PRODUCT · point as two terms. */
function addSplit(point: usize): void {
  const signs = splitScalar(HALVES, PRODUCT)
  msmAdd(point, false, HALVES, (signs & 1) != 0)
  msmAdd(point, true, HALVES + 32, (signs & 2) != 0)
}

/** Bytes of scratch for `count` items in `checkBatch` and `checkMany`. */
export function batchScratch(count: i32): usize {
  const pairs = (count + 1) >> 1
  return max<usize>(msmScratch(3 * count + 2), max<usize>(count < LEAST_TOGETHER ? 0 : LOCKSTEP_BYTES, <usize>pairs * 320))
}

/**
 * Replaces each of the `count` listed indices by 1 when its record (not invalid) holds by itself, else by 0. Many items in lockstep, few
 * two at a time in the lanes.
 */
export function checkMany(records: usize, list: usize, count: i32, scratch: usize): void {
  let done = 0
  while (count - done >= LEAST_TOGETHER) {
    const size = min(count - done, 2 * MOST_PAIRS)
    checkInLockstep(records, list + (<usize>done << 2), size, scratch)
    done += size
  }
  checkCompletely(records, list + (<usize>done << 2), count - done, scratch)
}

let knownShare: f64 = 0

/** Recent share of single checks for which a table was kept. */
export function keyShare(): f64 {
  return knownShare
}

/** `checkMany` with affine formulas, for at most 2 · MOST_PAIRS items. The table of a key that proves genuine is kept. */
function checkInLockstep(records: usize, list: usize, count: i32, scratch: usize): void {
  const jobs = scratch + JOBS
  let made = 0
  beginLockstep(scratch + AREA)
  tickKeyTables()
  for (let i = 0; i < count; i++) {
    const record = records + <usize>load<u32>(list + (<usize>i << 2)) * RECORD
    let table = findTable(record + 120, load<u32>(record, 312))
    if (table == 0) {
      table = scratch + <usize>made * TABLE_BYTES
      store<u32>(jobs + (<usize>made << 3), <u32>(record + 120))
      store<u32>(jobs + (<usize>made << 3), <u32>table, 4)
      made++
    }
    setItem(i, record + 240, record + 272, table)
  }
  if (count & 1) repeatItem(count - 1)
  makeTables(jobs, made, scratch + MAKE)
  knownShare += min(0.2, <f64>count / 2048) * (<f64>(count - made) / <f64>count - knownShare)
  multiplyMany((count + 1) >> 1)
  let next = 0
  for (let i = 0; i < count; i++) {
    const entry = list + (<usize>i << 2)
    const record = records + <usize>load<u32>(entry) * RECORD
    const p = i >> 1, lane = i & 1
    if (isPairExpelled(p, lane)) checkCompletely(records, entry, 1, EXPELLED_POINT)
    else store<u32>(entry, holds(record, pairResult(p), lane) ? 1 : 0)
    // Jobs are in the order of the items.
    if (next == made || load<u32>(jobs + (<usize>next << 3)) != <u32>(record + 120)) continue
    if (load<u32>(entry) != 0) keepTable(record + 120, load<u32>(record, 312), scratch + <usize>next * TABLE_BYTES)
    next++
  }
}

const EXPELLED_POINT: usize = memory.data(320, 16)

/** `checkMany` with complete formulas; one inversion makes all results affine. `scratch`: 320 bytes for every two. */
function checkCompletely(records: usize, list: usize, count: i32, scratch: usize): void {
  const pairs = (count + 1) >> 1
  for (let pair = 0; pair < pairs; pair++) {
    for (let lane: usize = 0; lane < 2; lane++) {
      const record = records + <usize>listed(list, count, pair, lane) * RECORD
      for (let k: usize = 0; k < 5; k++) {
        store<u64>(X + 16 * k + (lane << 3), load<u64>(record + 120 + 8 * k))
        store<u64>(Y + 16 * k + (lane << 3), load<u64>(record + 160 + 8 * k))
      }
      setScalars(lane, record + 240, record + 272)
    }
    const point = scratch + <usize>pair * 320
    multiplyDouble(point, X, Y)
    // Infinity equals no R. The inversion takes 1 in the place of its Z = 0.
    for (let lane: usize = 0; lane < 2; lane++) {
      if (!isZero(point + 160, lane)) continue
      copyLane(point + 160, ONE, lane, ELEMENT)
      const i: usize = 2 * <usize>pair + lane
      if (i < <usize>count) store<u32>(list + (i << 2), NOTHING)
    }
  }
  if (pairs > 0) normalizeAll(scratch, 320, pairs)
  for (let i = 0; i < count; i++) {
    const entry = list + (<usize>i << 2)
    const index = load<u32>(entry)
    store<u32>(entry, index != NOTHING && holds(records + <usize>index * RECORD, scratch + <usize>(i >> 1) * 320, i & 1) ? 1 : 0)
  }
}

const NOTHING: u32 = u32.MAX_VALUE

/** The index of a lane; an odd count's last one stands in both. */
@inline function listed(list: usize, count: i32, pair: i32, lane: usize): u32 {
  const i = 2 * pair + <i32>lane
  return load<u32>(list + (<usize>min(i, count - 1) << 2))
}

/** Whether an affine point is the R of a record. */
function holds(record: usize, point: usize, lane: usize): bool {
  const state = load<u32>(record, 304)
  if (!matches(record, point, lane)) return state == PLAIN && load<u32>(record, 308) != 0 && matches(record + 40, point, lane)
  if (state == PLAIN) return true
  if (state == LONE) return isOdd(point + 80, lane) == (load<u32>(record, 308) != 0)
  return matches(record + 40, point + 80, lane)
}

/** A packed element = one lane of an element. */
function matches(packed: usize, element: usize, lane: usize): bool {
  for (let k: usize = 0; k < 5; k++) store<u64>(X + 16 * k + (lane << 3), load<u64>(packed + 8 * k))
  sub(T, X, element)
  return isZero(T, lane)
}
