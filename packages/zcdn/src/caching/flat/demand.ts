// How much an entry is used: hits since its last chance, and uses that halve with time.
import type { BookState } from './book-state.ts'
import {
  EPOCH_SHIFT,
  EPOCHS,
  LEAST_ENTRIES,
  MAIN,
  MARK,
  MOST_USES,
  PROMOTE_AT,
  USES_PER_EPOCH,
  USES_SHIFT,
  WHERE,
} from './constants.ts'
import { META } from './queued-slots.ts'

/** Uses of a slot, halved for each epoch since. */
export function remembered(book: BookState, meta: number): number {
  const age = book.epoch - (meta >>> EPOCH_SHIFT)
  return age < 0 || age > 3 ? 0 : ((meta >>> USES_SHIFT) & MOST_USES) >> age
}

/** The value of a slot was used. */
export function useSlot(book: BookState, slot: number): void {
  const { words } = book.slots
  const meta = words[slot + META]!
  const uses = remembered(book, meta)
  const moreUses = uses < MOST_USES ? 1 : 0
  const moreMark = (meta & MARK) < PROMOTE_AT ? 1 : 0
  book.usesLeft -= moreUses
  if ((meta & WHERE) === MAIN) book.mainHits += moreMark
  words[slot + META] =
    (book.epoch << EPOCH_SHIFT) | ((uses + moreUses) << USES_SHIFT) | ((meta & (WHERE | MARK)) + moreMark)
}

export function nextEpoch(book: BookState): void {
  book.epoch = (book.epoch + 1) & (EPOCHS - 1)
  book.usesLeft = Math.ceil(USES_PER_EPOCH * Math.max(LEAST_ENTRIES, book.slots.entries))
}
