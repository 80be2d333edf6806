import type { CID } from 'multiformats/cid'

/** A segment of a file: its data cut into k shards, from which n were made. */
export interface CodedSegment {
  /** Bytes of data, without the padding of the last shards. */
  readonly length: number
  /** Bytes of each shard, padding included. */
  readonly shardBytes: number
  /** The n shards in order; the first k hold the data. Each CID names the bytes of a whole shard. */
  readonly shards: readonly CID[]
}

/** Where an erasure-coded file's bytes come from. Rain storage's `shardPlan(layout)` makes one. */
export interface SegmentPlan {
  /** k: shards that give a segment back. */
  readonly dataShards: number
  /** Stretches of shards that begin and end at multiples of this many bytes (or at the end of the shard) can be decoded alone. */
  readonly alignBytes: number
  readonly segments: readonly CodedSegment[]
  readonly code: ShardCode
}

/** The arithmetic of a systematic (k, n) code; `ErasureCode` of rain storage is one. */
export interface ShardCode {
  /** The shards `wanted` from those that are there (at least k of n, the rest `undefined`), written to where `into` says. */
  reconstruct(
    shards: readonly (Uint8Array | undefined)[],
    wanted: readonly number[],
    into: (slot: number) => Uint8Array,
  ): unknown
}

/** A stretch of one shard. */
export interface ShardRequest {
  readonly cid: CID
  readonly segment: number
  readonly slot: number
  /** Bytes `start` to `end` (exclusive) of the shard. */
  readonly start: number
  readonly end: number
  /** All of the shard. */
  readonly shardBytes: number
}

/** The port to one place that has shards. Nothing that it says is believed. */
export interface ShardSource {
  /** Unique within a download; shows in reports. */
  readonly id: string
  /** Requests at once. Default 3. */
  readonly parallel?: number
  /** Always asked for whole shards: it cannot answer less. */
  readonly wholeOnly?: boolean
  /** The slots of a segment that it should have. Without this it may have any; who has not says so with `CDN_NOT_HERE`. */
  slots?(segment: number): readonly number[]
  /** The bytes in order, in chunks of any size. Throws `CDN_NOT_HERE` when it does not have the shard, anything else when it cannot answer. */
  read(request: ShardRequest, options: { signal: AbortSignal }): AsyncIterable<Uint8Array>
}
