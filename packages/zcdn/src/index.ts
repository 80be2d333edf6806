export { Cache, type CacheOptions } from './caching/cache.ts'
export type { CacheSnapshot, CacheStats } from './caching/engine.ts'
export { POLICIES, POLICY_NAMES, type PolicyName } from './caching/policies.ts'
export type { Policy, PolicyFactory } from './caching/policy.ts'
export { Queue, Slots } from './caching/slots.ts'
export {
  type ByteStore,
  createMemoryStore,
  openStoredCache,
  type StoredCache,
  type StoredCacheOptions,
} from './caching/stored-cache.ts'
export type { Clock } from './clock.ts'
export {
  type ContentMap,
  DEFAULT_LEAF_BYTES,
  type Description,
  describe,
  type GetBlock,
  readContentMap,
} from './content/content-map.ts'
export { BLAKE2B_256, BLAKE3, type Hasher, portableHasher, SHA2_256, webHasher } from './content/hasher.ts'
export { type Address, type Family, interleave } from './dial/address.ts'
export { ATTEMPT_DELAY_MS, type Dialled, type DialOptions, dial, RESOLUTION_DELAY_MS } from './dial/happy-eyeballs.ts'
export { PathMemory } from './dial/path-memory.ts'
export {
  type DownloadOptions,
  type DownloadStreamOptions,
  type DownloadToOptions,
  downloadStream,
  downloadTo,
  type Sink,
  type StreamedDownload,
} from './download/download.ts'
export type { DownloadProgress, LeafEvent, SourceReport } from './download/progress.ts'
export type { RangeRequest, Source } from './download/source.ts'
export { CdnError, type CdnErrorCode, isCdnError } from './errors.ts'
export { formatMetrics, type Metric } from './metrics.ts'
export { systemClock } from './platform/system-clock.ts'
export type { Fetch } from './platform/system-fetch.ts'
export { type BanditOptions, type Estimate, SourceBandit } from './schedule/bandit.ts'
export { DemandForecast } from './schedule/demand.ts'
export {
  type PlaceableCache,
  type PlaceableObject,
  type Placement,
  type PlacementOptions,
  place,
} from './schedule/placement.ts'
export {
  type Candidate,
  type Choice,
  SourceScheduler,
  type SourceSchedulerOptions,
} from './schedule/source-scheduler.ts'
export { type DownloadSegmentsOptions, downloadSegments } from './shards/download-segments.ts'
export type { CodedSegment, SegmentPlan, ShardCode, ShardRequest, ShardSource } from './shards/segment-plan.ts'
export {
  type ShardSourceOptions,
  shardSource,
  type WholeShardSourceOptions,
  wholeShardSource,
} from './shards/shard-source.ts'
export { type BlockSourceOptions, blockSource } from './source/block-source.ts'
export { type Channel, channelSource, type Provider, serveChannel } from './source/channel-source.ts'
export { type HttpSourceOptions, httpSource } from './source/http-source.ts'
export { type WebSocketLike, webSocketChannel } from './source/websocket-channel.ts'
