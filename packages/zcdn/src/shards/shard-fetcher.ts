import type { Clock } from '../clock.ts'
import type { Hasher } from '../content/hasher.ts'
import { Estimator } from '../download/estimator.ts'
import { backoffMs, etaMs, MAX_FAILURES, PROGRESS_MS, stallMs, WATCH_MS } from '../download/patience.ts'
import { isHedgeWorthIt, MAX_REQUEST_MS, requestBytes, staggered, stealBytes } from '../download/plan.ts'
import type { DownloadProgress, SourceReport } from '../download/progress.ts'
import { CdnError, isCdnError } from '../errors.ts'
import { PendingSegment } from './pending-segment.ts'
import type { SegmentPlan, ShardSource } from './segment-plan.ts'

const DEFAULT_PARALLEL = 3
/** A request that takes so many times as long as it should gives its tail back. */
/** A reader waits this long before new work is put off for its sake. */
const RESCUE_MS = 150
const GIVE_BACK_FACTOR = 1.5

interface Lane {
  from: SourceState
  segment: PendingSegment
  slot: number
  /** Strips from `at` to before `end` are still to come; `end` moves down when the tail is taken over. */
  first: number
  at: number
  end: number
  /** Bytes of strip `at` that are there. */
  filled: number
  /** The whole shard or nothing: its tail cannot be taken over. */
  whole: boolean
  /** Another shard is being fetched in case this one is late. */
  hedged: boolean
  /** It was taken over as a whole; that happens once, or two slow sources would take from each other for ever. */
  takenOver: boolean
  startedAt: number
  heardAt: number
  heard: boolean
  over: boolean
  controller: AbortController
}

