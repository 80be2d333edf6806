// BLAKE3 (specification of 2020-01-09, O'Connor, Aumasson, Neves, Wilcox-O'Hearn): chunks of 1 KiB and pairs of chaining values, four at a time in the lanes
// of a vector. The caller owns the memory from 4096 on: 512 bytes of scratch at `SCRATCH`, then what it likes. Nothing here allocates.

const SCRATCH: usize = 4096;
/** Message words of four blocks, one word of all four a vector. */
const WORDS: usize = SCRATCH;
/** Chaining values of four lanes, one word of all four a vector. */
const VALUES: usize = SCRATCH + 256;

const CHUNK: usize = 1024;
const BLOCK: usize = 64;
const CHUNK_START: u32 = 1, CHUNK_END: u32 = 2, PARENT: u32 = 4, ROOT: u32 = 8;
const IV0: u32 = 0x6a09e667, IV1: u32 = 0xbb67ae85, IV2: u32 = 0x3c6ef372, IV3: u32 = 0xa54ff53a;
const IV4: u32 = 0x510e527f, IV5: u32 = 0x9b05688c, IV6: u32 = 0x1f83d9ab, IV7: u32 = 0x5be0cd19;

/** Which message word each step of each round takes, times sixteen: the permutation of the specification, applied 0 … 6 times. */
const SCHEDULE: usize = memory.data<u8>([
  0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240,
  32, 96, 48, 160, 112, 0, 64, 208, 16, 176, 192, 80, 144, 224, 240, 128,
  48, 64, 160, 192, 208, 32, 112, 224, 96, 80, 144, 0, 176, 240, 128, 16,
  160, 112, 192, 144, 224, 48, 208, 240, 64, 0, 176, 32, 80, 128, 16, 96,
  192, 208, 144, 176, 240, 160, 224, 128, 112, 32, 80, 48, 0, 16, 96, 64,
  144, 224, 176, 80, 128, 192, 240, 16, 208, 48, 0, 160, 32, 96, 64, 112,
  176, 240, 80, 0, 16, 144, 128, 96, 224, 160, 32, 192, 48, 64, 112, 208,
]);

// @ts-ignore: decorator
@inline
function r16(x: v128): v128 {
  return i8x16.shuffle(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}
// @ts-ignore: decorator
@inline
function r12(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20));
}
// @ts-ignore: decorator
@inline
function r8(x: v128): v128 {
  return i8x16.shuffle(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
}
// @ts-ignore: decorator
@inline
function r7(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
}
// @ts-ignore: decorator
@inline
function add3(a: v128, b: v128, words: usize, schedule: usize): v128 {
  return i32x4.add(i32x4.add(a, b), v128.load(words + <usize>load<u8>(schedule)));
}

/** Brings one 64-byte block of four lanes, `stride` bytes apart, into WORDS. */
function gather(src: usize, stride: usize): void {
  for (let j: usize = 0; j < 4; j++) {
    const at = src + (j << 4);
    const a = v128.load(at), b = v128.load(at + stride);
    const c = v128.load(at + 2 * stride), d = v128.load(at + 3 * stride);
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), AB = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5), CD = i32x4.shuffle(c, d, 2, 6, 3, 7);
    const to = WORDS + (j << 6);
    v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
    v128.store(to, i64x2.shuffle(ab, cd, 1, 3), 16);
    v128.store(to, i64x2.shuffle(AB, CD, 0, 2), 32);
    v128.store(to, i64x2.shuffle(AB, CD, 1, 3), 48);
  }
}

/** Starts the four lanes at the initial value. */
function start(): void {
  v128.store(VALUES, i32x4.splat(IV0)); v128.store(VALUES, i32x4.splat(IV1), 16);
  v128.store(VALUES, i32x4.splat(IV2), 32); v128.store(VALUES, i32x4.splat(IV3), 48);
  v128.store(VALUES, i32x4.splat(IV4), 64); v128.store(VALUES, i32x4.splat(IV5), 80);
  v128.store(VALUES, i32x4.splat(IV6), 96); v128.store(VALUES, i32x4.splat(IV7), 112);
}

