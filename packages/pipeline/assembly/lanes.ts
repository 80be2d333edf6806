// Moving lanes about. An element has five 16-byte slots, lane 0 in the lower half of each; a packed element is one lane, five
// consecutive 8-byte values. What the 8 bytes mean is the field's business.

/** Lane 0 from the element at p0, lane 1 from that at p1. */
@inline export function gather(r: usize, p0: usize, p1: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let k: usize = 0; k < 80; k += 16) v128.store(r + k, v128.load64_lane(p1 + k, v128.load64_zero(p0 + k), 1, 8))
  } else {
    for (let k: usize = 0; k < 80; k += 16) {
      store<u64>(r + k, load<u64>(p0 + k))
      store<u64>(r + k, load<u64>(p1 + k, 8), 8)
    }
  }
}

/** `slots` slots of r from packed values at p0 (lane 0) and p1 (lane 1). */
@inline export function loadPacked(r: usize, p0: usize, p1: usize, slots: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let i: usize = 0; i < slots << 3; i += 8) v128.store(r + 2 * i, v128.load64_lane(p1 + i, v128.load64_zero(p0 + i), 1))
  } else {
    for (let i: usize = 0; i < slots << 3; i += 8) {
      store<u64>(r + 2 * i, load<u64>(p0 + i))
      store<u64>(r + 2 * i, load<u64>(p1 + i), 8)
    }
  }
}

/** The reverse. */
@inline export function storePacked(p: usize, p0: usize, p1: usize, slots: usize): void {
  if (ASC_FEATURE_SIMD) {
    for (let i: usize = 0; i < slots << 3; i += 8) {
      const v = v128.load(p + 2 * i)
      v128.store64_lane(p0 + i, v, 0)
      v128.store64_lane(p1 + i, v, 1)
    }
  } else {
    for (let i: usize = 0; i < slots << 3; i += 8) {
      store<u64>(p0 + i, load<u64>(p + 2 * i))
      store<u64>(p1 + i, load<u64>(p + 2 * i, 8))
    }
  }
}

/** Lane `lane` of b into the same lane of r. */
export function copyLane(r: usize, b: usize, lane: usize, bytes: usize): void {
  for (let k: usize = lane << 3; k < bytes; k += 16) store<u64>(r + k, load<u64>(b + k))
}

/** r = a. (The engine's bulk copy costs more than a whole addition for so few bytes.) */
@inline export function copyElement(r: usize, a: usize): void {
  for (let k: usize = 0; k < 80; k += 8) store<u64>(r + k, load<u64>(a + k))
}
