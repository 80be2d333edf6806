/** The two times of a node. */
export interface Clock {
  /** Unix milliseconds. May jump either way when the machine's clock is set; only what others read is stamped with it. */
  now(): number
  /** Milliseconds since some moment; never goes back. All waiting and pacing goes by it. */
  elapsed(): number
  /** Calls `action` after `delayMs`; returns how to prevent that. */
  after(delayMs: number, action: () => void): () => void
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(delayMs, action) {
    // Timers of a millisecond that set the next one keep Node from everything else.
    if (delayMs <= 1) {
      const immediate = setImmediate(action)
      return () => clearImmediate(immediate)
    }
    const timer = setTimeout(action, delayMs)
    return () => clearTimeout(timer)
  },
}
