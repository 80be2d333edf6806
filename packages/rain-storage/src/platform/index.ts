export { createDnsLink, type DnsLinkOptions } from './dns-link.ts'
export { createErasurePool, type ErasurePool, type PoolTask } from './erasure-pool.ts'
export { openFileStore } from './file-store.ts'
export type { FileSystem } from './file-system.ts'
export { createHttpGet } from './http-get.ts'
export { type HttpServer, type HttpServerOptions, serveHttp } from './http-server.ts'
export { openLevelIndex } from './level-index.ts'
export { openLevelStore } from './level-store.ts'
export { MAX_REQUEST_BYTES, type NbdExport, type NbdServer, type NbdServerOptions, serveNbd } from './nbd-server.ts'
export {
  type CollectReport,
  openPackStore,
  type PackStore,
  type PackStoreOptions,
  type Pin,
} from './pack/pack-store.ts'
export { nodeS3Defaults } from './s3-defaults.ts'
