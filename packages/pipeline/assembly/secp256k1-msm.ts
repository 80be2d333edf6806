// Σ kᵢ·Pᵢ by buckets (Pippenger), signed digits, two windows in lockstep: lane 0 has an even window, lane 1 the odd one above it.
// The points of a term are the same in both lanes, so nothing diverges; a digit of zero goes to bucket 0, which is never read.
import { spread } from './field-secp256k1'
import { addAffine, addPoint, doublePoint, infinity, isZero, ONE, POINT } from './secp256k1-point'
import { loadPacked, storePacked } from './lanes'
import { recode } from './secp256k1-scalar'

const X: usize = memory.data(80, 16)
const Y: usize = memory.data(80, 16)
const P: usize = memory.data(240, 16)
const RUNNING: usize = memory.data(240, 16)
const SUM: usize = memory.data(240, 16)
const WINDOWS: usize = memory.data(17 * 240, 16)
/** 2^8 + 1 buckets for each lane at the widest window, 120 bytes each. */
const BUCKETS: usize = memory.data(257 * 240, 16)

let bits: i32 = 0
let windows: i32 = 0
let terms: i32 = 0
let capacity: i32 = 0
let pointers: usize = 0
let digits: usize = 0

/** Bytes for `count` terms. */
export function msmScratch(count: i32): usize {
  return <usize>count * (4 + 2 * 34) + 64
}

/** Starts a sum of at most `count` terms. Wider windows pay when many terms share the buckets' summing up. */
export function msmBegin(scratch: usize, count: i32): void {
  bits = count < 40 ? 4 : count < 100 ? 5 : count < 260 ? 6 : count < 1200 ? 7 : count < 2400 ? 8 : 9
  // 128-bit magnitudes need bits · windows > 128, and the windows come in pairs.
  windows = (128 / bits + 2) & ~1
  if (bits == 4) windows = 34
  terms = 0
  capacity = count
  pointers = scratch
  digits = scratch + <usize>count * 4
}

/** Adds ±k · point: k four words (below 2^128), the point's x and y packed at `x` and `y`. */
export function msmAdd(record: usize, beta: bool, k: usize, negative: bool): void {
  // Records are 8-byte aligned: the lowest bit says whether βx stands for x.
  store<u32>(pointers + (<usize>terms << 2), <u32>record | <u32>beta)
  recode(digits + (<usize>terms << 1), <usize>capacity << 1, k, 4, bits, windows, negative)
  terms++
}

/** The sums of windows w and w + 1 in the lanes of `out`. */
function windowPair(w: i32, out: usize): void {
  const last: usize = 1 << (bits - 1)
  memory.fill(BUCKETS, 0, (last + 1) * 240)
  for (let i: usize = 0; i < 2 * (last + 1); i++) {
    for (let k: usize = 0; k < 40; k += 8) store<u64>(BUCKETS + i * 120 + 40 + k, load<u64>(ONE + 2 * k))
  }
  const row0 = digits + (<usize>w * <usize>capacity << 1)
  const row1 = row0 + (<usize>capacity << 1)
  for (let i: usize = 0; i < <usize>terms; i++) {
    const d0: i32 = load<i16>(row0 + (i << 1)), d1: i32 = load<i16>(row1 + (i << 1))
    if ((d0 | d1) == 0) continue
    const b0 = BUCKETS + <usize>(d0 < 0 ? -d0 : d0) * 240
    const b1 = BUCKETS + <usize>(d1 < 0 ? -d1 : d1) * 240 + 120
    const tagged = <usize>load<u32>(pointers + (i << 2))
    const record = tagged & ~1
    spread(X, tagged & 1 ? record + 80 : record, false, false)
    spread(Y, record + 40, d0 < 0, d1 < 0)
    loadPacked(P, b0, b1, 15)
    addAffine(P, X, Y)
    storePacked(P, b0, b1, 15)
  }
  infinity(RUNNING)
  infinity(out)
  for (let j = last; j > 0; j--) {
    loadPacked(P, BUCKETS + j * 240, BUCKETS + j * 240 + 120, 15)
    addPoint(RUNNING, P)
    addPoint(out, RUNNING)
  }
}

/** True when the sum is the point at infinity. */
export function msmIsZero(): bool {
  const pairs = windows >> 1
  for (let k = 0; k < pairs; k++) windowPair(2 * k, WINDOWS + <usize>k * POINT)
  infinity(SUM)
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
  return isZero(SUM, 0) && isZero(SUM + 160, 0) && !isZero(SUM + 80, 0)
}
