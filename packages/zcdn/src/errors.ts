/** The codes of {@link CdnError}. Stable; a code is never reused for another meaning. */
export type CdnErrorCode = 'CDN_INVALID_ARGUMENT'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class CdnError extends Error {
  override readonly name = 'CdnError'
  readonly code: CdnErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: CdnErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link CdnError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isCdnError(error: unknown, code?: CdnErrorCode): error is CdnError {
  if (!(error instanceof Error) || error.name !== 'CdnError') return false
  return code === undefined || (error as CdnError).code === code
}
