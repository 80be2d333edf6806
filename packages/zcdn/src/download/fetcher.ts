import type { Clock } from '../clock.ts'
import type { ContentMap } from '../content/content-map.ts'
import { type Hasher, isBlock } from '../content/hasher.ts'
import { CdnError } from '../errors.ts'
import { Estimator } from './estimator.ts'
import { backoffMs, etaMs, MAX_FAILURES, PROGRESS_MS, stallMs, WATCH_MS } from './patience.ts'
import { isHedgeWorthIt, requestBytes, skipBytes, staggered, stealBytes } from './plan.ts'
import type { DownloadProgress, LeafEvent, SourceReport } from './progress.ts'
import type { Source } from './source.ts'

const MISSING = 0
const TAKEN = 1
const DONE = 2

const DEFAULT_PARALLEL = 3

interface Lane {
  from: SourceState
  first: number
  /** One past the last leaf; moves down when the tail is taken over. */
  end: number
  at: number
  filled: number
  startedAt: number
  heardAt: number
  heard: boolean
  over: boolean
  controller: AbortController
}

interface SourceState {
  source: Source
  parallel: number
  lanes: Set<Lane>
  estimator: Estimator
  notBefore: number
  failuresInRow: number
  /** Size of the last whole request that was answered to its end. */
  lastBytes: number
  report: SourceReport
}

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
  private readonly states: SourceState[] = []
  private readonly leaf: Uint8Array
  private readonly leaves: number
  private doneLeaves = 0
  private doneBytes = 0
  private missingBytes: number
  private lowestMissing = 0
  private windowStart = 0
  private moreSources = false
  private started = false
  private starving = false
  private startedAt: number
  private progressAt = Number.NEGATIVE_INFINITY
  private resumedBytes = 0
  private settled = false
  private cancelWatch: () => void = () => {}
  private resolve!: () => void
  private reject!: (error: unknown) => void
  /** Settles when all is fetched and delivered, or cannot be. */
  readonly finished: Promise<void>

  constructor(options: FetcherOptions) {
    this.options = options
    const { map, done } = options
    this.leaves = map.leaves.length
    this.leaf = new Uint8Array(this.leaves)
    this.missingBytes = map.size
    this.startedAt = options.clock.now()
    if (done) {
      for (let i = 0; i < this.leaves; i++) {
        if (!done(i)) continue
        this.leaf[i] = DONE
        this.doneLeaves++
        this.resumedBytes += this.sizeOf(i)
      }
    }
    this.doneBytes = this.resumedBytes
    this.missingBytes -= this.resumedBytes
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
    if (this.doneLeaves === this.leaves) {
      this.settle()
      return
    }
    this.watch()
    this.pump()
  }

  noMoreSources(): void {
    this.moreSources = false
    this.pump()
  }

  addSource(source: Source): void {
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
      lastBytes: 0,
      report: { id: source.id, bytes: 0, wastedBytes: 0, requests: 0, failures: 0, bytesPerSecond: 0, latencyMs: 0 },
    })
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

  isDone(index: number): boolean {
    return this.leaf[index] === DONE
  }

  progress(): DownloadProgress {
    const now = this.options.clock.now()
    const elapsedMs = now - this.startedAt
    const sources = this.states.map(({ report, estimator, lanes }) => ({
      ...report,
      bytesPerSecond: lanes.size > 0 || estimator.measured ? estimator.rateAt(now) * 1000 : 0,
      latencyMs: estimator.latencyMs(),
    }))
    const bytesPerSecond = elapsedMs > 0 ? ((this.doneBytes - this.resumedBytes) / elapsedMs) * 1000 : 0
    return { bytesDone: this.doneBytes, bytesTotal: this.options.map.size, elapsedMs, bytesPerSecond, sources }
  }

  private sizeOf(index: number): number {
    return this.options.map.starts[index + 1]! - this.options.map.starts[index]!
  }

  private settle(error?: unknown): void {
    if (this.settled) return
    this.settled = true
    this.cancelWatch()
    for (const state of this.states) for (const lane of state.lanes) this.stop(lane)
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
    const now = this.options.clock.now()
    const live = this.states.filter((state) => !state.report.dropped)
    if (live.length === 0 && !this.moreSources) {
      const sources = this.states.map((state) => `${state.source.id}: ${state.report.dropped}`).join(', ')
      const left = this.options.map.size - this.doneBytes
      const text = `no source is left for ${left} bytes (${sources || 'none was given'})`
      this.settle(new CdnError('CDN_NO_SOURCE', text, { left }))
      return
    }
    const ready = live.filter((state) => state.notBefore <= now && state.lanes.size < state.parallel)
    ready.sort((a, b) => b.estimator.rateAt(now) - a.estimator.rateAt(now))
    const allRate = live.reduce((sum, state) => sum + state.estimator.rateAt(now), 0)
    for (const state of ready) {
      while (!this.settled && state.lanes.size < state.parallel && this.giveWork(state, allRate, now)) {}
    }
  }

  private giveWork(state: SourceState, allRate: number, now: number): boolean {
    return this.rescueHead(state, now) || this.takeNew(state, allRate, now) || this.takeOver(state, now)
  }

  /** The reader waits for the head, or its deadline nears, and this source would have it sooner than who fetches it now. */
  private rescueHead(state: SourceState, now: number): boolean {
    const { deadline, map } = this.options
    if (!this.starving && !deadline) return false
    const head = this.states
      .flatMap((s) => [...s.lanes])
      .reduce<Lane | undefined>(
        (least, lane) => (lane.over || (least && least.at <= lane.at) ? least : lane),
        undefined,
      )
    if (
      !head ||
      head.from === state ||
      this.leaf[head.at] === DONE ||
      this.lowestMissing < head.at ||
      map.starts[head.at]! > this.windowStart
    )
      return false
    const eta = this.etaOf(head, head.at + 1, now)
    if (deadline && !this.starving && now + eta < deadline(map.starts[head.at]!)) return false
    const rate = state.estimator.rateAt(now) / state.parallel
    if (this.isHedged(head.at) || !isHedgeWorthIt(eta, this.sizeOf(head.at), rate, state.estimator.latencyMs()))
      return false
    this.open(state, head.at, head.at + 1, now)
    return true
  }

  private takeNew(state: SourceState, allRate: number, now: number): boolean {
    const { starts } = this.options.map
    const { windowBytes } = this.options
    while (this.lowestMissing < this.leaves && this.leaf[this.lowestMissing] !== MISSING) this.lowestMissing++
    let first = this.lowestMissing
    const limit = this.windowStart + windowBytes
    if (first >= this.leaves || starts[first + 1]! > limit) return false
    const rate = state.estimator.rateAt(now)
    const latencyMs = state.estimator.latencyMs()
    let bytes = requestBytes(
      { rate, latencyMs, parallel: state.parallel, lastBytes: state.lastBytes },
      { rate: allRate, remaining: this.missingBytes, windowBytes },
    )
    for (const lane of state.lanes) {
      bytes = staggered(bytes, starts[lane.end]! - starts[lane.at]! - lane.filled, rate, latencyMs)
    }
    if (Number.isFinite(windowBytes)) {
      const wanted = starts[first]! + skipBytes(rate, latencyMs, bytes, allRate)
      let ahead = first
      while (ahead < this.leaves && starts[ahead]! < wanted) ahead++
      while (ahead < this.leaves && this.leaf[ahead] !== MISSING) ahead++
      if (ahead < this.leaves && starts[ahead + 1]! <= limit) first = ahead
    }
    let end = first + 1
    while (
      end < this.leaves &&
      this.leaf[end] === MISSING &&
      starts[end + 1]! - starts[first]! <= bytes &&
      starts[end + 1]! <= limit
    ) {
      end++
    }
    this.open(state, first, end, now)
    return true
  }

  /** Nothing is left to begin: take the tail of the request that would end last, or fetch its last leaf as well. */
  private takeOver(state: SourceState, now: number): boolean {
    const { starts } = this.options.map
    const rate = state.estimator.rateAt(now) / state.parallel
    const latencyMs = state.estimator.latencyMs()
    let victim: Lane | undefined
    let worst = 0
    for (const other of this.states) {
      if (other === state) continue
      for (const lane of other.lanes) {
        while (lane.end > lane.at && this.leaf[lane.end - 1] === DONE) lane.end--
        if (lane.over || lane.end === lane.at || this.isHedged(lane.at)) continue
        const eta = this.etaOf(lane, lane.end, now)
        if (eta > worst) {
          worst = eta
          victim = lane
        }
      }
    }
    if (!victim) return false
    const left = starts[victim.end]! - starts[victim.at]! - victim.filled
    const victimRate = Math.max(1e-6, victim.from.estimator.rateAt(now) / victim.from.lanes.size)
    const bytes = stealBytes(left, victimRate, rate, latencyMs)
    let first = victim.end
    while (first > victim.at + 1 && starts[victim.end]! - starts[first - 1]! <= bytes) first--
    if (first < victim.end) {
      const { end } = victim
      victim.end = first
      this.open(state, first, end, now)
      return true
    }
    const last = victim.end - 1
    if (!isHedgeWorthIt(worst, this.sizeOf(last), rate, latencyMs)) return false
    this.open(state, last, victim.end, now)
    return true
  }

  private etaOf(lane: Lane, end: number, now: number): number {
    const { starts } = this.options.map
    return etaMs({
      bytes: starts[end]! - starts[lane.at]! - lane.filled,
      rate: lane.from.estimator.rateAt(now) / Math.max(1, lane.from.lanes.size),
      quietMs: Math.max(now - lane.heardAt, lane.from.estimator.silenceMs(now)),
      latencyMs: lane.heard ? 0 : lane.from.estimator.latencyMs(),
    })
  }

  /** True when more than one lane will fetch the leaf. */
  private isHedged(index: number): boolean {
    let holders = 0
    for (const state of this.states) {
      for (const lane of state.lanes) if (!lane.over && lane.at <= index && index < lane.end) holders++
    }
    return holders > 1
  }

  private open(state: SourceState, first: number, end: number, now: number): void {
    for (let i = first; i < end; i++) {
      if (this.leaf[i] !== MISSING) continue
      this.leaf[i] = TAKEN
      this.missingBytes -= this.sizeOf(i)
    }
    const lane: Lane = {
      from: state,
      first,
      end,
      at: first,
      filled: 0,
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
  }

  /** Reads a lane to its end, leaf by leaf. */
  private async run(lane: Lane): Promise<void> {
    const { map, clock, hasher, deliver } = this.options
    const { source, estimator, report } = lane.from
    const request = {
      root: map.root,
      start: map.starts[lane.first]!,
      end: map.starts[lane.end]!,
      leaves: map.leaves.slice(lane.first, lane.end),
    }
    let buffer = new Uint8Array(this.sizeOf(lane.at))
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
      estimator.onBytes(now, chunk.length, first)
      for (let at = 0; at < chunk.length; ) {
        const take = Math.min(buffer.length - lane.filled, chunk.length - at)
        buffer.set(at === 0 && take === chunk.length ? chunk : chunk.subarray(at, at + take), lane.filled)
        lane.filled += take
        at += take
        if (lane.filled < buffer.length) break
        const index = lane.at
        if (this.leaf[index] === DONE) report.wastedBytes += buffer.length
        else {
          const verdict = isBlock(map.leaves[index]!, buffer, hasher)
          if (!(typeof verdict === 'boolean' ? verdict : await verdict)) throw new Lie(index)
          if (this.settled) return
          // While the digest was computed another lane may have been first.
          if (this.leaf[index] === DONE) report.wastedBytes += buffer.length
          else await this.accept(index, buffer, lane, deliver)
        }
        if (lane.over || this.settled) return
        lane.at++
        lane.filled = 0
        if (lane.at >= lane.end) {
          lane.from.lastBytes = Math.max(lane.from.lastBytes, request.end - request.start)
          return
        }
        buffer = new Uint8Array(this.sizeOf(lane.at))
        if (this.isRestDone(lane)) return
      }
    }
    throw new CdnError('CDN_SOURCE_FAILED', `${source.id} ended its answer early`, { source: source.id })
  }

  private async accept(
    index: number,
    bytes: Uint8Array,
    lane: Lane,
    deliver: FetcherOptions['deliver'],
  ): Promise<void> {
    const { starts } = this.options.map
    if (this.leaf[index] === MISSING) this.missingBytes -= bytes.length
    this.leaf[index] = DONE
    lane.from.report.bytes += bytes.length
    lane.from.failuresInRow = 0
    this.options.onLeaf?.({
      index,
      start: starts[index]!,
      end: starts[index + 1]!,
      source: lane.from.source.id,
      atMs: this.options.clock.now() - this.startedAt,
    })
    // Copies of this leaf that are still on their way are not wanted any more.
    for (const other of this.states.flatMap((state) => [...state.lanes])) {
      if (other !== lane && this.isRestDone(other)) this.stop(other)
    }
    try {
      await deliver(index, bytes)
    } catch (error) {
      this.settle(error)
      return
    }
    this.doneLeaves++
    this.doneBytes += bytes.length
    if (this.doneLeaves === this.leaves) {
      this.settle()
      return
    }
    this.pump()
    const now = this.options.clock.now()
    if (this.options.onProgress && now - this.progressAt >= PROGRESS_MS) {
      this.progressAt = now
      this.options.onProgress(this.progress())
    }
  }

  private isRestDone(lane: Lane): boolean {
    for (let i = lane.at; i < lane.end; i++) if (this.leaf[i] !== DONE) return false
    return true
  }

  private stop(lane: Lane): void {
    if (lane.over) return
    lane.over = true
    lane.from.lanes.delete(lane)
    lane.from.report.wastedBytes += lane.filled
    if (lane.from.lanes.size === 0) lane.from.estimator.onIdle(this.options.clock.now())
    lane.controller.abort()
    for (let i = lane.at; i < lane.end; i++) {
      if (this.leaf[i] !== TAKEN || this.isHeld(i)) continue
      this.leaf[i] = MISSING
      this.missingBytes += this.sizeOf(i)
      if (i < this.lowestMissing) this.lowestMissing = i
    }
  }

  private isHeld(index: number): boolean {
    for (const state of this.states) {
      for (const lane of state.lanes) if (lane.at <= index && index < lane.end) return true
    }
    return false
  }

  private close(lane: Lane): void {
    if (lane.over) return
    this.stop(lane)
    this.pump()
  }

  private fail(lane: Lane, error: unknown): void {
    if (lane.over || this.settled) return
    const state = lane.from
    this.stop(lane)
    state.report.failures++
    if (error instanceof Lie) this.drop(state, 'lied')
    else {
      state.failuresInRow++
      if (state.failuresInRow >= MAX_FAILURES) this.drop(state, error instanceof Stall ? 'stalled' : 'failed')
      else {
        state.notBefore = this.options.clock.now() + backoffMs(state.failuresInRow)
      }
    }
    this.pump()
  }

  private drop(state: SourceState, reason: 'lied' | 'stalled' | 'failed'): void {
    state.report.dropped = reason
    for (const lane of [...state.lanes]) this.stop(lane)
  }

  /** Looks for stalls, and wakes sources whose wait is over. */
  private watch(): void {
    this.cancelWatch = this.options.clock.after(WATCH_MS, () => {
      if (this.settled) return
      const now = this.options.clock.now()
      for (const state of this.states) {
        const perLane = state.estimator.rateAt(now) / Math.max(1, state.lanes.size)
        for (const lane of [...state.lanes]) {
          const expected = state.estimator.latencyMs() + this.sizeOf(lane.at) / perLane
          if (now - lane.heardAt > stallMs(expected, lane.heard)) this.fail(lane, new Stall())
        }
      }
      this.pump()
      if (!this.settled) this.watch()
    })
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

/** Nothing was heard for too long. */
class Stall extends Error {}
