// A slot for what comes: a free one, or that of the entry which goes for it.
import { EPOCH_SHIFT, LONGEST_RUN, MAIN, MARK, SMALL, WHERE } from '../../src/caching/flat/constants'
import { Book, slotAt } from './book'
import { turnOut } from './eviction'
import { pushMain } from './queues'
import { grow } from './room'
import { link, unlink } from './table'

// @ts-ignore: decorator
@inline
export function enterAt(book: Book, hash: i32, low: i32, high: i32, size: f64, place: i32): i32 {
  let row = book.freeHead
  if (row !== 0) book.freeHead = slotAt(book.slots, row).next
  else {
    row = book.used
    if (row === book.rows && !grow(book)) return 0
    book.used = row + 1
  }
  const slots = book.slots
  const slot = slotAt(slots, row)
  slot.low = low
  slot.high = high
  slot.hash = hash
  slot.meta = (book.epoch << EPOCH_SHIFT) | place
  slot.size = size
  slot.next = 0
  book.bytes += size
  if ((place & WHERE) === MAIN) pushMain(book, row, size)
  else {
    const newest = book.smallNewest
    if (newest === 0) book.smallOldest = row
    else slotAt(slots, newest).next = row
    book.smallNewest = row
    book.smallCount++
    book.smallBytes += size
  }
  const passed = link(book.table, book.mask, row, hash)
  if (passed > LONGEST_RUN >> 2) book.crowded = 1
  return row
}

/**
 * What mostly happens, as one: the oldest of the small queue has no hits and the size of what comes, it must go, and no more than it. What comes
 * takes its slot, and what has left needs not be told. Twice the row, and 1 where keys crowd; 0 where it is not so, and nothing is done.
 */
// @ts-ignore: decorator
@inline
export function replaceOldest(book: Book, hash: i32, low: i32, high: i32, size: f64, place: i32): i32 {
  const slots = book.slots
  const row = book.smallOldest
  const slot = slotAt(slots, row)
  const meta = slot.meta
  const next = slot.next
  if ((meta & (MARK | WHERE)) !== SMALL || slot.size !== size || next === 0) return 0
  const bytes = book.bytes
  const capacity = book.capacity
  const after = bytes - size + size
  if (bytes + size <= capacity || after > capacity) return 0
  const toMain = (place & WHERE) === MAIN
  const smallBytes = book.smallBytes
  const others = capacity - book.smallTarget
  const isOver = smallBytes > book.smallTarget
  if (book.spareCount !== 0) {
    if (bytes - smallBytes + (toMain ? size : 0) > others) return 0
  } else if (!isOver) return 0
  // It would stay, in the spare queue.
  if (isOver && bytes - (smallBytes - size) <= others) return 0
  turnOut(book, meta, size, slot.hash, 0)
  unlink(book, row, slot.hash)
  book.smallOldest = next
  book.bytes = after
  book.evictions += 1
  slot.low = low
  slot.high = high
  slot.hash = hash
  slot.meta = (book.epoch << EPOCH_SHIFT) | place
  slot.next = 0
  if (toMain) {
    book.smallCount--
    book.smallBytes = smallBytes - size
    pushMain(book, row, size)
  } else {
    book.smallBytes = smallBytes - size + size
    slotAt(slots, book.smallNewest).next = row
    book.smallNewest = row
  }
  if (link(book.table, book.mask, row, hash) > LONGEST_RUN >> 2) book.crowded = 1
  return (row << 1) | book.crowded
}
