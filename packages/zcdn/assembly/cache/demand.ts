// How much an entry is used: hits since its last chance, and uses that halve with time.
import { EPOCH_SHIFT, EPOCHS, LEAST_ENTRIES, MARK, MOST_USES, PROMOTE_AT, USES_PER_EPOCH, USES_SHIFT, WHERE } from '../../src/caching/flat/constants'
import { Book, Slot } from './book'

/** Uses of a slot, halved for each epoch since. */
// @ts-ignore: decorator
@inline
export function remembered(book: Book, meta: i32): i32 {
  const age = book.epoch - (meta >>> EPOCH_SHIFT)
  return ((meta >>> USES_SHIFT) & MOST_USES) >>> (age | ((3 - age) >> 31))
}

/** The value of a slot was used. No branches: whether a count is full, and of what epoch it is, no processor can foretell. */
// @ts-ignore: decorator
@inline
export function useSlot(book: Book, slot: Slot): void {
  const meta = slot.meta
  const uses = remembered(book, meta)
  const moreUses = (uses - MOST_USES) >>> 31
  const moreMark = ((meta & MARK) - PROMOTE_AT) >>> 31
  book.usesLeft -= moreUses
  // The bit of MAIN.
  book.mainHits += moreMark & (meta >>> 4)
  slot.meta = (book.epoch << EPOCH_SHIFT) | ((uses + moreUses) << USES_SHIFT) | ((meta & (WHERE | MARK)) + moreMark)
}

export function nextEpoch(book: Book): void {
  book.epoch = (book.epoch + 1) & (EPOCHS - 1)
  book.usesLeft = <i32>Math.ceil(USES_PER_EPOCH * <f64>max(LEAST_ENTRIES, book.smallCount + book.mainCount + book.spareCount))
}
