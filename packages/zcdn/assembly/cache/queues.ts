// Two queues, linked from the oldest to the newest, and a stack, linked from the newest; a deleted slot stays until its queue comes to it.
import { DEAD, MAIN, MARK, SPARE, WHERE } from '../../src/caching/flat/constants'
import { Book, slotAt } from './book'

/** The oldest live slot; there must be one. */
// @ts-ignore: decorator
@inline
export function oldestOfMain(book: Book): i32 {
  let row = book.mainOldest
  while ((slotAt(book.slots, row).meta & WHERE) === DEAD) {
    book.mainOldest = slotAt(book.slots, row).next
    bury(book, row)
    row = book.mainOldest
  }
  return row
}

/** Makes the oldest of the main queue its newest. */
// @ts-ignore: decorator
@inline
export function rotateMain(book: Book, row: i32): void {
  const slot = slotAt(book.slots, row)
  const next = slot.next
  if (next === 0) return
  book.mainOldest = next
  slot.next = 0
  slotAt(book.slots, book.mainNewest).next = row
  book.mainNewest = row
}

// @ts-ignore: decorator
@inline
export function pushMain(book: Book, row: i32, size: f64): void {
  if (book.mainNewest === 0) book.mainOldest = row
  else slotAt(book.slots, book.mainNewest).next = row
  book.mainNewest = row
  book.mainCount++
  book.mainBytes += size
}

/** Moves a slot that has left its queue to the main queue. */
export function promote(book: Book, row: i32): void {
  const slot = slotAt(book.slots, row)
  slot.meta = (slot.meta & ~(MARK | WHERE)) | MAIN
  slot.next = 0
  pushMain(book, row, slot.size)
}

/** Moves a slot that has left the small queue to the spare one. */
export function pushSpare(book: Book, row: i32): void {
  const slot = slotAt(book.slots, row)
  slot.meta = (slot.meta & ~(MARK | WHERE)) | SPARE
  slot.next = book.spareNewest
  book.spareNewest = row
  book.spareCount++
}

/** Takes the newest live slot out of the spare queue; 0: there is none. */
export function shiftSpare(book: Book): i32 {
  for (let row = book.spareNewest; row !== 0; row = book.spareNewest) {
    const slot = slotAt(book.slots, row)
    book.spareNewest = slot.next
    if ((slot.meta & WHERE) === DEAD) {
      bury(book, row)
      continue
    }
    book.spareCount--
    return row
  }
  return 0
}

export function bury(book: Book, row: i32): void {
  book.dead--
  const slot = slotAt(book.slots, row)
  slot.meta = 0
  slot.next = book.freeHead
  book.freeHead = row
}

/** Frees the dead slots of all queues. */
export function sweep(book: Book): void {
  book.smallNewest = sweepFrom(book, book.smallOldest)
  book.smallOldest = book.swept
  book.mainNewest = sweepFrom(book, book.mainOldest)
  book.mainOldest = book.swept
  sweepFrom(book, book.spareNewest)
  book.spareNewest = book.swept
}

export function sweepFrom(book: Book, oldest: i32): i32 {
  let last = 0
  book.swept = 0
  for (let row = oldest, next = 0; row !== 0; row = next) {
    const slot = slotAt(book.slots, row)
    next = slot.next
    if ((slot.meta & WHERE) === DEAD) {
      bury(book, row)
      continue
    }
    if (last === 0) book.swept = row
    else slotAt(book.slots, last).next = row
    last = row
  }
  if (last !== 0) slotAt(book.slots, last).next = 0
  return last
}
