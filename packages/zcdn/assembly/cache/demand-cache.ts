// The numbers of the default cache and its policy, see src/caching/flat/demand-cache.ts: the same decisions in WebAssembly. All caches of a
// process live in the memory of one instance, for calls into always the same instance are what an engine makes cheap (docs/cache.md).
import {
  DEAD,
  EVICTED,
  FIRST_ROWS,
  FIRST_TRIALS,
  MAIN,
  MARK,
  MORE_DEAD,
  MOST_USES,
  PROMOTE_AT,
  SMALL,
  SMALL_SHARE,
  TICKS,
  USES_SHIFT,
  WHERE,
} from '../../src/caching/flat/constants'
import { placeFor } from './admission'
import { allocate, free } from './blocks'
import { Book, BUCKET_SHIFT, isLive, NO_KEY, slotAt } from './book'
import { useSlot } from './demand'
import { enterAt, replaceOldest } from './entry'
import { evictFor } from './eviction'
import { ghostBytes } from './ghosts'
import { quickIntegerHash } from './hash'
import { sweep } from './queues'
import { release, reserve } from './room'
import { link, lookUp, unlink } from './table'

export { isLive }
export * from './reading'

/** The address of a new cache; 0 when there is no memory. */
export function create(capacity: f64): usize {
  const at = allocate(offsetof<Book>())
  if (at === 0) return 0
  memory.fill(at, 0, offsetof<Book>())
  const book = changetype<Book>(at)
  book.capacity = capacity
  book.smallTarget = capacity * SMALL_SHARE
  book.ticksPerByte = TICKS / capacity
  book.used = 1
  book.trialsLeft = FIRST_TRIALS
  book.promoteAt = PROMOTE_AT
  book.missedHigh = NO_KEY
  if (!reserve(book, FIRST_ROWS)) {
    free(at, offsetof<Book>())
    return 0
  }
  // An empty place of the table is the row 0, which must not look like any key.
  slotAt(book.slots, 0).high = NO_KEY
  // An empty queue begins with it: it is in none.
  slotAt(book.slots, 0).meta = 0
  return at
}

export function destroy(book: Book): void {
  release(book.slots, book.table, book.ghosts, book.rows)
  free(changetype<usize>(book), offsetof<Book>())
}

export function find(book: Book, hash: i32, low: i32, high: i32, after: i32): i32 {
  return lookUp(book, hash, low, high, after)
}

// @ts-ignore: decorator
@inline
function hitOf(book: Book, hash: i32, low: i32, high: i32): i32 {
  const row = lookUp(book, hash, low, high, 0)
  if (row === 0) {
    book.misses += 1
    book.missedLow = low
    book.missedHigh = high
    return 0
  }
  book.hits += 1
  book.hitBytes += slotAt(book.slots, row).size
  useSlot(book, slotAt(book.slots, row))
  return row
}

/** {@link find} and {@link use} in one. */
export function hit(book: Book, hash: i32, low: i32, high: i32): i32 {
  return hitOf(book, hash, low, high)
}

/** {@link hit} of an integer of 32 bits under the quick hash: fewer words to hand over. */
export function hitInteger(book: Book, key: i32): i32 {
  return hitOf(book, quickIntegerHash(key), key, 0)
}

export function use(book: Book, row: i32): void {
  useSlot(book, slotAt(book.slots, row))
}

export function makeRoom(book: Book, hash: i32, size: f64): void {
  const place = placeFor(book, hash, size)
  evictFor(book, place, size)
  book.place = place
  book.leftCursor = book.freeHead
}

/** Enters what {@link makeRoom} made room for, and returns its row; 0 when there is no memory for it. */
export function enter(book: Book, hash: i32, low: i32, high: i32, size: f64): i32 {
  return enterAt(book, hash, low, high, size, book.place)
}

/**
 * {@link makeRoom} and {@link enter} in one, unless the key is here: then its value was used. Twice its row, and 1 where {@link nextLeft} or
 * {@link takeCrowded} has something to tell. 0 when it is here with another size, or there is no memory.
 */
