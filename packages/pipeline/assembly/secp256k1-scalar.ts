// Arithmetic modulo the group order n of secp256k1 on eight 32-bit words, little end first, and the decomposition k = k1 + k2·λ
// (Gallant, Lambert, Vanstone; constants as in Guide to ECC §3.5 and libsecp256k1). Variable time: public data only.

/** 2^256 − n: 129 bits. */
const COMPLEMENT: usize = memory.data<u32>([0x2fc9bebf, 0x402da173, 0x50b75fc4, 0x45512319, 1])
const ORDER: usize = memory.data<u32>([0xd0364141, 0xbfd25e8c, 0xaf48a03b, 0xbaaedce6, 0xfffffffe, 0xffffffff, 0xffffffff, 0xffffffff])
const PRIME: usize = memory.data<u32>([0xfffffc2f, 0xfffffffe, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff])
/** (n − 1) / 2. */
const HALF_ORDER: usize = memory.data<u32>([0x681b20a0, 0xdfe92f46, 0x57a4501d, 0x5d576e73, 0xffffffff, 0xffffffff, 0xffffffff, 0x7fffffff])
/** round(2^384 · b2 / n) and round(2^384 · −b1 / n). */
const G1: usize = memory.data<u32>([0x45dbb031, 0xe893209a, 0x71e8ca7f, 0x3daa8a14, 0x9284eb15, 0xe86c90e4, 0xa7d46bcd, 0x3086d221])
const G2: usize = memory.data<u32>([0x8ac47f71, 0x1571b4ae, 0x9df506c6, 0x221208ac, 0x0abfe4c4, 0x6f547fa9, 0x010e8828, 0xe4437ed6])
/** The short lattice basis (a1, b1), (a2, b2); b2 = a1; b1 is negative, its magnitude stands here. */
const A1: usize = memory.data<u32>([0x9284eb15, 0xe86c90e4, 0xa7d46bcd, 0x3086d221, 0])
const B1: usize = memory.data<u32>([0x0abfe4c3, 0x6f547fa9, 0x010e8828, 0xe4437ed6, 0])
const A2: usize = memory.data<u32>([0x9d44cfd8, 0x57c1108d, 0xa8e2f3f6, 0x14ca50f7, 1])

const WIDE: usize = memory.data(64, 16)
const FOLDED: usize = memory.data(64, 16)

@inline function word(p: usize, i: i32): u64 {
  return <u64>load<u32>(p + (<usize>i << 2))
}

/** w (16 words) = a · b. */
function multiplyWide(w: usize, a: usize, b: usize): void {
  memory.fill(w, 0, 64)
  for (let i: usize = 0; i < 32; i += 4) {
    const x = <u64>load<u32>(a + i)
    const row = w + i
    let carry: u64 = 0
    for (let j: usize = 0; j < 32; j += 4) {
      const t: u64 = x * <u64>load<u32>(b + j) + <u64>load<u32>(row + j) + carry
      store<u32>(row + j, <u32>t)
      carry = t >> 32
    }
    store<u32>(row, <u32>carry, 32)
  }
}

/** out = low 8 words of x + (words 8 … size−1 of x) · 2^256 mod n; returns the number of words of out. */
function fold(out: usize, x: usize, size: i32): i32 {
  const high = size - 8
  memory.copy(out, x, 32)
  memory.fill(out + 32, 0, 32)
  for (let i = 0; i < high; i++) {
    const factor = word(x, 8 + i)
    const row = out + (<usize>i << 2)
    let carry: u64 = 0
    for (let j: usize = 0; j < 20; j += 4) {
      const t: u64 = factor * <u64>load<u32>(COMPLEMENT + j) + <u64>load<u32>(row + j) + carry
      store<u32>(row + j, <u32>t)
      carry = t >> 32
    }
    for (let j: usize = 20; carry != 0; j += 4) {
      const t: u64 = <u64>load<u32>(row + j) + carry
      store<u32>(row + j, <u32>t)
      carry = t >> 32
    }
  }
  let words = 16
  while (words > 8 && load<u32>(out + (<usize>(words - 1) << 2)) == 0) words--
  return words
}

/** r = the 16 words at w, mod n. */
function reduce(r: usize, w: usize): void {
  // 512 bits → at most 386 → at most 261 → at most 257 → 256: each turn removes what stands above 2^256.
  let words = fold(FOLDED, w, 16)
  while (words > 8) {
    memory.copy(WIDE, FOLDED, 64)
    words = fold(FOLDED, WIDE, words)
  }
  memory.copy(r, FOLDED, 32)
  subtractOrderOnce(r)
}