/** Writes the chaining values of the four lanes one after another, 32 bytes each. */
function scatter(out: usize): void {
  for (let j: usize = 0; j < 2; j++) {
    const at = VALUES + (j << 6);
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
    const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), AB = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const cd = i32x4.shuffle(c, d, 0, 4, 1, 5), CD = i32x4.shuffle(c, d, 2, 6, 3, 7);
    const to = out + (j << 4);
    v128.store(to, i64x2.shuffle(ab, cd, 0, 2));
    v128.store(to, i64x2.shuffle(ab, cd, 1, 3), 32);
    v128.store(to, i64x2.shuffle(AB, CD, 0, 2), 64);
    v128.store(to, i64x2.shuffle(AB, CD, 1, 3), 96);
  }
}

/** The compression function on the four lanes: VALUES and WORDS to VALUES. */
function compress4(counter: v128, flags: u32): void {
  let a0 = v128.load(VALUES), a1 = v128.load(VALUES, 16), a2 = v128.load(VALUES, 32), a3 = v128.load(VALUES, 48);
  let b0 = v128.load(VALUES, 64), b1 = v128.load(VALUES, 80), b2 = v128.load(VALUES, 96), b3 = v128.load(VALUES, 112);
  let c0 = i32x4.splat(IV0), c1 = i32x4.splat(IV1), c2 = i32x4.splat(IV2), c3 = i32x4.splat(IV3);
  let d0 = counter, d1 = i32x4.splat(0), d2 = i32x4.splat(<i32>BLOCK), d3 = i32x4.splat(flags);
  for (let s = SCHEDULE; s < SCHEDULE + 112; s += 16) {
    a0 = add3(a0, b0, WORDS, s); a1 = add3(a1, b1, WORDS, s + 2); a2 = add3(a2, b2, WORDS, s + 4); a3 = add3(a3, b3, WORDS, s + 6);
    d0 = r16(v128.xor(d0, a0)); d1 = r16(v128.xor(d1, a1)); d2 = r16(v128.xor(d2, a2)); d3 = r16(v128.xor(d3, a3));
    c0 = i32x4.add(c0, d0); c1 = i32x4.add(c1, d1); c2 = i32x4.add(c2, d2); c3 = i32x4.add(c3, d3);
    b0 = r12(v128.xor(b0, c0)); b1 = r12(v128.xor(b1, c1)); b2 = r12(v128.xor(b2, c2)); b3 = r12(v128.xor(b3, c3));
    a0 = add3(a0, b0, WORDS, s + 1); a1 = add3(a1, b1, WORDS, s + 3); a2 = add3(a2, b2, WORDS, s + 5); a3 = add3(a3, b3, WORDS, s + 7);
    d0 = r8(v128.xor(d0, a0)); d1 = r8(v128.xor(d1, a1)); d2 = r8(v128.xor(d2, a2)); d3 = r8(v128.xor(d3, a3));
    c0 = i32x4.add(c0, d0); c1 = i32x4.add(c1, d1); c2 = i32x4.add(c2, d2); c3 = i32x4.add(c3, d3);
    b0 = r7(v128.xor(b0, c0)); b1 = r7(v128.xor(b1, c1)); b2 = r7(v128.xor(b2, c2)); b3 = r7(v128.xor(b3, c3));

    a0 = add3(a0, b1, WORDS, s + 8); a1 = add3(a1, b2, WORDS, s + 10); a2 = add3(a2, b3, WORDS, s + 12); a3 = add3(a3, b0, WORDS, s + 14);
    d3 = r16(v128.xor(d3, a0)); d0 = r16(v128.xor(d0, a1)); d1 = r16(v128.xor(d1, a2)); d2 = r16(v128.xor(d2, a3));
    c2 = i32x4.add(c2, d3); c3 = i32x4.add(c3, d0); c0 = i32x4.add(c0, d1); c1 = i32x4.add(c1, d2);
    b1 = r12(v128.xor(b1, c2)); b2 = r12(v128.xor(b2, c3)); b3 = r12(v128.xor(b3, c0)); b0 = r12(v128.xor(b0, c1));
    a0 = add3(a0, b1, WORDS, s + 9); a1 = add3(a1, b2, WORDS, s + 11); a2 = add3(a2, b3, WORDS, s + 13); a3 = add3(a3, b0, WORDS, s + 15);
    d3 = r8(v128.xor(d3, a0)); d0 = r8(v128.xor(d0, a1)); d1 = r8(v128.xor(d1, a2)); d2 = r8(v128.xor(d2, a3));
    c2 = i32x4.add(c2, d3); c3 = i32x4.add(c3, d0); c0 = i32x4.add(c0, d1); c1 = i32x4.add(c1, d2);
    b1 = r7(v128.xor(b1, c2)); b2 = r7(v128.xor(b2, c3)); b3 = r7(v128.xor(b3, c0)); b0 = r7(v128.xor(b0, c1));
  }
  v128.store(VALUES, v128.xor(a0, c0)); v128.store(VALUES, v128.xor(a1, c1), 16);
  v128.store(VALUES, v128.xor(a2, c2), 32); v128.store(VALUES, v128.xor(a3, c3), 48);
  v128.store(VALUES, v128.xor(b0, d0), 64); v128.store(VALUES, v128.xor(b1, d1), 80);
  v128.store(VALUES, v128.xor(b2, d2), 96); v128.store(VALUES, v128.xor(b3, d3), 112);
}

