// SHA-256 (FIPS 180-4 §6.2), message schedule in memory.

const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
  0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
  0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
  0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
])
const W: usize = memory.data(256, 16)
const H: usize = memory.data(32, 16)
const LAST: usize = memory.data(128, 16)

@inline function big0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22)
}
@inline function big1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25)
}
@inline function small0(x: u32): u32 {
  return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3)
}
@inline function small1(x: u32): u32 {
  return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10)
}

function compress(block: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(W + t, bswap<u32>(load<u32>(block + t)))
  for (let t: usize = 64; t < 256; t += 4) {
    const p = W + t
    store<u32>(p, small1(load<u32>(p - 8)) + load<u32>(p - 28) + small0(load<u32>(p - 60)) + load<u32>(p - 64))
  }
  let a = load<u32>(H, 0), b = load<u32>(H, 4), c = load<u32>(H, 8), d = load<u32>(H, 12)
  let e = load<u32>(H, 16), f = load<u32>(H, 20), g = load<u32>(H, 24), h = load<u32>(H, 28)
  for (let t: usize = 0; t < 256; t += 4) {
    const t1: u32 = h + big1(e) + ((e & f) ^ (~e & g)) + load<u32>(K + t) + load<u32>(W + t)
    const t2: u32 = big0(a) + ((a & b) ^ (a & c) ^ (b & c))
    h = g
    g = f
    f = e
    e = d + t1
    d = c
    c = b
    b = a
    a = t1 + t2
  }
  store<u32>(H, load<u32>(H, 0) + a, 0)
  store<u32>(H, load<u32>(H, 4) + b, 4)
  store<u32>(H, load<u32>(H, 8) + c, 8)
  store<u32>(H, load<u32>(H, 12) + d, 12)
  store<u32>(H, load<u32>(H, 16) + e, 16)
  store<u32>(H, load<u32>(H, 20) + f, 20)
  store<u32>(H, load<u32>(H, 24) + g, 24)
  store<u32>(H, load<u32>(H, 28) + h, 28)
}

export function sha256Reset(): void {
  store<u64>(H, 0xbb67ae856a09e667, 0)
  store<u64>(H, 0xa54ff53a3c6ef372, 8)
  store<u64>(H, 0x9b05688c510e527f, 16)
  store<u64>(H, 0x5be0cd191f83d9ab, 24)
}

/** Absorbs `blocks` whole blocks of 64 bytes. */
export function sha256Absorb(from: usize, blocks: i32): void {
  for (let i = 0; i < blocks; i++, from += 64) compress(from)
}

/** Absorbs the last `size` < 64 bytes of a message of `total` bytes; the big-endian digest goes to `out`. */
export function sha256Finish(from: usize, size: i32, total: u64, out: usize): void {
  memory.fill(LAST, 0, 128)
  memory.copy(LAST, from, size)
  store<u8>(LAST + size, 0x80)
  const end: usize = size < 56 ? 64 : 128
  store<u64>(LAST + end - 8, bswap<u64>(total << 3))
  compress(LAST)
  if (end == 128) compress(LAST + 64)
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(H + i)))
}

/** Copies the chaining value (32 bytes, native order) out or in: midstates of tagged hashes. */
export function sha256Save(to: usize): void {
  memory.copy(to, H, 32)
}
export function sha256Load(from: usize): void {
  memory.copy(H, from, 32)
}

export function sha256(from: usize, size: i32, out: usize): void {
  sha256Reset()
  const whole = size >> 6
  sha256Absorb(from, whole)
  sha256Finish(from + (whole << 6), size & 63, size, out)
}
