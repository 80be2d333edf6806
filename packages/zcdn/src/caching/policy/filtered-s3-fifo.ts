import type { Policy } from '../policy.ts'
import { GHOST, MARK, Queue, type Slots, STAMP, WHERE } from '../slots.ts'

const SMALL = 1
const MAIN = 2
/** First share of the capacity for newcomers (S3-FIFO's figure), and between which it moves. */
const SMALL_SHARE = 0.1
const LEAST_SMALL_SHARE = 0.01
const MOST_SMALL_SHARE = 0.2
/** How far one hit moves it, as a share of the value's size. */
const ADAPT_STEP = 0.25
/** A ghost counts as young at least among the last so many that left. */
const LEAST_YOUNG = 8
/** Bytes of values whose keys are remembered, as a share of the capacity. */
const GHOST_SHARE = 2.2
/** Hits in the small queue that earn a place in the main queue; no more are counted. */
const PROMOTE_AT = 5
/** History counts end here. */
const MAX_HISTORY = 15
/** History halves after this many uses an entry: old demand fades. */
const USES_PER_EPOCH = 3
const LEAST_ENTRIES = 64
/** More uses than this above the victim's are clearly more demand: the use that brings a ghost back is one itself. */
const CLEAR_LEAD = 1
/** Of about equal demand every fourth may enter: in a loop all are equal, and most of the main queue must then stay as it is. */
const TIES_PER_ENTRY = 4

/**
 * S3-FIFO (Yang et al., SOSP 2023) with a memory of demand in each slot and TinyLFU's question at the door of the main queue: a ghost that
 * returns goes there only when it was asked for more often, in the recent past, than the value that it would push out; else it is a
 * newcomer again. Loops larger than the cache then no longer flush it.
 *
 * The share of newcomers adapts (as ARC's does, Megiddo and Modha, FAST 2003): a ghost that returns so soon that a small queue of twice the size
 * would still have held it makes that queue larger; hits in the main queue that the room for this would have cost, on average, make it smaller.
 * The constants were chosen by a sweep over the traces of docs/cache.md. A hit counts and moves nothing.
 */
export function createFilteredS3Fifo(slots: Slots, capacityBytes: number): Policy {
  return new FilteredS3Fifo(slots, capacityBytes)
}

class FilteredS3Fifo implements Policy {
  private readonly slots: Slots
  private readonly capacityBytes: number
  private smallBytes: number
  private readonly ghostBytes: number
  private readonly small: Queue
  private readonly main: Queue
  private readonly ghost: Queue
  private epoch = 0
  private uses = 0
  private ties = 0
  /** Values that have left the small queue; a ghost's `MARK` says after how many it did. */
  private left = 0

  constructor(slots: Slots, capacityBytes: number) {
    this.slots = slots
    this.capacityBytes = capacityBytes
    this.smallBytes = capacityBytes * SMALL_SHARE
    this.ghostBytes = capacityBytes * GHOST_SHARE
    this.small = new Queue(slots, SMALL)
    this.main = new Queue(slots, MAIN)
    this.ghost = new Queue(slots, GHOST)
  }

  hit(slot: number): void {
    this.count(slot)
    const { words } = this.slots
    const hits = words[slot + MARK]!
    if (hits === 0 && words[slot + WHERE] === MAIN) this.shrinkSmall(slot)
    if (hits < PROMOTE_AT) words[slot + MARK] = hits + 1
  }

  miss(slot: number): boolean {
    const { slots, small, main, capacityBytes } = this
    const need = slots.sizeOf(slot)
    const returning = slots.words[slot + WHERE] === GHOST
    if (returning) {
      this.growSmall(slot)
      this.ghost.remove(slot)
    }
    if (need > capacityBytes) {
      slots.owner.forgotten(slot)
      return false
    }
    if (returning) this.count(slot)
    else this.remember(slot, 1)
    const toMain = returning && this.mayEnterMain(slot)
    while (small.bytes + main.bytes + need > capacityBytes) {
      if ((small.bytes > this.smallBytes || main.count === 0) && this.evictSmall()) continue
      if (main.count === 0) continue
      while (slots.words[main.tail + MARK]! > 0) this.secondChance()
      const victim = main.shift()
      slots.owner.evicted(victim)
      slots.owner.forgotten(victim)
    }
    slots.words[slot + MARK] = 0
    if (toMain) main.push(slot)
    else small.push(slot)
    return true
  }