function chunks4(src: usize, counter: u32, out: usize): void {
  start();
  const counters = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3));
  for (let b: usize = 0; b < CHUNK; b += BLOCK) {
    gather(src + b, CHUNK);
    compress4(counters, (b == 0 ? CHUNK_START : 0) | (b == CHUNK - BLOCK ? CHUNK_END : 0));
  }
  scatter(out);
}

// @ts-ignore: decorator
@inline
function word(src: usize, s: usize): u32 {
  return load<u32>(src + (<usize>load<u8>(s) >> 2));
}

/** The compression function on one block: the value at `cv` and 64 bytes at `src` to `cv`. */
function compress1(cv: usize, src: usize, counter: u32, length: u32, flags: u32): void {
  let a0 = load<u32>(cv), a1 = load<u32>(cv, 4), a2 = load<u32>(cv, 8), a3 = load<u32>(cv, 12);
  let b0 = load<u32>(cv, 16), b1 = load<u32>(cv, 20), b2 = load<u32>(cv, 24), b3 = load<u32>(cv, 28);
  let c0 = IV0, c1 = IV1, c2 = IV2, c3 = IV3;
  let d0 = counter, d1: u32 = 0, d2 = length, d3 = flags;
  for (let s = SCHEDULE; s < SCHEDULE + 112; s += 16) {
    a0 += b0 + word(src, s); a1 += b1 + word(src, s + 2); a2 += b2 + word(src, s + 4); a3 += b3 + word(src, s + 6);
    d0 = rotr<u32>(d0 ^ a0, 16); d1 = rotr<u32>(d1 ^ a1, 16); d2 = rotr<u32>(d2 ^ a2, 16); d3 = rotr<u32>(d3 ^ a3, 16);
    c0 += d0; c1 += d1; c2 += d2; c3 += d3;
    b0 = rotr<u32>(b0 ^ c0, 12); b1 = rotr<u32>(b1 ^ c1, 12); b2 = rotr<u32>(b2 ^ c2, 12); b3 = rotr<u32>(b3 ^ c3, 12);
    a0 += b0 + word(src, s + 1); a1 += b1 + word(src, s + 3); a2 += b2 + word(src, s + 5); a3 += b3 + word(src, s + 7);
    d0 = rotr<u32>(d0 ^ a0, 8); d1 = rotr<u32>(d1 ^ a1, 8); d2 = rotr<u32>(d2 ^ a2, 8); d3 = rotr<u32>(d3 ^ a3, 8);
    c0 += d0; c1 += d1; c2 += d2; c3 += d3;
    b0 = rotr<u32>(b0 ^ c0, 7); b1 = rotr<u32>(b1 ^ c1, 7); b2 = rotr<u32>(b2 ^ c2, 7); b3 = rotr<u32>(b3 ^ c3, 7);

    a0 += b1 + word(src, s + 8); a1 += b2 + word(src, s + 10); a2 += b3 + word(src, s + 12); a3 += b0 + word(src, s + 14);
    d3 = rotr<u32>(d3 ^ a0, 16); d0 = rotr<u32>(d0 ^ a1, 16); d1 = rotr<u32>(d1 ^ a2, 16); d2 = rotr<u32>(d2 ^ a3, 16);
    c2 += d3; c3 += d0; c0 += d1; c1 += d2;
    b1 = rotr<u32>(b1 ^ c2, 12); b2 = rotr<u32>(b2 ^ c3, 12); b3 = rotr<u32>(b3 ^ c0, 12); b0 = rotr<u32>(b0 ^ c1, 12);
    a0 += b1 + word(src, s + 9); a1 += b2 + word(src, s + 11); a2 += b3 + word(src, s + 13); a3 += b0 + word(src, s + 15);
    d3 = rotr<u32>(d3 ^ a0, 8); d0 = rotr<u32>(d0 ^ a1, 8); d1 = rotr<u32>(d1 ^ a2, 8); d2 = rotr<u32>(d2 ^ a3, 8);
    c2 += d3; c3 += d0; c0 += d1; c1 += d2;
    b1 = rotr<u32>(b1 ^ c2, 7); b2 = rotr<u32>(b2 ^ c3, 7); b3 = rotr<u32>(b3 ^ c0, 7); b0 = rotr<u32>(b0 ^ c1, 7);
  }
  store<u32>(cv, a0 ^ c0); store<u32>(cv, a1 ^ c1, 4); store<u32>(cv, a2 ^ c2, 8); store<u32>(cv, a3 ^ c3, 12);
  store<u32>(cv, b0 ^ d0, 16); store<u32>(cv, b1 ^ d1, 20); store<u32>(cv, b2 ^ d2, 24); store<u32>(cv, b3 ^ d3, 28);
}

