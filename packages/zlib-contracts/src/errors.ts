/** The codes of {@link ZlibError}. Stable; a code is never reused for another meaning. */
export type ZlibErrorCode =
  | 'ZLIB_INVALID_ARGUMENT'
  /** solc refused the sources; `context.errors` has its words. */
  | 'ZLIB_COMPILE'
  /** The contract is not among the compiled ones. */
  | 'ZLIB_NO_SUCH_CONTRACT'
  /** The intermediate code does not look like what solc of a known version writes. */
  | 'ZLIB_UNKNOWN_IR'
  /** The contract uses something that does not survive being cut into facets; `context.reason` says what. */
  | 'ZLIB_CANNOT_SPLIT'
  /** One function alone, with what it needs, exceeds the size of a contract. */
  | 'ZLIB_FUNCTION_TOO_LARGE'
  /** The chain lacks something that a deployment needs. */
  | 'ZLIB_CHAIN'
  /** A transaction of a deployment failed. */
  | 'ZLIB_DEPLOYMENT_FAILED'
  /** The registry contract refused; `context.reason` has its error. */
  | 'ZLIB_REGISTRY'
  /** zlib.lock is damaged or of another format. */
  | 'ZLIB_BAD_LOCK'
  /** The file of a built application is damaged or of another format. */
  | 'ZLIB_BAD_ARTIFACT'
  /** A frozen build differs from zlib.lock; `context.differences` says in what. */
  | 'ZLIB_LOCK_DIFFERS'
  /** The code at an address is not what the sources compile to; `context.reason` says which part. */
  | 'ZLIB_NOT_VERIFIED'
  /** A new version would read what an old one stored as something else; `context.changes` says where. */
  | 'ZLIB_UPGRADE_BREAKS'
  /** Sources of a module cannot be had, or are not what their CID names. */
  | 'ZLIB_SOURCES'
  /** A file cannot be read or written. */
  | 'ZLIB_FILE'

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
