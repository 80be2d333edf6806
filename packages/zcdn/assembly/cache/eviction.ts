// What has to go when an entry comes.
import {
  DEAD,
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
  USES_SHIFT,
  WHERE,
} from '../../src/caching/flat/constants'
import { Book, Slot, slotAt } from './book'
import { addGhost, ticksOf } from './ghosts'
import { trialOf, trialTurnedOut } from './promotion'
import { bury, oldestOfMain, promote, pushSpare, rotateMain, shiftSpare } from './queues'
import { unlink } from './table'

/** Makes room for what comes to a place. */
export function evictFor(book: Book, place: i32, size: f64): void {
  book.freeBefore = book.freeHead
  while (book.bytes + size > book.capacity) {
    const hasSpare = book.spareCount > 0
    if (hasSpare && isSpareNext(book, place, size)) {
      evictSpare(book)
      continue
    }
    if ((book.smallBytes > book.smallTarget || book.mainCount === 0 || hasSpare) && evictSmall(book)) continue
    if (hasSpare) continue
    if (book.mainCount > 0) evictMain(book)
    else if (book.smallCount === 0 && book.spareCount === 0) {
      // Sizes that are no integers leave a rest in the sums.
      book.smallBytes = 0
      book.mainBytes = 0
      book.bytes = 0
      break
    }
  }
}

/** Whether the spare queue and the main one, which may get what comes, have too much. */
function isSpareNext(book: Book, place: i32, size: f64): bool {
  const toMain = (place & WHERE) === MAIN ? size : 0
  return book.smallCount === 0 || book.bytes - book.smallBytes + toMain > book.capacity - book.smallTarget
}

/** Drops one value out of the small queue; others are promoted on the way, or take room that the main queue does not need. False when all were. */
// @ts-ignore: decorator
@inline
function evictSmall(book: Book): bool {
  const slots = book.slots
  for (let row = book.smallOldest, next = 0; row !== 0; row = next) {
    const slot = slotAt(slots, row)
    const meta = slot.meta
    next = slot.next
    book.smallOldest = next
    if (next === 0) book.smallNewest = 0
    if ((meta & WHERE) === DEAD) {
      bury(book, row)
      continue
    }
    const size = slot.size
    const isOver = book.smallBytes > book.smallTarget
    book.smallBytes -= size
    book.smallCount--
    const mark = meta & MARK
    const tried = trialOf(slot.hash, mark)
    if (mark >= book.promoteAt && (tried === 0 || mark >= PROMOTE_AT)) {
      promote(book, row)
      continue
    }
    if (isOver && book.bytes - book.smallBytes <= book.capacity - book.smallTarget) {
      pushSpare(book, row)
      continue
    }
    if (tried !== 0) trialTurnedOut(book)
    turnOut(book, meta, size, slot.hash, tried)
    evict(book, row, slot)
    return true
  }
  return false
}

/** Drops the newest value of the spare queue that few hits have kept: in a loop the older ones are asked for first. */
function evictSpare(book: Book): void {
  for (let row = shiftSpare(book); row !== 0; row = shiftSpare(book)) {
    const slot = slotAt(book.slots, row)
    if ((slot.meta & MARK) < KEEP_AT) {
      turnOut(book, slot.meta, slot.size, slot.hash, 0)
      evict(book, row, slot)
      return
    }
    promote(book, row)
  }
}

/** Leaves a ghost. */
// @ts-ignore: decorator
@inline
export function turnOut(book: Book, meta: i32, size: f64, hash: i32, tried: i32): void {
  const clock = book.clock + size * book.ticksPerByte
  book.clock = clock
  const epoch = (meta >>> EPOCH_SHIFT) & GHOST_EPOCH
  const uses = (meta >>> USES_SHIFT) & MOST_USES
  addGhost(book, hash, (ticksOf(clock) << GHOST_TICKS_SHIFT) | (epoch << GHOST_EPOCH_SHIFT) | tried | uses)
}

// @ts-ignore: decorator
@inline
function evictMain(book: Book): void {
  const slots = book.slots
  let row = oldestOfMain(book)
  let slot = slotAt(slots, row)
  while ((slot.meta & MARK) > 0) {
    slot.meta -= 1
    rotateMain(book, row)
    row = oldestOfMain(book)
    slot = slotAt(slots, row)
  }
  book.mainOldest = slot.next
  if (book.mainOldest === 0) book.mainNewest = 0
  book.mainBytes -= slot.size
  book.mainCount--
  evict(book, row, slot)
}

// @ts-ignore: decorator
@inline
function evict(book: Book, row: i32, slot: Slot): void {
  unlink(book, row, slot.hash)
  book.bytes -= slot.size
  book.evictions += 1
  slot.meta = EVICTED
  slot.next = book.freeHead
  book.freeHead = row
}
