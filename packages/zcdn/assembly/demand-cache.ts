// The numbers of the default cache and its policy, see src/caching/flat/demand-cache.ts: the same decisions in WebAssembly. All caches of a
// process live in the memory of one instance, for calls into always the same instance are what an engine makes cheap (docs/cache.md).
import {
  ADAPT_STEP,
  CLEAR_LEAD,
  DEAD,
  EPOCH_SHIFT,
  EPOCHS,
  EVICTED,
  FIRST_ROWS,
  GHOST_TICKS,
  LEAST_ENTRIES,
  LEAST_SMALL_SHARE,
  LONGEST_RUN,
  MAIN,
  MARK,
  MOST_SMALL_SHARE,
  MOST_USES,
  PROMOTE_AT,
  SMALL,
  SMALL_SHARE,
  SPARE_DEAD,
  TICKS,
  TIES_PER_ENTRY,
  USES_PER_EPOCH,
  USES_SHIFT,
  WHERE,
} from '../src/caching/flat/constants'
import { allocate, free } from './blocks'

const ROW_SHIFT = 5
/** A bucket of the table: four places of a word. */
const BUCKET_SHIFT = 4
/** A bucket of ghosts: four hashes, then for each its clock (16 bits), epoch (12) and uses (4, never 0). */
const GHOST_SHIFT = 5
const MOST_ROWS = 1 << 25
/** No key has this upper word. */
const NO_KEY = i32.MIN_VALUE

/** Half a line of the processor's cache. */
@unmanaged
class Slot {
  low: i32
  high: i32
  hash: i32
  meta: i32
  size: f64
  /** The row of the next younger slot of the queue; of a free slot the next free one. 0: none. */
  next: i32
}

@unmanaged
class Book {
  slots: usize
  table: usize
  mask: i32
  ghosts: usize
  epoch: i32
  usesLeft: i32
  mainFirsts: i32
  ties: i32
  smallOldest: i32
  smallNewest: i32
  mainOldest: i32
  mainNewest: i32
  smallCount: i32
  mainCount: i32
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
  /** The words that {@link hit} has not found last: who then puts them need not look again. Only while nothing has come or gone. */
  missedLow: i32
  missedHigh: i32
  smallBytes: f64
  mainBytes: f64
  smallTarget: f64
  clock: f64
  capacity: f64
  ticksPerByte: f64
  hits: f64
  misses: f64
  hitBytes: f64
  evictions: f64
}

// @ts-ignore: decorator
@inline
function slotAt(slots: usize, row: i32): Slot {
  return changetype<Slot>(slots + (<usize>row << ROW_SHIFT))
}

// @ts-ignore: decorator
@inline
function remembered(book: Book, meta: i32): i32 {
  const age = book.epoch - (meta >>> EPOCH_SHIFT)
  return ((meta >>> USES_SHIFT) & MOST_USES) >>> (age | ((3 - age) >> 31))
}

