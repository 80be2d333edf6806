export type { FetchPort } from './blocks/fetch-port.ts'
export {
  createGatewaySource,
  type GatewaySourceOptions,
  type GetBytesPort,
  getBytesBy,
} from './blocks/gateway-source.ts'
export { createKuboStore, type KuboStoreOptions } from './blocks/kubo.ts'
export { createMemoryBlockStore } from './blocks/memory.ts'
export { createS3Store, type S3StoreOptions } from './blocks/s3.ts'
export {
  type BlockOptions,
  type BlockStore,
  blockKey,
  type GetOptions,
  type PutOptions,
  withIdentity,
} from './blocks/store.ts'
export { type CarBlock, type CarReader, MAX_CAR_HEADER_BYTES, readCar, writeCar } from './content/car.ts'
export {
  type ByteSource,
  type Chunker,
  DEFAULT_GEAR,
  fixedChunker,
  type GearOptions,
  gearChunker,
} from './content/chunker.ts'
export { blockCid, codec, isBlockOf, MAX_BLOCK_BYTES, parseCid, verifyBlock } from './content/cid.ts'
export {
  type Entry,
  type ListOptions,
  type Lookup,
  listDirectory,
  lookup,
  MAX_ENTRIES,
  writeDirectory,
} from './content/directory.ts'
export { type BlockSource, type ExportOptions, exportFile, type FileStat, stat } from './content/export-file.ts'
export {
  type FileProfile,
  type Imported,
  type ImportOptions,
  importFile,
  PROFILE_2015,
  PROFILE_2025,
} from './content/import-file.ts'
export { linksOf } from './content/links.ts'
export { type Resolved, resolvePath } from './content/resolve.ts'
export { type WalkOptions, walk } from './content/walk.ts'
export { type Blake3, createBlake3 } from './crypto/blake3.ts'
export { defaultCrypto } from './crypto/default.ts'
export { deriveKey } from './crypto/hkdf.ts'
export { type KeyPair, keyPairOf, unwrap, wrapFor } from './crypto/hpke.ts'
export { createNobleCrypto } from './crypto/noble.ts'
export type { CryptoPort } from './crypto/port.ts'
export { createWebCrypto } from './crypto/webcrypto.ts'
export {
  annualLoss,
  availability,
  type DurabilityInput,
  domainLoss,
  meanTimeToLossHours,
  nines,
  YEAR_HOURS,
} from './durability/model.ts'
export { DEFAULT_REDUNDANCY, type Plan, type PlanInput, planRedundancy } from './durability/planner.ts'
export { type SimulationResult, simulateLoss } from './durability/simulate.ts'
export * from './erasure/index.ts'
export { isStorageError, StorageError, type StorageErrorCode } from './errors.ts'
export { createGateway, type GatewayOptions } from './gateway/gateway.ts'
export { formatName, nameOfKey, parseName } from './ipns/name.ts'
export { createRecord, type IpnsRecord, type RecordInput, readRecord } from './ipns/record.ts'
export { type NamePort, type ResolvedName, resolveName } from './ipns/resolve.ts'
export {
  CHUNK_BYTES,
  createImage,
  type DiskImage,
  type ImageBase,
  type ImageOptions,
  MAX_IMAGE_BYTES,
  openImage,
} from './nbd/image.ts'
export { createVaultBase } from './nbd/vault-base.ts'
export type { Pin, PinRecord, PinStatus } from './pinning/pin-record.ts'
export { createStorePins, createVaultPins, type PinTarget } from './pinning/pin-target.ts'
export { createPinningService, type PinningOptions, type PinningService } from './pinning/pinning-service.ts'
export {
  type AuditTree,
  answerChallenge,
  auditTreeOf,
  type Challenge,
  checkAnswer,
  type LeafProof,
  merkleRoot,
} from './rain/audit.ts'
export { type Capability, formatCapability, parseCapability } from './rain/capability.ts'
export {
  decodeLayout,
  encodeLayout,
  type FileFacts,
  type Layout,
  type LayoutSegment,
  type ShardHash,
} from './rain/layout.ts'
export type { Leases, NodePutOptions } from './rain/node.ts'
export { createLocalNode, type LocalNodeOptions, type NodeOptions, type StorageNode } from './rain/node.ts'
export { type Padding, paddedSize } from './rain/padding.ts'
export { createPlacement, type Placement, type PlacementNode } from './rain/placement.ts'
export { type PrivateEntry, readPrivateDirectory, writePrivateDirectory } from './rain/private-directory.ts'
export { placedSlots, type ShardPlan, shardPlan } from './rain/shard-plan.ts'
export {
  type Identity,
  identityFromSeed,
  openShare,
  readShare,
  revoke,
  rotateKey,
  type ShareRecord,
  share,
} from './rain/sharing.ts'
export {
  createVault,
  type ReadSegments,
  type RepairReport,
  type SegmentHealth,
  type Vault,
  type VaultGetOptions,
  type VaultOptions,
  type VaultPutOptions,
} from './rain/vault.ts'
export type { IncrementalHash } from './s3/body.ts'
export { createUnixfsContent, createVaultContent, type ObjectContent, type Retention } from './s3/object-content.ts'
export { createMemoryIndex, type IndexChange, type ObjectIndex } from './s3/object-index.ts'
export {
  createS3Gateway,
  type Owner as S3Owner,
  type Ownership as S3Ownership,
  S3_LIMITS,
  type S3Credential,
  type S3GatewayOptions,
} from './s3/s3-gateway.ts'
export type { Credentials } from './s3/sigv4.ts'
export type { WebDavAccount } from './webdav/access.ts'
export { WEBDAV_LIMITS } from './webdav/limits.ts'
export { createWebDav, type WebDavOptions } from './webdav/webdav.ts'
