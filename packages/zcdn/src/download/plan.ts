/**
 * The arithmetic of the scheduler, free of state: how much to ask of a source, from where, and what to take over from another.
 * Rates are bytes a millisecond, times milliseconds.
 */

/** A request asks for at most this long of a source's work: what it may take with it when it dies. */
export const MAX_REQUEST_MS = 1500
/** …and in one answer at least this many times what is in flight on the way, so that the link stays full. */
const LATENCIES_PER_REQUEST = 4
/** The first request, and how much larger the next may be: an estimate from the first bytes may be far off. */
const FIRST_BYTES = 128 * 1024
const GROWTH = 4
/** Share of the remaining work that is handed out at once (guided self-scheduling): requests shrink towards the end. */
const HAND_OUT = 0.6

/** Bytes to ask of a source next. At least one, at most what keeps all sources busy to the same end. */
export function requestBytes(
  source: { rate: number; latencyMs: number; parallel: number; lastBytes: number },
  all: { rate: number; remaining: number; windowBytes: number },
): number {
  const { rate, latencyMs, parallel } = source
  if (source.lastBytes === 0) return FIRST_BYTES
  const untilEndMs = (all.remaining / Math.max(all.rate, rate)) * HAND_OUT
  const leastMs = LATENCIES_PER_REQUEST * latencyMs
  const timeMs = Math.max(leastMs, Math.min(MAX_REQUEST_MS, untilEndMs))
  const share = (rate * timeMs) / parallel
  return Math.max(
    1,
    Math.min(share, source.lastBytes * GROWTH, all.windowBytes * (rate / Math.max(all.rate, rate)) * 0.5),
  )
}

/**
 * The requests of one source must not end together, or the link idles for a round trip. When the other has about as much `left` as the new one
 * would ask for, ask for half, or where that is too little to bridge a round trip, for half as much again.
 */
export function staggered(bytes: number, left: number, rate: number, latencyMs: number): number {
  if (Math.abs(bytes - left) >= Math.max(bytes / 4, rate * latencyMs)) return bytes
  return bytes / 2 >= rate * latencyMs ? bytes / 2 : bytes * 1.5
}

/**
 * How many bytes a source that gives `rate` in all should skip when the output is in order: what the others will have fetched by the time that
 * its request is done. A slow source then works ahead and does not hold up the head.
 */
export function skipBytes(rate: number, latencyMs: number, bytes: number, allRate: number): number {
  return Math.max(0, (allRate - rate) * (latencyMs + bytes / rate) - bytes)
}

/** Bytes of the tail of a request with `left` bytes that a thief should take, so that both end together. */
export function stealBytes(left: number, victimRate: number, thiefRate: number, thiefLatencyMs: number): number {
  return Math.max(0, (left / victimRate - thiefLatencyMs) / (1 / thiefRate + 1 / victimRate))
}

/** True when fetching `bytes` a second time is worth it: the copy should be there well before the original. */
export function isHedgeWorthIt(etaMs: number, bytes: number, rate: number, latencyMs: number): boolean {
  return latencyMs + bytes / rate < 0.7 * etaMs
}
