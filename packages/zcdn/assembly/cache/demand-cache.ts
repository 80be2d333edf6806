// The numbers of the default cache and its policy, see src/caching/flat/demand-cache.ts: the same decisions in WebAssembly. All caches of a
// process live in the memory of one instance, for calls into always the same instance are what an engine makes cheap (docs/cache.md).
import {
  CLEAR_LEAD,
  DEAD,
  EPOCH_SHIFT,
  EPOCHS,
  EVICTED,
  FIRST_ROWS,
  FIRST_TRIALS,
  GHOST_EPOCH,
  GHOST_EPOCH_SHIFT,
  GHOST_TICKS,
  GHOST_TICKS_SHIFT,
  GROW_STEP,
  HITS_PER_SHRINK,
  KEEP_AT,
  LARGER_LEAD,
  LEAST_ENTRIES,
  LEAST_SMALL_SHARE,
  LONGEST_RUN,
  LOOKS_PER_MARK,
  MAIN,
  MARK,
  MORE_DEAD,
  MOST_SMALL_SHARE,
  MOST_USES,
  PROMOTE_AT,
  SHRINK_STEP,
  SMALL,
  SMALL_SHARE,
  TICKS,
  TIES_PER_ENTRY,
  TRIED,
  USES_PER_EPOCH,
  USES_SHIFT,
  WHERE,
} from '../../src/caching/flat/constants'
import { allocate, free } from './blocks'
import { Book, BUCKET_SHIFT, isLive, NO_KEY, Slot, slotAt } from './book'
import { addGhost, bucketOf, ghostBytes, takeGhost, ticksOf } from './ghosts'
import { trialCameBack, trialOf, trialTurnedOut } from './promotion'
import { bury, oldestOfMain, promote, pushMain, pushSpare, rotateMain, shiftSpare, sweep } from './queues'
import { grow, release, reserve } from './room'
import { link, lookUp, unlink } from './table'

export { isLive }
export * from './reading'

// @ts-ignore: decorator
@inline
function remembered(book: Book, meta: i32): i32 {
  const age = book.epoch - (meta >>> EPOCH_SHIFT)
  return ((meta >>> USES_SHIFT) & MOST_USES) >>> (age | ((3 - age) >> 31))
}

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
  return at
}

export function destroy(book: Book): void {
  release(book.slots, book.table, book.ghosts, book.rows)
  free(changetype<usize>(book), offsetof<Book>())
}

export function find(book: Book, hash: i32, low: i32, high: i32, after: i32): i32 {
  return lookUp(book, hash, low, high, after)
}

/** {@link find} and {@link use} in one. */
export function hit(book: Book, hash: i32, low: i32, high: i32): i32 {
  const row = lookUp(book, hash, low, high, 0)
  if (row === 0) {
    book.misses += 1
    book.missedLow = low
    // Fetches the line that `put` will look at. No hash of a ghost is stored there for its own sake.
    book.place = load<i32>(bucketOf(book, hash))
    book.missedHigh = high
    return 0
  }
  book.hits += 1
  book.hitBytes += slotAt(book.slots, row).size
  useSlot(book, slotAt(book.slots, row))
  return row
}

/** The value of a slot was used. No branches: whether a count is full, and of what epoch it is, no processor can foretell. */
// @ts-ignore: decorator
@inline
function useSlot(book: Book, slot: Slot): void {
  const meta = slot.meta
  const uses = remembered(book, meta)
  const moreUses = (uses - MOST_USES) >>> 31
  const moreMark = ((meta & MARK) - PROMOTE_AT) >>> 31
  book.usesLeft -= moreUses
  // The bit of MAIN.
  book.mainHits += moreMark & (meta >>> 4)
  slot.meta = (book.epoch << EPOCH_SHIFT) | ((uses + moreUses) << USES_SHIFT) | ((meta & (WHERE | MARK)) + moreMark)
}

export function use(book: Book, row: i32): void {
  useSlot(book, slotAt(book.slots, row))
}

/** Makes room for a key of this hash that is not here. */
// @ts-ignore: decorator
@inline
function makeRoomFor(book: Book, hash: i32, size: f64): i32 {
  book.missedHigh = NO_KEY
  book.freeBefore = book.freeHead
  if (--book.usesLeft < 0) nextEpoch(book)
  if (book.mainHits >= HITS_PER_SHRINK) shrinkSmall(book)
  const ghost = takeGhost(book, hash)
  const place = ghost === 0 ? SMALL | (1 << USES_SHIFT) : placeOfGhost(book, ghost, size)
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
  return place
}

export function makeRoom(book: Book, hash: i32, size: f64): void {
  book.place = makeRoomFor(book, hash, size)
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
  const place = makeRoomFor(book, hash, size)
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
  book.missedLow = low
  book.missedHigh = high
  return put(book, hash, low, high, size)
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

// @ts-ignore: decorator
@inline
function enterAt(book: Book, hash: i32, low: i32, high: i32, size: f64, place: i32): i32 {
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

function nextEpoch(book: Book): void {
  book.epoch = (book.epoch + 1) & (EPOCHS - 1)
  book.usesLeft = <i32>Math.ceil(USES_PER_EPOCH * <f64>max(LEAST_ENTRIES, book.smallCount + book.mainCount + book.spareCount))
}

/** Values of the main queue were of use: so many of such hits would go with as much room as the small queue has. */
// @ts-ignore: decorator
@inline
function shrinkSmall(book: Book): void {
  const step = (SHRINK_STEP * <f64>book.mainHits * book.smallBytes) / <f64>max(1, book.mainCount)
  book.mainHits = 0
  book.smallTarget = max(book.capacity * LEAST_SMALL_SHARE, book.smallTarget - step)
}

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
    turnOut(book, row, slot, tried)
    return true
  }
  return false
}

/** Whether the spare queue and the main one, which may get what comes, have too much. */
function isSpareNext(book: Book, place: i32, size: f64): bool {
  const toMain = (place & WHERE) === MAIN ? size : 0
  return book.smallCount === 0 || book.bytes - book.smallBytes + toMain > book.capacity - book.smallTarget
}

/** Drops the newest value of the spare queue that few hits have kept: in a loop the older ones are asked for first. */
function evictSpare(book: Book): void {
  for (let row = shiftSpare(book); row !== 0; row = shiftSpare(book)) {
    const slot = slotAt(book.slots, row)
    if ((slot.meta & MARK) < KEEP_AT) {
      turnOut(book, row, slot, 0)
      return
    }
    promote(book, row)
  }
}

/** Leaves a ghost. */
// @ts-ignore: decorator
@inline
function turnOut(book: Book, row: i32, slot: Slot, tried: i32): void {
  const meta = slot.meta
  const clock = book.clock + slot.size * book.ticksPerByte
  book.clock = clock
  const epoch = (meta >>> EPOCH_SHIFT) & GHOST_EPOCH
  const uses = (meta >>> USES_SHIFT) & MOST_USES
  addGhost(book, slot.hash, (ticksOf(clock) << GHOST_TICKS_SHIFT) | (epoch << GHOST_EPOCH_SHIFT) | tried | uses)
  evict(book, row, slot)
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
