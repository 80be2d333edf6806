// The main loop of CryptoNight variants 0, 1 and 2 between the two Keccak permutations. Memory, from `heap.base` upwards:
// scratchpad 2 MiB, state 200 bytes, round keys 160, tables of the AES round 4 KiB.
// The tables are written once by the host. Sources: CNS-008; Monero's slow-hash.c for the variants.

const BASE: usize = 65536
const PAD: usize = BASE
const STATE: usize = BASE + (1 << 21)
const KEYS: usize = STATE + 256
const T: usize = KEYS + 256
const MASK: u32 = 0x1ffff0
const ITERATIONS: i32 = 1 << 19

export function stateOffset(): usize {
  return STATE
}
export function keysOffset(): usize {
  return KEYS
}
export function tableOffset(): usize {
  return T
}

// @ts-ignore: decorator
@inline function t0(x: u32): u32 {
  return load<u32>(T + ((<usize>(x & 255)) << 2))
}
// @ts-ignore: decorator
@inline function t1(x: u32): u32 {
  return load<u32>(T + ((<usize>((x >>> 8) & 255)) << 2), 1024)
}
// @ts-ignore: decorator
@inline function t2(x: u32): u32 {
  return load<u32>(T + ((<usize>((x >>> 16) & 255)) << 2), 2048)
}
// @ts-ignore: decorator
@inline function t3(x: u32): u32 {
  return load<u32>(T + ((<usize>(x >>> 24)) << 2), 3072)
}

// Ten rounds on the block at `at`, with the keys at KEYS.
function rounds(at: usize): void {
  let a = load<u32>(at)
  let b = load<u32>(at, 4)
  let c = load<u32>(at, 8)
  let d = load<u32>(at, 12)
  for (let key: usize = KEYS; key < KEYS + 160; key += 16) {
    const e = t0(a) ^ t1(b) ^ t2(c) ^ t3(d) ^ load<u32>(key)
    const f = t0(b) ^ t1(c) ^ t2(d) ^ t3(a) ^ load<u32>(key, 4)
    const g = t0(c) ^ t1(d) ^ t2(a) ^ t3(b) ^ load<u32>(key, 8)
    d = t0(d) ^ t1(a) ^ t2(b) ^ t3(c) ^ load<u32>(key, 12)
    a = e
    b = f
    c = g
  }
  store<u32>(at, a)
  store<u32>(at, b, 4)
  store<u32>(at, c, 8)
  store<u32>(at, d, 12)
}

export function explode(): void {
  for (let at: usize = PAD; at < PAD + (1 << 21); at += 128) {
    for (let block: usize = 0; block < 128; block += 16) rounds(STATE + 64 + block)
    memory.copy(at, STATE + 64, 128)
  }
}

export function implode(): void {
  for (let at: usize = PAD; at < PAD + (1 << 21); at += 128) {
    for (let word: usize = 0; word < 128; word += 8) {
      store<u64>(STATE + 64 + word, load<u64>(STATE + 64 + word) ^ load<u64>(at + word))
    }
    for (let block: usize = 0; block < 128; block += 16) rounds(STATE + 64 + block)
  }
}

export function wipe(): void {
  memory.fill(PAD, 0, 1 << 21)
  memory.fill(STATE, 0, 200)
  memory.fill(KEYS, 0, 160)
}

// High half of a 64-bit product.
// @ts-ignore: decorator
@inline function high(x: u64, y: u64): u64 {
  const xl = x & 0xffffffff
  const xh = x >> 32
  const yl = y & 0xffffffff
  const yh = y >> 32
  const mid = xh * yl + ((xl * yl) >> 32)
  const cross = xl * yh + (mid & 0xffffffff)
  return xh * yh + (mid >> 32) + (cross >> 32)
}

// The square root of variant 2: floor of 2·sqrt(2^64 + n) − 2^33. The double is at most one off; integers correct it.
// @ts-ignore: decorator
@inline function squareRoot(n: u64): u64 {
  const r = <u64>(Math.sqrt(<f64>n + 18446744073709551616.0) * 2.0 - 8589934592.0)
  const s = r >> 1
  const b = r & 1
  const square = s * (s + b) + (r << 32)
  return r - <u64>(square + b > n) + <u64>(square + (<u64>1 << 32) < n - s)
}