export function compareScalar(a: usize, b: usize): i32 {
  for (let i = 7; i >= 0; i--) {
    const x = word(a, i), y = word(b, i)
    if (x != y) return x < y ? -1 : 1
  }
  return 0
}

function subtractOrderOnce(r: usize): void {
  if (compareScalar(r, ORDER) < 0) return
  let borrow: i64 = 0
  for (let i: usize = 0; i < 32; i += 4) {
    const t: i64 = <i64>load<u32>(r + i) - <i64>load<u32>(ORDER + i) + borrow
    store<u32>(r + i, <u32>t)
    borrow = t >> 32
  }
}

/** Big-endian bytes to words; the value is not reduced. */
export function parseScalar(r: usize, p: usize): void {
  store<u64>(r, bswap<u64>(load<u64>(p, 24)), 0)
  store<u64>(r, bswap<u64>(load<u64>(p, 16)), 8)
  store<u64>(r, bswap<u64>(load<u64>(p, 8)), 16)
  store<u64>(r, bswap<u64>(load<u64>(p)), 24)
}

/** Big-endian bytes to words, reduced mod n (2^256 < 2n). */
export function parseReduced(r: usize, p: usize): void {
  parseScalar(r, p)
  subtractOrderOnce(r)
}

export function isZeroScalar(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0
}

/** 0 < a < n. */
export function isValidScalar(a: usize): bool {
  return !isZeroScalar(a) && compareScalar(a, ORDER) < 0
}

/** r = a + n without reduction; true when it is still below p, that is when R.x = a + n is possible. */
export function addOrder(r: usize, a: usize): bool {
  let carry: u64 = 0
  for (let i: usize = 0; i < 32; i += 4) {
    const t: u64 = <u64>load<u32>(a + i) + <u64>load<u32>(ORDER + i) + carry
    store<u32>(r + i, <u32>t)
    carry = t >> 32
  }
  return carry == 0 && compareScalar(r, PRIME) < 0
}

/** a ≤ (n − 1) / 2. */
export function isLowScalar(a: usize): bool {
  return compareScalar(a, HALF_ORDER) <= 0
}

export function multiplyScalar(r: usize, a: usize, b: usize): void {
  multiplyWide(WIDE, a, b)
  reduce(r, WIDE)
}

/** r = a + b mod n; both below n. */
export function addScalar(r: usize, a: usize, b: usize): void {
  let carry: u64 = 0
  for (let i: usize = 0; i < 32; i += 4) {
    const t: u64 = <u64>load<u32>(a + i) + <u64>load<u32>(b + i) + carry
    store<u32>(r + i, <u32>t)
    carry = t >> 32
  }
  if (carry) {
    // r + 2^256 ≡ r + (2^256 − n), which cannot overflow again: a + b < 2n.
    carry = 0
    for (let i: usize = 0; i < 32; i += 4) {
      const t: u64 = <u64>load<u32>(r + i) + (i < 20 ? <u64>load<u32>(COMPLEMENT + i) : 0) + carry
      store<u32>(r + i, <u32>t)
      carry = t >> 32
    }
  } else subtractOrderOnce(r)
}

/** r = −a mod n; a below n. */
export function negateScalar(r: usize, a: usize): void {
  if (isZeroScalar(a)) {
    memory.fill(r, 0, 32)
    return
  }
  let borrow: i64 = 0
  for (let i: usize = 0; i < 32; i += 4) {
    const t: i64 = <i64>load<u32>(ORDER + i) - <i64>load<u32>(a + i) + borrow
    store<u32>(r + i, <u32>t)
    borrow = t >> 32
  }
}

const POWERS: usize = memory.data(512, 16)
const RESULT: usize = memory.data(32, 16)

/** r = a^(n−2) = a⁻¹ mod n, by windows of four bits. About 330 multiplications. */
export function invertScalar(r: usize, a: usize): void {
  memory.copy(POWERS + 32, a, 32)
  for (let i: usize = 2; i < 16; i++) multiplyScalar(POWERS + 32 * i, POWERS + 32 * (i - 1), a)
  memory.fill(RESULT, 0, 32)
  store<u32>(RESULT, 1)
  for (let i = 63; i >= 0; i--) {
    for (let s = 0; s < 4; s++) multiplyScalar(RESULT, RESULT, RESULT)
    let digit = (load<u32>(ORDER + ((<usize>i >> 3) << 2)) >> ((<u32>i & 7) << 2)) & 15
    // n − 2: only the lowest hexadecimal digits differ: …4141 − 2 = …413f.
    if (i == 0) digit = 0xf
    else if (i == 1) digit = 3
    if (digit) multiplyScalar(RESULT, RESULT, POWERS + 32 * <usize>digit)
  }
  memory.copy(r, RESULT, 32)
}