function start1(cv: usize): void {
  store<u32>(cv, IV0); store<u32>(cv, IV1, 4); store<u32>(cv, IV2, 8); store<u32>(cv, IV3, 12);
  store<u32>(cv, IV4, 16); store<u32>(cv, IV5, 20); store<u32>(cv, IV6, 24); store<u32>(cv, IV7, 28);
}

/** One chunk of up to 1024 bytes; behind a chunk that ends inside a block, `src` is overwritten with zeros up to the block's end. */
function chunk1(src: usize, len: usize, counter: u32, flags: u32, out: usize): void {
  const padded = len == 0 ? BLOCK : (len + BLOCK - 1) & ~(BLOCK - 1);
  memory.fill(src + len, 0, padded - len);
  start1(out);
  for (let b: usize = 0; b < padded; b += BLOCK) {
    const last = b + BLOCK == padded;
    compress1(out, src + b, counter, last ? <u32>(len - b) : <u32>BLOCK, (b == 0 ? CHUNK_START : 0) | (last ? CHUNK_END | flags : 0));
  }
}

/**
 * Chaining values of the chunks of `len` bytes at `src`, the first of which has number `counter`; 32 bytes each at `out`. `only`: the bytes are the whole
 * message and one chunk, so that its value is the hash. Up to 63 bytes behind `src + len` are overwritten.
 */
export function leaves(src: usize, len: usize, counter: u32, only: bool, out: usize): void {
  let at: usize = 0;
  for (; at + 4 * CHUNK <= len; at += 4 * CHUNK) {
    chunks4(src + at, counter, out);
    counter += 4;
    out += 128;
  }
  do {
    if (at > 0 && at == len) return;
    const size = len - at < CHUNK ? len - at : CHUNK;
    chunk1(src + at, size, counter, only ? ROOT : 0, out);
    counter++;
    at += size;
    out += 32;
  } while (at < len);
}

/** Replaces `count` values (above 1) at `values` by those of the level above; a lone last one goes up as it is. Returns their number. */
export function pair(values: usize, count: u32): u32 {
  const pairs = count >> 1;
  const flags = count == 2 ? PARENT | ROOT : PARENT;
  let i: u32 = 0;
  for (; i + 4 <= pairs; i += 4) {
    gather(values + (<usize>i << 6), BLOCK);
    start();
    compress4(i32x4.splat(0), flags);
    scatter(values + (<usize>i << 5));
  }
  for (; i < pairs; i++) {
    start1(VALUES);
    compress1(VALUES, values + (<usize>i << 6), 0, <u32>BLOCK, flags);
    memory.copy(values + (<usize>i << 5), VALUES, 32);
  }
  if (count & 1) memory.copy(values + (<usize>pairs << 5), values + (<usize>(count - 1) << 5), 32);
  return pairs + (count & 1);
}
