/** The codes of {@link PipelineError}. Stable; a code is never reused for another meaning. */
export type PipelineErrorCode = 'PIPELINE_INVALID_ARGUMENT'

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