const C1: usize = memory.data(32, 16)
const C2: usize = memory.data(32, 16)
const SPLIT_WIDE: usize = memory.data(64, 16)
const PART: usize = memory.data(24, 16)

/** out (4 words) = round(k · g / 2^384). */
function multiplyShift(out: usize, k: usize, g: usize): void {
  multiplyWide(SPLIT_WIDE, k, g)
  let carry: u64 = load<u32>(SPLIT_WIDE, 44) >> 31
  for (let i: usize = 0; i < 16; i += 4) {
    const t: u64 = <u64>load<u32>(SPLIT_WIDE + 48 + i) + carry
    store<u32>(out + i, <u32>t)
    carry = t >> 32
  }
}

/** r (6 words) += sign · c (4 words) · b (5 words), mod 2^192. */
function accumulate(r: usize, c: usize, b: usize, negative: bool): void {
  memory.fill(PART, 0, 24)
  for (let i: usize = 0; i < 16; i += 4) {
    const x = <u64>load<u32>(c + i)
    let carry: u64 = 0
    for (let j: usize = 0; i + j < 24; j += 4) {
      const t: u64 = (j < 20 ? x * <u64>load<u32>(b + j) : 0) + <u64>load<u32>(PART + i + j) + carry
      store<u32>(PART + i + j, <u32>t)
      carry = t >> 32
    }
  }
  let carry: i64 = 0
  for (let i: usize = 0; i < 24; i += 4) {
    const t: i64 = <i64>load<u32>(r + i) + (negative ? -<i64>load<u32>(PART + i) : <i64>load<u32>(PART + i)) + carry
    store<u32>(r + i, <u32>t)
    carry = t >> 32
  }
}

/** The magnitude of a 192-bit two's complement number in place; true when it was negative. */
function magnitude(r: usize): bool {
  if (<i32>load<u32>(r, 20) >= 0) return false
  let carry: u64 = 1
  for (let i: usize = 0; i < 24; i += 4) {
    const t: u64 = (<u64>load<u32>(r + i) ^ 0xffffffff) + carry
    store<u32>(r + i, <u32>t)
    carry = t >> 32
  }
  return true
}

/**
 * k = ±k1 ± k2·λ mod n with k1, k2 < 2^128, for k < n. k1 goes to out, k2 to out + 32 (24 bytes each, the upper 8 zero); bit 0 of the
 * result: k1 is negative, bit 1: k2. c1, c2 are within 1/2 + 2^-128 of b2·k/n and −b1·k/n, hence |k1| ≤ (1/2 + 2^-128)(a1 + a2) and
 * |k2| ≤ (1/2 + 2^-128)(|b1| + b2), both below 2^128, so 192 bits hold every intermediate result that matters (mod 2^192).
 */
export function splitScalar(out: usize, k: usize): i32 {
  multiplyShift(C1, k, G1)
  multiplyShift(C2, k, G2)
  memory.copy(out, k, 24)
  accumulate(out, C1, A1, true)
  accumulate(out, C2, A2, true)
  memory.fill(out + 32, 0, 24)
  accumulate(out + 32, C1, B1, false)
  accumulate(out + 32, C2, A1, true)
  return (magnitude(out) ? 1 : 0) | (magnitude(out + 32) ? 2 : 0)
}

/**
 * Signed digits of `bits` bits of an unsigned number of `words` words: digits[i] in −2^(bits−1)+1 … 2^(bits−1), as i16, `stride` bytes apart,
 * Σ digits[i] · 2^(bits·i) = ±k. `count · bits` must exceed the number's length.
 */
export function recode(digits: usize, stride: usize, k: usize, words: i32, bits: i32, count: i32, negative: bool): void {
  const mask: u32 = (1 << bits) - 1
  const half: i32 = 1 << (bits - 1)
  let carry: i32 = 0
  for (let i = 0; i < count; i++) {
    const at = i * bits
    const w = at >> 5
    let value: u32 = 0
    if (w < words) {
      let pair = word(k, w)
      if (w + 1 < words) pair |= word(k, w + 1) << 32
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
