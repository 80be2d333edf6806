import type { Clock } from '../clock.ts'
import { CdnError } from '../errors.ts'
import { backoffMs, MAX_FAILURES, stallMs, WATCH_MS } from './patience.ts'
import { type Askable, type Lane, PooledSource } from './pooled-source.ts'
import type { SourceReport } from './progress.ts'

/** How an ended request counts against its source. A lie ends all dealings with it. */
export type Blame = 'none' | 'failed' | 'lied'

/** What a scheduler tells its {@link SourcePool}. */
export interface SourcePoolOptions<S extends Askable, W> {
  clock: Clock
  /** Bytes of pieces `first` to before `end` of what a lane fetches. */
  bytesOf: (lane: Lane<S, W>, first: number, end: number) => number
  /** Bytes of which a lane sends the first or none; default: its next piece. */
  nextBytes?: (lane: Lane<S, W>) => number
  /** Reads a lane to its end, with {@link SourcePool.hear} for each chunk. What it throws is a failure of the source. */
  read: (lane: Lane<S, W>) => Promise<void>
  /** A lane is over; pieces `at` to before `end` will not come from it. */
  release: (lane: Lane<S, W>) => void
  blame: (error: unknown, lane: Lane<S, W>) => Blame
  /** Lanes have ended or sources may be asked again: there may be work to hand out. */
  onFree: () => void
}

/**
 * The sources of a download and the requests in flight with each. It knows how fast they are, waits for them with bounded patience, and drops
 * those that lie at once and those that stall or fail after some tries. What is asked of whom is a scheduler's affair.
 *
 * Driven by its sources' bytes and the clock alone: in virtual time it is deterministic.
 */
export class SourcePool<S extends Askable, W> {
  readonly sources: PooledSource<S, W>[] = []
  private readonly options: SourcePoolOptions<S, W>
  private closed = false
  private cancelWatch: () => void = () => {}

  constructor(options: SourcePoolOptions<S, W>) {
    this.options = options
  }

  add(source: S): void {
    if (this.sources.some(({ report }) => report.id === source.id)) {
      throw new CdnError('CDN_INVALID_ARGUMENT', `two sources are called "${source.id}"`, { id: source.id })
    }
    this.sources.push(new PooledSource(source))
  }

  /** Looks for stalls from now on, and wakes sources whose wait is over. */
  watch(): void {
    const { clock, onFree } = this.options
    this.cancelWatch = clock.after(WATCH_MS, () => {
      if (this.closed) return
      this.endStalls(clock.now())
      onFree()
      if (!this.closed) this.watch()
    })
  }

  /** Ends all requests. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.cancelWatch()
    for (const lane of this.lanes()) this.stop(lane)
  }

  /** Sources that are not dropped. */
  live(): PooledSource<S, W>[] {
    return this.sources.filter((source) => source.isLive)
  }

  /** Requests in flight; they may be stopped on the way. */
  *lanes(): Generator<Lane<S, W>> {
    for (const source of this.sources) yield* [...source.lanes]
  }

  /** Bytes a millisecond of all live sources. */
  rateAt(now: number): number {
    return this.live().reduce((sum, { estimator }) => sum + estimator.rateAt(now), 0)
  }

  /** Bytes that a lane has still to bring. */
  leftOf = (lane: Lane<S, W>): number => this.options.bytesOf(lane, lane.at, lane.end) - lane.filled

  /** When pieces up to before `end` of a lane will be there, in milliseconds from now. */
  etaMs(lane: Lane<S, W>, now: number, end = lane.end): number {
    return lane.from.etaMs(lane, this.options.bytesOf(lane, lane.at, end) - lane.filled, now)
  }

