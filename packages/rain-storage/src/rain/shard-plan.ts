/**
 * A layout as a plan for a downloader that takes shards from many holders at once: what has to be fetched, and how any k shards become data. The
 * shapes are those of `SegmentPlan` and `slots` of `@zos/zcdn`; neither package needs the other.
 */
import type { CID } from 'multiformats/cid'
import { createErasureCode, type ErasureCode } from '../erasure/code.ts'
import { SHARD_ALIGN, shardLength } from '../erasure/segment.ts'
import { isStorageError } from '../errors.ts'
import type { Layout } from './layout.ts'
import { createPlacement, type PlacementNode } from './placement.ts'

/** What {@link shardPlan} makes. */
export interface ShardPlan {
  readonly dataShards: number
  /** stretches of shards that begin and end at multiples of this can be decoded alone */
  readonly alignBytes: number
  /** bytes of ciphertext and of a shard; the CIDs of the shards in order */
  readonly segments: readonly {
    readonly length: number
    readonly shardBytes: number
    readonly shards: readonly CID[]
  }[]
  readonly code: ErasureCode
}

/** The plan of a layout. @param code the code of the layout, where there is one already: making it takes 25 ms and more */
export function shardPlan(layout: Layout, code?: ErasureCode): ShardPlan {
  const { dataShards, totalShards, construction } = layout
  return {
    dataShards,
    alignBytes: SHARD_ALIGN[construction],
    segments: layout.segments.map(({ length, shards }) => ({
      length,
      shardBytes: shardLength(length, dataShards, construction),
      shards,
    })),
    code: code ?? createErasureCode({ dataShards, totalShards, construction }),
  }
}

/**
 * Which slots of a segment a node should have when nothing was moved since the put: for `slots` of a source of shards. None where fewer nodes than
 * shards are left: then everyone has to be asked. Cost: one placement a segment, made when it is first asked for.
 * @param perDomain shards of a segment in one failure domain, as the vault that put the file had it; default n − k
 */
export function placedSlots(
  layout: Layout,
  nodes: readonly PlacementNode[],
  perDomain = Math.max(1, layout.totalShards - layout.dataShards),
): (nodeId: string) => (segment: number) => readonly number[] {
  const placement = createPlacement(nodes)
  const place = (key: Uint8Array) => {
    try {
      return placement.place(key, layout.totalShards, perDomain).map(({ id }) => id)
    } catch (error) {
      if (isStorageError(error, 'STORAGE_PLACEMENT')) return []
      throw error
    }
  }
  const holders: (readonly string[])[] = []
  const holdersOf = (segment: number) => {
    holders[segment] ??= place(segmentKey(layout.segments[segment]!))
    return holders[segment]!
  }
  return (nodeId) => (segment) => holdersOf(segment).flatMap((id, slot) => (id === nodeId ? [slot] : []))
}

/** What a segment is placed by: the digest of its first shard. */
export function segmentKey(segment: { readonly shards: readonly CID[] }): Uint8Array {
  return segment.shards[0]!.multihash.digest
}
