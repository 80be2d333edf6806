// The numbers of the default cache and its policy in one class and one file: an engine folds constants of the same module only, and inlines
// most where all arrays and counters hang on one object (figures in docs/cache.md).

/** Words of a slot: half a line of the processor's cache. */
export const SLOT_WORDS = 8
export const ROW_SHIFT = 3
/** The first slot, so that 0 is none; the doubles before it are {@link SMALL_BYTES} and so on. */
export const FIRST_SLOT = 32
/** An integer key: its lower 32 bits; 0 where these are all, else its upper bits + 1. */
export const LOW = 0
export const HIGH = 1
const HASH = 2
const META = 3
/** The size, a double in two words: `sizes[(slot + SIZE) >> 1]`. */
export const SIZE = 4
/** The next younger slot of the queue; of a free slot the next free one. 0: none. */
export const NEXT = 6

/** Sums of bytes, doubles at the front of `sizes`. */
const SMALL_BYTES = 0
const MAIN_BYTES = 1
/** Bytes that the small queue may hold when the cache is full. */
const SMALL_TARGET = 2
/** Bytes that have left the small queue, in ticks. */
const CLOCK = 3
const CAPACITY = 4

/** `META`, from the lowest bit: hits since the last chance (3), queue (2), uses remembered (4), the epoch of these (23). */
const MARK = 7
const WHERE = 3 << 3
const SMALL = 1 << 3
const MAIN = 2 << 3
/** Deleted; it is freed when its queue comes to it. */
const DEAD = 3 << 3
/** Free, and its value has gone in this operation. */
const EVICTED = 1
const USES_SHIFT = 5
const MOST_USES = 15
const EPOCH_SHIFT = 9
const EPOCHS = 1 << 23

const FIRST_ROWS = 64
/** Places of the table for each slot: so few collisions that the first look decides nearly always, which a processor can foretell. */
const TABLE_PER_SLOT = 4
/** Ghosts for each slot, and of one bucket; two words each. */
const GHOSTS_PER_SLOT = 4
const WAYS = 4
const BUCKET_SHIFT = 3
/** Deleted slots may stand in the queues, so many more than live ones. */
const SPARE_DEAD = 64

/** First share of the capacity for newcomers (S3-FIFO's figure), and between which it moves. */
export const SMALL_SHARE = 0.1
export const LEAST_SMALL_SHARE = 0.01
export const MOST_SMALL_SHARE = 0.3
/** How far one hit moves it, as a share of the value's size. */
export const ADAPT_STEP = 0.5
/** Parts of the capacity by which ghosts tell the time; 16 bits of it are kept. */
export const TICKS = 2048
/** Ghosts older than this are none: 2.4 capacities have left the small queue since. */
export const GHOST_TICKS = 4915
/** Hits in the small queue that earn a place in the main queue; no more are counted. */
export const PROMOTE_AT = 5
/** Uses that are remembered halve after this many an entry: old demand fades. */
export const USES_PER_EPOCH = 1.5
export const LEAST_ENTRIES = 64
/** More uses than this above the victim's are clearly more demand: the use that brings a ghost back is one itself. */
export const CLEAR_LEAD = 1
/** Of about equal demand every fourth may enter: in a loop all are equal, and most of the main queue must then stay as it is. */
export const TIES_PER_ENTRY = 4

/**
 * Slots, the table that finds them by a hash, two queues and ghosts; no keys but integers' words, no values. S3-FIFO (Yang et al., SOSP 2023)
 * with TinyLFU's question at the door of the main queue, see docs/cache.md. Who uses it compares keys and keeps values by row.
 *
 * - A slot is {@link SLOT_WORDS} words. Queues are singly linked from the oldest; a deleted slot stays until its queue comes to it.
 * - The table is open addressing with linear probing. An entry has the upper bits of a hash above the row, in as many bits as the places need;
 *   0 is empty. A key that is not here is told from the others by the entries alone.
 * - Ghosts are hashes in buckets of four, newest first, with a word of clock (16 bits), epoch (12) and uses (4, never 0). Nothing is linked and
 *   nothing is trimmed. Two keys of one 32-bit hash are one ghost: one value is then misjudged.
 */
