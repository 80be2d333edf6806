// What has to go when an entry comes.
import type { BookState } from './book-state.ts'
import {
  EPOCH_SHIFT,
  EVICTED,
  GHOST_EPOCH,
  GHOST_EPOCH_SHIFT,
  GHOST_TICKS_SHIFT,
  KEEP_AT,
  MAIN,
  MARK,
  MOST_USES,
  PROMOTE_AT,
  SPARE,
  TRIED,
  USES_SHIFT,
  WHERE,
} from './constants.ts'
import { ticksOf } from './ghosts.ts'
import { HASH, META, ROW_SHIFT } from './queued-slots.ts'

/** Makes room for what comes to a place. */
export function evictFor(book: BookState, place: number, size: number): void {
  const { slots } = book
  const { small, main, spare } = slots
  const toMain = (place & WHERE) === MAIN ? size : 0
  while (book.bytes + size > book.capacity) {
    if (spare.count > 0) {
      const isTooMuch = book.bytes - small.bytes + toMain > book.capacity - book.smallTarget
      if (isTooMuch || small.count === 0) evictSpare(book)
      else evictSmall(book)
      continue
    }
    if ((small.bytes > book.smallTarget || main.count === 0) && evictSmall(book)) continue
    if (main.count > 0) evict(book, slots.shiftUnmarked(main))
    else if (small.count === 0 && spare.count === 0) {
      // Sizes that are no integers leave a rest in the sums.
      small.bytes = 0
      main.bytes = 0
      book.bytes = 0
      break
    }
  }
}

/** Drops one value out of the small queue; others are promoted on the way, or take room that the main queue does not need. False when all were. */
function evictSmall(book: BookState): boolean {
  const { slots, trial } = book
  const { small, spare } = slots
  for (;;) {
    const isOver = small.bytes > book.smallTarget
    const slot = slots.shift(small)
    if (slot === 0) return false
    const mark = slots.words[slot + META]! & MARK
    const isTried = mark > 0 && mark < PROMOTE_AT && trial.isTried(slots.words[slot + HASH]!)
    if (mark >= PROMOTE_AT || (mark > 0 && !isTried && trial.eager)) promote(book, slot)
    else if (isOver && book.bytes - small.bytes <= book.capacity - book.smallTarget) {
      slots.words[slot + META] = (slots.words[slot + META]! & ~(MARK | WHERE)) | SPARE
      slots.pushFirst(spare, slot)
    } else {
      if (isTried) trial.turnedOut()
      turnOut(book, slot, isTried ? TRIED : 0)
      return true
    }
  }
}

/** Drops the newest value of the spare queue that few hits have kept: in a loop the older ones are asked for first. */
function evictSpare(book: BookState): void {
  const { slots } = book
  for (let slot = slots.shift(slots.spare); slot !== 0; slot = slots.shift(slots.spare)) {
    if ((slots.words[slot + META]! & MARK) < KEEP_AT) {
      turnOut(book, slot, 0)
      return
    }
    promote(book, slot)
  }
}

function promote(book: BookState, slot: number): void {
  const { slots } = book
  slots.words[slot + META] = (slots.words[slot + META]! & ~(MARK | WHERE)) | MAIN
  slots.push(slots.main, slot)
}

/** Leaves a ghost. */
function turnOut(book: BookState, slot: number, tried: number): void {
  const { words } = book.slots
  const meta = words[slot + META]!
  book.clock += book.slots.sizeOf(slot) * book.ticksPerByte
  const epoch = (meta >>> EPOCH_SHIFT) & GHOST_EPOCH
  const uses = (meta >>> USES_SHIFT) & MOST_USES
  const ticks = ticksOf(book.clock)
  book.ghosts.add(words[slot + HASH]!, (ticks << GHOST_TICKS_SHIFT) | (epoch << GHOST_EPOCH_SHIFT) | tried | uses)
  evict(book, slot)
}

function evict(book: BookState, slot: number): void {
  book.table.unlink(slot >> ROW_SHIFT, book.hashOf)
  book.evictions++
  book.bytes -= book.slots.sizeOf(slot)
  book.slots.free(slot, EVICTED)
}
