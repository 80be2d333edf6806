import {
  CLEAR_LEAD,
  EPOCH_SHIFT,
  EPOCHS,
  EVICTED,
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
  LOOKS_PER_MARK,
  MAIN,
  MARK,
  MOST_SMALL_SHARE,
  MOST_USES,
  PROMOTE_AT,
  SHRINK_STEP,
  SMALL,
  SMALL_SHARE,
  SPARE,
  TICKS,
  TIES_PER_ENTRY,
  TRIED,
  USES_PER_EPOCH,
  USES_SHIFT,
  WHERE,
} from './constants.ts'
import type { DemandBook } from './demand-book.ts'
import { Ghosts } from './ghosts.ts'
import { PromotionTrial } from './promotion-trial.ts'
import { HASH, HIGH, LOW, META, NEXT, QueuedSlots, ROW_SHIFT, type SlotQueue } from './queued-slots.ts'
import { RowTable } from './row-table.ts'

/** 1.5 times 2^52: a double that this is added to has no room for a fraction. */
const NO_FRACTION = 6755399441055744
/** No key has this upper word. */
const NO_KEY = -0x80000000
/** A newcomer in the small queue, used once. */
const NEWCOMER = SMALL | (1 << USES_SHIFT)

/**
 * S3-FIFO (Yang et al., SOSP 2023) with TinyLFU's question at the door of the main queue and a third queue in the room that the main queue does not
 * need yet, see docs/cache.md. assembly/cache/demand-cache.ts is the same in WebAssembly; this one serves where there is none.
 */
export class DemandCache implements DemandBook {
  private readonly slots = new QueuedSlots()
  private readonly table = new RowTable()
  private readonly ghosts = new Ghosts()
  private readonly trial = new PromotionTrial()
  private readonly capacity: number
  /** Of all queues. */
  private byteCount = 0
  private readonly ticksPerByte: number
  /** Bytes that the small queue may hold when the cache is full. */
  private smallTarget: number
  /** Bytes that have been turned out of the small and the spare queue, in ticks. */
  private clock = 0
  private epoch = 0
  private usesLeft = 0
  /** Hits in the main queue, of entries that had few, since the small one was last made smaller. */
  private mainHits = 0
  private ties = 0
  private looks = 0
  private hitCount = 0
  private missCount = 0
  private hitByteCount = 0
  private evicted = 0
  /** Where the value goes that room was made for. */
  private place = 0
  /** Where the free list began before the last operation, and how far it has been told. */
  private freeBefore = 0
  private leftCursor = 0
  /** The words that {@link hit} has not found last: who then puts them need not look again. Only while nothing has come or gone. */
  private missedLow = 0
  private missedHigh = NO_KEY

  constructor(capacityBytes: number) {
    this.capacity = capacityBytes
    this.smallTarget = capacityBytes * SMALL_SHARE
    this.ticksPerByte = TICKS / capacityBytes
  }