  /** Fills free lanes, of the fastest source first: `give` opens one, or says that there is nothing for that source. */
  handOut(give: (source: PooledSource<S, W>, allRate: number, now: number) => boolean): void {
    const now = this.options.clock.now()
    const allRate = this.rateAt(now)
    const free = this.sources.filter((source) => source.isFree(now))
    free.sort((a, b) => b.estimator.rateAt(now) - a.estimator.rateAt(now))
    for (const source of free) while (!this.closed && source.isFree(now) && give(source, allRate, now)) {}
  }

  /** Asks a source for pieces `first` to before `end`. */
  open(from: PooledSource<S, W>, work: W, first: number, end: number): Lane<S, W> {
    const now = this.options.clock.now()
    const controller = new AbortController()
    const lane: Lane<S, W> = {
      ...{ from, work, first, end, controller },
      at: first,
      filled: 0,
      startedAt: now,
      heardAt: now,
      heard: false,
      over: false,
    }
    from.lanes.add(lane)
    from.estimator.onAsk(now)
    from.report.requests++
    void this.options.read(lane).then(
      () => this.end(lane),
      (error) => this.fail(lane, error),
    )
    return lane
  }

  /** Bytes came; false when the lane is over and they are of no use. */
  hear(lane: Lane<S, W>, bytes: number): boolean {
    const { from } = lane
    if (lane.over) {
      from.report.wastedBytes += bytes
      return false
    }
    const now = this.options.clock.now()
    const first = !lane.heard
    if (first) from.estimator.onFirstByte(now - lane.startedAt)
    lane.heard = true
    lane.heardAt = now
    from.silentMs = 0
    from.estimator.onBytes(now, bytes, first)
    return true
  }

  /** The request of a lane was answered to its end. */
  answered({ from }: Lane<S, W>, bytes: number): void {
    from.lastBytes = Math.max(from.lastBytes, bytes)
  }

  stop(lane: Lane<S, W>): void {
    if (lane.over) return
    lane.over = true
    const { from } = lane
    from.lanes.delete(lane)
    from.report.wastedBytes += lane.filled
    if (from.lanes.size === 0) from.estimator.onIdle(this.options.clock.now())
    lane.controller.abort()
    this.options.release(lane)
  }

  /** No more is asked of it. A lie counts as a failure. */
  drop(source: PooledSource<S, W>, reason: NonNullable<SourceReport['dropped']>): void {
    source.report.dropped = reason
    if (reason === 'lied') source.report.failures++
    for (const lane of [...source.lanes]) this.stop(lane)
  }

  private end(lane: Lane<S, W>): void {
    this.stop(lane)
    this.options.onFree()
  }

  private fail(lane: Lane<S, W>, error: unknown): void {
    if (lane.over) return
    const { from } = lane
    this.stop(lane)
    const blame = this.options.blame(error, lane)
    if (blame === 'lied') this.drop(from, 'lied')
    else if (blame === 'failed') {
      from.report.failures++
      from.failuresInRow++
      if (from.failuresInRow >= MAX_FAILURES) this.drop(from, error instanceof Stall ? 'stalled' : 'failed')
      else from.notBefore = this.options.clock.now() + backoffMs(from.failuresInRow)
    }
    this.options.onFree()
  }

  private endStalls(now: number): void {
    for (const source of this.sources) {
      if (source.lanes.size > 0) source.silentMs += WATCH_MS
      if (source.silentMs <= stallMs(0, false)) continue
      source.silentMs = 0
      const [first, ...others] = [...source.lanes]
      for (const lane of others) this.stop(lane)
      if (first) this.fail(first, new Stall())
    }
    const { bytesOf, nextBytes } = this.options
    for (const lane of this.lanes()) {
      const bytes = nextBytes?.(lane) ?? bytesOf(lane, lane.at, lane.at + 1)
      const expectedMs = lane.from.estimator.latencyMs() + bytes / lane.from.rateOfLane(now)
      if (now - lane.heardAt > stallMs(expectedMs, lane.heard)) this.fail(lane, new Stall())
    }
  }
}

/** Nothing was heard for too long. */
class Stall extends Error {}
