import { HubError } from './errors.ts'

/** What long work asks now and then. Every `AbortSignal` is one. */
export interface CancelSignal {
  readonly aborted: boolean
  readonly reason?: unknown
}

/** Throws `HUB_ABORTED` with the signal's reason as its `cause` once `signal` is aborted. `work` names what ends. */
export function throwIfAborted(
  signal: CancelSignal | undefined,
  work: string,
  context: Record<string, unknown> = {},
): void {
  if (signal?.aborted) throw new HubError('HUB_ABORTED', `${work} was aborted`, context, { cause: signal.reason })
}
