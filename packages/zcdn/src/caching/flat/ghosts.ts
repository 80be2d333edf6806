import { FIRST_ROWS, GHOSTS_PER_ROW, WAYS } from './constants.ts'

/** Two words a ghost. */
const BUCKET_SHIFT = 3
/** 1.5 times 2^52: a double that this is added to has no room for a fraction. */
const NO_FRACTION = 6755399441055744

/**
 * What was turned out of the small queue lately: hashes in buckets of four, newest first, with a word each of clock (16 bits), epoch (12) and uses
 * (4, never 0). Nothing is linked and nothing is trimmed. Two keys of one 32-bit hash are one ghost: one value is then misjudged.
 */
export class Ghosts {
  private words = new Int32Array(FIRST_ROWS * GHOSTS_PER_ROW * 2)
  private mask = (FIRST_ROWS * GHOSTS_PER_ROW) / WAYS - 1

  /** The word of a ghost, which is one no more; 0: there is none. */
  take(hash: number): number {
    const first = (hash & this.mask) << BUCKET_SHIFT
    for (let at = first; at < first + 2 * WAYS; at += 2) {
      if (this.words[at] !== hash) continue
      const word = this.words[at + 1]!
      this.words[at + 1] = 0
      return word
    }
    return 0
  }

  /** The others of the bucket move one place on. */
  add(hash: number, word: number): void {
    const at = (hash & this.mask) << BUCKET_SHIFT
    this.words.copyWithin(at + 2, at, at + 2 * (WAYS - 1))
    this.words[at] = hash
    this.words[at + 1] = word
  }

  /** Makes room for so many rows, twice as many as before. */
  grow(rows: number): void {
    const old = this.words
    this.words = new Int32Array(rows * GHOSTS_PER_ROW * 2)
    this.mask = (rows * GHOSTS_PER_ROW) / WAYS - 1
    for (let at = old.length - 2; at >= 0; at -= 2) {
      if (old[at + 1] !== 0) this.add(old[at]!, old[at + 1]!)
    }
  }

  clear(): void {
    this.words.fill(0)
  }
}

/** The lower 32 bits of a clock below 2^51, rounded. */
export function ticksOf(clock: number): number {
  return (clock + NO_FRACTION - NO_FRACTION) | 0
}
