import type { Clock } from '../clock.ts'
import type { ContentMap } from '../content/content-map.ts'
import { type Hasher, isBlock } from '../content/hasher.ts'
import { CdnError } from '../errors.ts'
import { LeafBook } from './leaf-book.ts'
import { PROGRESS_MS } from './patience.ts'
import { skipBytes } from './plan.ts'
import type { Lane, PooledSource } from './pooled-source.ts'
import type { DownloadProgress, LeafEvent } from './progress.ts'
import type { Source } from './source.ts'
import { SourcePool } from './source-pool.ts'

/** A request for a run of leaves. */
type LeafLane = Lane<Source, undefined>
type LeafSource = PooledSource<Source, undefined>

/** What {@link Fetcher} needs. */
export interface FetcherOptions {
  map: ContentMap
  clock: Clock
  hasher: Hasher
  /** Takes a verified leaf; the source that sent it waits until this resolves. */
  deliver: (index: number, bytes: Uint8Array) => void | Promise<void>
  /** Bytes past {@link Fetcher.advance}'s point that may be fetched. `Infinity`: any order will do. */
  windowBytes: number
  /** Clock time at which byte `offset` is wanted; leaves past it are fetched twice rather than late. */
  deadline?: (offset: number) => number
  done?: (index: number) => boolean
  onProgress?: (progress: DownloadProgress) => void
  onLeaf?: (leaf: LeafEvent) => void
}

/**
 * Fetches every leaf of a map from many sources at once. Each source is kept busy with requests in proportion to its rate; who runs out of
 * work takes over the tail of the request that would end last; the last leaves are asked for twice when that is sooner. Each leaf is
 * verified before it counts. Sources that lie are dropped at once, those that stall or fail after some tries.
 *
 * Single-threaded and driven by its sources' bytes and the clock alone: in virtual time it is deterministic.
 */
export class Fetcher {
  private readonly options: FetcherOptions
  private readonly pool: SourcePool<Source, undefined>
  private readonly book: LeafBook
  private windowStart = 0
  private moreSources = false
  private started = false
  private starving = false
  private readonly startedAt: number
  private progressAt = Number.NEGATIVE_INFINITY
  private readonly resumedBytes: number
  private settled = false
  private resolve!: () => void
  private reject!: (error: unknown) => void
  /** Settles when all is fetched and delivered, or cannot be. */
  readonly finished: Promise<void>

  constructor(options: FetcherOptions) {
    this.options = options
    const { map, clock, done } = options
    this.book = new LeafBook(map, done)
    this.resumedBytes = this.book.doneBytes
    this.pool = new SourcePool<Source, undefined>({
      clock,
      bytesOf: (_lane, first, end) => map.starts[end]! - map.starts[first]!,
      read: (lane) => this.read(lane),
      release: (lane) => this.release(lane),
      blame: (error) => (error instanceof Lie ? 'lied' : 'failed'),
      onFree: () => this.pump(),
    })
    this.startedAt = clock.now()
    this.finished = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.finished.catch(() => {})
  }

  /** Begins; sources may be added before and after. `moreSources`: others may still come, so having none is not the end. */
  start(moreSources: boolean): void {
    this.moreSources = moreSources
    this.started = true
    if (this.book.isComplete) {
      this.settle()
      return
    }
    this.pool.watch()
    this.pump()
  }

  noMoreSources(): void {
    this.moreSources = false
    this.pump()
  }

  addSource(source: Source): void {
    this.pool.add(source)
    this.pump()
  }

  /** The reader has taken all before leaf `index`: the window moves. `waiting`: it wants that leaf now. */
  advance(index: number, waiting: boolean): void {
    this.windowStart = this.options.map.starts[index]!
    this.starving = waiting
    this.pump()
  }

  abort(reason: unknown): void {
    this.settle(reason ?? new CdnError('CDN_ABORTED', 'the download was stopped'))
  }

