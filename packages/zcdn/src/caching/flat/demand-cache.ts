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
} from './constants.ts'
import type { DemandBook } from './demand-book.ts'
import { Ghosts } from './ghosts.ts'
import { RowTable } from './row-table.ts'

/** Words of a slot; its first word is at `row << ROW_SHIFT`. The row 0 is none. */
const SLOT_WORDS = 8
const ROW_SHIFT = 3
const FIRST_SLOT = SLOT_WORDS
const LOW = 0
const HIGH = 1
const HASH = 2
const META = 3
/** The size, a double in two words: `sizes[(slot + SIZE) >> 1]`. */
const SIZE = 4
/** The next younger slot of the queue; of a free slot the next free one. 0: none. */
const NEXT = 6

/** Doubles in `sums`: bytes of both queues. */
const SMALL_BYTES = 0
const MAIN_BYTES = 1
/** Bytes that the small queue may hold when the cache is full. */
const SMALL_TARGET = 2
/** Bytes that have left the small queue, in ticks. */
const CLOCK = 3
const CAPACITY = 4
const HITS = 5
const MISSES = 6
const HIT_BYTES = 7

/** 1.5 times 2^52: a double that this is added to has no room for a fraction. */
const NO_FRACTION = 6755399441055744
/** No key has this upper word. */
const NO_KEY = -0x80000000

/**
 * S3-FIFO (Yang et al., SOSP 2023) with TinyLFU's question at the door of the main queue, see docs/cache.md. assembly/cache/demand-cache.ts is the same
 * in WebAssembly; this one serves where there is none.
 * A slot is {@link SLOT_WORDS} words. Queues are singly linked from the oldest; a deleted slot stays until its queue comes to it.
 */
export class DemandCache implements DemandBook {
  private words: Int32Array
  /** The same memory as doubles. */
  private sizes: Float64Array
  private readonly sums = new Float64Array(8)
  private readonly table = new RowTable()
  /** Where the next slot that was never used begins. */
  private unused = FIRST_SLOT
  private smallOldest = 0
  private mainOldest = 0
  private smallCount = 0
  private mainCount = 0
  private evicted = 0
  private smallNewest = 0
  private mainNewest = 0
  private freeHead = 0
  private dead = 0
  private readonly ghosts = new Ghosts()
  private readonly ticksPerByte: Float64Array
  private epoch = 0
  private usesLeft = 0
  /** First hits in the main queue since the last miss. */
  private mainFirsts = 0
  private ties = 0
  /** Where the value goes that room was made for. */
  private place = 0
  /** Where the free list began before the last operation, and how far it has been told. */
  private freeBefore = 0
  private leftCursor = 0
  /** The words that {@link hit} has not found last: who then puts them need not look again. Only while nothing has come or gone. */
  private missedLow = 0
  private missedHigh = NO_KEY

  constructor(capacityBytes: number) {
    this.words = new Int32Array(FIRST_ROWS * SLOT_WORDS)
    this.sizes = new Float64Array(this.words.buffer)
    this.sums[CAPACITY] = capacityBytes
    this.sums[SMALL_TARGET] = capacityBytes * SMALL_SHARE
    this.ticksPerByte = Float64Array.of(TICKS / capacityBytes)
  }

  find(hash: number, low: number, high: number, after: number): number {
    const { words } = this
    let last = after
    return this.table.find(hash, (row) => {
      const slot = row << ROW_SHIFT
      if (words[slot + LOW] !== low || words[slot + HIGH] !== high) return false
      if (last === 0) return true
      if (last === row) last = 0
      return false
    })
  }

  hit(hash: number, low: number, high: number): number {
    const row = this.find(hash, low, high, 0)
    if (row !== 0) this.hitRow(row)
    else {
      this.sums[MISSES] = this.sums[MISSES]! + 1
      this.missedLow = low
      this.missedHigh = high
    }
    return row
  }

  hitRow(row: number): void {
    const { sums } = this
    sums[HITS] = sums[HITS]! + 1
    sums[HIT_BYTES] = sums[HIT_BYTES]! + this.sizeOf(row)
    this.use(row)
  }

  /** No branches: whether a count is full, and of what epoch it is, no processor can foretell. */
  use(row: number): void {
    const { words, epoch } = this
    const slot = row << ROW_SHIFT
    const meta = words[slot + META]!
    const mark = meta & MARK
    const age = epoch - (meta >>> EPOCH_SHIFT)
    const uses = ((meta >>> USES_SHIFT) & MOST_USES) >>> (age | ((3 - age) >> 31))
    const more = (uses - MOST_USES) >>> 31
    this.usesLeft -= more
    this.mainFirsts += ((mark - 1) >>> 31) & (meta >>> 4)
    words[slot + META] =
      (epoch << EPOCH_SHIFT) | ((uses + more) << USES_SHIFT) | (meta & WHERE) | (mark + ((mark - PROMOTE_AT) >>> 31))
  }

