/** Time as a port: monotonic milliseconds and timers. Real ones come from `platform/system-clock.ts`, virtual ones from a simulation. */
export interface Clock {
  now(): number
  /** Calls `run` once after `ms`; the result cancels it. */
  after(ms: number, run: () => void): () => void
}

/** Resolves after `ms`, or rejects with the signal's reason. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      cancel()
      reject(signal!.reason)
    }
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
