/** The codes of {@link ZlibError}. Stable; a code is never reused for another meaning. */
export type ZlibErrorCode = 'ZLIB_INVALID_ARGUMENT'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class ZlibError extends Error {
  override readonly name = 'ZlibError'
  readonly code: ZlibErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: ZlibErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link ZlibError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isZlibError(error: unknown, code?: ZlibErrorCode): error is ZlibError {
  if (!(error instanceof Error) || error.name !== 'ZlibError') return false
  return code === undefined || (error as ZlibError).code === code
}
