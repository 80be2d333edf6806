/** The codes of {@link ZposError}. Stable; a code is never reused for another meaning. */
export type ZposErrorCode = 'ZPOS_INVALID_ARGUMENT'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class ZposError extends Error {
  override readonly name = 'ZposError'
  readonly code: ZposErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: ZposErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link ZposError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isZposError(error: unknown, code?: ZposErrorCode): error is ZposError {
  if (!(error instanceof Error) || error.name !== 'ZposError') return false
  return code === undefined || (error as ZposError).code === code
}
