// Content-defined cut points by a gear rolling hash with normalised chunking (FastCDC, Xia et al. 2016/2020).

/** Bytes of one of the four streams that are hashed side by side. */
const STREAM: u32 = 1024;
/** A hash of 32 bits has forgotten what lies further back. */
const MEMORY: u32 = 32;

/** The hash after the last byte that `scan` looked at. */
let hash: u32 = 0;

// @ts-ignore: decorator
@inline
function gearOf(gear: usize, at: usize): u32 {
  return load<u32>(gear + ((<usize>load<u8>(at)) << 2));
}

// One byte further in four streams.
// @ts-ignore: decorator
@inline
function step(gear: usize, at: usize, hashes: v128): v128 {
  let words = v128.load32_zero(gear + ((<usize>load<u8>(at)) << 2));
  words = v128.load_lane<u32>(gear + ((<usize>load<u8>(at + STREAM)) << 2), words, 1);
  words = v128.load_lane<u32>(gear + ((<usize>load<u8>(at + 2 * STREAM)) << 2), words, 2);
  words = v128.load_lane<u32>(gear + ((<usize>load<u8>(at + 3 * STREAM)) << 2), words, 3);
  return i32x4.add(i32x4.shl(hashes, 1), words);
}

// The first end of a chunk from `from` to `to`, or 0: where the hash is at most `most`. The 256 gear words stand at `gear` (u32 each), the chunk at `ptr`.
// With `start` the hash begins at `from`, which is at least MEMORY; without, it goes on from where the last call ended.
export function scan(gear: usize, ptr: usize, from: u32, to: u32, most: u32, start: bool): u32 {
  if (start) hash = 0;
  let i = from;
  // The chain from hash to hash is what takes the time, so four places are hashed at once and only the least of all hashes is looked at.
  for (; i + 4 * STREAM <= to; i += 4 * STREAM) {
    let at = ptr + i;
    let hashes = i32x4.splat(0);
    for (let back = MEMORY; back > 0; back--) hashes = step(gear, at - back, hashes);
    hashes = i32x4.replace_lane(hashes, 0, hash);
    let least = i32x4.splat(-1);
    const end = at + STREAM;
    for (; at < end; at += 4) {
      hashes = step(gear, at, hashes);
      least = i32x4.min_u(least, hashes);
      hashes = step(gear, at + 1, hashes);
      least = i32x4.min_u(least, hashes);
      hashes = step(gear, at + 2, hashes);
      least = i32x4.min_u(least, hashes);
      hashes = step(gear, at + 3, hashes);
      least = i32x4.min_u(least, hashes);
    }
    if (v128.any_true(i32x4.le_u(least, i32x4.splat(most)))) return scanPlain(gear, ptr, i, i + 4 * STREAM, most);
    hash = i32x4.extract_lane(hashes, 3);
  }
  return scanPlain(gear, ptr, i, to, most);
}

function scanPlain(gear: usize, ptr: usize, from: u32, to: u32, most: u32): u32 {
  let h = hash;
  for (let i = from; i < to; i++) {
    h = (h << 1) + gearOf(gear, ptr + i);
    if (h <= most) return i + 1;
  }
  hash = h;
  return 0;
}
