/** Waits for SIGINT or SIGTERM. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

/** The same as a signal, for what runs in passes. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  void untilStopped().then(() => stop.abort())
  return stop.signal
}