  put(hash: number, low: number, high: number, size: number): number {
    if (this.missedLow !== low || this.missedHigh !== high) {
      const row = this.find(hash, low, high, 0)
      if (row !== 0) {
        if (this.sizeOf(row) !== size) return 0
        this.use(row)
        return row << 1
      }
    }
    return this.add(hash, low, high, size)
  }

  add(hash: number, low: number, high: number, size: number): number {
    this.makeRoom(hash, size)
    // The head is taken next, and its value overwritten.
    if (this.freeHead !== this.freeBefore) this.leftCursor = this.words[this.freeHead + NEXT]!
    const row = this.enter(hash, low, high, size)
    return (row << 1) | (this.leftCursor !== this.freeBefore || this.table.crowded ? 1 : 0)
  }

  makeRoom(hash: number, size: number): void {
    const { sums } = this
    this.missedHigh = NO_KEY
    this.freeBefore = this.freeHead
    if (--this.usesLeft < 0) this.nextEpoch()
    if (this.mainFirsts > 0) this.shrinkSmall()
    const ghost = this.ghosts.take(hash)
    this.place = ghost === 0 ? SMALL | (1 << USES_SHIFT) : this.placeOfGhost(ghost, size)
    while (sums[SMALL_BYTES]! + sums[MAIN_BYTES]! + size > sums[CAPACITY]!) {
      if ((sums[SMALL_BYTES]! > sums[SMALL_TARGET]! || this.mainCount === 0) && this.evictSmall()) continue
      if (this.mainCount > 0) this.evictMain()
      else if (this.smallCount === 0) {
        // Sizes that are no integers leave a rest in the sums.
        sums[SMALL_BYTES] = 0
        sums[MAIN_BYTES] = 0
        break
      }
    }
    this.leftCursor = this.freeHead
  }

  enter(hash: number, low: number, high: number, size: number): number {
    let slot = this.freeHead
    if (slot !== 0) this.freeHead = this.words[slot + NEXT]!
    else {
      if (this.unused === this.words.length) this.grow()
      slot = this.unused
      this.unused = slot + SLOT_WORDS
    }
    const { words, sums } = this
    words[slot + LOW] = low
    words[slot + HIGH] = high
    words[slot + HASH] = hash
    words[slot + META] = (this.epoch << EPOCH_SHIFT) | this.place
    words[slot + NEXT] = 0
    this.sizes[(slot + SIZE) >> 1] = size
    if ((this.place & WHERE) === MAIN) this.pushMain(slot, size)
    else {
      if (this.smallNewest === 0) this.smallOldest = slot
      else words[this.smallNewest + NEXT] = slot
      this.smallNewest = slot
      this.smallCount++
      sums[SMALL_BYTES] = sums[SMALL_BYTES]! + size
    }
    this.table.link(slot >> ROW_SHIFT, hash)
    return slot >> ROW_SHIFT
  }

  nextLeft(): number {
    for (let slot = this.leftCursor; slot !== this.freeBefore; slot = this.leftCursor) {
      this.leftCursor = this.words[slot + NEXT]!
      if (this.words[slot + META] === EVICTED) return slot >> ROW_SHIFT
    }
    return 0
  }

  takeCrowded(): boolean {
    const { crowded } = this.table
    this.table.crowded = false
    return crowded
  }

  remove(row: number): void {
    const { words, sums } = this
    const slot = row << ROW_SHIFT
    this.missedHigh = NO_KEY
    this.table.unlink(row, this.hashOf)
    const size = this.sizeOf(row)
    if ((words[slot + META]! & WHERE) === SMALL) {
      sums[SMALL_BYTES] = sums[SMALL_BYTES]! - size
      this.smallCount--
    } else {
      sums[MAIN_BYTES] = sums[MAIN_BYTES]! - size
      this.mainCount--
    }
    words[slot + META] = DEAD
    if (++this.dead > SPARE_DEAD + this.smallCount + this.mainCount) this.sweep()
  }

  isLive(row: number): boolean {
    const where = this.words[(row << ROW_SHIFT) + META]! & WHERE
    return where === SMALL || where === MAIN
  }

  sizeOf(row: number): number {
    return this.sizes[((row << ROW_SHIFT) + SIZE) >> 1]!
  }

  lowOf(row: number): number {
    return this.words[(row << ROW_SHIFT) + LOW]!
  }

  highOf(row: number): number {
    return this.words[(row << ROW_SHIFT) + HIGH]!
  }

