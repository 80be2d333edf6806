/** Where a slot is: free, in one of up to seven resident queues, or a ghost (key remembered, value gone). */
export const FREE = 0
/** The first code that means "ghost"; smaller codes other than {@link FREE} are resident queues. */
export const GHOST = 8

const FIRST_CAPACITY = 64

/**
 * The book of a cache: one integer slot for each key that the cache knows, resident or ghost, and what policies keep about it in
 * parallel typed arrays. No object is made per entry: 30 bytes a slot, and the collector has nothing to walk.
 * Slots are handed out from a free list; the arrays double when it is empty.
 */
export class Slots {
  /** Bytes of the value. */
  size = new Float64Array(FIRST_CAPACITY)
  /** 32-bit hash of the key, for policies with sketches. */
  hash = new Uint32Array(FIRST_CAPACITY)
  prev = new Int32Array(FIRST_CAPACITY)
  next = new Int32Array(FIRST_CAPACITY)
  /** Queue code, see {@link FREE} and {@link GHOST}. */
  where = new Uint8Array(FIRST_CAPACITY)
  /** A small counter for the policy. */
  mark = new Uint8Array(FIRST_CAPACITY)
  /** One more number for the policy. */
  stamp = new Uint32Array(FIRST_CAPACITY)
  /** Slots ever handed out; every live slot is smaller. */
  used = 0
  /** Called when a resident value must go. The policy has already taken the slot out of its queues. */
  onEvict: (slot: number) => void = () => {}
  /** Called when a key is forgotten altogether; the slot is free afterwards. */
  onForget: (slot: number) => void = () => {}
  private freeHead = -1

  /** Takes a slot for a new key. O(1) amortised. */
  take(size: number, hash: number): number {
    let slot = this.freeHead
    if (slot >= 0) this.freeHead = this.next[slot]!
    else {
      slot = this.used++
      if (slot === this.size.length) this.grow(slot * 2)
    }
    this.size[slot] = size
    this.hash[slot] = hash
    this.where[slot] = FREE
    this.mark[slot] = 0
    this.stamp[slot] = 0
    return slot
  }

  /** Gives a slot back; the caller has unlinked it. */
  release(slot: number): void {
    this.where[slot] = FREE
    this.next[slot] = this.freeHead
    this.freeHead = slot
  }

  /** True when the slot holds a value. */
  isResident(slot: number): boolean {
    const where = this.where[slot]!
    return where !== FREE && where < GHOST
  }

  private grow(capacity: number): void {
    const copy = <T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(
      make: new (n: number) => T,
      from: T,
    ): T => {
      const to = new make(capacity)
      to.set(from)
      return to
    }
    this.size = copy(Float64Array, this.size) as Float64Array<ArrayBuffer>
    this.stamp = copy(Uint32Array, this.stamp) as Uint32Array<ArrayBuffer>
    this.hash = copy(Uint32Array, this.hash) as Uint32Array<ArrayBuffer>
    this.prev = copy(Int32Array, this.prev) as Int32Array<ArrayBuffer>
    this.next = copy(Int32Array, this.next) as Int32Array<ArrayBuffer>
    this.where = copy(Uint8Array, this.where) as Uint8Array<ArrayBuffer>
    this.mark = copy(Uint8Array, this.mark) as Uint8Array<ArrayBuffer>
  }
}

/** A doubly linked queue threaded through the arrays of {@link Slots}: `head` is the newest, `tail` the oldest. All operations O(1). */
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
    const { prev, next, where, size } = this.slots
    const head = this.head
    prev[slot] = -1
    next[slot] = head
    if (head >= 0) prev[head] = slot
    else this.tail = slot
    this.head = slot
    where[slot] = this.code
    this.count++
    this.bytes += size[slot]!
  }

  /** Puts a slot at the old end (used when a saved cache is read back in order). */
  append(slot: number): void {
    const { prev, next, where, size } = this.slots
    const tail = this.tail
    next[slot] = -1
    prev[slot] = tail
    if (tail >= 0) next[tail] = slot
    else this.head = slot
    this.tail = slot
    where[slot] = this.code
    this.count++
    this.bytes += size[slot]!
  }

  /** Takes the oldest out; there must be one. */
  shift(): number {
    const slot = this.tail
    const before = this.slots.prev[slot]!
    this.tail = before
    if (before >= 0) this.slots.next[before] = -1
    else this.head = -1
    this.count--
    this.bytes -= this.slots.size[slot]!
    return slot
  }

  remove(slot: number): void {
    const { prev, next, size } = this.slots
    const before = prev[slot]!
    const after = next[slot]!
    if (before >= 0) next[before] = after
    else this.head = after
    if (after >= 0) prev[after] = before
    else this.tail = before
    this.count--
    this.bytes -= size[slot]!
  }
}
