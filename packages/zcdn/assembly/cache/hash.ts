/** As quickIntegerHash of src/caching/flat/hash.ts, for keys of 32 bits. */
// @ts-ignore: decorator
@inline
export function quickIntegerHash(key: i32): i32 {
  const h = key * <i32>0x9e3779b1
  return h ^ (h >>> 16)
}
