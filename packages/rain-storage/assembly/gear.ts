// Content-defined cut points by a gear rolling hash with normalised chunking (FastCDC, Xia et al. 2016/2020).

// @ts-ignore: decorator
@inline
function gearOf(gear: usize, at: usize): u32 {
  return load<u32>(gear + ((<usize>load<u8>(at)) << 2));
}

// The 256 gear words stand at `gear` (u32 each); the caller puts the bytes at `ptr`.
// Returns the length of the first chunk of `len` bytes: between `min` and `max`, about `avg` in the mean.
export function cut(gear: usize, ptr: usize, len: u32, min: u32, avg: u32, max: u32, strict: u32, loose: u32): u32 {
  if (len <= min) return len;
  const end = len < max ? len : max;
  const mid = end < avg ? end : avg;
  let h: u32 = 0;
  let i: u32 = min;
  // Four steps a branch: the chain from hash to hash is what takes the time.
  for (; i + 4 <= mid; i += 4) {
    const at = ptr + i;
    const h1 = (h << 1) + gearOf(gear, at), h2 = (h1 << 1) + gearOf(gear, at + 1);
    const h3 = (h2 << 1) + gearOf(gear, at + 2), h4 = (h3 << 1) + gearOf(gear, at + 3);
    if (u32((h1 & strict) == 0) | u32((h2 & strict) == 0) | u32((h3 & strict) == 0) | u32((h4 & strict) == 0)) {
      return i + ((h1 & strict) == 0 ? 1 : (h2 & strict) == 0 ? 2 : (h3 & strict) == 0 ? 3 : 4);
    }
    h = h4;
  }
  for (; i < mid; i++) {
    h = (h << 1) + gearOf(gear, ptr + i);
    if ((h & strict) == 0) return i + 1;
  }
  for (; i + 4 <= end; i += 4) {
    const at = ptr + i;
    const h1 = (h << 1) + gearOf(gear, at), h2 = (h1 << 1) + gearOf(gear, at + 1);
    const h3 = (h2 << 1) + gearOf(gear, at + 2), h4 = (h3 << 1) + gearOf(gear, at + 3);
    if (u32((h1 & loose) == 0) | u32((h2 & loose) == 0) | u32((h3 & loose) == 0) | u32((h4 & loose) == 0)) {
      return i + ((h1 & loose) == 0 ? 1 : (h2 & loose) == 0 ? 2 : (h3 & loose) == 0 ? 3 : 4);
    }
    h = h4;
  }
  for (; i < end; i++) {
    h = (h << 1) + gearOf(gear, ptr + i);
    if ((h & loose) == 0) return i + 1;
  }
  return end;
}
