import type { Lane, PooledSource } from '../download/pooled-source.ts'
import type { PendingSegment } from './pending-segment.ts'
import type { ShardSource } from './segment-plan.ts'

/** What a request for strips of a shard is about. */
export interface ShardWork {
  readonly segment: PendingSegment
  readonly slot: number
  /** The whole shard or nothing: its tail cannot be taken over. */
  readonly whole: boolean
  /** Another shard is being fetched in case this one is late. */
  hedged: boolean
  /** It was taken over as a whole; that happens once, or two slow sources would take from each other for ever. */
  takenOver: boolean
}

export type ShardLane = Lane<ShardSource, ShardWork>
export type Holder = PooledSource<ShardSource, ShardWork>

const keyOf = (segment: PendingSegment, slot: number) => segment.index * 256 + slot

/** Who has which shard, who sent something of it, and who is no longer believed without proof. */
export class ShardHolders {
  /** No source that should have a shard has it: everyone is asked. */
  askAround = false
  /** Shards that a source said not to have. */
  private readonly absent = new Map<Holder, Set<number>>()
  /** Their parts, or those of one beside them, were wrong: they are asked for whole shards, which show who lies. */
  private readonly suspects = new Set<Holder>()
  /** Who sent something of a shard. */
  private readonly senders = new Map<number, Set<Holder>>()

  /** Shards of the segment that the source may be asked for. */
  slotsOf(holder: Holder, segment: PendingSegment): readonly number[] {
    const { source } = holder
    const slots =
      this.askAround || !source.slots ? segment.coded.shards.map((_, slot) => slot) : source.slots(segment.index)
    const absent = this.absent.get(holder)
    return absent ? slots.filter((slot) => !absent.has(keyOf(segment, slot))) : slots
  }

  /** Whether the source is to be asked for whole shards of the segment only. */
  isWhole(holder: Holder, segment: PendingSegment): boolean {
    return holder.source.wholeOnly || this.suspects.has(holder) || segment.wholeOnly
  }

  /** True when those that should have shards of a segment which wants more have fewer than `dataShards`. */
  isShort(segments: Iterable<PendingSegment>, live: readonly Holder[], dataShards: number): boolean {
    for (const segment of segments) {
      if (!segment.wantsMore || segment.recovering) continue
      return new Set(live.flatMap((holder) => this.slotsOf(holder, segment))).size < dataShards
    }
    return false
  }

  hasNot({ from, work: { segment, slot } }: ShardLane): void {
    const absent = this.absent.get(from) ?? new Set()
    this.absent.set(from, absent.add(keyOf(segment, slot)))
  }

  sent({ from, work: { segment, slot } }: ShardLane): void {
    const key = keyOf(segment, slot)
    this.senders.set(key, (this.senders.get(key) ?? new Set()).add(from))
  }

  suspect(holder: Holder): void {
    this.suspects.add(holder)
  }

  sendersOf(segment: PendingSegment, slot: number): ReadonlySet<Holder> {
    return this.senders.get(keyOf(segment, slot)) ?? new Set()
  }

  /** Throws away what came of a shard, at the expense of those who sent it. */
  discard(segment: PendingSegment, slot: number): void {
    const bytes = segment.clear(slot)
    const senders = this.sendersOf(segment, slot)
    this.senders.delete(keyOf(segment, slot))
    for (const { report } of senders) {
      report.bytes -= bytes / senders.size
      report.wastedBytes += bytes / senders.size
    }
  }

  /** The segment is there: who sent what of it does not matter any more. */
  forget(segment: PendingSegment): void {
    segment.coded.shards.forEach((_, slot) => {
      this.senders.delete(keyOf(segment, slot))
    })
  }
}
