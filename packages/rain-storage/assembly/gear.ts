// Content-defined cut points by a gear rolling hash with normalised chunking (FastCDC, Xia et al. 2016/2020).
// The 256 gear words stand at `gear` (u32 each); the caller puts the bytes at `ptr`.
// Returns the length of the first chunk of `len` bytes: between `min` and `max`, about `avg` in the mean.
export function cut(gear: usize, ptr: usize, len: u32, min: u32, avg: u32, max: u32, strict: u32, loose: u32): u32 {
  if (len <= min) return len;
  const end = len < max ? len : max;
  const mid = end < avg ? end : avg;
  let h: u32 = 0;
  let i: u32 = min;
  for (; i < mid; i++) {
    h = (h << 1) + load<u32>(gear + ((<usize>load<u8>(ptr + i)) << 2));
    if ((h & strict) == 0) return i + 1;
  }
  for (; i < end; i++) {
    h = (h << 1) + load<u32>(gear + ((<usize>load<u8>(ptr + i)) << 2));
    if ((h & loose) == 0) return i + 1;
  }
  return end;
}
