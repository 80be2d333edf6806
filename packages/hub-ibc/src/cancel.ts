/** What long work asks now and then. Every `AbortSignal` is one. */
export interface CancelSignal {
  readonly aborted: boolean
}