export class DemandCache {
  words: Int32Array
  /** The same memory as doubles. */
  sizes: Float64Array
  table: Int32Array
  mask: number
  /** Where the next slot that was never used begins. */
  used = FIRST_SLOT
  smallOldest = 0
  mainOldest = 0
  smallCount = 0
  mainCount = 0
  evictions = 0
  private smallNewest = 0
  private mainNewest = 0
  private freeHead = 0
  private dead = 0
  private ghosts: Int32Array
  private ghostMask: number
  private readonly ticksPerByte: Float64Array
  private epoch = 0
  private usesLeft = 0
  /** First hits in the main queue since the last miss. */
  private mainFirsts = 0
  private ties = 0

  constructor(capacityBytes: number) {
    this.words = new Int32Array(FIRST_SLOT + FIRST_ROWS * SLOT_WORDS)
    this.sizes = new Float64Array(this.words.buffer)
    this.table = new Int32Array(FIRST_ROWS * TABLE_PER_SLOT)
    this.mask = this.table.length - 1
    this.ghosts = new Int32Array(FIRST_ROWS * GHOSTS_PER_SLOT * 2)
    this.ghostMask = (FIRST_ROWS * GHOSTS_PER_SLOT) / WAYS - 1
    this.sizes[CAPACITY] = capacityBytes
    this.sizes[SMALL_TARGET] = capacityBytes * SMALL_SHARE
    this.ticksPerByte = Float64Array.of(TICKS / capacityBytes)
  }

  get bytes(): number {
    return this.sizes[SMALL_BYTES]! + this.sizes[MAIN_BYTES]!
  }

  isLive(slot: number): boolean {
    const where = this.words[slot + META]! & WHERE
    return where === SMALL || where === MAIN
  }

  /** Hits (3 bits) and uses (4) of a slot, for a snapshot. */
  markOf(slot: number): number {
    const meta = this.words[slot + META]!
    return (meta & MARK) | (((meta >>> USES_SHIFT) & MOST_USES) << 3)
  }

  /** The place in {@link enter} of a slot out of a snapshot. */
  placeOf(mark: number, main: boolean): number {
    const uses = Math.max(1, (mark >> 3) & MOST_USES)
    return (main ? MAIN : SMALL) | (uses << USES_SHIFT) | Math.min(mark & MARK, PROMOTE_AT)
  }