  remove(slot: number): void {
    const where = this.slots.words[slot + WHERE]
    const queue = where === SMALL ? this.small : where === MAIN ? this.main : this.ghost
    queue.remove(slot)
  }

  bytes(): number {
    return this.small.bytes + this.main.bytes
  }

  queues(): readonly Queue[] {
    return [this.small, this.main, this.ghost]
  }

  restored(slot: number): void {
    const { words } = this.slots
    words[slot + STAMP] = this.epoch << 4
    if (words[slot + WHERE] === GHOST) words[slot + MARK] = this.left
  }

  /** A ghost has returned: would a small queue of twice the size have kept it? */
  private growSmall(slot: number): void {
    const since = (this.left - this.slots.words[slot + MARK]!) | 0
    if (since > Math.max(LEAST_YOUNG, this.small.count)) return
    const step = ADAPT_STEP * this.slots.sizeOf(slot)
    this.smallBytes = Math.min(this.capacityBytes * MOST_SMALL_SHARE, this.smallBytes + step)
  }

  /** A value of the main queue was of use: so many of such hits would go with as much room as the small queue has. */
  private shrinkSmall(slot: number): void {
    const step = (ADAPT_STEP * this.slots.sizeOf(slot) * this.small.bytes) / this.main.bytes
    this.smallBytes = Math.max(this.capacityBytes * LEAST_SMALL_SHARE, this.smallBytes - step)
  }

  /** Uses of a slot while it was known, halved once for each epoch since. `STAMP` holds `epoch * 16 + count`. */
  private history(slot: number): number {
    const { words } = this.slots
    const value = words[slot + STAMP]!
    const count = value & 15
    const age = this.epoch - (value >>> 4)
    return age > 3 ? 0 : count >> age
  }

  private count(slot: number): void {
    const history = this.history(slot)
    if (history < MAX_HISTORY) this.remember(slot, history + 1)
  }

  private remember(slot: number, history: number): void {
    this.slots.words[slot + STAMP] = (this.epoch << 4) | history
    if (--this.uses < 0) {
      this.uses = (USES_PER_EPOCH * Math.max(LEAST_ENTRIES, this.small.count + this.main.count)) >> 1
      this.epoch = (this.epoch + 1) & 0xffffff
    }
  }

  /** Drops one value out of the small queue; those in demand are promoted on the way. False when all were. */
  private evictSmall(): boolean {
    const { slots, small, main, ghost, ghostBytes } = this
    while (small.count > 0) {
      const slot = small.tail
      if (slots.words[slot + MARK]! < PROMOTE_AT) {
        small.shiftTo(ghost)
        this.left = (this.left + 1) | 0
        slots.words[slot + MARK] = this.left
        slots.owner.evicted(slot)
        if (ghost.bytes > ghostBytes) this.trimGhosts()
        return true
      }
      slots.words[slot + MARK] = 0
      small.shiftTo(main)
    }
    return false
  }

  private trimGhosts(): void {
    while (this.ghost.bytes > this.ghostBytes) this.slots.owner.forgotten(this.ghost.shift())
  }

  private secondChance(): void {
    const { main, slots } = this
    const slot = main.shiftTo(main)
    slots.words[slot + MARK] = slots.words[slot + MARK]! - 1
  }

  private mayEnterMain(slot: number): boolean {
    const { slots, main } = this
    if (main.count === 0 || main.bytes + slots.sizeOf(slot) <= this.capacityBytes - this.smallBytes) return true
    if (slots.words[main.tail + MARK]! > 0) this.secondChance()
    const lead = this.history(slot) - this.history(main.tail)
    return lead > CLEAR_LEAD || (lead >= 0 && ++this.ties % TIES_PER_ENTRY === 0)
  }
}
