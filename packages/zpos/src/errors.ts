/**
 * The codes of {@link ZposError}. Stable; a code is never reused for another meaning.
 *
 * - `ZPOS_INVALID_ARGUMENT`: a caller's mistake; the context names the argument.
 * - `ZPOS_SAFETY_BROKEN`: the DAG shows two commits that exclude each other: a third of the stake or more has signed twice.
 *   Stop, and ask `extractCulprits` who it was.
 * - `ZPOS_WOULD_SIGN_TWICE`: the guard refuses a signature (C15).
 * - `ZPOS_JOURNAL_DOUBTFUL`: the guard's journal cannot be trusted; do not sign with this key before it is restored.
 * - `ZPOS_JOURNAL_LOCKED`: another process has this key's journal open.
 * - `ZPOS_INTERCHANGE_REFUSED`: an EIP-3076 document is malformed or of another chain.
 * - `ZPOS_NO_WEBASSEMBLY`: the platform has or allows no WebAssembly.
 * - `ZPOS_CONTRACT_REVERTED`: the consensus contract refuses an operation; `run` turns it into a result.
 * - `ZPOS_RULES_UNKNOWN`: rules came into force that this program lacks. Stop, update it, start again: it goes on at the same place.
 * - `ZPOS_WORKER_FAILED`: a thread of the ticket search died.
 */
export type ZposErrorCode =
  | 'ZPOS_INVALID_ARGUMENT'
  | 'ZPOS_SAFETY_BROKEN'
  | 'ZPOS_WOULD_SIGN_TWICE'
  | 'ZPOS_JOURNAL_DOUBTFUL'
  | 'ZPOS_JOURNAL_LOCKED'
  | 'ZPOS_INTERCHANGE_REFUSED'
  | 'ZPOS_NO_WEBASSEMBLY'
  | 'ZPOS_CONTRACT_REVERTED'
  | 'ZPOS_RULES_UNKNOWN'
  | 'ZPOS_WORKER_FAILED'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class ZposError extends Error {
  override readonly name = 'ZposError'
  readonly code: ZposErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: ZposErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link ZposError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isZposError(error: unknown, code?: ZposErrorCode): error is ZposError {
  if (!(error instanceof Error) || error.name !== 'ZposError') return false
  return code === undefined || (error as ZposError).code === code
}
