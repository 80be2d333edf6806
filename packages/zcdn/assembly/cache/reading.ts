// What a book says of itself and of a row.
import { MARK, MOST_USES, USES_SHIFT } from '../../src/caching/flat/constants'
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

/** The oldest row of the small or the main queue; 0: none. */
export function oldest(book: Book, main: bool): i32 {
  return main ? book.mainOldest : book.smallOldest
}

/** The next younger row of the queue. */
export function next(book: Book, row: i32): i32 {
  return slotAt(book.slots, row).next
}

export function used(book: Book): i32 {
  return book.used
}

export function entries(book: Book): i32 {
  return book.smallCount + book.mainCount
}

export function bytes(book: Book): f64 {
  return book.smallBytes + book.mainBytes
}

export function hits(book: Book): f64 {
  return book.hits
}

export function misses(book: Book): f64 {
  return book.misses
}

export function hitBytes(book: Book): f64 {
  return book.hitBytes
}

export function evictions(book: Book): f64 {
  return book.evictions
}
