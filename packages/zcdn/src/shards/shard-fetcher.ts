import type { Clock } from '../clock.ts'
import type { Hasher } from '../content/hasher.ts'
import { PROGRESS_MS } from '../download/patience.ts'
import type { DownloadProgress } from '../download/progress.ts'
import { type Blame, SourcePool } from '../download/source-pool.ts'
import { CdnError, isCdnError } from '../errors.ts'
import type { PendingSegment } from './pending-segment.ts'
import type { SegmentPlan, ShardSource } from './segment-plan.ts'
import { SegmentWindow } from './segment-window.ts'
import { type Holder, ShardHolders, type ShardLane, type ShardWork } from './shard-holders.ts'
import { ShardScheduler } from './shard-scheduler.ts'

/** What {@link ShardFetcher} needs. */
export interface ShardFetcherOptions {
  plan: SegmentPlan
  clock: Clock
  hasher: Hasher
  /** Segments `first` to before `end`. */
  first: number
  end: number
  /** Segments fetched at once. */
  windowSegments: number
  onProgress?: (progress: DownloadProgress) => void
}

/**
 * Fetches segments of which any k of n shards are enough. Each source is kept busy with parts of the shards that it has; a strip that k sources
 * give is not asked of a further one. Who runs out of work takes over the tail of the request that would end last, from its own shard. Nothing
 * is fetched twice: what a slow source has sent of its shard counts, and only the strip under way is lost when another takes that as well.
 *
 * Driven by its sources' bytes and the clock alone, like {@link Fetcher}, whose patience with sources it shares.
 */
export class ShardFetcher {
  private readonly options: ShardFetcherOptions
  private readonly window: SegmentWindow
  private readonly pool: SourcePool<ShardSource, ShardWork>
  private readonly holders = new ShardHolders()
  private readonly scheduler: ShardScheduler
  /** Requests that have ended and whose bytes are being checked. */
  private checking = 0
  private failure: { error: unknown } | undefined
  private readonly startedAt: number
  private progressAt = Number.NEGATIVE_INFINITY

  constructor(options: ShardFetcherOptions) {
    this.options = options
    const { plan, first, end, windowSegments, clock } = options
    this.window = new SegmentWindow(plan, first, end, windowSegments)
    this.pool = new SourcePool<ShardSource, ShardWork>({
      clock,
      bytesOf: ({ work: { segment } }, from, to) => segment.startOf(to) - segment.startOf(from),
      nextBytes: (lane) =>
        lane.work.whole && !lane.heard ? this.pool.leftOf(lane) : lane.work.segment.sizeOf(lane.at),
      read: (lane) => this.read(lane),
      release: (lane) => this.release(lane),
      blame: (error, lane) => this.blame(error, lane),
      onFree: () => this.pump(),
    })
    this.scheduler = new ShardScheduler(this.pool, this.window, this.holders)
    this.startedAt = clock.now()
    this.pool.watch()
  }

  addSource(source: ShardSource): void {
    this.pool.add(source)
  }

  /** The data of the next segment in order. Asking moves the window. */
  next(): Promise<Uint8Array> {
    const data = this.window.next()
    if (this.failure) this.window.fail(this.failure.error)
    this.pump()
    return data
  }

  /** Ends all requests; whoever waits for a segment gets `reason`. */
  stopAll(reason: unknown): void {
    if (this.failure) return
    this.failure = { error: reason }
    this.pool.close()
    this.window.fail(reason)
  }

  progress(): DownloadProgress {
    const now = this.options.clock.now()
    const elapsedMs = now - this.startedAt
    const { bytesDone, bytesTotal } = this.window
    return {
      bytesDone,
      bytesTotal,
      elapsedMs,
      bytesPerSecond: elapsedMs > 0 ? (bytesDone / elapsedMs) * 1000 : 0,
      sources: this.pool.sources.map((source) => source.reportAt(now)),
    }
  }

  /** Gives work to every source that has a free lane. */
  private pump(): void {
    const { window, pool, holders, scheduler } = this
    if (this.failure || window.isIdle) return
    const now = this.options.clock.now()
    scheduler.giveBack(now)
    // The request that brought the last that was needed may have been cut off after that.
    for (const segment of window.segments()) {
      if (!segment.isEnough || segment.verifying > 0 || segment.recovering) continue
      void this.complete(segment).then(() => this.pump())
    }
    pool.handOut((holder, allRate) => scheduler.giveWork(holder, allRate, now))
    const live = pool.live()
    const waits = live.some((holder) => holder.lanes.size > 0 || holder.notBefore > now) || this.checking > 0
    const { dataShards } = this.options.plan
    if (
      !holders.askAround &&
      live.some(({ source }) => source.slots) &&
      (!waits || holders.isShort(window.segments(), live, dataShards))
    ) {
      holders.askAround = true
      this.pump()
      return
    }
    if (!waits) this.stopAll(this.tooFew())
  }

