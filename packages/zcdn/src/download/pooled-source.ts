import { Estimator } from './estimator.ts'
import { etaMs } from './patience.ts'
import { isHedgeWorthIt, requestBytes, staggered, stealBytes } from './plan.ts'
import type { SourceReport } from './progress.ts'

/** Requests at once of a source that does not say how many. */
const DEFAULT_PARALLEL = 3

/** What the pool must know of a place that can be asked. */
export interface Askable {
  readonly id: string
  readonly parallel?: number
}

/**
 * A request in flight, for pieces `first` to before `end` of something: leaves of an object, strips of a shard. `work` says of what.
 */
export interface Lane<S extends Askable, W> {
  readonly from: PooledSource<S, W>
  readonly work: W
  readonly first: number
  /** One past the last piece; moves down when the tail is taken over. */
  end: number
  /** The piece that is coming. */
  at: number
  /** Bytes of piece `at` that are there. */
  filled: number
  readonly startedAt: number
  heardAt: number
  /** Its answer has begun. */
  heard: boolean
  over: boolean
  readonly controller: AbortController
}

/** What is known of one source: what it owes, how fast it is, how often it failed. Times are milliseconds, rates bytes a millisecond. */
export class PooledSource<S extends Askable, W> {
  readonly source: S
  readonly parallel: number
  readonly lanes = new Set<Lane<S, W>>()
  readonly estimator = new Estimator()
  readonly report: SourceReport
  /** It is not asked before this time. */
  notBefore = 0
  failuresInRow = 0
  /** How long it has owed something and sent nothing, in whichever request: each may be taken over before it counts as stalled. */
  silentMs = 0
  /** Size of the largest request that it answered to its end. */
  lastBytes = 0

  constructor(source: S) {
    this.source = source
    this.parallel = Math.max(1, source.parallel ?? DEFAULT_PARALLEL)
    const { id } = source
    this.report = { id, bytes: 0, wastedBytes: 0, requests: 0, failures: 0, bytesPerSecond: 0, latencyMs: 0 }
  }

  get isLive(): boolean {
    return this.report.dropped === undefined
  }

  isFree(now: number): boolean {
    return this.isLive && this.notBefore <= now && this.lanes.size < this.parallel
  }

  /** How much to ask it for next; `leftOf` says what its lanes have still to bring. */
  askBytes(
    all: { rate: number; remaining: number; windowBytes: number },
    leftOf: (lane: Lane<S, W>) => number,
    now: number,
  ): number {
    const { parallel, lastBytes } = this
    const rate = this.estimator.rateAt(now)
    const latencyMs = this.estimator.latencyMs()
    let bytes = requestBytes({ rate, latencyMs, parallel, lastBytes }, all)
    for (const lane of this.lanes) bytes = staggered(bytes, leftOf(lane), rate, latencyMs)
    return bytes
  }

  /** When one of its lanes will have brought `bytes`, in milliseconds from now. */
  etaMs(lane: Lane<S, W>, bytes: number, now: number): number {
    const { estimator } = this
    return etaMs({
      bytes,
      rate: this.rateOfLane(now),
      quietMs: Math.max(now - lane.heardAt, estimator.silenceMs(now)),
      latencyMs: lane.heard ? 0 : estimator.latencyMs(),
    })
  }

  /** What each of its lanes gets of its rate. */
  rateOfLane(now: number): number {
    return this.estimator.rateAt(now) / Math.max(1, this.lanes.size)
  }

  /** Bytes of the tail of a lane with `left` bytes to come that this source should take, so that both end together. */
  stealBytes(lane: Lane<S, W>, left: number, now: number): number {
    return stealBytes(
      left,
      Math.max(1e-6, lane.from.rateOfLane(now)),
      this.rateOfOneMore(now),
      this.estimator.latencyMs(),
    )
  }

  /** True when this source should have `bytes` well before `etaMs`. */
  isWellBefore(etaMs: number, bytes: number, now: number): boolean {
    return isHedgeWorthIt(etaMs, bytes, this.rateOfOneMore(now), this.estimator.latencyMs())
  }

  reportAt(now: number): SourceReport {
    const { estimator, lanes, report } = this
    const isKnown = lanes.size > 0 || estimator.measured
    return {
      ...report,
      bytesPerSecond: isKnown ? estimator.rateAt(now) * 1000 : 0,
      latencyMs: estimator.latencyMs(),
    }
  }

  private rateOfOneMore(now: number): number {
    return this.estimator.rateAt(now) / this.parallel
  }
}
