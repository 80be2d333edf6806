// What a cache is in memory: a book, and blocks of slots, of the table and of ghosts.
import { MAIN, SMALL, SPARE, WHERE } from '../../src/caching/flat/constants'

export const ROW_SHIFT = 5
/** A bucket of the table: four places of a word. */
export const BUCKET_SHIFT = 4
export const MOST_ROWS = 1 << 25
/** No key has this upper word. */
export const NO_KEY = i32.MIN_VALUE

/** Half a line of the processor's cache. */
@unmanaged
export class Slot {
  low: i32
  high: i32
  hash: i32
  meta: i32
  size: f64
  /** The row of the next slot of the queue; of a free slot the next free one. 0: none. */
  next: i32
}

@unmanaged
export class Book {
  slots: usize
  table: usize
  mask: i32
  ghosts: usize
  epoch: i32
  usesLeft: i32
  mainHits: i32
  ties: i32
  looks: i32
  smallOldest: i32
  smallNewest: i32
  mainOldest: i32
  mainNewest: i32
  /** The first of a stack. */
  spareNewest: i32
  smallCount: i32
  mainCount: i32
  spareCount: i32
  freeHead: i32
  dead: i32
  /** Rows that were ever used, and 1. */
  used: i32
  rows: i32
  /** The place of the value that {@link makeRoom} made room for. */
  place: i32
  /** Where the free list began before the last operation, and how far {@link nextLeft} has told it. */
  freeBefore: i32
  leftCursor: i32
  /** 1: keys stand side by side, see {@link takeCrowded}. */
  crowded: i32
  swept: i32
  trialsLeft: i32
  trialsReturned: i32
  /** Hits that are enough for the main queue, see promotion.ts. */
  promoteAt: i32
  /** The words that {@link hit} has not found last: who then puts them need not look again. Only while nothing has come or gone. */
  missedLow: i32
  missedHigh: i32
  smallBytes: f64
  mainBytes: f64
  /** Of all queues. */
  bytes: f64
  smallTarget: f64
  clock: f64
  capacity: f64
  ticksPerByte: f64
  hitBytes: f64
  hits: i64
  misses: i64
  evictions: i64
}

// @ts-ignore: decorator
@inline
export function slotAt(slots: usize, row: i32): Slot {
  return changetype<Slot>(slots + (<usize>row << ROW_SHIFT))
}

export function isLive(book: Book, row: i32): bool {
  const where = slotAt(book.slots, row).meta & WHERE
  return where === SMALL || where === MAIN || where === SPARE
}
