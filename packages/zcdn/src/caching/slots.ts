/** Where a slot is: free, in one of up to seven resident queues, or a ghost (key remembered, value gone). */
export const FREE = 0
/** The first code that means "ghost"; smaller codes other than {@link FREE} are resident queues. */
export const GHOST = 8

const FIRST_CAPACITY = 64

/** Words of a slot. Policies may use `MARK` and `STAMP` as they like. */
export const SLOT_WORDS = 8
export const PREV = 0
export const NEXT = 1
/** Queue code, see {@link FREE} and {@link GHOST}. */
export const WHERE = 2
/** A small counter for the policy. */
export const MARK = 3
/** One more number for the policy. */
export const STAMP = 4
/** 32-bit hash of the key, for policies with sketches. */
export const HASH = 5
/** The next slot of the same bucket in an index of integer keys. */
export const CHAIN = 6
/** Bytes of the value, or {@link LARGE}. Read it by {@link Slots.sizeOf}. */
const SIZE = 7
/** The size does not fit a word: it is in a map beside. */
const LARGE = -1

/** What a cache does when its policy decides. One object for the cache's life: the engine can then inline its methods. */
export interface SlotOwner {
  /** A resident value must go. The policy has already taken the slot out of its resident queues. */
  evicted(slot: number): void
  /** A key is forgotten altogether; the slot is free afterwards. */
  forgotten(slot: number): void
}

/**
 * The book of a cache: one slot for each key that the cache knows, resident or ghost. A slot is a place in `words`, where its
 * {@link SLOT_WORDS} words begin: half a line of the processor's cache, and one array to look at for all of it. No object is made per entry: 32 bytes, and the collector has nothing to walk.
 * Slots are handed out from a free list; the arrays double when it is empty.
 */
export class Slots {
  words = new Int32Array(FIRST_CAPACITY * SLOT_WORDS)
  /** Where the next new slot begins; every live slot is smaller. */
  used = 0
  /** Whom the policy tells of values that must go and of keys that are forgotten. */
  readonly owner: SlotOwner
  private freeHead = -1
  /** Sizes of 2 GiB and more, and broken ones, by slot; only those of slots whose word says {@link LARGE} mean anything. */
  private readonly large = new Map<number, number>()

  constructor(owner: SlotOwner) {
    this.owner = owner
  }

  /** Takes a slot for a new key. O(1) amortised. */
  take(size: number, hash: number): number {
    let slot = this.freeHead
    if (slot >= 0) this.freeHead = this.words[slot + NEXT]!
    else {
      slot = this.used
      this.used += SLOT_WORDS
      if (slot === this.words.length) this.grow()
    }
    const { words } = this
    if ((size | 0) === size) words[slot + SIZE] = size
    else this.resize(slot, size)
    words[slot + HASH] = hash
    words[slot + WHERE] = FREE
    words[slot + MARK] = 0
    words[slot + STAMP] = 0
    return slot
  }

  /** Gives a slot back; the caller has unlinked it. */
  release(slot: number): void {
    this.words[slot + WHERE] = FREE
    this.words[slot + NEXT] = this.freeHead
    this.freeHead = slot
  }

  /** Bytes of the value. */
  sizeOf(slot: number): number {
    const size = this.words[slot + SIZE]!
    return size === LARGE ? this.large.get(slot)! : size
  }

  /** Sets the size of a slot that is in no queue. */
  resize(slot: number, size: number): void {
    const fits = (size | 0) === size
    this.words[slot + SIZE] = fits ? size : LARGE
    if (!fits) this.large.set(slot, size)
  }

  /** True when the slot holds a value. */
  isResident(slot: number): boolean {
    const where = this.words[slot + WHERE]!
    return where !== FREE && where < GHOST
  }

  private grow(): void {
    const words = new Int32Array(this.words.length * 2)
    words.set(this.words)
    this.words = words
  }
}

/** The number of a slot: 0, 1, 2 … in the order of their first use. For arrays beside `words`. */
export function rowOf(slot: number): number {
  return slot >> 3
}

/** A doubly linked queue threaded through {@link Slots}: `head` is the newest, `tail` the oldest. All operations O(1). */
export class Queue {
  head = -1
  tail = -1
  count = 0
  bytes = 0
  readonly code: number
  private readonly slots: Slots

  constructor(slots: Slots, code: number) {
    this.slots = slots
    this.code = code
  }

  push(slot: number): void {
    const { words } = this.slots
    const head = this.head
    words[slot + PREV] = -1
    words[slot + NEXT] = head
    if (head >= 0) words[head + PREV] = slot
    else this.tail = slot
    this.head = slot
    words[slot + WHERE] = this.code
    this.count++
    this.bytes += this.slots.sizeOf(slot)
  }

  /** Puts a slot at the old end (used when a saved cache is read back in order). */
  append(slot: number): void {
    const { words } = this.slots
    const tail = this.tail
    words[slot + NEXT] = -1
    words[slot + PREV] = tail
    if (tail >= 0) words[tail + NEXT] = slot
    else this.head = slot
    this.tail = slot
    words[slot + WHERE] = this.code
    this.count++
    this.bytes += this.slots.sizeOf(slot)
  }

  /** Makes the oldest the newest of another queue; there must be one. */
  shiftTo(other: Queue): number {
    const { words } = this.slots
    const slot = this.tail
    const before = words[slot + PREV]!
    this.tail = before
    if (before >= 0) words[before + NEXT] = -1
    else this.head = -1
    this.count--
    const size = this.slots.sizeOf(slot)
    this.bytes -= size
    const head = other.head
    words[slot + PREV] = -1
    words[slot + NEXT] = head
    if (head >= 0) words[head + PREV] = slot
    else other.tail = slot
    other.head = slot
    words[slot + WHERE] = other.code
    other.count++
    other.bytes += size
    return slot
  }

  /** Takes the oldest out; there must be one. */
  shift(): number {
    const { words } = this.slots
    const slot = this.tail
    const before = words[slot + PREV]!
    this.tail = before
    if (before >= 0) words[before + NEXT] = -1
    else this.head = -1
    this.count--
    this.bytes -= this.slots.sizeOf(slot)
    return slot
  }

  remove(slot: number): void {
    const { words } = this.slots
    const before = words[slot + PREV]!
    const after = words[slot + NEXT]!
    if (before >= 0) words[before + NEXT] = after
    else this.head = after
    if (after >= 0) words[after + PREV] = before
    else this.tail = before
    this.count--
    this.bytes -= this.slots.sizeOf(slot)
  }
}
