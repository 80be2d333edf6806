// GF(2^8) matrix times byte streams, polynomial 0x11d, by nibble tables (two 16-byte tables a coefficient).
// The caller owns the memory: tables at `tbl + (row * k + col) * 32` (low nibbles, then high nibbles),
// input stream j at `src + j * stride`, output row r at `dst + r * stride`. `len` is a multiple of 32.
// RELAXED is set by the compiler call: relaxed_swizzle is exact here because indices are always 0..15.

// @ts-ignore: decorator
@inline
function look(t: v128, i: v128): v128 {
  // @ts-ignore: constant from the command line
  if (RELAXED) return i8x16.relaxed_swizzle(t, i);
  return i8x16.swizzle(t, i);
}

function rows4(tbl: usize, k: i32, src: usize, dst: usize, stride: usize, len: usize): void {
  const m = i8x16.splat(0x0f);
  const row: usize = <usize>k * 32;
  for (let p: usize = 0; p < len; p += 32) {
    let a0 = i8x16.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    let s = src + p;
    let t = tbl;
    for (let j = 0; j < k; j++) {
      const v = v128.load(s), w = v128.load(s, 16);
      const vl = v128.and(v, m), vh = v128.shr<u8>(v, 4);
      const wl = v128.and(w, m), wh = v128.shr<u8>(w, 4);
      let q = t;
      let L = v128.load(q), H = v128.load(q, 16);
      a0 = v128.xor(a0, v128.xor(look(L, vl), look(H, vh)));
      b0 = v128.xor(b0, v128.xor(look(L, wl), look(H, wh)));
      q += row;
      L = v128.load(q); H = v128.load(q, 16);
      a1 = v128.xor(a1, v128.xor(look(L, vl), look(H, vh)));
      b1 = v128.xor(b1, v128.xor(look(L, wl), look(H, wh)));
      q += row;
      L = v128.load(q); H = v128.load(q, 16);
      a2 = v128.xor(a2, v128.xor(look(L, vl), look(H, vh)));
      b2 = v128.xor(b2, v128.xor(look(L, wl), look(H, wh)));
      q += row;
      L = v128.load(q); H = v128.load(q, 16);
      a3 = v128.xor(a3, v128.xor(look(L, vl), look(H, vh)));
      b3 = v128.xor(b3, v128.xor(look(L, wl), look(H, wh)));
      s += stride; t += 32;
    }
    let o = dst + p;
    v128.store(o, a0); v128.store(o, b0, 16); o += stride;
    v128.store(o, a1); v128.store(o, b1, 16); o += stride;
    v128.store(o, a2); v128.store(o, b2, 16); o += stride;
    v128.store(o, a3); v128.store(o, b3, 16);
  }
}

function rows3(tbl: usize, k: i32, src: usize, dst: usize, stride: usize, len: usize): void {
  const m = i8x16.splat(0x0f);
  const row: usize = <usize>k * 32;
  for (let p: usize = 0; p < len; p += 32) {
    let a0 = i8x16.splat(0), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0;
    let s = src + p;
    let t = tbl;
    for (let j = 0; j < k; j++) {
      const v = v128.load(s), w = v128.load(s, 16);
      const vl = v128.and(v, m), vh = v128.shr<u8>(v, 4);
      const wl = v128.and(w, m), wh = v128.shr<u8>(w, 4);
      let q = t;
      let L = v128.load(q), H = v128.load(q, 16);
      a0 = v128.xor(a0, v128.xor(look(L, vl), look(H, vh)));
      b0 = v128.xor(b0, v128.xor(look(L, wl), look(H, wh)));
      q += row;
      L = v128.load(q); H = v128.load(q, 16);
      a1 = v128.xor(a1, v128.xor(look(L, vl), look(H, vh)));
      b1 = v128.xor(b1, v128.xor(look(L, wl), look(H, wh)));
      q += row;
      L = v128.load(q); H = v128.load(q, 16);
      a2 = v128.xor(a2, v128.xor(look(L, vl), look(H, vh)));
      b2 = v128.xor(b2, v128.xor(look(L, wl), look(H, wh)));
      s += stride; t += 32;
    }
    let o = dst + p;
    v128.store(o, a0); v128.store(o, b0, 16); o += stride;
    v128.store(o, a1); v128.store(o, b1, 16); o += stride;
    v128.store(o, a2); v128.store(o, b2, 16);
  }
}

function rows2(tbl: usize, k: i32, src: usize, dst: usize, stride: usize, len: usize): void {
  const m = i8x16.splat(0x0f);
  const row: usize = <usize>k * 32;
  for (let p: usize = 0; p < len; p += 32) {
    let a0 = i8x16.splat(0), a1 = a0, b0 = a0, b1 = a0;
    let s = src + p;
    let t = tbl;
    for (let j = 0; j < k; j++) {
      const v = v128.load(s), w = v128.load(s, 16);
      const vl = v128.and(v, m), vh = v128.shr<u8>(v, 4);
      const wl = v128.and(w, m), wh = v128.shr<u8>(w, 4);
      let q = t;
      let L = v128.load(q), H = v128.load(q, 16);
      a0 = v128.xor(a0, v128.xor(look(L, vl), look(H, vh)));
      b0 = v128.xor(b0, v128.xor(look(L, wl), look(H, wh)));
      q += row;
      L = v128.load(q); H = v128.load(q, 16);
      a1 = v128.xor(a1, v128.xor(look(L, vl), look(H, vh)));
      b1 = v128.xor(b1, v128.xor(look(L, wl), look(H, wh)));
      s += stride; t += 32;
    }
    let o = dst + p;
    v128.store(o, a0); v128.store(o, b0, 16); o += stride;
    v128.store(o, a1); v128.store(o, b1, 16);
  }
}

function rows1(tbl: usize, k: i32, src: usize, dst: usize, len: usize, stride: usize): void {
  const m = i8x16.splat(0x0f);
  for (let p: usize = 0; p < len; p += 32) {
    let a = i8x16.splat(0), b = a;
    let s = src + p;
    let t = tbl;
    for (let j = 0; j < k; j++) {
      const v = v128.load(s), w = v128.load(s, 16);
      const L = v128.load(t), H = v128.load(t, 16);
      a = v128.xor(a, v128.xor(look(L, v128.and(v, m)), look(H, v128.shr<u8>(v, 4))));
      b = v128.xor(b, v128.xor(look(L, v128.and(w, m)), look(H, v128.shr<u8>(w, 4))));
      s += stride; t += 32;
    }
    v128.store(dst + p, a); v128.store(dst + p, b, 16);
  }
}

/** Computes `rows` output streams from `k` input streams of `len` bytes (a multiple of 32). */
export function multiply(tbl: usize, k: i32, rows: i32, src: usize, dst: usize, stride: usize, len: usize): void {
  const row: usize = <usize>k * 32;
  let r = 0;
  // 4s, but never leave a lone row when 3+3 or 3+2 does (6 = 3+3, 5 = 3+2)
  while (r < rows) {
    const left = rows - r;
    const t = tbl + <usize>r * row;
    const o = dst + <usize>r * stride;
    if (left == 4 || left > 6) { rows4(t, k, src, o, stride, len); r += 4; }
    else if (left == 3 || left == 5 || left == 6) { rows3(t, k, src, o, stride, len); r += 3; }
    else if (left == 2) { rows2(t, k, src, o, stride, len); r += 2; }
    else { rows1(t, k, src, o, len, stride); r += 1; }
  }
}
