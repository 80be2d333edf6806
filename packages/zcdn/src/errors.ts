/** The codes of {@link CdnError}. Stable; a code is never reused for another meaning. */
export type CdnErrorCode =
  /** An option or argument is out of its range. */
  | 'CDN_INVALID_ARGUMENT'
  /** A {@link ByteStore} refused to write. */
  | 'CDN_STORE_FAILED'
  /** A block is not what its CID says, or a DAG node cannot be read. */
  | 'CDN_BAD_BLOCK'
  /** Every source failed, lied or stalled, and bytes are still missing. */
  | 'CDN_NO_SOURCE'
  /** A source answered with an error or with something that it was not asked for. */
  | 'CDN_SOURCE_FAILED'
  /** A source does not have what it was asked for. */
  | 'CDN_NOT_HERE'
  /** The caller's signal, or the reader of the stream, gave up. */
  | 'CDN_ABORTED'
  /** No address could be connected to. */
  | 'CDN_DIAL_FAILED'

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
