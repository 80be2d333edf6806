/** The codes of {@link PipelineError}. Stable; a code is never reused for another meaning. */
export type PipelineErrorCode =
  /** A caller's argument is out of its range. */
  | 'PIPELINE_INVALID_ARGUMENT'
  /** The pipeline was closed; it takes no further items. */
  | 'PIPELINE_CLOSED'
  /** The pipeline was aborted; `cause` says why. */
  | 'PIPELINE_ABORTED'
  /** A stage returned another number of results than it was given items. */
  | 'PIPELINE_STAGE_RESULT'
  /** A stage did not answer within its `timeoutMs`. */
  | 'PIPELINE_STAGE_TIMEOUT'
  /** No verification backend of those asked for works in this engine. */
  | 'PIPELINE_NO_BACKEND'
  /** The GPU was lost or taken away. */
  | 'PIPELINE_GPU_LOST'
  /** A worker ended while it had a batch. */
  | 'PIPELINE_WORKER_CRASHED'
  /** Records of a journal that were durable are damaged or missing. */
  | 'PIPELINE_JOURNAL_CORRUPT'
  /** A framed stream holds what is no frame. */
  | 'PIPELINE_FRAME'
  /** A write or sync failed; the journal takes nothing more until it is reopened. */
  | 'PIPELINE_JOURNAL_FAILED'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class PipelineError extends Error {
  override readonly name = 'PipelineError'
  readonly code: PipelineErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: PipelineErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link PipelineError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isPipelineError(error: unknown, code?: PipelineErrorCode): error is PipelineError {
  if (!(error instanceof Error) || error.name !== 'PipelineError') return false
  return code === undefined || (error as PipelineError).code === code
}
