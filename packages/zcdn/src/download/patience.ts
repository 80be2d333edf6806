/** How long a source is waited for, and how often it may fail. Times are milliseconds. */

/** Silence for this many times what the next piece should take is a stall … */
const STALL_FACTOR = 3
/** … but never less than this. */
const MIN_STALL_MS = 2000
/** Failures in a row after which a source is dropped. */
export const MAX_FAILURES = 4
/** The wait after the first failure, doubling. */
const BACKOFF_MS = 200
/** Silence of this much more than twice what is expected is suspicious. */
const QUIET_MS = 200
/** How often stalls are looked for. */
export const WATCH_MS = 100
/** Progress is told at most this often. */
export const PROGRESS_MS = 100

/** How long a source is not asked after it failed so many times in a row. */
export function backoffMs(failuresInRow: number): number {
  return BACKOFF_MS * 2 ** (failuresInRow - 1)
}

/** Silence of a request that counts as a stall, when its next piece was expected after `expectedMs`; `heard`: its answer has begun. */
export function stallMs(expectedMs: number, heard: boolean): number {
  return heard ? Math.max(MIN_STALL_MS, Math.min(STALL_FACTOR * expectedMs, 5 * MIN_STALL_MS)) : 2 * MIN_STALL_MS
}

/** When a request with `bytes` to come will be done, in milliseconds from now. */
export function etaMs(request: {
  bytes: number
  rate: number
  /** Since its last byte or since it was sent; of a source that gives no other request anything either, since when it does not. */
  quietMs: number
  /** To the first byte; 0 once that came. */
  latencyMs: number
}): number {
  const { bytes, rate, quietMs, latencyMs } = request
  // Who has been silent for long will be silent for as long again, as far as we know.
  const silence = quietMs > 2 * latencyMs + QUIET_MS ? 2 * quietMs : Math.max(0, latencyMs - quietMs)
  return silence + bytes / Math.max(rate, 1e-6)
}
