import type { Clock } from '../clock.ts'
import { type Hasher, portableHasher } from '../content/hasher.ts'
import type { DownloadProgress } from '../download/progress.ts'
import { CdnError } from '../errors.ts'
import { systemClock } from '../platform/system-clock.ts'
import type { SegmentPlan, ShardSource } from './segment-plan.ts'
import { ShardFetcher } from './shard-fetcher.ts'

/** Bytes of data that are fetched ahead of the reader. */
const DEFAULT_WINDOW_BYTES = 16 * 1024 * 1024
/** Slots and segments are numbered within this. */
const MAX_SHARDS = 255
/** Of the k data shards together: what a plan may make a reader hold, n/k times, for one segment. Four times rain storage's limit. */
const MAX_SEGMENT_BYTES = 256 * 1024 * 1024

/** Options of {@link downloadSegments}. */
export interface DownloadSegmentsOptions {
  /** The shards of each segment by CID, and how they are coded. */
  plan: SegmentPlan
  /** Who may hold shards. None is believed. */
  sources: Iterable<ShardSource>
  /** First segment to read. Default 0. */
  first?: number
  /** Segment before which to stop. Default: all that follow. */
  end?: number
  /** Data fetched ahead of the reader; memory stays below n/k of this, two segments at least. Default 16 MiB. */
  windowBytes?: number
  /** Checks shards. Default {@link portableHasher}. */
  hasher?: Hasher
  /** Default: the system's. */
  clock?: Clock
  /** Ends the download; the call rejects with its reason. */
  signal?: AbortSignal
  /** Told as segments are done, some times a second, and at the end. */
  onProgress?: (progress: DownloadProgress) => void
}

/**
 * Reads erasure-coded segments in order from the holders of their shards; any k of n are enough, each verified by its CID. The caller may change
 * the bytes that it is given.
 *
 * @returns when all are read, what each source did.
 * @throws CdnError `CDN_NO_SOURCE` when fewer than k shards of a segment can be had, `CDN_INVALID_ARGUMENT` for a plan or a range that cannot be; the
 *   signal's reason when aborted.
 */
export async function* downloadSegments(
  options: DownloadSegmentsOptions,
): AsyncGenerator<Uint8Array, DownloadProgress> {
  const { plan, signal, windowBytes = DEFAULT_WINDOW_BYTES, first = 0, end = plan.segments.length } = options
  checkPlan(plan, first, end, windowBytes)
  signal?.throwIfAborted()
  const largest = plan.segments.reduce((most, { shardBytes }) => Math.max(most, shardBytes), 0) * plan.dataShards
  const fetcher = new ShardFetcher({
    plan,
    first,
    end,
    windowSegments: Math.max(2, Math.floor(windowBytes / Math.max(1, largest))),
    hasher: options.hasher ?? portableHasher,
    clock: options.clock ?? systemClock,
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
  })
  const onAbort = () => fetcher.stopAll(signal!.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    for (const source of options.sources) fetcher.addSource(source)
    for (let index = first; index < end; index++) yield await fetcher.next()
    return fetcher.progress()
  } finally {
    signal?.removeEventListener('abort', onAbort)
    fetcher.stopAll(new CdnError('CDN_ABORTED', 'the reader of the segments gave up'))
  }
}

function checkPlan(plan: SegmentPlan, first: number, end: number, windowBytes: number): void {
  const { dataShards, alignBytes, segments } = plan
  const isWhole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most
  const isSound =
    isWhole(dataShards, 1, MAX_SHARDS) &&
    isWhole(alignBytes, 1, Number.MAX_SAFE_INTEGER) &&
    isWhole(first, 0, segments.length) &&
    isWhole(end, first, segments.length) &&
    windowBytes > 0 &&
    segments.every(
      ({ length, shardBytes, shards }) =>
        isWhole(shards.length, dataShards, MAX_SHARDS) &&
        isWhole(shardBytes, 1, MAX_SEGMENT_BYTES / dataShards) &&
        isWhole(length, 0, shardBytes * dataShards),
    )
  if (!isSound) {
    throw new CdnError('CDN_INVALID_ARGUMENT', 'the segments, their shards or the range asked for cannot be', {
      dataShards,
      alignBytes,
      first,
      end,
      windowBytes,
    })
  }
}
