// Where an entry goes that comes: to the small queue, or to the main one when it returns in demand; and how large the small queue may be.
import type { BookState } from './book-state.ts'
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
} from './constants.ts'
import { nextEpoch, remembered } from './demand.ts'
import { ticksOf } from './ghosts.ts'
import { META } from './queued-slots.ts'

/** A newcomer in the small queue, used once. */
const NEWCOMER = SMALL | (1 << USES_SHIFT)

/** What is due when a key of this hash comes that is not here. Its queue and uses. */
export function placeFor(book: BookState, hash: number, size: number): number {
  if (--book.usesLeft < 0) nextEpoch(book)
  if (book.mainHits >= HITS_PER_SHRINK) shrinkSmall(book)
  const ghost = book.ghosts.take(hash)
  return ghost === 0 ? NEWCOMER : placeOfGhost(book, ghost, size)
}

/** Values of the main queue were of use: so many of such hits would go with as much room as the small queue has. */
function shrinkSmall(book: BookState): void {
  const { small, main } = book.slots
  const step = (SHRINK_STEP * book.mainHits * small.bytes) / Math.max(1, main.count)
  book.mainHits = 0
  book.smallTarget = Math.max(book.capacity * LEAST_SMALL_SHARE, book.smallTarget - step)
}

/** A ghost returns: is it in more demand than what the main queue would lose, and would a small queue of twice the size have kept it? */
function placeOfGhost(book: BookState, ghost: number, size: number): number {
  const ticks = (ticksOf(book.clock) - (ghost >>> GHOST_TICKS_SHIFT)) & 0xffff
  if (ticks > GHOST_TICKS) return NEWCOMER
  if ((ghost & TRIED) !== 0) book.trial.cameBack()
  const age = (book.epoch - (ghost >>> GHOST_EPOCH_SHIFT)) & GHOST_EPOCH
  const uses = Math.min(MOST_USES, (age > 3 ? 0 : (ghost & MOST_USES) >> age) + 1)
  const { small, main } = book.slots
  let isIn = true
  let isMainInUse = false
  if (main.count > 0 && main.bytes + size > book.capacity - book.smallTarget) {
    const victim = nextOfMain(book)
    const mark = book.slots.words[victim + META]! & MARK
    const lead = leadOver(book, victim, uses, size)
    isIn = lead > CLEAR_LEAD || (lead >= 0 && mark === 0 && isTieIn(book))
    isMainInUse = lead >= 0 && lead <= CLEAR_LEAD && mark > 0
  }
  // The room would come from the main queue.
  if (!isMainInUse && ticks <= small.bytes * book.ticksPerByte) {
    book.smallTarget = Math.min(book.capacity * MOST_SMALL_SHARE, book.smallTarget + GROW_STEP * size)
  }
  return (isIn ? MAIN : SMALL) | (uses << USES_SHIFT)
}

/** Whom the main queue would lose: the oldest, or, where that was hit, the next, so that not always the same is asked for. */
function nextOfMain(book: BookState): number {
  const { slots } = book
  const slot = slots.peek(slots.main)
  const meta = slots.words[slot + META]!
  if ((meta & MARK) === 0) return slot
  book.looks = (book.looks + 1) % LOOKS_PER_MARK
  if (book.looks === 0) slots.words[slot + META] = meta - 1
  slots.rotate(slots.main)
  return slots.peek(slots.main)
}

function leadOver(book: BookState, victim: number, uses: number, size: number): number {
  const lead = uses - remembered(book, book.slots.words[victim + META]!)
  return size > book.slots.sizeOf(victim) ? lead - LARGER_LEAD : lead
}

function isTieIn(book: BookState): boolean {
  book.ties = (book.ties + 1) % TIES_PER_ENTRY
  return book.ties === 0
}