  progress(): DownloadProgress {
    const now = this.options.clock.now()
    const elapsedMs = now - this.startedAt
    const { doneBytes } = this.book
    return {
      bytesDone: doneBytes,
      bytesTotal: this.options.map.size,
      elapsedMs,
      bytesPerSecond: elapsedMs > 0 ? ((doneBytes - this.resumedBytes) / elapsedMs) * 1000 : 0,
      sources: this.pool.sources.map((source) => source.reportAt(now)),
    }
  }

  private settle(error?: unknown): void {
    if (this.settled) return
    this.settled = true
    this.pool.close()
    if (error !== undefined) {
      this.reject(error)
      return
    }
    this.options.onProgress?.(this.progress())
    this.resolve()
  }

  /** Gives work to every source that has a free lane. */
  private pump(): void {
    if (this.settled || !this.started) return
    if (!this.moreSources && this.pool.live().length === 0) {
      const sources = this.pool.sources.map(({ report }) => `${report.id}: ${report.dropped}`).join(', ')
      const left = this.options.map.size - this.book.doneBytes
      const text = `no source is left for ${left} bytes (${sources || 'none was given'})`
      this.settle(new CdnError('CDN_NO_SOURCE', text, { left }))
      return
    }
    this.pool.handOut(
      (source, allRate, now) =>
        this.rescueHead(source, now) || this.takeNew(source, allRate, now) || this.takeOver(source, now),
    )
  }

  /** The reader waits for the head, or its deadline nears, and this source would have it sooner than who fetches it now. */
  private rescueHead(source: LeafSource, now: number): boolean {
    const { deadline, map } = this.options
    if (!this.starving && !deadline) return false
    let head: LeafLane | undefined
    for (const lane of this.pool.lanes()) if (!head || lane.at < head.at) head = lane
    if (!head || head.from === source || this.book.isDone(head.at)) return false
    const { at } = head
    if (this.book.lowestMissing() < at || map.starts[at]! > this.windowStart) return false
    const eta = this.pool.etaMs(head, now, at + 1)
    if (deadline && !this.starving && now + eta < deadline(map.starts[at]!)) return false
    if (this.isHedged(at) || !source.isWellBefore(eta, this.book.sizeOf(at), now)) return false
    this.open(source, at, at + 1)
    return true
  }

  private takeNew(source: LeafSource, allRate: number, now: number): boolean {
    const { book, pool } = this
    const { windowBytes, map } = this.options
    const { starts } = map
    let first = book.lowestMissing()
    const limit = this.windowStart + windowBytes
    if (first >= book.count || starts[first + 1]! > limit) return false
    const all = { rate: allRate, remaining: book.missingBytes, windowBytes }
    const bytes = source.askBytes(all, pool.leftOf, now)
    if (Number.isFinite(windowBytes)) {
      const { estimator } = source
      const wanted = starts[first]! + skipBytes(estimator.rateAt(now), estimator.latencyMs(), bytes, allRate)
      let ahead = first
      while (ahead < book.count && starts[ahead]! < wanted) ahead++
      while (ahead < book.count && !book.isMissing(ahead)) ahead++
      if (ahead < book.count && starts[ahead + 1]! <= limit) first = ahead
    }
    let end = first + 1
    while (
      end < book.count &&
      book.isMissing(end) &&
      starts[end + 1]! - starts[first]! <= bytes &&
      starts[end + 1]! <= limit
    ) {
      end++
    }
    this.open(source, first, end)
    return true
  }

  /** Nothing is left to begin: take the tail of the request that would end last, or fetch its last leaf as well. */
  private takeOver(source: LeafSource, now: number): boolean {
    const { starts } = this.options.map
    let victim: LeafLane | undefined
    let worst = 0
    for (const lane of this.pool.lanes()) {
      if (lane.from === source) continue
      while (lane.end > lane.at && this.book.isDone(lane.end - 1)) lane.end--
      if (lane.end === lane.at || this.isHedged(lane.at)) continue
      const eta = this.pool.etaMs(lane, now)
      if (eta > worst) {
        worst = eta
        victim = lane
      }
    }
    if (!victim) return false
    const { at, end } = victim
    const bytes = source.stealBytes(victim, this.pool.leftOf(victim), now)
    let first = end
    while (first > at + 1 && starts[end]! - starts[first - 1]! <= bytes) first--
    if (first < end) {
      victim.end = first
      this.open(source, first, end)
      return true
    }
    if (!source.isWellBefore(worst, this.book.sizeOf(end - 1), now)) return false
    this.open(source, end - 1, end)
    return true
  }