  markOf(row: number): number {
    const meta = this.words[(row << ROW_SHIFT) + META]!
    return (meta & MARK) | (((meta >>> USES_SHIFT) & MOST_USES) << 3)
  }

  oldest(main: boolean): number {
    return (main ? this.mainOldest : this.smallOldest) >> ROW_SHIFT
  }

  next(row: number): number {
    return this.words[(row << ROW_SHIFT) + NEXT]! >> ROW_SHIFT
  }

  restore(hash: number, low: number, high: number, size: number, mark: number, main: boolean): number {
    this.missedHigh = NO_KEY
    const uses = Math.max(1, (mark >> 3) & MOST_USES)
    this.place = (main ? MAIN : SMALL) | (uses << USES_SHIFT) | Math.min(mark & MARK, PROMOTE_AT)
    return this.enter(hash, low, high, size)
  }

  unlinkAll(): void {
    this.missedHigh = NO_KEY
    this.table.reset(this.words.length >> ROW_SHIFT)
    this.ghosts.clear()
  }

  relink(row: number, hash: number, low: number): void {
    const slot = row << ROW_SHIFT
    this.words[slot + HASH] = hash
    this.words[slot + LOW] = low
    this.table.link(row, hash)
  }

  used(): number {
    return this.unused >> ROW_SHIFT
  }

  entries(): number {
    return this.smallCount + this.mainCount
  }

  bytes(): number {
    return this.sums[SMALL_BYTES]! + this.sums[MAIN_BYTES]!
  }

  hits(): number {
    return this.sums[HITS]!
  }

  misses(): number {
    return this.sums[MISSES]!
  }

  hitBytes(): number {
    return this.sums[HIT_BYTES]!
  }

  evictions(): number {
    return this.evicted
  }

  private nextEpoch(): void {
    this.epoch = (this.epoch + 1) & (EPOCHS - 1)
    this.usesLeft = Math.ceil(USES_PER_EPOCH * Math.max(LEAST_ENTRIES, this.smallCount + this.mainCount))
  }

  /** Values of the main queue were of use: so many of such hits would go with as much room as the small queue has. */
  private shrinkSmall(): void {
    const { sums } = this
    const step = (ADAPT_STEP * this.mainFirsts * sums[SMALL_BYTES]!) / Math.max(1, this.mainCount)
    this.mainFirsts = 0
    sums[SMALL_TARGET] = Math.max(sums[CAPACITY]! * LEAST_SMALL_SHARE, sums[SMALL_TARGET]! - step)
  }

  /** A ghost returns: would a small queue of twice the size have kept it, and is it in more demand than what the main queue would lose? */
  private placeOfGhost(ghost: number, size: number): number {
    const { sums } = this
    const ticks = (ticksOf(sums[CLOCK]!) - (ghost >>> 16)) & 0xffff
    if (ticks > GHOST_TICKS) return SMALL | (1 << USES_SHIFT)
    if (ticks <= sums[SMALL_BYTES]! * this.ticksPerByte[0]!) {
      sums[SMALL_TARGET] = Math.min(sums[CAPACITY]! * MOST_SMALL_SHARE, sums[SMALL_TARGET]! + ADAPT_STEP * size)
    }
    const age = (this.epoch - (ghost >>> 4)) & 0xfff
    const uses = Math.min(MOST_USES, ((ghost & MOST_USES) >>> (age | ((3 - age) >> 31))) + 1)
    return (this.mayEnterMain(uses, size) ? MAIN : SMALL) | (uses << USES_SHIFT)
  }

  private mayEnterMain(uses: number, size: number): boolean {
    const { sums, words } = this
    if (this.mainCount === 0 || sums[MAIN_BYTES]! + size <= sums[CAPACITY]! - sums[SMALL_TARGET]!) return true
    let slot = this.oldestOfMain()
    if ((words[slot + META]! & MARK) > 0) {
      this.secondChance(slot)
      slot = this.oldestOfMain()
    }
    const meta = words[slot + META]!
    const age = this.epoch - (meta >>> EPOCH_SHIFT)
    const lead = uses - (((meta >>> USES_SHIFT) & MOST_USES) >>> (age | ((3 - age) >> 31)))
    if (lead > CLEAR_LEAD) return true
    if (lead < 0) return false
    this.ties = (this.ties + 1) % TIES_PER_ENTRY
    return this.ties === 0
  }