  find(hash: number, low: number, high: number, after: number): number {
    const { words } = this.slots
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
      this.missCount++
      this.missedLow = low
      this.missedHigh = high
    }
    return row
  }

  hitRow(row: number): void {
    this.hitCount++
    this.hitByteCount += this.sizeOf(row)
    this.use(row)
  }

  use(row: number): void {
    const { words } = this.slots
    const slot = row << ROW_SHIFT
    const meta = words[slot + META]!
    const uses = this.remembered(meta)
    const moreUses = uses < MOST_USES ? 1 : 0
    const moreMark = (meta & MARK) < PROMOTE_AT ? 1 : 0
    this.usesLeft -= moreUses
    if ((meta & WHERE) === MAIN) this.mainHits += moreMark
    words[slot + META] =
      (this.epoch << EPOCH_SHIFT) | ((uses + moreUses) << USES_SHIFT) | ((meta & (WHERE | MARK)) + moreMark)
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
    const { slots } = this
    this.makeRoom(hash, size)
    // The head is taken next, and its value overwritten.
    if (slots.freeHead !== this.freeBefore) this.leftCursor = slots.words[slots.freeHead + NEXT]!
    const row = this.enter(hash, low, high, size)
    return (row << 1) | (this.leftCursor !== this.freeBefore || this.table.crowded ? 1 : 0)
  }

  makeRoom(hash: number, size: number): void {
    const { small, main, spare } = this.slots
    this.missedHigh = NO_KEY
    this.freeBefore = this.slots.freeHead
    if (--this.usesLeft < 0) this.nextEpoch()
    if (this.mainHits >= HITS_PER_SHRINK) this.shrinkSmall()
    const ghost = this.ghosts.take(hash)
    this.place = ghost === 0 ? NEWCOMER : this.placeOfGhost(ghost, size)
    const toMain = (this.place & WHERE) === MAIN ? size : 0
    while (this.byteCount + size > this.capacity) {
      if (spare.count > 0) {
        const isTooMuch = this.byteCount - small.bytes + toMain > this.capacity - this.smallTarget
        if (isTooMuch || small.count === 0) this.evictSpare()
        else this.evictSmall()
        continue
      }
      if ((small.bytes > this.smallTarget || main.count === 0) && this.evictSmall()) continue
      if (main.count > 0) this.evict(this.slots.shiftUnmarked(main))
      else if (small.count === 0 && spare.count === 0) {
        // Sizes that are no integers leave a rest in the sums.
        small.bytes = 0
        main.bytes = 0
        this.byteCount = 0
        break
      }
    }
    this.leftCursor = this.slots.freeHead
  }

  enter(hash: number, low: number, high: number, size: number): number {
    const { slots } = this
    let slot = slots.take()
    if (slot === 0) {
      this.grow()
      slot = slots.take()
    }
    const { words } = slots
    words[slot + LOW] = low
    words[slot + HIGH] = high
    words[slot + HASH] = hash
    words[slot + META] = (this.epoch << EPOCH_SHIFT) | this.place
    slots.resize(slot, size)
    this.byteCount += size
    slots.push((this.place & WHERE) === MAIN ? slots.main : slots.small, slot)
    this.table.link(slot >> ROW_SHIFT, hash)
    return slot >> ROW_SHIFT
  }

  nextLeft(): number {
    const { words } = this.slots
    for (let slot = this.leftCursor; slot !== this.freeBefore; slot = this.leftCursor) {
      this.leftCursor = words[slot + NEXT]!
      if (words[slot + META] === EVICTED) return slot >> ROW_SHIFT
    }
    return 0
  }

  takeCrowded(): boolean {
    const { crowded } = this.table
    this.table.crowded = false
    return crowded
  }

  remove(row: number): void {
    const slot = row << ROW_SHIFT
    this.missedHigh = NO_KEY
    this.table.unlink(row, this.hashOf)
    this.byteCount -= this.slots.sizeOf(slot)
    this.slots.delete(this.queueOf(this.slots.words[slot + META]! & WHERE), slot)
  }

  isLive(row: number): boolean {
    const where = this.slots.words[(row << ROW_SHIFT) + META]! & WHERE
    return where === SMALL || where === MAIN || where === SPARE
  }

  sizeOf(row: number): number {
    return this.slots.sizeOf(row << ROW_SHIFT)
  }

  lowOf(row: number): number {
    return this.slots.words[(row << ROW_SHIFT) + LOW]!
  }

  highOf(row: number): number {
    return this.slots.words[(row << ROW_SHIFT) + HIGH]!
  }

  markOf(row: number): number {
    const meta = this.slots.words[(row << ROW_SHIFT) + META]!
    return (meta & MARK) | (((meta >>> USES_SHIFT) & MOST_USES) << 3)
  }

  first(where: number): number {
    return this.queueOf(where).first >> ROW_SHIFT
  }

  next(row: number): number {
    return this.slots.words[(row << ROW_SHIFT) + NEXT]! >> ROW_SHIFT
  }

  restore(hash: number, low: number, high: number, size: number, mark: number, main: boolean): number {
    this.missedHigh = NO_KEY
    const uses = Math.max(1, (mark >> 3) & MOST_USES)
    this.place = (main ? MAIN : SMALL) | (uses << USES_SHIFT) | Math.min(mark & MARK, PROMOTE_AT)
    return this.enter(hash, low, high, size)
  }

  unlinkAll(): void {
    this.missedHigh = NO_KEY
    this.table.reset(this.slots.rows)
    this.ghosts.clear()
  }

  relink(row: number, hash: number, low: number): void {
    const { words } = this.slots
    words[(row << ROW_SHIFT) + HASH] = hash
    words[(row << ROW_SHIFT) + LOW] = low
    this.table.link(row, hash)
  }

  used(): number {
    return this.slots.used
  }

  entries(): number {
    return this.slots.entries
  }

  bytes(): number {
    return this.byteCount
  }

  hits(): number {
    return this.hitCount
  }

  misses(): number {
    return this.missCount
  }

  hitBytes(): number {
    return this.hitByteCount
  }

  evictions(): number {
    return this.evicted
  }

  private queueOf(where: number): SlotQueue {
    return where === SMALL ? this.slots.small : where === MAIN ? this.slots.main : this.slots.spare
  }

  /** Uses of a slot, halved for each epoch since. */
  private remembered(meta: number): number {
    const age = this.epoch - (meta >>> EPOCH_SHIFT)
    return age < 0 || age > 3 ? 0 : ((meta >>> USES_SHIFT) & MOST_USES) >> age
  }

  private nextEpoch(): void {
    this.epoch = (this.epoch + 1) & (EPOCHS - 1)
    this.usesLeft = Math.ceil(USES_PER_EPOCH * Math.max(LEAST_ENTRIES, this.slots.entries))
  }

  /** Values of the main queue were of use: so many of such hits would go with as much room as the small queue has. */
  private shrinkSmall(): void {
    const { small, main } = this.slots
    const step = (SHRINK_STEP * this.mainHits * small.bytes) / Math.max(1, main.count)
    this.mainHits = 0
    this.smallTarget = Math.max(this.capacity * LEAST_SMALL_SHARE, this.smallTarget - step)
  }

  /** A ghost returns: is it in more demand than what the main queue would lose, and would a small queue of twice the size have kept it? */
  private placeOfGhost(ghost: number, size: number): number {
    const ticks = (ticksOf(this.clock) - (ghost >>> GHOST_TICKS_SHIFT)) & 0xffff
    if (ticks > GHOST_TICKS) return NEWCOMER
    if ((ghost & TRIED) !== 0) this.trial.cameBack()
    const age = (this.epoch - (ghost >>> GHOST_EPOCH_SHIFT)) & GHOST_EPOCH
    const uses = Math.min(MOST_USES, (age > 3 ? 0 : (ghost & MOST_USES) >> age) + 1)
    const { small, main } = this.slots
    let isIn = true
    let isMainInUse = false
    if (main.count > 0 && main.bytes + size > this.capacity - this.smallTarget) {
      const victim = this.nextOfMain()
      const mark = this.slots.words[victim + META]! & MARK
      const lead = this.leadOver(victim, uses, size)
      isIn = lead > CLEAR_LEAD || (lead >= 0 && mark === 0 && this.isTieIn())
      isMainInUse = lead >= 0 && lead <= CLEAR_LEAD && mark > 0
    }
    // The room would come from the main queue.
    if (!isMainInUse && ticks <= small.bytes * this.ticksPerByte) {
      this.smallTarget = Math.min(this.capacity * MOST_SMALL_SHARE, this.smallTarget + GROW_STEP * size)
    }
    return (isIn ? MAIN : SMALL) | (uses << USES_SHIFT)
  }

  /** Whom the main queue would lose: the oldest, or, where that was hit, the next, so that not always the same is asked for. */
  private nextOfMain(): number {
    const { slots } = this
    const slot = slots.peek(slots.main)
    const meta = slots.words[slot + META]!
    if ((meta & MARK) === 0) return slot
    this.looks = (this.looks + 1) % LOOKS_PER_MARK
    if (this.looks === 0) slots.words[slot + META] = meta - 1
    slots.rotate(slots.main)
    return slots.peek(slots.main)
  }

  private leadOver(victim: number, uses: number, size: number): number {
    const lead = uses - this.remembered(this.slots.words[victim + META]!)
    return size > this.slots.sizeOf(victim) ? lead - LARGER_LEAD : lead
  }

  private isTieIn(): boolean {
    this.ties = (this.ties + 1) % TIES_PER_ENTRY
    return this.ties === 0
  }

  /** Drops one value out of the small queue; others are promoted on the way, or take room that the main queue does not need. False when all were. */
  private evictSmall(): boolean {
    const { slots } = this
    const { small, spare } = slots
    for (;;) {
      const isOver = small.bytes > this.smallTarget
      const slot = slots.shift(small)
      if (slot === 0) return false
      const mark = slots.words[slot + META]! & MARK
      const isTried = mark > 0 && mark < PROMOTE_AT && this.trial.isTried(slots.words[slot + HASH]!)
      if (mark >= PROMOTE_AT || (mark > 0 && !isTried && this.trial.eager)) this.promote(slot)
      else if (isOver && this.byteCount - small.bytes <= this.capacity - this.smallTarget) {
        slots.words[slot + META] = (slots.words[slot + META]! & ~(MARK | WHERE)) | SPARE
        slots.pushFirst(spare, slot)
      } else {
        if (isTried) this.trial.turnedOut()
        this.turnOut(slot, isTried ? TRIED : 0)
        return true
      }
    }
  }

  /** Drops the newest value of the spare queue that few hits have kept: in a loop the older ones are asked for first. */
  private evictSpare(): void {
    const { slots } = this
    for (let slot = slots.shift(slots.spare); slot !== 0; slot = slots.shift(slots.spare)) {
      if ((slots.words[slot + META]! & MARK) < KEEP_AT) {
        this.turnOut(slot, 0)
        return
      }
      this.promote(slot)
    }
  }

  private promote(slot: number): void {
    const { slots } = this
    slots.words[slot + META] = (slots.words[slot + META]! & ~(MARK | WHERE)) | MAIN
    slots.push(slots.main, slot)
  }

  /** Leaves a ghost. */
  private turnOut(slot: number, tried: number): void {
    const { words } = this.slots
    const meta = words[slot + META]!
    this.clock += this.slots.sizeOf(slot) * this.ticksPerByte
    const epoch = (meta >>> EPOCH_SHIFT) & GHOST_EPOCH
    const uses = (meta >>> USES_SHIFT) & MOST_USES
    const ticks = ticksOf(this.clock)
    this.ghosts.add(words[slot + HASH]!, (ticks << GHOST_TICKS_SHIFT) | (epoch << GHOST_EPOCH_SHIFT) | tried | uses)
    this.evict(slot)
  }

  private evict(slot: number): void {
    this.table.unlink(slot >> ROW_SHIFT, this.hashOf)
    this.evicted++
    this.byteCount -= this.slots.sizeOf(slot)
    this.slots.free(slot, EVICTED)
  }

  private grow(): void {
    const { slots } = this
    slots.grow()
    this.table.reset(slots.rows)
    for (let row = 1; row < slots.used; row++) if (this.isLive(row)) this.table.link(row, this.hashOf(row))
    this.ghosts.grow(slots.rows)
  }

  private readonly hashOf = (row: number): number => this.slots.words[(row << ROW_SHIFT) + HASH]!
}

/** The lower 32 bits of a number below 2^51, rounded. */
function ticksOf(clock: number): number {
  return (clock + NO_FRACTION - NO_FRACTION) | 0
}
