/**
 * The codes of {@link DagError}. Stable; a code is never reused for another meaning.
 *
 * - `DAG_INVALID_ARGUMENT`: the caller passed something that this function cannot take.
 * - `DAG_ENCODING`: bytes are not the one canonical encoding of a header, payload or unit.
 * - `DAG_UNIT_INVALID`: a unit to be made or encoded breaks a rule of U1–U4 (`context.problem` has the code).
 * - `DAG_UNIT_UNKNOWN`: a unit that the DAG does not hold was asked for.
 * - `DAG_SIMULATION_FAILED`: a check of a simulation does not hold (`context.seed`, `context.notation`).
 * - `DAG_STORE_DAMAGED`: a store holds a value that is not what was written (`context.key`).
 * - `DAG_SNAPSHOT_INVALID`: a snapshot is not what its root says, or contradicts itself.
 * - `DAG_RULES_UNKNOWN`: the ledger needs a rules version that this program does not have; it must stop (U8).
 */
export type DagErrorCode =
  | 'DAG_INVALID_ARGUMENT'
  | 'DAG_ENCODING'
  | 'DAG_UNIT_INVALID'
  | 'DAG_UNIT_UNKNOWN'
  | 'DAG_SIMULATION_FAILED'
  | 'DAG_STORE_DAMAGED'
  | 'DAG_SNAPSHOT_INVALID'
  | 'DAG_RULES_UNKNOWN'

/** Every error that this package throws. `code` says what happened, `context` with which input. */
export class DagError extends Error {
  override readonly name = 'DagError'
  readonly code: DagErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: DagErrorCode, message: string, context: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.context = context
  }
}

/** True for a {@link DagError}, and for one with `code` when a code is given. Works across realms and copies of the package. */
export function isDagError(error: unknown, code?: DagErrorCode): error is DagError {
  if (!(error instanceof Error) || error.name !== 'DagError') return false
  return code === undefined || (error as DagError).code === code
}
