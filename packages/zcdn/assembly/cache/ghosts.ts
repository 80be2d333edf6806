// What was turned out of the small queue lately: hashes in buckets of four, newest first. Nothing is linked and nothing is trimmed. Two keys of one
// 32-bit hash are one ghost: one value is then misjudged.
import { GHOSTS_PER_ROW, WAYS } from '../../src/caching/flat/constants'
import { Book } from './book'

/** A bucket: four hashes, then a word of each, see GHOST_TICKS_SHIFT of constants.ts. */
export const GHOST_SHIFT = 5
/** Two rows share a bucket. */
const BUCKETS_SHIFT: i32 = WAYS / GHOSTS_PER_ROW - 1

/** Bytes of the ghosts of so many rows: a bucket for two. */
// @ts-ignore: decorator
@inline
export function ghostBytes(rows: i32): i32 {
  return (rows >> BUCKETS_SHIFT) << GHOST_SHIFT
}

// @ts-ignore: decorator
@inline
export function bucketOf(book: Book, hash: i32): usize {
  return book.ghosts + (<usize>(hash & (book.mask >> BUCKETS_SHIFT)) << GHOST_SHIFT)
}

/** The lower 32 bits of a number below 2^51, rounded: what is added leaves no room for a fraction. */
// @ts-ignore: decorator
@inline
export function ticksOf(clock: f64): i32 {
  return <i32>reinterpret<i64>(clock + 6755399441055744)
}

// @ts-ignore: decorator
@inline
export function takeGhost(book: Book, hash: i32): i32 {
  const at = bucketOf(book, hash)
  const found = i32x4.bitmask(i32x4.eq(v128.load(at), i32x4.splat(hash)))
  if (found === 0) return 0
  const word = at + 16 + (<usize>ctz(found) << 2)
  const ghost = load<i32>(word)
  store<i32>(word, 0)
  return ghost
}

/** The others of the bucket move one place on. */
// @ts-ignore: decorator
@inline
export function addGhost(book: Book, hash: i32, word: i32): void {
  const at = bucketOf(book, hash)
  v128.store(at, v128.shuffle<i32>(v128.load(at), i32x4.splat(hash), 4, 0, 1, 2))
  v128.store(at, v128.shuffle<i32>(v128.load(at, 16), i32x4.splat(word), 4, 0, 1, 2), 16)
}