  /** The value of a slot was used. No branches: whether a count is full, and of what epoch it is, no processor can foretell. */
  use(slot: number): void {
    const { words, epoch } = this
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

  /**
   * Makes room for `size` bytes, at most the capacity, under a key of this hash that is not here; returns its place for {@link enter}. Slots
   * that had to go are at the head of the free list, see {@link nextEvicted}, with their keys.
   */
  makeRoom(hash: number, size: number): number {
    const { sizes } = this
    if (--this.usesLeft < 0) this.nextEpoch()
    if (this.mainFirsts > 0) this.shrinkSmall()
    const ghost = this.takeGhost(hash)
    const place = ghost === 0 ? SMALL | (1 << USES_SHIFT) : this.placeOfGhost(ghost, size)
    while (sizes[SMALL_BYTES]! + sizes[MAIN_BYTES]! + size > sizes[CAPACITY]!) {
      if ((sizes[SMALL_BYTES]! > sizes[SMALL_TARGET]! || this.mainCount === 0) && this.evictSmall()) continue
      if (this.mainCount > 0) this.evictMain()
      else if (this.smallCount === 0) {
        // Sizes that are no integers leave a rest in the sums.
        sizes[SMALL_BYTES] = 0
        sizes[MAIN_BYTES] = 0
        break
      }
    }
    return place
  }

  /** The head of the free list. */
  get free(): number {
    return this.freeHead
  }

  /** True for a free slot whose value has gone, and not one that was deleted before. */
  wasEvicted(slot: number): boolean {
    return this.words[slot + META] === EVICTED
  }

  /** A slot to fill and then {@link enter}. */
  takeSlot(): number {
    const free = this.freeHead
    if (free !== 0) {
      this.freeHead = this.words[free + NEXT]!
      return free
    }
    if (this.used === this.words.length) this.grow()
    const slot = this.used
    this.used = slot + SLOT_WORDS
    return slot
  }

  /** Puts a slot of {@link takeSlot} where {@link makeRoom} said. Returns how many entries of the table it had to pass. */
  enter(slot: number, hash: number, size: number, place: number): number {
    const { words, sizes } = this
    words[slot + HASH] = hash
    words[slot + META] = (this.epoch << EPOCH_SHIFT) | place
    words[slot + NEXT] = 0
    sizes[(slot + SIZE) >> 1] = size
    if ((place & WHERE) === MAIN) this.pushMain(slot, size)
    else {
      if (this.smallNewest === 0) this.smallOldest = slot
      else words[this.smallNewest + NEXT] = slot
      this.smallNewest = slot
      this.smallCount++
      sizes[SMALL_BYTES] = sizes[SMALL_BYTES]! + size
    }
    return this.link(slot, hash)
  }

  /** Takes a slot out of the table and its value out of the sums. */
  remove(slot: number): void {
    const { words, sizes } = this
    this.unlink(slot)
    const size = sizes[(slot + SIZE) >> 1]!
    if ((words[slot + META]! & WHERE) === SMALL) {
      sizes[SMALL_BYTES] = sizes[SMALL_BYTES]! - size
      this.smallCount--
    } else {
      sizes[MAIN_BYTES] = sizes[MAIN_BYTES]! - size
      this.mainCount--
    }
    words[slot + META] = DEAD
    if (++this.dead > SPARE_DEAD + this.smallCount + this.mainCount) this.sweep()
  }

  /** Enters all live slots in the table anew, each with the hash that `hashOf` gives. Ghosts are forgotten. */
  rehash(hashOf: (slot: number) => number): void {
    this.table.fill(0)
    this.ghosts.fill(0)
    for (let slot = FIRST_SLOT; slot < this.used; slot += SLOT_WORDS) {
      if (!this.isLive(slot)) continue
      const hash = hashOf(slot)
      this.words[slot + HASH] = hash
      this.link(slot, hash)
    }
  }

  private nextEpoch(): void {
    this.epoch = (this.epoch + 1) & (EPOCHS - 1)
    this.usesLeft = Math.ceil(USES_PER_EPOCH * Math.max(LEAST_ENTRIES, this.smallCount + this.mainCount))
  }

  /** Values of the main queue were of use: so many of such hits would go with as much room as the small queue has. */
  private shrinkSmall(): void {
    const { sizes } = this
    const step = (ADAPT_STEP * this.mainFirsts * sizes[SMALL_BYTES]!) / Math.max(1, this.mainCount)
    this.mainFirsts = 0
    sizes[SMALL_TARGET] = Math.max(sizes[CAPACITY]! * LEAST_SMALL_SHARE, sizes[SMALL_TARGET]! - step)
  }

  /** The word of a ghost, which is one no more; 0: there is none. */
  private takeGhost(hash: number): number {
    const { ghosts } = this
    let at = (hash & this.ghostMask) << BUCKET_SHIFT
    if (ghosts[at] !== hash) {
      at += 2
      if (ghosts[at] !== hash) {
        at += 2
        if (ghosts[at] !== hash) {
          at += 2
          if (ghosts[at] !== hash) return 0
        }
      }
    }
    const word = ghosts[at + 1]!
    ghosts[at + 1] = 0
    return word
  }

  /** The others of the bucket move one place on, always: a choice among them would be a branch that nobody can foretell. */
  private addGhost(hash: number, word: number): void {
    const { ghosts } = this
    const at = (hash & this.ghostMask) << BUCKET_SHIFT
    ghosts[at + 7] = ghosts[at + 5]!
    ghosts[at + 6] = ghosts[at + 4]!
    ghosts[at + 5] = ghosts[at + 3]!
    ghosts[at + 4] = ghosts[at + 2]!
    ghosts[at + 3] = ghosts[at + 1]!
    ghosts[at + 2] = ghosts[at]!
    ghosts[at + 1] = word
    ghosts[at] = hash
  }

  /** A ghost returns: would a small queue of twice the size have kept it, and is it in more demand than what the main queue would lose? */
  private placeOfGhost(ghost: number, size: number): number {
    const { sizes } = this
    const ticks = ((sizes[CLOCK]! | 0) - (ghost >>> 16)) & 0xffff
    if (ticks > GHOST_TICKS) return SMALL | (1 << USES_SHIFT)
    if (ticks <= sizes[SMALL_BYTES]! * this.ticksPerByte[0]!) {
      sizes[SMALL_TARGET] = Math.min(sizes[CAPACITY]! * MOST_SMALL_SHARE, sizes[SMALL_TARGET]! + ADAPT_STEP * size)
    }
    const age = (this.epoch - (ghost >>> 4)) & 0xfff
    const uses = Math.min(MOST_USES, ((ghost & MOST_USES) >>> (age | ((3 - age) >> 31))) + 1)
    return (this.mayEnterMain(uses, size) ? MAIN : SMALL) | (uses << USES_SHIFT)
  }

  private mayEnterMain(uses: number, size: number): boolean {
    const { sizes, words } = this
    if (this.mainCount === 0 || sizes[MAIN_BYTES]! + size <= sizes[CAPACITY]! - sizes[SMALL_TARGET]!) return true
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
    const { words, sizes } = this
    for (let slot = this.smallOldest; slot !== 0; slot = this.smallOldest) {
      const meta = words[slot + META]!
      this.smallOldest = words[slot + NEXT]!
      if (this.smallOldest === 0) this.smallNewest = 0
      if ((meta & WHERE) === DEAD) {
        this.bury(slot)
        continue
      }
      const size = sizes[(slot + SIZE) >> 1]!
      sizes[SMALL_BYTES] = sizes[SMALL_BYTES]! - size
      this.smallCount--
      if ((meta & MARK) < PROMOTE_AT) {
        const clock = sizes[CLOCK]! + size * this.ticksPerByte[0]!
        sizes[CLOCK] = clock
        const epoch = (meta >>> EPOCH_SHIFT) & 0xfff
        this.addGhost(words[slot + HASH]!, (clock << 16) | (epoch << 4) | ((meta >>> USES_SHIFT) & MOST_USES))
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
    const { words, sizes } = this
    let slot = this.oldestOfMain()
    while ((words[slot + META]! & MARK) > 0) {
      this.secondChance(slot)
      slot = this.oldestOfMain()
    }
    this.mainOldest = words[slot + NEXT]!
    if (this.mainOldest === 0) this.mainNewest = 0
    sizes[MAIN_BYTES] = sizes[MAIN_BYTES]! - sizes[(slot + SIZE) >> 1]!
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
    this.sizes[MAIN_BYTES] = this.sizes[MAIN_BYTES]! + size
  }

  private evict(slot: number): void {
    this.unlink(slot)
    this.evictions++
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

  private link(slot: number, hash: number): number {
    const { table, mask } = this
    let passed = 0
    let at = hash & mask
    while (table[at] !== 0) {
      at = (at + 1) & mask
      passed++
    }
    table[at] = (hash & ~mask) | (slot >> ROW_SHIFT)
    return passed
  }

  /** Takes a slot out of the table and closes the gap (Knuth, TAOCP 3, 6.4, algorithm R), so that no tombstones are left. */
  private unlink(slot: number): void {
    const { table, mask, words } = this
    const row = slot >> ROW_SHIFT
    let at = words[slot + HASH]! & mask
    while ((table[at]! & mask) !== row) at = (at + 1) & mask
    let gap = at
    for (;;) {
      at = (at + 1) & mask
      const entry = table[at]!
      if (entry === 0) break
      const home = words[((entry & mask) << ROW_SHIFT) + HASH]! & mask
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      table[gap] = entry
      gap = at
    }
    table[gap] = 0
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
    const rows = ((this.words.length - FIRST_SLOT) / SLOT_WORDS) * 2
    const words = new Int32Array(FIRST_SLOT + rows * SLOT_WORDS)
    words.set(this.words)
    this.words = words
    this.sizes = new Float64Array(words.buffer)
    this.table = new Int32Array(rows * TABLE_PER_SLOT)
    this.mask = this.table.length - 1
    for (let slot = FIRST_SLOT; slot < this.used; slot += SLOT_WORDS) {
      if (this.isLive(slot)) this.link(slot, words[slot + HASH]!)
    }
    const ghosts = this.ghosts
    this.ghosts = new Int32Array(rows * GHOSTS_PER_SLOT * 2)
    this.ghostMask = (rows * GHOSTS_PER_SLOT) / WAYS - 1
    for (let at = ghosts.length - 2; at >= 0; at -= 2) {
      if (ghosts[at + 1] !== 0) this.addGhost(ghosts[at]!, ghosts[at + 1]!)
    }
  }
}
