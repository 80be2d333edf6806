/** What a stage returns in the place of an item that fails: the item leaves the pipeline with this reason, its batch goes on. */
export class Rejection {
  readonly reason: string
  readonly detail: unknown

  constructor(reason: string, detail?: unknown) {
    this.reason = reason
    this.detail = detail
  }
}

/** A verdict against one item. `reason` is for programs and logs, `detail` anything the caller wants back. */
export function reject(reason: string, detail?: unknown): Rejection {
  return new Rejection(reason, detail)
}

/** How one item ended. Exactly one outcome for every item that was taken in. */
export type Outcome<I, O> =
  | { readonly status: 'ok'; readonly input: I; readonly value: O }
  /** A stage rejected the item, or failed as a whole (`reason` is then `stage-failed` or `stage-timeout`, `detail` the error). */
  | {
      readonly status: 'rejected'
      readonly input: I
      readonly stage: string
      readonly reason: string
      readonly detail: unknown
    }
  /** The pipeline was aborted, or the caller withdrew the item, before it came out. A stage may already have seen it. */
  | { readonly status: 'cancelled'; readonly input: I; readonly cause: unknown }
