// What was turned out of the small queue lately: hashes in buckets of four, newest first. Nothing is linked and nothing is trimmed. Two keys of one
// 32-bit hash are one ghost: one value is then misjudged.
import { Book, GHOST_SHIFT } from './book'

/** The lower 32 bits of a number below 2^51, rounded: what is added leaves no room for a fraction. */
// @ts-ignore: decorator
@inline
export function ticksOf(clock: f64): i32 {
  return <i32>reinterpret<i64>(clock + 6755399441055744)
}

// @ts-ignore: decorator
@inline
export function takeGhost(book: Book, hash: i32): i32 {
  const at = book.ghosts + (<usize>(hash & book.mask) << GHOST_SHIFT)
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
  const at = book.ghosts + (<usize>(hash & book.mask) << GHOST_SHIFT)
  v128.store(at, v128.shuffle<i32>(v128.load(at), i32x4.splat(hash), 4, 0, 1, 2))
  v128.store(at, v128.shuffle<i32>(v128.load(at, 16), i32x4.splat(word), 4, 0, 1, 2), 16)
}
