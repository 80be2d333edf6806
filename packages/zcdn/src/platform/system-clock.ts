import type { Clock } from '../clock.ts'

/** The machine's clock: `performance.now` and `setTimeout`, the same in Node, browsers and workers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