export function put(book: Book, hash: i32, low: i32, high: i32, size: f64): i32 {
  if (((book.missedLow ^ low) | (book.missedHigh ^ high)) !== 0) {
    const row = lookUp(book, hash, low, high, 0)
    if (row !== 0) {
      const slot = slotAt(book.slots, row)
      if (slot.size !== size) return 0
      useSlot(book, slot)
      return row << 1
    }
  }
  return add(book, hash, low, high, size)
}

/** {@link put} of an integer of 32 bits under the quick hash. */
export function putInteger(book: Book, key: i32, size: f64): i32 {
  const hash = quickIntegerHash(key)
  if (((book.missedLow ^ key) | book.missedHigh) !== 0) return put(book, hash, key, 0, size)
  return addTo(book, hash, key, 0, size)
}

// @ts-ignore: decorator
@inline
function addTo(book: Book, hash: i32, low: i32, high: i32, size: f64): i32 {
  const place = placeFor(book, hash, size)
  const replaced = replaceOldest(book, hash, low, high, size, place)
  if (replaced !== 0) return replaced
  evictFor(book, place, size)
  const head = book.freeHead
  let cursor = book.freeBefore
  // The head is taken next, and its value overwritten.
  if (head !== cursor) cursor = slotAt(book.slots, head).next
  book.leftCursor = cursor
  const row = enterAt(book, hash, low, high, size, place)
  return (row << 1) | i32(cursor !== book.freeBefore || book.crowded !== 0)
}

/** {@link put} of what is not here: who compares keys himself knows. */
export function add(book: Book, hash: i32, low: i32, high: i32, size: f64): i32 {
  return addTo(book, hash, low, high, size)
}

/** The next row whose value had to go in the last operation, and has not been told yet; 0: no more. */
export function nextLeft(book: Book): i32 {
  for (let row = book.leftCursor; row !== book.freeBefore; row = book.leftCursor) {
    const slot = slotAt(book.slots, row)
    book.leftCursor = slot.next
    if (slot.meta === EVICTED) return row
  }
  return 0
}

/** True when {@link LONGEST_RUN} keys stood side by side since this was asked last. */
export function takeCrowded(book: Book): bool {
  const crowded = book.crowded !== 0
  book.crowded = 0
  return crowded
}

/** Takes a slot out of the table and its value out of the sums. */
export function remove(book: Book, row: i32): void {
  book.missedHigh = NO_KEY
  const slot = slotAt(book.slots, row)
  unlink(book, row, slot.hash)
  book.bytes -= slot.size
  const where = slot.meta & WHERE
  if (where === SMALL) {
    book.smallBytes -= slot.size
    book.smallCount--
  } else if (where === MAIN) {
    book.mainBytes -= slot.size
    book.mainCount--
  } else book.spareCount--
  slot.meta = DEAD
  if (++book.dead > MORE_DEAD + book.smallCount + book.mainCount + book.spareCount) sweep(book)
}

/** Enters a row out of a snapshot. */
export function restore(book: Book, hash: i32, low: i32, high: i32, size: f64, mark: i32, main: bool): i32 {
  book.missedHigh = NO_KEY
  const uses = max(1, (mark >> 3) & MOST_USES)
  const place = (main ? MAIN : SMALL) | (uses << USES_SHIFT) | min(mark & MARK, PROMOTE_AT)
  book.place = place
  return enter(book, hash, low, high, size)
}

/** Empties the table, for {@link relink}. Ghosts are forgotten. */
export function unlinkAll(book: Book): void {
  book.missedHigh = NO_KEY
  memory.fill(book.table, 0, book.rows << BUCKET_SHIFT)
  memory.fill(book.ghosts, 0, ghostBytes(book.rows))
}

/** Enters a row in the table under a hash, and its words. */
export function relink(book: Book, row: i32, hash: i32, low: i32): void {
  const slot = slotAt(book.slots, row)
  slot.hash = hash
  slot.low = low
  link(book.table, book.mask, row, hash)
}

/** The value of a row was looked for and found. */
export function hitRow(book: Book, row: i32): void {
  const slot = slotAt(book.slots, row)
  book.hits += 1
  book.hitBytes += slot.size
  useSlot(book, slot)
}
