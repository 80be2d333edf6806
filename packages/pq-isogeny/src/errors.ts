/** The codes of {@link IsogenyError}. Stable; a code is never reused for another meaning. */
export type IsogenyErrorCode = 'ISOGENY_INVALID_ARGUMENT'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class IsogenyError extends Error {
  override readonly name = 'IsogenyError'
  readonly code: IsogenyErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: IsogenyErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link IsogenyError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isIsogenyError(error: unknown, code?: IsogenyErrorCode): error is IsogenyError {
  if (!(error instanceof Error) || error.name !== 'IsogenyError') return false
  return code === undefined || (error as IsogenyError).code === code
}