  private tooFew(): CdnError {
    const segment = Math.min(...[...this.window.segments()].map(({ index }) => index))
    const why = this.pool.sources.map(({ report }) => `${report.id}: ${report.dropped ?? 'has no more'}`).join(', ')
    const text = `fewer than k shards of segment ${segment} can be had (${why || 'no source'})`
    return new CdnError('CDN_NO_SOURCE', text, { segment })
  }

  /** Reads a lane to its end, strip by strip. */
  private async read(lane: ShardLane): Promise<void> {
    const { segment, slot } = lane.work
    const { source, report } = lane.from
    const { shardBytes, shards } = segment.coded
    const start = segment.startOf(lane.first)
    const end = segment.startOf(lane.end)
    const request = { cid: shards[slot]!, segment: segment.index, slot, start, end, shardBytes }
    let at = start
    for await (const chunk of source.read(request, { signal: lane.controller.signal })) {
      if (!this.pool.hear(lane, chunk.length)) return
      if (at + chunk.length > end) throw failed(source.id, 'sent more than it was asked for')
      // The tail may have been taken over in the meantime.
      segment.shard(slot).set(chunk.subarray(0, Math.max(0, segment.startOf(lane.end) - at)), at)
      at += chunk.length
      lane.filled += chunk.length
      while (lane.at < lane.end && at >= segment.startOf(lane.at + 1)) {
        const strip = segment.sizeOf(lane.at)
        lane.filled -= strip
        report.bytes += strip
        segment.arrived(slot, lane.at++)
        this.holders.sent(lane)
      }
      if (lane.at < lane.end) continue
      this.pool.answered(lane, end - start)
      lane.from.failuresInRow = 0
      await this.check(segment, slot)
      return
    }
    throw failed(source.id, 'ended its answer early')
  }

  /** A lane has brought all that it should: is its shard complete and right, and is the segment done with it? */
  private check(segment: PendingSegment, slot: number): Promise<void> {
    return this.whileChecking(async () => {
      if (segment.isComplete(slot) && !(await segment.verify(slot, this.options.hasher))) {
        if (this.window.isOpen(segment)) this.accuse(segment, [slot])
      }
      await this.complete(segment)
    })
  }

  /** Hands a segment on when there is enough of it. */
  private async complete(segment: PendingSegment): Promise<void> {
    if (!segment.isEnough || segment.verifying > 0 || !this.window.isOpen(segment)) return
    await this.whileChecking(() => this.finish(segment))
  }

  private async whileChecking(work: () => Promise<void>): Promise<void> {
    this.checking++
    try {
      await work()
    } catch (error) {
      this.stopAll(error)
    } finally {
      this.checking--
    }
  }

  private async finish(segment: PendingSegment): Promise<void> {
    segment.recovering = true
    for (const lane of this.pool.lanes()) if (lane.work.segment === segment) this.pool.stop(lane)
    const result = await segment.recover(this.options.hasher)
    if (this.failure) return
    segment.recovering = false
    if (result.status === 'invalid') {
      segment.wholeOnly = true
      this.accuse(segment, result.slots)
      segment.coded.shards.forEach((_, slot) => {
        if (!segment.isComplete(slot)) this.holders.discard(segment, slot)
      })
      return
    }
    this.holders.forget(segment)
    this.window.deliver(segment, result.data)
    if (this.window.isDone) this.pool.close()
    const now = this.options.clock.now()
    if (!this.window.isDone && now - this.progressAt < PROGRESS_MS) return
    this.progressAt = now
    this.options.onProgress?.(this.progress())
  }

  /** What came of these shards is wrong: a single sender has lied, of several each must show it by whole shards. */
  private accuse(segment: PendingSegment, slots: readonly number[]): void {
    const senders = new Set<Holder>()
    for (const slot of slots) {
      for (const sender of this.holders.sendersOf(segment, slot)) senders.add(sender)
      this.holders.discard(segment, slot)
    }
    if (senders.size === 1) for (const sender of senders) this.expel(sender)
    else for (const sender of senders) this.holders.suspect(sender)
  }

  /** Who has lied is not asked again, and nothing of what it sent in parts is used. */
  private expel(liar: Holder): void {
    this.pool.drop(liar, 'lied')
    for (const segment of this.window.segments()) {
      if (segment.recovering) continue
      segment.coded.shards.forEach((_, slot) => {
        if (segment.isComplete(slot) || !this.holders.sendersOf(segment, slot).has(liar)) return
        this.holders.discard(segment, slot)
      })
    }
  }

  private release({ work: { segment, slot, whole }, at, end }: ShardLane): void {
    segment.release(slot, at, end)
    // The rest of a shard that is only given whole cannot be asked for alone.
    if (whole && !segment.isComplete(slot) && !segment.recovering) this.holders.discard(segment, slot)
  }

  private blame(error: unknown, lane: ShardLane): Blame {
    if (!isCdnError(error, 'CDN_NOT_HERE')) return 'failed'
    this.holders.hasNot(lane)
    return 'none'
  }
}

const failed = (source: string, what: string) => new CdnError('CDN_SOURCE_FAILED', `${source} ${what}`, { source })
