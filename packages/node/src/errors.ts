/** The codes of {@link NodeError}. Stable; a code is never reused for another meaning. */
export type NodeErrorCode = 'NODE_INVALID_ARGUMENT'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: NodeErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link NodeError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isNodeError(error: unknown, code?: NodeErrorCode): error is NodeError {
  if (!(error instanceof Error) || error.name !== 'NodeError') return false
  return code === undefined || (error as NodeError).code === code
}
