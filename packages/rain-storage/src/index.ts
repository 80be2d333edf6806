export { isStorageError, StorageError, type StorageErrorCode } from './errors.ts'
