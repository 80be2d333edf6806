export { Cache, type CacheOptions, type CacheSnapshot, type CacheStats } from './caching/cache.ts'
export { POLICIES, type PolicyName } from './caching/policies.ts'
export type { Policy, PolicyFactory } from './caching/policy.ts'
export { Queue, Slots } from './caching/slots.ts'
export {
  type ByteStore,
  createMemoryStore,
  openStoredCache,
  type StoredCache,
  type StoredCacheOptions,
} from './caching/stored-cache.ts'
export { CdnError, type CdnErrorCode, isCdnError } from './errors.ts'
