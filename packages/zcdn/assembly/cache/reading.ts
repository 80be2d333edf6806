// What a book says of itself and of a row.
import { MAIN, MARK, MOST_USES, SMALL, USES_SHIFT } from '../../src/caching/flat/constants'
import { Book, slotAt } from './book'

export function sizeOf(book: Book, row: i32): f64 {
  return slotAt(book.slots, row).size
}

export function lowOf(book: Book, row: i32): i32 {
  return slotAt(book.slots, row).low
}

export function highOf(book: Book, row: i32): i32 {
  return slotAt(book.slots, row).high
}

/** Hits (3 bits) and uses (4) of a row, for a snapshot. */
export function markOf(book: Book, row: i32): i32 {
  const meta = slotAt(book.slots, row).meta
  return (meta & MARK) | (((meta >>> USES_SHIFT) & MOST_USES) << 3)
}

/** The row of a queue that goes next: the oldest, but of the spare one the newest. 0: none. */
export function first(book: Book, where: i32): i32 {
  return where === SMALL ? book.smallOldest : where === MAIN ? book.mainOldest : book.spareNewest
}

/** The row after it in its queue. */
export function next(book: Book, row: i32): i32 {
  return slotAt(book.slots, row).next
}

export function used(book: Book): i32 {
  return book.used
}

export function entries(book: Book): i32 {
  return book.smallCount + book.mainCount + book.spareCount
}

export function bytes(book: Book): f64 {
  return book.bytes
}

export function hits(book: Book): f64 {
  return <f64>book.hits
}

export function misses(book: Book): f64 {
  return <f64>book.misses
}

export function hitBytes(book: Book): f64 {
  return book.hitBytes
}

export function evictions(book: Book): f64 {
  return <f64>book.evictions
}