  private open(source: LeafSource, first: number, end: number): void {
    this.book.take(first, end)
    this.pool.open(source, undefined, first, end)
  }

  /** How many lanes will fetch the leaf. */
  private holdersOf(index: number): number {
    let holders = 0
    for (const lane of this.pool.lanes()) if (lane.at <= index && index < lane.end) holders++
    return holders
  }

  private isHedged(index: number): boolean {
    return this.holdersOf(index) > 1
  }

  private release({ at, end }: LeafLane): void {
    for (let i = at; i < end; i++) if (this.holdersOf(i) === 0) this.book.release(i)
  }

  /** Reads a lane to its end, leaf by leaf. */
  private async read(lane: LeafLane): Promise<void> {
    const { book, pool } = this
    const { map, hasher } = this.options
    const { source, report } = lane.from
    const request = {
      root: map.root,
      start: map.starts[lane.first]!,
      end: map.starts[lane.end]!,
      leaves: map.leaves.slice(lane.first, lane.end),
    }
    let buffer = new Uint8Array(book.sizeOf(lane.at))
    for await (const chunk of source.read(request, { signal: lane.controller.signal })) {
      if (!pool.hear(lane, chunk.length)) return
      for (let at = 0; at < chunk.length; ) {
        const take = Math.min(buffer.length - lane.filled, chunk.length - at)
        buffer.set(at === 0 && take === chunk.length ? chunk : chunk.subarray(at, at + take), lane.filled)
        lane.filled += take
        at += take
        if (lane.filled < buffer.length) break
        const index = lane.at
        if (book.isDone(index)) report.wastedBytes += buffer.length
        else {
          const verdict = isBlock(map.leaves[index]!, buffer, hasher)
          if (!(typeof verdict === 'boolean' ? verdict : await verdict)) throw new Lie(index)
          if (this.settled) return
          // While the digest was computed another lane may have been first.
          if (book.isDone(index)) report.wastedBytes += buffer.length
          else await this.accept(index, buffer, lane)
        }
        if (lane.over || this.settled) return
        lane.at++
        lane.filled = 0
        if (lane.at >= lane.end) {
          pool.answered(lane, request.end - request.start)
          return
        }
        buffer = new Uint8Array(book.sizeOf(lane.at))
        if (book.isRunDone(lane.at, lane.end)) return
      }
    }
    throw new CdnError('CDN_SOURCE_FAILED', `${source.id} ended its answer early`, { source: source.id })
  }

  /** A leaf is right: hands it on. */
  private async accept(index: number, bytes: Uint8Array, lane: LeafLane): Promise<void> {
    const { book } = this
    const { map, clock, deliver, onLeaf, onProgress } = this.options
    const { starts } = map
    book.arrive(index)
    lane.from.report.bytes += bytes.length
    lane.from.failuresInRow = 0
    const atMs = clock.now() - this.startedAt
    onLeaf?.({ index, start: starts[index]!, end: starts[index + 1]!, source: lane.from.report.id, atMs })
    // Copies of this leaf that are still on their way are not wanted any more.
    for (const other of this.pool.lanes()) {
      if (other !== lane && book.isRunDone(other.at, other.end)) this.pool.stop(other)
    }
    try {
      await deliver(index, bytes)
    } catch (error) {
      this.settle(error)
      return
    }
    book.deliver(index)
    if (book.isComplete) {
      this.settle()
      return
    }
    this.pump()
    const now = clock.now()
    if (onProgress && now - this.progressAt >= PROGRESS_MS) {
      this.progressAt = now
      onProgress(this.progress())
    }
  }
}

/** A leaf did not match its CID. */
class Lie extends Error {
  readonly index: number
  constructor(index: number) {
    super(`leaf ${index} is not what its CID names`)
    this.index = index
  }
}
