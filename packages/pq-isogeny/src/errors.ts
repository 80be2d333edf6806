/**
 * The codes of {@link IsogenyError}. Stable; a code is never reused for another meaning.
 *
 * - `ISOGENY_INVALID_ARGUMENT`: a call with the wrong types, lengths or options
 * - `ISOGENY_INVALID_KEY`: a secret or public key that does not decode, or whose curve is singular
 * - `ISOGENY_BACKEND`: the WebAssembly backend was asked for where run-time compilation is not allowed
 * - `ISOGENY_INTERNAL`: an invariant of the library does not hold; never the fault of the input
 * - `ISOGENY_UNSUPPORTED`: a curve question outside the range that the toolbox answers
 * - `ISOGENY_POOL`: a worker of a pool failed or the pool is closed
 */
export type IsogenyErrorCode =
  | 'ISOGENY_INVALID_ARGUMENT'
  | 'ISOGENY_INVALID_KEY'
  | 'ISOGENY_BACKEND'
  | 'ISOGENY_INTERNAL'
  | 'ISOGENY_UNSUPPORTED'
  | 'ISOGENY_POOL'

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
