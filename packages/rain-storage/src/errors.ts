/** The codes of {@link StorageError}. Stable; a code is never reused for another meaning. */
export type StorageErrorCode = 'STORAGE_INVALID_ARGUMENT'

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
