import { DEAD, FIRST_ROWS, MAIN, MARK, MORE_DEAD, SMALL, SPARE, WHERE } from './constants.ts'

/** Words of a slot; its first word is at `row << ROW_SHIFT`. The row 0 is none. */
const SLOT_WORDS = 8
export const ROW_SHIFT = 3
export const LOW = 0
export const HIGH = 1
export const HASH = 2
export const META = 3
/** The size, a double in two words: `sizes[(slot + SIZE) >> 1]`. */
const SIZE = 4
/** The next slot of the queue; of a free slot the next free one. 0: none. */
export const NEXT = 6

/** Slots linked from the first, which is the next to go. Deleted ones among them are not counted. */
export class SlotQueue {
  first = 0
  last = 0
  count = 0
  bytes = 0
}

/** The slots of a cache: those in its three queues and the free ones. A deleted slot stays until its queue comes to it. */
export class QueuedSlots {
  words = new Int32Array(FIRST_ROWS * SLOT_WORDS)
  /** The same memory as doubles. */
  private sizes = new Float64Array(this.words.buffer)
  readonly small = new SlotQueue()
  readonly main = new SlotQueue()
  /** A stack: its first is the newest. */
  readonly spare = new SlotQueue()
  freeHead = 0
  /** Where the next slot that was never used begins. */
  private unused = SLOT_WORDS
  private dead = 0

  sizeOf(slot: number): number {
    return this.sizes[(slot + SIZE) >> 1]!
  }

  resize(slot: number, size: number): void {
    this.sizes[(slot + SIZE) >> 1] = size
  }

  /** A free slot; 0: there is none. */
  take(): number {
    let slot = this.freeHead
    if (slot !== 0) this.freeHead = this.words[slot + NEXT]!
    else if (this.unused < this.words.length) {
      slot = this.unused
      this.unused = slot + SLOT_WORDS
    }
    return slot
  }

  free(slot: number, meta: number): void {
    this.words[slot + META] = meta
    this.words[slot + NEXT] = this.freeHead
    this.freeHead = slot
  }

  isLive(row: number): boolean {
    const where = this.words[(row << ROW_SHIFT) + META]! & WHERE
    return where === SMALL || where === MAIN || where === SPARE
  }

  /** One above the highest row that was ever used. */
  get used(): number {
    return this.unused >> ROW_SHIFT
  }

  get rows(): number {
    return this.words.length >> ROW_SHIFT
  }

  get entries(): number {
    return this.small.count + this.main.count + this.spare.count
  }

  push(queue: SlotQueue, slot: number): void {
    if (queue.last === 0) queue.first = slot
    else this.words[queue.last + NEXT] = slot
    queue.last = slot
    this.words[slot + NEXT] = 0
    queue.count++
    queue.bytes += this.sizeOf(slot)
  }

  /** Makes it the next to go. */
  pushFirst(queue: SlotQueue, slot: number): void {
    this.words[slot + NEXT] = queue.first
    if (queue.first === 0) queue.last = slot
    queue.first = slot
    queue.count++
    queue.bytes += this.sizeOf(slot)
  }

  /** The first live slot, or 0. */
  peek(queue: SlotQueue): number {
    let slot = queue.first
    while (slot !== 0 && (this.words[slot + META]! & WHERE) === DEAD) {
      this.unlinkFirst(queue)
      this.dead--
      this.free(slot, 0)
      slot = queue.first
    }
    return slot
  }

  /** Takes the first live slot out; 0: there is none. */
  shift(queue: SlotQueue): number {
    const slot = this.peek(queue)
    if (slot === 0) return 0
    this.unlinkFirst(queue)
    queue.count--
    queue.bytes -= this.sizeOf(slot)
    return slot
  }

  /** Makes the first its last. */
  rotate(queue: SlotQueue): void {
    const slot = queue.first
    if (slot === queue.last) return
    queue.first = this.words[slot + NEXT]!
    this.words[slot + NEXT] = 0
    this.words[queue.last + NEXT] = slot
    queue.last = slot
  }

  /** Marks a slot of a queue as deleted. */
  delete(queue: SlotQueue, slot: number): void {
    queue.count--
    queue.bytes -= this.sizeOf(slot)
    this.words[slot + META] = DEAD
    if (++this.dead > MORE_DEAD + this.entries) for (const one of [this.small, this.main, this.spare]) this.sweep(one)
  }

  /** Gives the first slots of the main queue another chance for a mark each, until one has none, and takes that out. */
  shiftUnmarked(queue: SlotQueue): number {
    for (let slot = this.peek(queue); (this.words[slot + META]! & MARK) > 0; slot = this.peek(queue)) {
      this.words[slot + META] = this.words[slot + META]! - 1
      this.rotate(queue)
    }
    return this.shift(queue)
  }

  /** Doubles the room for slots. */
  grow(): void {
    const words = new Int32Array(this.words.length * 2)
    words.set(this.words)
    this.words = words
    this.sizes = new Float64Array(words.buffer)
  }

  private unlinkFirst(queue: SlotQueue): void {
    queue.first = this.words[queue.first + NEXT]!
    if (queue.first === 0) queue.last = 0
  }

  /** Frees the deleted slots of a queue. */
  private sweep(queue: SlotQueue): void {
    const { words } = this
    let slot = queue.first
    queue.first = 0
    queue.last = 0
    for (let next = 0; slot !== 0; slot = next) {
      next = words[slot + NEXT]!
      if ((words[slot + META]! & WHERE) === DEAD) {
        this.dead--
        this.free(slot, 0)
        continue
      }
      if (queue.last === 0) queue.first = slot
      else words[queue.last + NEXT] = slot
      queue.last = slot
    }
    if (queue.last !== 0) words[queue.last + NEXT] = 0
  }
}
