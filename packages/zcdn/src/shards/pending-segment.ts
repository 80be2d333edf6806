import { type Hasher, isBlock } from '../content/hasher.ts'
import type { CodedSegment, SegmentPlan } from './segment-plan.ts'

const MISSING = 0
const TAKEN = 1
const DONE = 2

/** About so many bytes of a shard are handed out and taken over at once: what is lost when another takes over. */
const STRIP_BYTES = 8 * 1024

/** What {@link PendingSegment.recover} found out. */
export type Recovered = { status: 'whole'; data: Uint8Array } | { status: 'invalid'; slots: number[] }

/**
 * A segment on its way. Its shards are cut into strips at the same places; a strip of the segment is there when any k of its n cells are, whichever
 * shards they belong to. So a shard of which only a part came is not lost: others give the rest of the strips.
 *
 * A whole shard is verified by its CID when it is complete. Where parts were used, the k data shards that follow from them are, after decoding:
 * nothing leaves that no CID of the layout names.
 */
export class PendingSegment {
  readonly index: number
  readonly coded: CodedSegment
  readonly strips: number
  /** Set when parts that were put together were not what the layout names: from now on only whole shards count, each verified by itself. */
  wholeOnly = false
  /** Its data is being put together: nothing may change. */
  recovering = false
  /** Shards whose digest is being computed. */
  verifying = 0
  /** Bytes of shards that are still wanted and that nobody was asked for. */
  uncoveredBytes: number
  private readonly plan: SegmentPlan
  private readonly stripBytes: number
  private readonly cells: Uint8Array
  /** Of each strip: cells done, and cells done or on their way. */
  private readonly done: Uint8Array
  private readonly covered: Uint8Array
  /** Strips with fewer than k cells done, and with fewer than k cells done or on their way. */
  private shortOfDone: number
  private shortOfCover: number
  private readonly cellsDone: Uint16Array
  private readonly verified: boolean[]
  private readonly data: Uint8Array
  private readonly parity: (Uint8Array | undefined)[]

  constructor(plan: SegmentPlan, index: number) {
    this.plan = plan
    this.index = index
    const coded = plan.segments[index]!
    this.coded = coded
    this.stripBytes = Math.max(1, Math.round(STRIP_BYTES / plan.alignBytes)) * plan.alignBytes
    this.strips = Math.ceil(coded.shardBytes / this.stripBytes)
    const slots = coded.shards.length
    this.cells = new Uint8Array(slots * this.strips)
    this.done = new Uint8Array(this.strips)
    this.covered = new Uint8Array(this.strips)
    this.shortOfDone = this.strips
    this.shortOfCover = this.strips
    this.cellsDone = new Uint16Array(slots)
    this.verified = new Array(slots).fill(false)
    this.uncoveredBytes = plan.dataShards * coded.shardBytes
    this.data = new Uint8Array(plan.dataShards * coded.shardBytes)
    this.parity = new Array(slots - plan.dataShards)
  }

  /** Where strip `strip` of a shard begins; for `strips`, the shard's end. */
  startOf(strip: number): number {
    return Math.min(strip * this.stripBytes, this.coded.shardBytes)
  }

  sizeOf(strip: number): number {
    return this.startOf(strip + 1) - this.startOf(strip)
  }

  /** The bytes of a shard as far as they came. */
  shard(slot: number): Uint8Array {
    const { dataShards } = this.plan
    const { shardBytes } = this.coded
    if (slot < dataShards) return this.data.subarray(slot * shardBytes, (slot + 1) * shardBytes)
    this.parity[slot - dataShards] ??= new Uint8Array(shardBytes)
    return this.parity[slot - dataShards]!
  }

  /** True while some strip has fewer than k cells done or on their way. */
  get wantsMore(): boolean {
    return this.shortOfCover > 0
  }

  /** True when any k of the cells of each strip are there. */
  get isEnough(): boolean {
    return this.shortOfDone === 0
  }

  /** The first run of strips that are wanted and that nobody fetches of this shard: [first, end), at most `bytes` long but one strip at least. */
  wantedRun(slot: number, bytes: number): [first: number, end: number] | undefined {
    const { strips, covered, cells } = this
    const { dataShards } = this.plan
    const row = slot * strips
    const isWanted = (strip: number) => covered[strip]! < dataShards && cells[row + strip] === MISSING
    let first = 0
    while (first < strips && !isWanted(first)) first++
    if (first === strips) return undefined
    let end = first + 1
    while (end < strips && isWanted(end) && this.startOf(end + 1) - this.startOf(first) <= bytes) end++
    return [first, end]
  }

  /** How many strips before `end` (down to `least`) nobody fetches of this shard, in one run: what its holder could take over. */
  freeBefore(slot: number, end: number, least: number): number {
    const row = slot * this.strips
    let first = end
    while (first > least && this.cells[row + first - 1] === MISSING) first--
    return end - first
  }

