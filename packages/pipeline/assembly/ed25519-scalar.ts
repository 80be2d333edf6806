// Arithmetic modulo ℓ = 2^252 + 27742317777372353535851937790883648493, the order of Ed25519's base point (RFC 8032 §5.1), on 32-bit
// words, little end first. Reduction by Barrett's method with μ = ⌊2^512 / ℓ⌋.

const ORDER: usize = memory.data<u32>([0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0, 0, 0, 0x10000000, 0])
const MU: usize = memory.data<u32>([0x0a2c131b, 0xed9ce5a3, 0x086329a7, 0x2106215d, 0xffffffeb, 0xffffffff, 0xffffffff, 0xffffffff, 0xf])
const WIDE: usize = memory.data(64, 16)
const QUOTIENT: usize = memory.data(104, 16)
const PRODUCT: usize = memory.data(72, 16)
const REST: usize = memory.data(40, 16)

/** r (sizeA + sizeB words) = a · b. */
function multiplyWords(r: usize, a: usize, sizeA: usize, b: usize, sizeB: usize): void {
  memory.fill(r, 0, (sizeA + sizeB) << 2)
  for (let i: usize = 0; i < sizeA << 2; i += 4) {
    const x = <u64>load<u32>(a + i)
    let carry: u64 = 0
    for (let j: usize = 0; j < sizeB << 2; j += 4) {
      const t: u64 = x * <u64>load<u32>(b + j) + <u64>load<u32>(r + i + j) + carry
      store<u32>(r + i + j, <u32>t)
      carry = t >> 32
    }
    store<u32>(r + i + (sizeB << 2), <u32>carry)
  }
}

function compare(a: usize, b: usize, words: i32): i32 {
  for (let i = words - 1; i >= 0; i--) {
    const x = load<u32>(a + (<usize>i << 2)), y = load<u32>(b + (<usize>i << 2))
    if (x != y) return x < y ? -1 : 1
  }
  return 0
}

function subtract(r: usize, a: usize, b: usize, words: usize): void {
  let borrow: i64 = 0
  for (let i: usize = 0; i < words << 2; i += 4) {
    const t: i64 = <i64>load<u32>(a + i) - <i64>load<u32>(b + i) + borrow
    store<u32>(r + i, <u32>t)
    borrow = t >> 32
  }
}

/** r = the 16 words at w, mod ℓ. */
export function reduceWide(r: usize, w: usize): void {
  // q = ⌊w·μ / 2^512⌋ is the true quotient or at most 2 below it, so the rest is below 3ℓ and fits nine words.
  multiplyWords(QUOTIENT, w, 16, MU, 9)
  multiplyWords(PRODUCT, QUOTIENT + 64, 9, ORDER, 8)
  subtract(REST, w, PRODUCT, 9)
  while (compare(REST, ORDER, 9) >= 0) subtract(REST, REST, ORDER, 9)
  memory.copy(r, REST, 32)
}

export function multiplyScalar(r: usize, a: usize, b: usize): void {
  multiplyWords(WIDE, a, 8, b, 8)
  reduceWide(r, WIDE)
}

/** r = a + b mod ℓ; both below ℓ. */
export function addScalar(r: usize, a: usize, b: usize): void {
  let carry: u64 = 0
  for (let i: usize = 0; i < 32; i += 4) {
    const t: u64 = <u64>load<u32>(a + i) + <u64>load<u32>(b + i) + carry
    store<u32>(r + i, <u32>t)
    carry = t >> 32
  }
  if (compare(r, ORDER, 8) >= 0) subtract(r, r, ORDER, 8)
}

export function isBelowOrder(a: usize): bool {
  return compare(a, ORDER, 8) < 0
}

/** As in secp256k1-scalar.ts. */
export function recode(digits: usize, stride: usize, k: usize, words: i32, bits: i32, count: i32, negative: bool): void {
  const mask: u32 = (1 << bits) - 1
  const half: i32 = 1 << (bits - 1)
  let carry: i32 = 0
  for (let i = 0; i < count; i++) {
    const at = i * bits
    const w = at >> 5
    let value: u32 = 0
    if (w < words) {
      let pair = <u64>load<u32>(k + (<usize>w << 2))
      if (w + 1 < words) pair |= <u64>load<u32>(k + (<usize>w << 2), 4) << 32
      value = <u32>(pair >> (at & 31)) & mask
    }
    let digit = <i32>value + carry
    carry = 0
    if (digit > half) {
      digit -= <i32>mask + 1
      carry = 1
    }
    store<i16>(digits + <usize>i * stride, <i16>(negative ? -digit : digit))
  }
}
