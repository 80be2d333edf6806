export * from './erasure/index.ts'
export { isStorageError, StorageError, type StorageErrorCode } from './errors.ts'
