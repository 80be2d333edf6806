export { createMemoryBlockStore } from './blocks/memory.ts'
export { type BlockOptions, type BlockStore, blockKey, type PutOptions, withIdentity } from './blocks/store.ts'
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
export { defaultCrypto } from './crypto/default.ts'
export { createNobleCrypto } from './crypto/noble.ts'
export type { CryptoPort } from './crypto/port.ts'
export { createWebCrypto } from './crypto/webcrypto.ts'
export * from './erasure/index.ts'
export { isStorageError, StorageError, type StorageErrorCode } from './errors.ts'
