/** Hiding sizes: how many bytes a file seems to have. */

/** `none`: the size shows; `padme`: at most 12 % more, the size shows to its first digits only (PURBs, Nikitin et al. 2019); `power2`: next power of two. */
export type Padding = 'none' | 'padme' | 'power2'

/** Bytes after padding, at least `size`. */
export function paddedSize(size: number, padding: Padding): number {
  if (padding === 'none' || size <= 1) return size
  const exponent = Math.floor(Math.log2(size))
  if (padding === 'power2') return 2 ** Math.ceil(Math.log2(size))
  const kept = Math.floor(Math.log2(exponent)) + 1
  const unit = 2 ** Math.max(0, exponent - kept)
  return Math.ceil(size / unit) * unit
}
