import type { MarketClock } from './chain.ts'

/** Makes one pass after the other until `signal` is aborted. What a pass throws for another reason ends it. */
export async function repeatPasses(
  pass: (options: { signal: AbortSignal }) => Promise<void>,
  clock: MarketClock,
  signal: AbortSignal,
  intervalMs: number,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await pass({ signal })
      await clock.sleep(intervalMs, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
