/**
 * The codes of {@link StorageError}. Stable; a code is never reused for another meaning.
 *
 * - `STORAGE_INVALID_ARGUMENT`: the caller passed something that can never work
 * - `STORAGE_NOT_FOUND`: a block, name, bucket or upload is not there
 * - `STORAGE_CORRUPT`: bytes do not match their hash, or a record on disk is damaged
 * - `STORAGE_MALFORMED`: foreign data breaks its format (CAR, UnixFS, wire message)
 * - `STORAGE_LIMIT`: foreign data is larger, deeper or longer than a documented limit
 * - `STORAGE_TOO_FEW_SHARDS`: fewer than k shards are left
 * - `STORAGE_UNAUTHENTIC`: a ciphertext, wrapped key or capability fails its authentication
 * - `STORAGE_FORBIDDEN`: the credentials do not allow it
 * - `STORAGE_EXISTS`: the name is taken
 * - `STORAGE_PLACEMENT`: there are not enough independent nodes with room
 * - `STORAGE_UNAVAILABLE`: a remote end does not answer, or answers with failure
 * - `STORAGE_CLOSED`: used after `close()`
 * - `STORAGE_LOCKED`: another process has the store open
 * - `STORAGE_REVERTED`: a contract on the ledger refuses a call; `context.error` names its error
 */
export type StorageErrorCode =
  | 'STORAGE_INVALID_ARGUMENT'
  | 'STORAGE_NOT_FOUND'
  | 'STORAGE_CORRUPT'
  | 'STORAGE_MALFORMED'
  | 'STORAGE_LIMIT'
  | 'STORAGE_TOO_FEW_SHARDS'
  | 'STORAGE_UNAUTHENTIC'
  | 'STORAGE_FORBIDDEN'
  | 'STORAGE_EXISTS'
  | 'STORAGE_PLACEMENT'
  | 'STORAGE_UNAVAILABLE'
  | 'STORAGE_CLOSED'
  | 'STORAGE_LOCKED'
  | 'STORAGE_REVERTED'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: StorageErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link StorageError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isStorageError(error: unknown, code?: StorageErrorCode): error is StorageError {
  if (!(error instanceof Error) || error.name !== 'StorageError') return false
  return code === undefined || (error as StorageError).code === code
}
