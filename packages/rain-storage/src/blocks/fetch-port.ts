/** The network as a port: what `fetch` of the platform does. */
export type FetchPort = (
  url: string,
  init: { method: string; headers?: Headers; body?: Uint8Array<ArrayBuffer> | FormData; signal: AbortSignal },
) => Promise<Response>

/** A call without the caller's deadline ends after this time. */
const DEADLINE_MS = 60_000

/** The caller's signal and a deadline. */
export function withDeadline(signal: AbortSignal | undefined): AbortSignal {
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  return signal === undefined ? deadline : AbortSignal.any([signal, deadline])
}
