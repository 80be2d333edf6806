import { PendingSegment } from './pending-segment.ts'
import type { SegmentPlan } from './segment-plan.ts'

interface Waiting {
  readonly resolve: (data: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/** The segments that are being fetched, those that are ready, and the reader who takes them in order. */
export class SegmentWindow {
  /** Of the data of segments `first` to before `end`. */
  readonly bytesTotal: number
  bytesDone = 0
  /** Bytes of shards that the window takes at most. */
  readonly windowBytes: number
  private readonly plan: SegmentPlan
  private readonly end: number
  private readonly windowSegments: number
  private readonly pending = new Map<number, PendingSegment>()
  private readonly ready = new Map<number, Uint8Array>()
  private readonly waiting = new Map<number, Waiting>()
  /** The next segment that the reader will ask for. */
  private head: number
  /** Segments before this one have been begun. */
  private opened: number
  private unopenedBytes = 0

  constructor(plan: SegmentPlan, first: number, end: number, windowSegments: number) {
    this.plan = plan
    this.end = end
    this.windowSegments = windowSegments
    this.head = first
    this.opened = first
    let total = 0
    let largest = 0
    for (const { length, shardBytes } of plan.segments.slice(first, end)) {
      total += length
      this.unopenedBytes += plan.dataShards * shardBytes
      largest = Math.max(largest, plan.dataShards * shardBytes)
    }
    this.bytesTotal = total
    this.windowBytes = windowSegments * largest
    this.move()
  }

  /** The data of the next segment in order. Asking moves the window. */
  next(): Promise<Uint8Array> {
    const index = this.head++
    const data = this.ready.get(index)
    this.ready.delete(index)
    this.move()
    if (data) return Promise.resolve(data)
    return new Promise((resolve, reject) => this.waiting.set(index, { resolve, reject }))
  }

  /** Segments on their way, in order. */
  segments(): IterableIterator<PendingSegment> {
    return this.pending.values()
  }

  get isIdle(): boolean {
    return this.pending.size === 0
  }

  get isDone(): boolean {
    return this.isIdle && this.opened >= this.end
  }

  /** The segment that the reader waits for, while it is on its way. */
  wanted(): PendingSegment | undefined {
    const index = this.head - 1
    return this.waiting.has(index) ? this.pending.get(index) : undefined
  }

  /** True while the segment still takes bytes. */
  isOpen(segment: PendingSegment): boolean {
    return this.pending.has(segment.index) && !segment.recovering
  }

  /** Bytes of shards that nobody has been asked for, those of segments past the window included. */
  remainingBytes(): number {
    let bytes = this.unopenedBytes
    for (const segment of this.pending.values()) bytes += segment.uncoveredBytes
    return bytes
  }

  /** A segment is there: hands its data to the reader, or keeps it until asked. */
  deliver({ index, coded }: PendingSegment, data: Uint8Array): void {
    this.pending.delete(index)
    this.bytesDone += coded.length
    const waiting = this.waiting.get(index)
    if (!waiting) this.ready.set(index, data)
    this.waiting.delete(index)
    waiting?.resolve(data)
  }

  /** Whoever waits for a segment gets `reason`. */
  fail(reason: unknown): void {
    for (const { reject } of this.waiting.values()) reject(reason)
    this.waiting.clear()
  }

  private move(): void {
    // The segment that the reader waits for is before `head`.
    const limit = Math.min(this.end, this.head - 1 + this.windowSegments)
    while (this.opened < limit) {
      const segment = new PendingSegment(this.plan, this.opened++)
      this.unopenedBytes -= segment.uncoveredBytes
      this.pending.set(segment.index, segment)
    }
  }
}