interface SourceState {
  source: ShardSource
  parallel: number
  lanes: Set<Lane>
  estimator: Estimator
  notBefore: number
  failuresInRow: number
  /** How long it has owed something and sent nothing, in whichever request: each may be taken over before it counts as stalled. */
  silentMs: number
  lastBytes: number
  /** Its parts, or those of one beside it, were wrong: it is asked for whole shards, which show who lies. */
  suspect: boolean
  /** Shards that it said not to have, by segment and slot. */
  absent: Set<number>
  report: SourceReport
}

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
  private readonly states: SourceState[] = []
  private readonly pending = new Map<number, PendingSegment>()
  private readonly ready = new Map<number, Uint8Array>()
  /** Who sent something of a shard, by segment and slot. */
  private readonly senders = new Map<number, Set<SourceState>>()
  private readonly waiting = new Map<
    number,
    { resolve: (data: Uint8Array) => void; reject: (error: unknown) => void }
  >()
  /** The next segment that the reader will ask for. */
  private head: number
  /** Segments before this one have been begun. */
  private opened: number
  private unopenedBytes = 0
  private bytesTotal = 0
  /** Of the k shards of the largest segment. */
  private segmentBytes = 0
  private bytesDone = 0
  /** Requests that have ended and whose bytes are being checked. */
  private checking = 0
  /** No source that should have a shard has it: everyone is asked. */
  private askAround = false
  private failure: { error: unknown } | undefined
  private readonly startedAt: number
  private progressAt = Number.NEGATIVE_INFINITY
  private cancelWatch: () => void = () => {}

  constructor(options: ShardFetcherOptions) {
    this.options = options
    this.head = options.first
    this.opened = options.first
    for (let i = options.first; i < options.end; i++) {
      const { length, shardBytes } = options.plan.segments[i]!
      this.bytesTotal += length
      this.unopenedBytes += options.plan.dataShards * shardBytes
      this.segmentBytes = Math.max(this.segmentBytes, options.plan.dataShards * shardBytes)
    }
    this.startedAt = options.clock.now()
    this.openWindow()
    this.watch()
  }

  addSource(source: ShardSource): void {
    if (this.states.some((state) => state.source.id === source.id)) {
      throw new CdnError('CDN_INVALID_ARGUMENT', `two sources are called "${source.id}"`, { id: source.id })
    }
    this.states.push({
      source,
      parallel: Math.max(1, source.parallel ?? DEFAULT_PARALLEL),
      lanes: new Set(),
      estimator: new Estimator(),
      notBefore: 0,
      failuresInRow: 0,
      silentMs: 0,
      lastBytes: 0,
      suspect: false,
      absent: new Set(),
      report: { id: source.id, bytes: 0, wastedBytes: 0, requests: 0, failures: 0, bytesPerSecond: 0, latencyMs: 0 },
    })
  }

  /** The data of the next segment in order. Asking moves the window. */
  next(): Promise<Uint8Array> {
    const index = this.head++
    const data = this.ready.get(index)
    this.ready.delete(index)
    const promise = data
      ? Promise.resolve(data)
      : new Promise<Uint8Array>((resolve, reject) => {
          if (this.failure) reject(this.failure.error)
          else this.waiting.set(index, { resolve, reject })
        })
    this.openWindow()
    this.pump()
    return promise
  }

  /** Ends all requests; whoever waits for a segment gets `reason`. */
  stopAll(reason: unknown): void {
    if (this.failure) return
    this.failure = { error: reason }
    this.cancelWatch()
    for (const lane of this.lanes()) this.stop(lane)
    for (const { reject } of this.waiting.values()) reject(reason)
    this.waiting.clear()
  }

  progress(): DownloadProgress {
    const now = this.options.clock.now()
    const elapsedMs = now - this.startedAt
    const sources = this.states.map(({ report, estimator, lanes }) => ({
      ...report,
      bytesPerSecond: lanes.size > 0 || estimator.measured ? estimator.rateAt(now) * 1000 : 0,
      latencyMs: estimator.latencyMs(),
    }))
    const { bytesDone, bytesTotal } = this
    return {
      bytesDone,
      bytesTotal,
      elapsedMs,
      bytesPerSecond: elapsedMs > 0 ? (bytesDone / elapsedMs) * 1000 : 0,
      sources,
    }
  }

  private openWindow(): void {
    const { plan, end, windowSegments } = this.options
    // The segment that the reader waits for is before `head`.
    const limit = Math.min(end, this.head - 1 + windowSegments)
    while (this.opened < limit) {
      const segment = new PendingSegment(plan, this.opened++)
      this.unopenedBytes -= segment.uncoveredBytes
      this.pending.set(segment.index, segment)
    }
  }

  private *lanes(): Generator<Lane> {
    for (const state of this.states) yield* [...state.lanes]
  }

  private keyOf(segment: PendingSegment, slot: number): number {
    return segment.index * 256 + slot
  }

  /** True while the segment still takes bytes. */
  private isOpen(segment: PendingSegment): boolean {
    return this.pending.has(segment.index) && !segment.recovering
  }

  /** Gives work to every source that has a free lane. */
  private pump(): void {
    if (this.failure || this.pending.size === 0) return
    const now = this.options.clock.now()
    const live = this.states.filter((state) => !state.report.dropped)
    const ready = live.filter((state) => state.notBefore <= now && state.lanes.size < state.parallel)
    ready.sort((a, b) => b.estimator.rateAt(now) - a.estimator.rateAt(now))
    const allRate = live.reduce((sum, state) => sum + state.estimator.rateAt(now), 0)
    for (const lane of this.lanes()) this.giveBack(lane, allRate, now)
    // The request that brought the last that was needed may have been cut off after that.
    for (const segment of this.pending.values()) {
      if (!segment.isEnough || segment.verifying > 0 || segment.recovering) continue
      void this.complete(segment).then(() => this.pump())
    }
    for (const state of ready) {
      while (state.lanes.size < state.parallel && this.giveWork(state, allRate, now)) {}
    }
    const waits = live.some((state) => state.lanes.size > 0 || state.notBefore > now) || this.checking > 0
    if (!this.askAround && live.some((state) => state.source.slots) && (!waits || this.isShortOfHolders(live))) {
      this.askAround = true
      this.pump()
      return
    }
    if (waits) return
    const missing = Math.min(...this.pending.keys())
    const why = this.states.map(({ source, report }) => `${source.id}: ${report.dropped ?? 'has no more'}`).join(', ')
    this.stopAll(
      new CdnError('CDN_NO_SOURCE', `fewer than k shards of segment ${missing} can be had (${why || 'no source'})`, {
        segment: missing,
      }),
    )
  }

  /** True when those that should have shards of a segment have fewer than k. */
  private isShortOfHolders(live: readonly SourceState[]): boolean {
    for (const segment of this.pending.values()) {
      if (!segment.wantsMore || segment.recovering) continue
      const held = new Set(live.flatMap((state) => this.slotsOf(state, segment)))
      return held.size < this.options.plan.dataShards
    }
    return false
  }

  /**
   * What a source will not have sent when the download should be done, or within the longest request, goes back to where anybody may take it: near
   * the end only the few who have not sent their shard of that segment could.
   */
  private giveBack(lane: Lane, allRate: number, now: number): void {
    if (lane.whole || lane.end - lane.at < 2) return
    const leastMs = 2 * lane.from.estimator.latencyMs()
    const horizonMs = Math.max(leastMs, Math.min(MAX_REQUEST_MS, this.remainingBytes() / allRate))
    if (this.etaOf(lane, now) <= GIVE_BACK_FACTOR * horizonMs) return
    const { segment } = lane
    const bytes = (horizonMs * lane.from.estimator.rateAt(now)) / lane.from.lanes.size
    let end = lane.at + 1
    while (end < lane.end && segment.startOf(end) - segment.startOf(lane.at) - lane.filled < bytes) end++
    segment.release(lane.slot, end, lane.end)
    lane.end = end
  }

  /** Shards of the segment that the source may be asked for. */
  private slotsOf(state: SourceState, segment: PendingSegment): readonly number[] {
    const slots =
      this.askAround || !state.source.slots
        ? segment.coded.shards.map((_, slot) => slot)
        : state.source.slots(segment.index)
    return state.absent.size === 0 ? slots : slots.filter((slot) => !state.absent.has(this.keyOf(segment, slot)))
  }

  private isWhole(state: SourceState, segment: PendingSegment): boolean {
    return state.source.wholeOnly || state.suspect || segment.wholeOnly
  }

  private giveWork(state: SourceState, allRate: number, now: number): boolean {
    return this.rescueHead(state, now) || this.takeNew(state, allRate, now) || this.takeOver(this.lanes(), state, now)
  }

  /** The reader waits, and all that it waits for is on its way: what will be late goes to who would have it sooner. */
  private rescueHead(state: SourceState, now: number): boolean {
    const head = this.pending.get(this.head - 1)
    if (!head || head.wantsMore || !this.waiting.has(head.index)) return false
    const late = [...this.lanes()].filter((lane) => lane.segment === head && this.etaOf(lane, now) > RESCUE_MS)
    return this.takeOver(late, state, now)
  }

  private takeNew(state: SourceState, allRate: number, now: number): boolean {
    let bytes = 0
    for (const segment of this.pending.values()) {
      if (!segment.wantsMore || segment.recovering) continue
      const whole = this.isWhole(state, segment)
      for (const slot of this.slotsOf(state, segment)) {
        if (whole) {
          if (!segment.wantedRun(slot, 1) || !segment.isIdle(slot)) continue
          this.openWhole(state, segment, slot, now)
          return true
        }
        bytes ||= this.bytesFor(state, allRate, now)
        const run = segment.wantedRun(slot, bytes)
        if (!run) continue
        this.open(state, segment, slot, run[0], run[1], now)
        return true
      }
    }
    return false
  }

  private bytesFor(state: SourceState, allRate: number, now: number): number {
    const rate = state.estimator.rateAt(now)
    const latencyMs = state.estimator.latencyMs()
    let bytes = requestBytes(
      { rate, latencyMs, parallel: state.parallel, lastBytes: state.lastBytes },
      { rate: allRate, remaining: this.remainingBytes(), windowBytes: this.options.windowSegments * this.segmentBytes },
    )
    for (const lane of state.lanes) bytes = staggered(bytes, leftOf(lane), rate, latencyMs)
    return bytes
  }

  /** Bytes of shards that nobody has been asked for, those of segments past the window included. */
  private remainingBytes(): number {
    let bytes = this.unopenedBytes
    for (const segment of this.pending.values()) bytes += segment.uncoveredBytes
    return bytes
  }

  /** Nothing is left to begin: take the tail of the request that would end last, or all of it where that is sooner. */
  private takeOver(lanes: Iterable<Lane>, state: SourceState, now: number): boolean {
    // Of whom nothing is known it cannot be said that it would be sooner.
    if (!state.estimator.measured) return false
    const rate = state.estimator.rateAt(now) / state.parallel
    const latencyMs = state.estimator.latencyMs()
    const late = [...lanes]
      .filter((lane) => lane.from !== state && !lane.over && lane.end > lane.at)
      .map((lane) => ({ lane, eta: this.etaOf(lane, now) }))
      .sort((a, b) => b.eta - a.eta)
    for (const { lane, eta } of late) {
      const { segment } = lane
      if (lane.whole || this.isWhole(state, segment)) {
        if (this.hedge(state, lane, eta, now)) return true
        continue
      }
      const victimRate = Math.max(1e-6, lane.from.estimator.rateAt(now) / lane.from.lanes.size)
      const bytes = stealBytes(leftOf(lane), victimRate, rate, latencyMs)
      const takesAll = isHedgeWorthIt(eta, segment.startOf(lane.end) - segment.startOf(lane.at), rate, latencyMs)
      for (const slot of this.slotsOf(state, segment)) {
        if (segment.isComplete(slot)) continue
        const { end } = lane
        let first = end - segment.freeBefore(slot, end, lane.at + 1)
        while (first < end && segment.startOf(end) - segment.startOf(first) > bytes) first++
        if (first < end) {
          lane.end = first
          segment.release(lane.slot, first, end)
          this.open(state, segment, slot, first, end, now)
          return true
        }
        if (!takesAll || lane.takenOver || segment.freeBefore(slot, end, lane.at) < end - lane.at) continue
        const { at } = lane
        this.stop(lane)
        this.open(state, segment, slot, at, end, now).takenOver = true
        return true
      }
    }
    return false
  }

  /** Fetches one more whole shard of the segment when that should be there well before the late one; the first to come counts. */
  private hedge(state: SourceState, late: Lane, eta: number, now: number): boolean {
    const { segment } = late
    const rate = state.estimator.rateAt(now) / state.parallel
    if (late.hedged || !isHedgeWorthIt(eta, segment.coded.shardBytes, rate, state.estimator.latencyMs())) return false
    const slot = this.slotsOf(state, segment).find((each) => segment.isIdle(each))
    if (slot === undefined) return false
    late.hedged = true
    this.openWhole(state, segment, slot, now)
    return true
  }

  private etaOf(lane: Lane, now: number): number {
    const { estimator, lanes } = lane.from
    return etaMs({
      bytes: leftOf(lane),
      rate: estimator.rateAt(now) / Math.max(1, lanes.size),
      quietMs: Math.max(now - lane.heardAt, estimator.silenceMs(now)),
      latencyMs: lane.heard ? 0 : estimator.latencyMs(),
    })
  }

  private openWhole(state: SourceState, segment: PendingSegment, slot: number, now: number): void {
    this.discard(segment, slot)
    this.open(state, segment, slot, 0, segment.strips, now, true)
  }

  private open(
    state: SourceState,
    segment: PendingSegment,
    slot: number,
    first: number,
    end: number,
    now: number,
    whole = false,
  ): Lane {
    segment.take(slot, first, end)
    const lane: Lane = {
      from: state,
      segment,
      slot,
      first,
      at: first,
      end,
      filled: 0,
      whole,
      hedged: false,
      takenOver: false,
      startedAt: now,
      heardAt: now,
      heard: false,
      over: false,
      controller: new AbortController(),
    }
    state.lanes.add(lane)
    state.estimator.onAsk(now)
    state.report.requests++
    void this.run(lane).then(
      () => this.close(lane),
      (error) => this.fail(lane, error),
    )
    return lane
  }

  /** Reads a lane to its end, strip by strip. */
  private async run(lane: Lane): Promise<void> {
    const { clock } = this.options
    const { segment, slot } = lane
    const { source, estimator, report } = lane.from
    const { shardBytes } = segment.coded
    const start = segment.startOf(lane.first)
    const end = segment.startOf(lane.end)
    const request = { cid: segment.coded.shards[slot]!, segment: segment.index, slot, start, end, shardBytes }
    let at = start
    for await (const chunk of source.read(request, { signal: lane.controller.signal })) {
      if (lane.over) {
        report.wastedBytes += chunk.length
        return
      }
      const now = clock.now()
      const first = !lane.heard
      if (first) {
        lane.heard = true
        estimator.onFirstByte(now - lane.startedAt)
      }
      lane.heardAt = now
      lane.from.silentMs = 0
      estimator.onBytes(now, chunk.length, first)
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
        this.sent(lane)
      }
      if (lane.at < lane.end) continue
      lane.from.lastBytes = Math.max(lane.from.lastBytes, end - start)
      lane.from.failuresInRow = 0
      await this.check(lane)
      return
    }
    throw failed(source.id, 'ended its answer early')
  }

  private sent({ segment, slot, from }: Lane): void {
    const key = this.keyOf(segment, slot)
    const senders = this.senders.get(key)
    if (senders) senders.add(from)
    else this.senders.set(key, new Set([from]))
  }

  /** The lane has brought all that it should: is its shard complete and right, and is the segment done with it? */
  private async check(lane: Lane): Promise<void> {
    const { segment, slot } = lane
    this.checking++
    try {
      if (segment.isComplete(slot) && !(await segment.verify(slot, this.options.hasher))) {
        if (this.isOpen(segment)) this.accuse(segment, [slot])
      }
      await this.complete(segment)
    } catch (error) {
      this.stopAll(error)
    } finally {
      this.checking--
    }
  }

  /** Hands a segment on when there is enough of it. */
  private async complete(segment: PendingSegment): Promise<void> {
    if (!segment.isEnough || segment.verifying > 0 || !this.isOpen(segment)) return
    this.checking++
    try {
      await this.finish(segment)
    } catch (error) {
      this.stopAll(error)
    } finally {
      this.checking--
    }
  }

  private async finish(segment: PendingSegment): Promise<void> {
    segment.recovering = true
    for (const lane of this.lanes()) if (lane.segment === segment) this.stop(lane)
    const result = await segment.recover(this.options.hasher)
    if (this.failure) return
    segment.recovering = false
    if (result.status === 'invalid') {
      segment.wholeOnly = true
      this.accuse(segment, result.slots)
      segment.coded.shards.forEach((_, slot) => {
        if (!segment.isComplete(slot)) this.discard(segment, slot)
      })
      return
    }
    this.pending.delete(segment.index)
    segment.coded.shards.forEach((_, slot) => {
      this.senders.delete(this.keyOf(segment, slot))
    })
    this.bytesDone += segment.coded.length
    const waiting = this.waiting.get(segment.index)
    if (waiting) {
      this.waiting.delete(segment.index)
      waiting.resolve(result.data)
    } else this.ready.set(segment.index, result.data)
    const now = this.options.clock.now()
    if (this.pending.size === 0 && this.opened >= this.options.end) {
      this.cancelWatch()
      this.options.onProgress?.(this.progress())
    } else if (now - this.progressAt >= PROGRESS_MS) {
      this.progressAt = now
      this.options.onProgress?.(this.progress())
    }
  }

  /** What came of these shards is wrong: a single sender has lied, of several each must show it by whole shards. */
  private accuse(segment: PendingSegment, slots: readonly number[]): void {
    const senders = new Set<SourceState>()
    for (const slot of slots) {
      for (const sender of this.senders.get(this.keyOf(segment, slot)) ?? []) senders.add(sender)
      this.discard(segment, slot)
    }
    if (senders.size === 1) for (const sender of senders) this.drop(sender, 'lied')
    else for (const sender of senders) sender.suspect = true
  }

  private discard(segment: PendingSegment, slot: number): void {
    const bytes = segment.clear(slot)
    const key = this.keyOf(segment, slot)
    const senders = this.senders.get(key)
    this.senders.delete(key)
    if (!senders) return
    for (const { report } of senders) {
      report.bytes -= bytes / senders.size
      report.wastedBytes += bytes / senders.size
    }
  }

  private stop(lane: Lane): void {
    if (lane.over) return
    lane.over = true
    const { from, segment, slot } = lane
    from.lanes.delete(lane)
    from.report.wastedBytes += lane.filled
    if (from.lanes.size === 0) from.estimator.onIdle(this.options.clock.now())
    lane.controller.abort()
    segment.release(slot, lane.at, lane.end)
    // The rest of a shard that is only given whole cannot be asked for alone.
    if (lane.whole && !segment.isComplete(slot) && !segment.recovering) this.discard(segment, slot)
  }

  private close(lane: Lane): void {
    this.stop(lane)
    this.pump()
  }

  private fail(lane: Lane, error: unknown): void {
    if (lane.over || this.failure) return
    const state = lane.from
    this.stop(lane)
    if (isCdnError(error, 'CDN_NOT_HERE')) state.absent.add(this.keyOf(lane.segment, lane.slot))
    else {
      state.report.failures++
      state.failuresInRow++
      if (state.failuresInRow >= MAX_FAILURES) this.drop(state, error instanceof Stall ? 'stalled' : 'failed')
      else state.notBefore = this.options.clock.now() + backoffMs(state.failuresInRow)
    }
    this.pump()
  }

  /** No more is asked of it; after a lie nothing of what it sent in parts is used either. */
  private drop(state: SourceState, reason: 'lied' | 'stalled' | 'failed'): void {
    state.report.dropped = reason
    for (const lane of [...state.lanes]) this.stop(lane)
    if (reason !== 'lied') return
    state.report.failures++
    for (const segment of this.pending.values()) {
      if (segment.recovering) continue
      segment.coded.shards.forEach((_, slot) => {
        if (!segment.isComplete(slot) && this.senders.get(this.keyOf(segment, slot))?.has(state))
          this.discard(segment, slot)
      })
    }
  }

  /** Looks for stalls, and wakes sources whose wait is over. */
  private watch(): void {
    this.cancelWatch = this.options.clock.after(WATCH_MS, () => {
      if (this.failure) return
      const now = this.options.clock.now()
      for (const state of this.states) {
        if (state.lanes.size > 0) state.silentMs += WATCH_MS
        if (state.silentMs <= stallMs(0, false)) continue
        state.silentMs = 0
        const [first, ...others] = [...state.lanes]
        for (const lane of others) this.stop(lane)
        if (first) this.fail(first, new Stall())
      }
      for (const lane of this.lanes()) {
        const { estimator, lanes } = lane.from
        const perLane = estimator.rateAt(now) / Math.max(1, lanes.size)
        const strip = lane.segment.sizeOf(lane.at)
        const expected = estimator.latencyMs() + (lane.whole && !lane.heard ? leftOf(lane) : strip) / perLane
        if (now - lane.heardAt > stallMs(expected, lane.heard)) this.fail(lane, new Stall())
      }
      this.pump()
      if (!this.failure) this.watch()
    })
  }
}

/** Bytes that a lane has still to bring. */
function leftOf({ segment, at, end, filled }: Lane): number {
  return segment.startOf(end) - segment.startOf(at) - filled
}

const failed = (source: string, what: string) => new CdnError('CDN_SOURCE_FAILED', `${source} ${what}`, { source })

/** Nothing was heard for too long. */
class Stall extends Error {}