/** The lower 32 bits of a number below 2^51, rounded: what is added leaves no room for a fraction. */
// @ts-ignore: decorator
@inline
function ticksOf(clock: f64): i32 {
  return <i32>reinterpret<i64>(clock + 6755399441055744)
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

/** False when there is no memory for so many rows; all is then as it was. */
function reserve(book: Book, rows: i32): bool {
  if (rows > MOST_ROWS) return false
  const tableBytes = rows << BUCKET_SHIFT
  const ghostBytes = rows << GHOST_SHIFT
  const slots = allocate(rows << ROW_SHIFT)
  const table = allocate(tableBytes)
  const ghosts = allocate(ghostBytes)
  if (slots === 0 || table === 0 || ghosts === 0) {
    release(slots, table, ghosts, rows)
    return false
  }
  memory.fill(table, 0, tableBytes)
  memory.fill(ghosts, 0, ghostBytes)
  book.slots = slots
  book.table = table
  book.ghosts = ghosts
  book.mask = rows - 1
  book.rows = rows
  return true
}

function release(slots: usize, table: usize, ghosts: usize, rows: i32): void {
  free(slots, rows << ROW_SHIFT)
  free(table, rows << BUCKET_SHIFT)
  free(ghosts, rows << GHOST_SHIFT)
}

/** The row of a live slot with this hash and these words, or 0; of several, the one after the row `after`. */
// @ts-ignore: decorator
@inline
function lookUp(book: Book, hash: i32, low: i32, high: i32, after: i32): i32 {
  const mask = book.mask
  const table = book.table
  const slots = book.slots
  const upper = i32x4.splat(~mask)
  const wanted = v128.and(i32x4.splat(hash), upper)
  let at = hash & mask
  for (let more = true; more; at = (at + 1) & mask) {
    const bucket = table + (<usize>at << BUCKET_SHIFT)
    const entries = v128.load(bucket)
    for (let found = i32x4.bitmask(i32x4.eq(v128.and(entries, upper), wanted)); found !== 0; found &= found - 1) {
      const row = load<i32>(bucket + (<usize>ctz(found) << 2)) & mask
      const slot = slotAt(slots, row)
      if (slot.low === low && slot.high === high) {
        if (after === 0) return row
        if (after === row) after = 0
      }
    }
    more = i32x4.all_true(entries)
  }
  return 0
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
    book.place = load<i32>(book.ghosts + (<usize>(hash & book.mask) << GHOST_SHIFT))
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
  const mark = meta & MARK
  const uses = remembered(book, meta)
  const more = (uses - MOST_USES) >>> 31
  book.usesLeft -= more
  book.mainFirsts += ((mark - 1) >>> 31) & (meta >>> 4)
  slot.meta =
    (book.epoch << EPOCH_SHIFT) | ((uses + more) << USES_SHIFT) | (meta & WHERE) | (mark + ((mark - PROMOTE_AT) >>> 31))
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
  if (book.mainFirsts > 0) shrinkSmall(book)
  const ghost = takeGhost(book, hash)
  const place = ghost === 0 ? SMALL | (1 << USES_SHIFT) : placeOfGhost(book, ghost, size)
  while (book.smallBytes + book.mainBytes + size > book.capacity) {
    if ((book.smallBytes > book.smallTarget || book.mainCount === 0) && evictSmall(book)) continue
    if (book.mainCount > 0) evictMain(book)
    else if (book.smallCount === 0) {
      // Sizes that are no integers leave a rest in the sums.
      book.smallBytes = 0
      book.mainBytes = 0
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
  if (book.missedLow !== low || book.missedHigh !== high) {
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
  book.usesLeft = <i32>Math.ceil(USES_PER_EPOCH * <f64>max(LEAST_ENTRIES, book.smallCount + book.mainCount))
}

/** Values of the main queue were of use: so many of such hits would go with as much room as the small queue has. */
// @ts-ignore: decorator
@inline
function shrinkSmall(book: Book): void {
  const step = (ADAPT_STEP * <f64>book.mainFirsts * book.smallBytes) / <f64>max(1, book.mainCount)
  book.mainFirsts = 0
  book.smallTarget = max(book.capacity * LEAST_SMALL_SHARE, book.smallTarget - step)
}

// @ts-ignore: decorator
@inline
function takeGhost(book: Book, hash: i32): i32 {
  const at = book.ghosts + (<usize>(hash & book.mask) << GHOST_SHIFT)
  const found = i32x4.bitmask(i32x4.eq(v128.load(at), i32x4.splat(hash)))
  if (found === 0) return 0
  const word = at + 16 + (<usize>ctz(found) << 2)
  const ghost = load<i32>(word)
  store<i32>(word, 0)
  return ghost
}

/** The others of the bucket move one place on. */
// @ts-ignore: decorator
@inline
function addGhost(book: Book, hash: i32, word: i32): void {
  const at = book.ghosts + (<usize>(hash & book.mask) << GHOST_SHIFT)
  v128.store(at, v128.shuffle<i32>(v128.load(at), i32x4.splat(hash), 4, 0, 1, 2))
  v128.store(at, v128.shuffle<i32>(v128.load(at, 16), i32x4.splat(word), 4, 0, 1, 2), 16)
}

function placeOfGhost(book: Book, ghost: i32, size: f64): i32 {
  const ticks = (ticksOf(book.clock) - (ghost >>> 16)) & 0xffff
  if (ticks > GHOST_TICKS) return SMALL | (1 << USES_SHIFT)
  if (<f64>ticks <= book.smallBytes * book.ticksPerByte) {
    book.smallTarget = min(book.capacity * MOST_SMALL_SHARE, book.smallTarget + ADAPT_STEP * size)
  }
  const age = (book.epoch - (ghost >>> 4)) & 0xfff
  const uses = min(MOST_USES, ((ghost & MOST_USES) >>> (age | ((3 - age) >> 31))) + 1)
  return (mayEnterMain(book, uses, size) ? MAIN : SMALL) | (uses << USES_SHIFT)
}

function mayEnterMain(book: Book, uses: i32, size: f64): bool {
  if (book.mainCount === 0 || book.mainBytes + size <= book.capacity - book.smallTarget) return true
  let row = oldestOfMain(book)
  if ((slotAt(book.slots, row).meta & MARK) > 0) {
    secondChance(book, row)
    row = oldestOfMain(book)
  }
  const lead = uses - remembered(book, slotAt(book.slots, row).meta)
  if (lead > CLEAR_LEAD) return true
  if (lead < 0) return false
  book.ties = (book.ties + 1) % TIES_PER_ENTRY
  return book.ties === 0
}

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
    book.smallBytes -= size
    book.smallCount--
    if ((meta & MARK) < PROMOTE_AT) {
      const clock = book.clock + size * book.ticksPerByte
      book.clock = clock
      const epoch = (meta >>> EPOCH_SHIFT) & 0xfff
      addGhost(book, slot.hash, (ticksOf(clock) << 16) | (epoch << 4) | ((meta >>> USES_SHIFT) & MOST_USES))
      evict(book, row, slot)
      return true
    }
    slot.meta = (meta & ~(MARK | WHERE)) | MAIN
    slot.next = 0
    pushMain(book, row, size)
  }
  return false
}

// @ts-ignore: decorator
@inline
function evictMain(book: Book): void {
  const slots = book.slots
  let row = oldestOfMain(book)
  let slot = slotAt(slots, row)
  while ((slot.meta & MARK) > 0) {
    secondChance(book, row)
    row = oldestOfMain(book)
    slot = slotAt(slots, row)
  }
  book.mainOldest = slot.next
  if (book.mainOldest === 0) book.mainNewest = 0
  book.mainBytes -= slot.size
  book.mainCount--
  evict(book, row, slot)
}

/** The oldest live slot; there must be one. */
// @ts-ignore: decorator
@inline
function oldestOfMain(book: Book): i32 {
  let row = book.mainOldest
  while ((slotAt(book.slots, row).meta & WHERE) === DEAD) {
    book.mainOldest = slotAt(book.slots, row).next
    bury(book, row)
    row = book.mainOldest
  }
  return row
}

/** Makes the oldest of the main queue its newest, for one of its marks. */
// @ts-ignore: decorator
@inline
function secondChance(book: Book, row: i32): void {
  const slot = slotAt(book.slots, row)
  slot.meta -= 1
  const next = slot.next
  if (next === 0) return
  book.mainOldest = next
  slot.next = 0
  slotAt(book.slots, book.mainNewest).next = row
  book.mainNewest = row
}

// @ts-ignore: decorator
@inline
function pushMain(book: Book, row: i32, size: f64): void {
  if (book.mainNewest === 0) book.mainOldest = row
  else slotAt(book.slots, book.mainNewest).next = row
  book.mainNewest = row
  book.mainCount++
  book.mainBytes += size
}

// @ts-ignore: decorator
@inline
function evict(book: Book, row: i32, slot: Slot): void {
  unlink(book, row, slot.hash)
  book.evictions += 1
  slot.meta = EVICTED
  slot.next = book.freeHead
  book.freeHead = row
}

function bury(book: Book, row: i32): void {
  book.dead--
  const slot = slotAt(book.slots, row)
  slot.meta = 0
  slot.next = book.freeHead
  book.freeHead = row
}

/** Returns how many full buckets it had to pass. */
// @ts-ignore: decorator
@inline
function link(table: usize, mask: i32, row: i32, hash: i32): i32 {
  let passed = 0
  let bucket = table + (<usize>(hash & mask) << BUCKET_SHIFT)
  let empty = i32x4.bitmask(i32x4.eq(v128.load(bucket), i32x4.splat(0)))
  while (empty === 0) {
    passed++
    bucket = table + (<usize>((hash + passed) & mask) << BUCKET_SHIFT)
    empty = i32x4.bitmask(i32x4.eq(v128.load(bucket), i32x4.splat(0)))
  }
  store<i32>(bucket + (<usize>ctz(empty) << 2), (hash & ~mask) | row)
  return passed
}

/** Takes a slot out of the table. */
// @ts-ignore: decorator
@inline
function unlink(book: Book, row: i32, hash: i32): void {
  const mask = book.mask
  const table = book.table
  const rows = i32x4.splat(mask)
  const wanted = i32x4.splat(row)
  let at = hash & mask
  let bucket = table + (<usize>at << BUCKET_SHIFT)
  let entries = v128.load(bucket)
  let found = i32x4.bitmask(i32x4.eq(v128.and(entries, rows), wanted))
  while (found === 0) {
    at = (at + 1) & mask
    bucket = table + (<usize>at << BUCKET_SHIFT)
    entries = v128.load(bucket)
    found = i32x4.bitmask(i32x4.eq(v128.and(entries, rows), wanted))
  }
  const gap = bucket + (<usize>ctz(found) << 2)
  store<i32>(gap, 0)
  if (i32x4.all_true(entries)) closeGap(book, at, gap)
}

/** Brings back what stands further on because a bucket was full (as Knuth, TAOCP 3, 6.4, algorithm R), so that no tombstones are left. */
function closeGap(book: Book, from: i32, gap: usize): void {
  const mask = book.mask
  let at = from
  for (let full = true; full; ) {
    at = (at + 1) & mask
    const bucket = book.table + (<usize>at << BUCKET_SHIFT)
    full = i32x4.all_true(v128.load(bucket))
    for (let place = bucket; place < bucket + 16; place += 4) {
      const entry = load<i32>(place)
      if (entry === 0) continue
      const home = slotAt(book.slots, entry & mask).hash & mask
      if (((at - home) & mask) < ((at - from) & mask)) continue
      store<i32>(gap, entry)
      store<i32>(place, 0)
      gap = place
      from = at
      break
    }
  }
}

/** Doubles the room for slots. False when there is no memory. */
function grow(book: Book): bool {
  const slots = book.slots
  const table = book.table
  const ghosts = book.ghosts
  const rows = book.rows
  if (!reserve(book, rows * 2)) return false
  memory.copy(book.slots, slots, rows << ROW_SHIFT)
  for (let row = 1; row < book.used; row++) {
    if (isLive(book, row)) link(book.table, book.mask, row, slotAt(book.slots, row).hash)
  }
  for (let bucket = ghosts + (<usize>rows << GHOST_SHIFT); bucket > ghosts; ) {
    bucket -= 1 << GHOST_SHIFT
    for (let at = bucket + 16; at > bucket; ) {
      at -= 4
      const word = load<i32>(at, 16)
      if (word !== 0) addGhost(book, load<i32>(at), word)
    }
  }
  release(slots, table, ghosts, rows)
  return true
}

/** Takes a slot out of the table and its value out of the sums. */
export function remove(book: Book, row: i32): void {
  book.missedHigh = NO_KEY
  const slot = slotAt(book.slots, row)
  unlink(book, row, slot.hash)
  if ((slot.meta & WHERE) === SMALL) {
    book.smallBytes -= slot.size
    book.smallCount--
  } else {
    book.mainBytes -= slot.size
    book.mainCount--
  }
  slot.meta = DEAD
  if (++book.dead > SPARE_DEAD + book.smallCount + book.mainCount) sweep(book)
}

/** Frees the dead slots of both queues. */
function sweep(book: Book): void {
  book.smallNewest = sweepFrom(book, book.smallOldest)
  book.smallOldest = book.swept
  book.mainNewest = sweepFrom(book, book.mainOldest)
  book.mainOldest = book.swept
}

function sweepFrom(book: Book, oldest: i32): i32 {
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

export function isLive(book: Book, row: i32): bool {
  const where = slotAt(book.slots, row).meta & WHERE
  return where === SMALL || where === MAIN
}

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
  memory.fill(book.ghosts, 0, book.rows << GHOST_SHIFT)
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