  /** Drops one value out of the small queue; those in demand are promoted on the way. False when all were. */
  private evictSmall(): boolean {
    const { words, sizes, sums } = this
    for (let slot = this.smallOldest; slot !== 0; slot = this.smallOldest) {
      const meta = words[slot + META]!
      this.smallOldest = words[slot + NEXT]!
      if (this.smallOldest === 0) this.smallNewest = 0
      if ((meta & WHERE) === DEAD) {
        this.bury(slot)
        continue
      }
      const size = sizes[(slot + SIZE) >> 1]!
      sums[SMALL_BYTES] = sums[SMALL_BYTES]! - size
      this.smallCount--
      if ((meta & MARK) < PROMOTE_AT) {
        const clock = sums[CLOCK]! + size * this.ticksPerByte[0]!
        sums[CLOCK] = clock
        const epoch = (meta >>> EPOCH_SHIFT) & 0xfff
        this.ghosts.add(
          words[slot + HASH]!,
          (ticksOf(clock) << 16) | (epoch << 4) | ((meta >>> USES_SHIFT) & MOST_USES),
        )
        this.evict(slot)
        return true
      }
      words[slot + META] = (meta & ~(MARK | WHERE)) | MAIN
      words[slot + NEXT] = 0
      this.pushMain(slot, size)
    }
    return false
  }

  /** Drops one value out of the main queue, which is not empty. */
  private evictMain(): void {
    const { words, sizes, sums } = this
    let slot = this.oldestOfMain()
    while ((words[slot + META]! & MARK) > 0) {
      this.secondChance(slot)
      slot = this.oldestOfMain()
    }
    this.mainOldest = words[slot + NEXT]!
    if (this.mainOldest === 0) this.mainNewest = 0
    sums[MAIN_BYTES] = sums[MAIN_BYTES]! - sizes[(slot + SIZE) >> 1]!
    this.mainCount--
    this.evict(slot)
  }

  /** The oldest live slot; there must be one. */
  private oldestOfMain(): number {
    const { words } = this
    let slot = this.mainOldest
    while ((words[slot + META]! & WHERE) === DEAD) {
      this.mainOldest = words[slot + NEXT]!
      this.bury(slot)
      slot = this.mainOldest
    }
    return slot
  }

  /** Makes the oldest of the main queue its newest, for one of its marks. */
  private secondChance(slot: number): void {
    const { words } = this
    words[slot + META] = words[slot + META]! - 1
    const next = words[slot + NEXT]!
    if (next === 0) return
    this.mainOldest = next
    words[slot + NEXT] = 0
    words[this.mainNewest + NEXT] = slot
    this.mainNewest = slot
  }

  private pushMain(slot: number, size: number): void {
    if (this.mainNewest === 0) this.mainOldest = slot
    else this.words[this.mainNewest + NEXT] = slot
    this.mainNewest = slot
    this.mainCount++
    this.sums[MAIN_BYTES] = this.sums[MAIN_BYTES]! + size
  }

  private evict(slot: number): void {
    this.table.unlink(slot >> ROW_SHIFT, this.hashOf)
    this.evicted++
    this.words[slot + META] = EVICTED
    this.words[slot + NEXT] = this.freeHead
    this.freeHead = slot
  }

  private bury(slot: number): void {
    this.dead--
    this.words[slot + META] = 0
    this.words[slot + NEXT] = this.freeHead
    this.freeHead = slot
  }

  /** Frees the dead slots of both queues. */
  private sweep(): void {
    this.smallNewest = this.sweepFrom(this.smallOldest)
    this.smallOldest = this.sweptOldest
    this.mainNewest = this.sweepFrom(this.mainOldest)
    this.mainOldest = this.sweptOldest
  }

  private sweptOldest = 0

  private sweepFrom(oldest: number): number {
    const { words } = this
    let last = 0
    this.sweptOldest = 0
    for (let slot = oldest, next = 0; slot !== 0; slot = next) {
      next = words[slot + NEXT]!
      if ((words[slot + META]! & WHERE) === DEAD) {
        this.bury(slot)
        continue
      }
      if (last === 0) this.sweptOldest = slot
      else words[last + NEXT] = slot
      last = slot
    }
    if (last !== 0) words[last + NEXT] = 0
    return last
  }

  /** Doubles the room for slots. */
  private grow(): void {
    const rows = (this.words.length >> ROW_SHIFT) * 2
    const words = new Int32Array(rows * SLOT_WORDS)
    words.set(this.words)
    this.words = words
    this.sizes = new Float64Array(words.buffer)
    this.table.reset(rows)
    for (let row = 1; row < this.used(); row++) if (this.isLive(row)) this.table.link(row, this.hashOf(row))
    this.ghosts.grow(rows)
  }

  private readonly hashOf = (row: number): number => this.words[(row << ROW_SHIFT) + HASH]!
}

/** The lower 32 bits of a number below 2^51, rounded. */
function ticksOf(clock: number): number {
  return (clock + NO_FRACTION - NO_FRACTION) | 0
}