  /** True when nothing of the shard is on its way, and it is not complete. */
  isIdle(slot: number): boolean {
    const row = slot * this.strips
    return this.cellsDone[slot]! < this.strips && !this.cells.subarray(row, row + this.strips).includes(TAKEN)
  }

  isComplete(slot: number): boolean {
    return this.cellsDone[slot] === this.strips
  }

  take(slot: number, first: number, end: number): void {
    for (let strip = first; strip < end; strip++) {
      this.cells[slot * this.strips + strip] = TAKEN
      const covered = ++this.covered[strip]!
      if (covered <= this.plan.dataShards) this.uncoveredBytes -= this.sizeOf(strip)
      if (covered === this.plan.dataShards) this.shortOfCover--
    }
  }

  /** Strips that were taken will not come from there. */
  release(slot: number, first: number, end: number): void {
    for (let strip = first; strip < end; strip++) {
      if (this.cells[slot * this.strips + strip] === TAKEN) this.uncover(slot, strip)
    }
  }

  /** A strip is in its place in {@link shard}. */
  arrived(slot: number, strip: number): void {
    this.cells[slot * this.strips + strip] = DONE
    this.cellsDone[slot]!++
    if (++this.done[strip]! === this.plan.dataShards) this.shortOfDone--
  }

  /** Forgets what came of a shard; returns how many bytes that were. */
  clear(slot: number): number {
    let bytes = 0
    for (let strip = 0; strip < this.strips; strip++) {
      if (this.cells[slot * this.strips + strip] !== DONE) continue
      bytes += this.sizeOf(strip)
      if (this.done[strip]!-- === this.plan.dataShards) this.shortOfDone++
      this.uncover(slot, strip)
    }
    this.cellsDone[slot] = 0
    this.verified[slot] = false
    return bytes
  }

  /** Checks a complete shard by its CID. */
  async verify(slot: number, hasher: Hasher): Promise<boolean> {
    this.verifying++
    try {
      const verdict = await isBlock(this.coded.shards[slot]!, this.shard(slot), hasher)
      if (verdict && this.isComplete(slot)) this.verified[slot] = true
      return verdict
    } finally {
      this.verifying--
    }
  }

  /** The data, once there {@link isEnough}; or the shards of which parts were used, one of which at least was wrong. */
  async recover(hasher: Hasher): Promise<Recovered> {
    const { dataShards, code } = this.plan
    const { strips } = this
    const order = this.slotsByTrust()
    const partial = new Set<number>()
    for (let first = 0; first < strips; ) {
      const used = this.usedAt(first, order)
      let end = first + 1
      while (end < strips && isSame(used, this.usedAt(end, order))) end++
      for (const slot of used) if (!this.verified[slot]) partial.add(slot)
      const from = this.startOf(first)
      const to = this.startOf(end)
      const given: (Uint8Array | undefined)[] = this.coded.shards.map(() => undefined)
      for (const slot of used) given[slot] = this.shard(slot).subarray(from, to)
      const wanted = Array.from({ length: dataShards }, (_, slot) => slot).filter((slot) => !given[slot])
      if (wanted.length > 0) code.reconstruct(given, wanted, (slot) => this.shard(slot).subarray(from, to))
      first = end
    }
    if (partial.size > 0) {
      for (let slot = 0; slot < dataShards; slot++) {
        if (this.verified[slot]) continue
        if (!(await isBlock(this.coded.shards[slot]!, this.shard(slot), hasher))) {
          return { status: 'invalid', slots: [...partial] }
        }
      }
    }
    return { status: 'whole', data: this.data.subarray(0, this.coded.length) }
  }

  private uncover(slot: number, strip: number): void {
    this.cells[slot * this.strips + strip] = MISSING
    const covered = this.covered[strip]!--
    if (covered <= this.plan.dataShards) this.uncoveredBytes += this.sizeOf(strip)
    if (covered === this.plan.dataShards) this.shortOfCover++
  }

  /** Verified shards first, data before parity: what is used as it came needs no decoding. */
  private slotsByTrust(): number[] {
    const rank = (slot: number) => (this.verified[slot] ? 0 : 2) + (slot < this.plan.dataShards ? 0 : 1)
    return this.coded.shards.map((_, slot) => slot).sort((a, b) => rank(a) - rank(b))
  }

  private usedAt(strip: number, order: readonly number[]): number[] {
    const used: number[] = []
    for (const slot of order) {
      if (this.cells[slot * this.strips + strip] === DONE && used.push(slot) === this.plan.dataShards) break
    }
    return used
  }
}

const isSame = (a: readonly number[], b: readonly number[]) => a.every((slot, i) => slot === b[i])
