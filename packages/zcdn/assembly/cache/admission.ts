// Where an entry goes that comes: to the small queue, or to the main one when it returns in demand; and how large the small queue may be.
import {
  CLEAR_LEAD,
  GHOST_EPOCH,
  GHOST_EPOCH_SHIFT,
  GHOST_TICKS,
  GHOST_TICKS_SHIFT,
  GROW_STEP,
  HITS_PER_SHRINK,
  LARGER_LEAD,
  LEAST_SMALL_SHARE,
  LOOKS_PER_MARK,
  MAIN,
  MARK,
  MOST_SMALL_SHARE,
  MOST_USES,
  SHRINK_STEP,
  SMALL,
  TIES_PER_ENTRY,
  TRIED,
  USES_SHIFT,
} from '../../src/caching/flat/constants'
import { Book, NO_KEY, slotAt } from './book'
import { nextEpoch, remembered } from './demand'
import { takeGhost, ticksOf } from './ghosts'
import { trialCameBack } from './promotion'
import { oldestOfMain, rotateMain } from './queues'

/** What is due when a key of this hash comes that is not here. Its queue and uses. */
// @ts-ignore: decorator
@inline
export function placeFor(book: Book, hash: i32, size: f64): i32 {
  book.missedHigh = NO_KEY
  if (--book.usesLeft < 0) nextEpoch(book)
  if (book.mainHits >= HITS_PER_SHRINK) shrinkSmall(book)
  const ghost = takeGhost(book, hash)
  return ghost === 0 ? SMALL | (1 << USES_SHIFT) : placeOfGhost(book, ghost, size)
}

/** Values of the main queue were of use: so many of such hits would go with as much room as the small queue has. */
// @ts-ignore: decorator
@inline
function shrinkSmall(book: Book): void {
  const step = (SHRINK_STEP * <f64>book.mainHits * book.smallBytes) / <f64>max(1, book.mainCount)
  book.mainHits = 0
  book.smallTarget = max(book.capacity * LEAST_SMALL_SHARE, book.smallTarget - step)
}

/** A ghost returns: is it in more demand than what the main queue would lose, and would a small queue of twice the size have kept it? */
function placeOfGhost(book: Book, ghost: i32, size: f64): i32 {
  const ticks = (ticksOf(book.clock) - (ghost >>> GHOST_TICKS_SHIFT)) & 0xffff
  if (ticks > GHOST_TICKS) return SMALL | (1 << USES_SHIFT)
  if ((ghost & TRIED) !== 0) trialCameBack(book)
  const age = (book.epoch - (ghost >>> GHOST_EPOCH_SHIFT)) & GHOST_EPOCH
  const uses = min(MOST_USES, ((ghost & MOST_USES) >>> (age | ((3 - age) >> 31))) + 1)
  let isIn = true
  let isMainInUse = false
  if (book.mainCount > 0 && book.mainBytes + size > book.capacity - book.smallTarget) {
    const victim = slotAt(book.slots, nextOfMain(book))
    const mark = victim.meta & MARK
    const lead = uses - remembered(book, victim.meta) - (size > victim.size ? LARGER_LEAD : 0)
    isIn = lead > CLEAR_LEAD || (lead >= 0 && mark === 0 && isTieIn(book))
    isMainInUse = lead >= 0 && lead <= CLEAR_LEAD && mark > 0
  }
  // The room would come from the main queue.
  if (!isMainInUse && <f64>ticks <= book.smallBytes * book.ticksPerByte) {
    book.smallTarget = min(book.capacity * MOST_SMALL_SHARE, book.smallTarget + GROW_STEP * size)
  }
  return (isIn ? MAIN : SMALL) | (uses << USES_SHIFT)
}

/** Whom the main queue would lose: the oldest, or, where that was hit, the next, so that not always the same is asked for. */
// @ts-ignore: decorator
@inline
function nextOfMain(book: Book): i32 {
  const row = oldestOfMain(book)
  const slot = slotAt(book.slots, row)
  if ((slot.meta & MARK) === 0) return row
  book.looks = (book.looks + 1) % LOOKS_PER_MARK
  if (book.looks === 0) slot.meta -= 1
  rotateMain(book, row)
  return oldestOfMain(book)
}

// @ts-ignore: decorator
@inline
function isTieIn(book: Book): bool {
  book.ties = (book.ties + 1) % TIES_PER_ENTRY
  return book.ties === 0
}
