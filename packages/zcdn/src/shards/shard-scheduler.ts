import { MAX_REQUEST_MS } from '../download/plan.ts'
import type { SourcePool } from '../download/source-pool.ts'
import type { PendingSegment } from './pending-segment.ts'
import type { ShardSource } from './segment-plan.ts'
import type { SegmentWindow } from './segment-window.ts'
import type { Holder, ShardHolders, ShardLane, ShardWork } from './shard-holders.ts'

/** A reader waits this long before new work is put off for its sake. */
const RESCUE_MS = 150
/** A request that takes so many times as long as it should gives its tail back. */
const GIVE_BACK_FACTOR = 1.5

/** Decides which strips of which shards each free source is asked for, and who takes over from whom. */
export class ShardScheduler {
  private readonly pool: SourcePool<ShardSource, ShardWork>
  private readonly window: SegmentWindow
  private readonly holders: ShardHolders

  constructor(pool: SourcePool<ShardSource, ShardWork>, window: SegmentWindow, holders: ShardHolders) {
    this.pool = pool
    this.window = window
    this.holders = holders
  }

  /**
   * What a source will not have sent when the download should be done, or within the longest request, goes back to where anybody may take it: near
   * the end only the few who have not sent their shard of that segment could.
   */
  giveBack(now: number): void {
    const allRate = this.pool.rateAt(now)
    for (const lane of this.pool.lanes()) {
      const { segment, slot, whole } = lane.work
      if (whole || lane.end - lane.at < 2) continue
      const leastMs = 2 * lane.from.estimator.latencyMs()
      const horizonMs = Math.max(leastMs, Math.min(MAX_REQUEST_MS, this.window.remainingBytes() / allRate))
      if (this.pool.etaMs(lane, now) <= GIVE_BACK_FACTOR * horizonMs) continue
      const bytes = horizonMs * lane.from.rateOfLane(now)
      let end = lane.at + 1
      while (end < lane.end && segment.startOf(end) - segment.startOf(lane.at) - lane.filled < bytes) end++
      segment.release(slot, end, lane.end)
      lane.end = end
    }
  }

  /** Opens a lane of the source; false when there is nothing for it to do. */
  giveWork(holder: Holder, allRate: number, now: number): boolean {
    return (
      this.rescueHead(holder, now) ||
      this.takeNew(holder, allRate, now) ||
      this.takeOver(this.pool.lanes(), holder, now)
    )
  }

  /** The reader waits, and all that it waits for is on its way: what will be late goes to who would have it sooner. */
  private rescueHead(holder: Holder, now: number): boolean {
    const head = this.window.wanted()
    if (!head || head.wantsMore) return false
    const late = [...this.pool.lanes()].filter(
      (lane) => lane.work.segment === head && this.pool.etaMs(lane, now) > RESCUE_MS,
    )
    return this.takeOver(late, holder, now)
  }

  private takeNew(holder: Holder, allRate: number, now: number): boolean {
    let bytes = 0
    for (const segment of this.window.segments()) {
      if (!segment.wantsMore || segment.recovering) continue
      const whole = this.holders.isWhole(holder, segment)
      for (const slot of this.holders.slotsOf(holder, segment)) {
        if (whole) {
          if (!segment.wantedRun(slot, 1) || !segment.isIdle(slot)) continue
          this.openWhole(holder, segment, slot)
          return true
        }
        bytes ||= this.bytesFor(holder, allRate, now)
        const run = segment.wantedRun(slot, bytes)
        if (!run) continue
        this.open(holder, segment, slot, run[0], run[1])
        return true
      }
    }
    return false
  }

  private bytesFor(holder: Holder, allRate: number, now: number): number {
    const { windowBytes } = this.window
    const all = { rate: allRate, remaining: this.window.remainingBytes(), windowBytes }
    return holder.askBytes(all, this.pool.leftOf, now)
  }

  /** Nothing is left to begin: take the tail of the request that would end last, or all of it where that is sooner. */
  private takeOver(lanes: Iterable<ShardLane>, holder: Holder, now: number): boolean {
    // Of whom nothing is known it cannot be said that it would be sooner.
    if (!holder.estimator.measured) return false
    const late = [...lanes]
      .filter((lane) => lane.from !== holder && lane.end > lane.at)
      .map((lane) => ({ lane, eta: this.pool.etaMs(lane, now) }))
      .sort((a, b) => b.eta - a.eta)
    return late.some(({ lane, eta }) =>
      lane.work.whole || this.holders.isWhole(holder, lane.work.segment)
        ? this.hedge(holder, lane, eta, now)
        : this.takeFrom(lane, holder, eta, now),
    )
  }

  private takeFrom(lane: ShardLane, holder: Holder, eta: number, now: number): boolean {
    const { segment, takenOver } = lane.work
    const { at, end } = lane
    const bytes = holder.stealBytes(lane, this.pool.leftOf(lane), now)
    const takesAll = !takenOver && holder.isWellBefore(eta, segment.startOf(end) - segment.startOf(at), now)
    for (const slot of this.holders.slotsOf(holder, segment)) {
      if (segment.isComplete(slot)) continue
      let first = end - segment.freeBefore(slot, end, at + 1)
      while (first < end && segment.startOf(end) - segment.startOf(first) > bytes) first++
      if (first < end) {
        lane.end = first
        segment.release(lane.work.slot, first, end)
        this.open(holder, segment, slot, first, end)
        return true
      }
      if (!takesAll || segment.freeBefore(slot, end, at) < end - at) continue
      this.pool.stop(lane)
      this.open(holder, segment, slot, at, end).work.takenOver = true
      return true
    }
    return false
  }

  /** Fetches one more whole shard of the segment when that should be there well before the late one; the first to come counts. */
  private hedge(holder: Holder, { work }: ShardLane, eta: number, now: number): boolean {
    const { segment } = work
    if (work.hedged || !holder.isWellBefore(eta, segment.coded.shardBytes, now)) return false
    const slot = this.holders.slotsOf(holder, segment).find((each) => segment.isIdle(each))
    if (slot === undefined) return false
    work.hedged = true
    this.openWhole(holder, segment, slot)
    return true
  }

  private openWhole(holder: Holder, segment: PendingSegment, slot: number): void {
    this.holders.discard(segment, slot)
    this.open(holder, segment, slot, 0, segment.strips, true)
  }

  private open(
    holder: Holder,
    segment: PendingSegment,
    slot: number,
    first: number,
    end: number,
    whole = false,
  ): ShardLane {
    segment.take(slot, first, end)
    return this.pool.open(holder, { segment, slot, whole, hedged: false, takenOver: false }, first, end)
  }
}