// @ts-ignore: decorator
@inline function shuffle(j: usize, a0: u64, a1: u64, b0: u64, b1: u64, e0: u64, e1: u64): void {
  const p1 = PAD + (j ^ 0x10)
  const p2 = PAD + (j ^ 0x20)
  const p3 = PAD + (j ^ 0x30)
  const x0 = load<u64>(p1)
  const x1 = load<u64>(p1, 8)
  const y0 = load<u64>(p2)
  const y1 = load<u64>(p2, 8)
  store<u64>(p1, load<u64>(p3) + e0)
  store<u64>(p1, load<u64>(p3, 8) + e1, 8)
  store<u64>(p2, x0 + b0)
  store<u64>(p2, x1 + b1, 8)
  store<u64>(p3, y0 + a0)
  store<u64>(p3, y1 + a1, 8)
}

// @ts-ignore: decorator
@inline function loop(variant: i32, tweak: u64): void {
  let a0 = load<u64>(STATE) ^ load<u64>(STATE, 32)
  let a1 = load<u64>(STATE, 8) ^ load<u64>(STATE, 40)
  let b0 = load<u64>(STATE, 16) ^ load<u64>(STATE, 48)
  let b1 = load<u64>(STATE, 24) ^ load<u64>(STATE, 56)
  let e0 = load<u64>(STATE, 64) ^ load<u64>(STATE, 80)
  let e1 = load<u64>(STATE, 72) ^ load<u64>(STATE, 88)
  let division = load<u64>(STATE, 96)
  let root = load<u64>(STATE, 104)
  for (let i = 0; i < ITERATIONS; i++) {
    let j = <usize>(<u32>a0 & MASK)
    let p = PAD + j
    const w = load<u64>(p)
    const z = load<u64>(p, 8)
    const s0 = <u32>w
    const s1 = <u32>(w >> 32)
    const s2 = <u32>z
    const s3 = <u32>(z >> 32)
    const c0 =
      (<u64>(t0(s0) ^ t1(s1) ^ t2(s2) ^ t3(s3)) | ((<u64>(t0(s1) ^ t1(s2) ^ t2(s3) ^ t3(s0))) << 32)) ^ a0
    const c1 =
      (<u64>(t0(s2) ^ t1(s3) ^ t2(s0) ^ t3(s1)) | ((<u64>(t0(s3) ^ t1(s0) ^ t2(s1) ^ t3(s2))) << 32)) ^ a1
    if (variant == 2) shuffle(j, a0, a1, b0, b1, e0, e1)
    store<u64>(p, b0 ^ c0)
    let top = b1 ^ c1
    if (variant == 1) {
      const byte = <u32>(top >> 24) & 255
      const index = (((byte >> 3) & 6) | (byte & 1)) << 1
      top ^= (<u64>((0x75310 >> index) & 0x30)) << 24
    }
    store<u64>(p, top, 8)

    j = <usize>(<u32>c0 & MASK)
    p = PAD + j
    let d0 = load<u64>(p)
    const d1 = load<u64>(p, 8)
    if (variant == 2) {
      d0 ^= division ^ (root << 32)
      const divisor = <u64>(<u32>c0 + <u32>(root << 1) | 0x80000001)
      division = (c1 / divisor & 0xffffffff) + ((c1 % divisor) << 32)
      root = squareRoot(c0 + division)
    }
    let hi = high(c0, d0)
    let lo = c0 * d0
    if (variant == 2) {
      const p1 = PAD + (j ^ 0x10)
      const p2 = PAD + (j ^ 0x20)
      store<u64>(p1, load<u64>(p1) ^ hi)
      store<u64>(p1, load<u64>(p1, 8) ^ lo, 8)
      hi ^= load<u64>(p2)
      lo ^= load<u64>(p2, 8)
      shuffle(j, a0, a1, b0, b1, e0, e1)
    }
    a0 += hi
    a1 += lo
    store<u64>(p, a0)
    store<u64>(p, a1 ^ tweak, 8)
    a0 ^= d0
    a1 ^= d1
    if (variant == 2) {
      e0 = b0
      e1 = b1
    }
    b0 = c0
    b1 = c1
  }
}

export function loop0(): void {
  loop(0, 0)
}
export function loop1(low: u32, top: u32): void {
  loop(1, <u64>low | (<u64>top << 32))
}
export function loop2(): void {
  loop(2, 0)
}
