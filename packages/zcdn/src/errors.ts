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
  /** Bytes that should be a WebAssembly module are none. */
  | 'CDN_EDGE_MALFORMED'
  /** A module that the profile of edge functions has no room for: a feature, a limit, an import, a missing export. */
  | 'CDN_EDGE_REFUSED'
  /** A function trapped, or left the limits of its host calls. */
  | 'CDN_EDGE_TRAPPED'
  /** A function used all of its fuel. */
  | 'CDN_EDGE_OUT_OF_FUEL'
  /** A function called deeper than the profile allows. */
  | 'CDN_EDGE_STACK'
  /** A run took longer than its deadline; its worker was ended. */
  | 'CDN_EDGE_DEADLINE'
  /** Too many runs are waiting; or the pool is closed. */
  | 'CDN_EDGE_BUSY'
  /** A function asked for content that is not here. Another runner may have it. */
  | 'CDN_EDGE_CONTENT_MISSING'
  /** The engine or the machine failed, not the function: no memory, a worker that died. */
  | 'CDN_EDGE_ENGINE'
  /** A result record, its signature or its output is not what it should be. */
  | 'CDN_EDGE_BAD_RESULT'
  /** Fewer runners than asked for agreed on a result. */
  | 'CDN_EDGE_DISAGREEMENT'

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
