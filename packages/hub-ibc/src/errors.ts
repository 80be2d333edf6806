/** The codes of {@link HubError}. Stable; a code is never reused for another meaning. */
export type HubErrorCode = 'HUB_INVALID_ARGUMENT'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class HubError extends Error {
  override readonly name = 'HubError'
  readonly code: HubErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: HubErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link HubError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isHubError(error: unknown, code?: HubErrorCode): error is HubError {
  if (!(error instanceof Error) || error.name !== 'HubError') return false
  return code === undefined || (error as HubError).code === code
}
