/** Time as a port, so that a pipeline can run in simulation. */
export interface Timers {
  /** Milliseconds, monotonic, from any origin. */
  now(): number
  /** Calls `run` once, `delayMs` from now; the result cancels it. */
  after(delayMs: number, run: () => void): () => void
}

/** The machine's clock. A waiting timer keeps the process alive, as an item waits behind it. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    return () => clearTimeout(handle)
  },
}

/** A clock that moves only when told: deterministic tests and simulation. */
export interface ManualTimers extends Timers {
  /** Moves the clock by `ms`, running what falls due in order of time, then of asking. Promises settle between two timers. */
  advance(ms: number): Promise<void>
}

/** A {@link ManualTimers} at time 0: give it to a pipeline, TPU or TVU and move its clock in the test. */
export function manualTimers(): ManualTimers {
  let time = 0
  let order = 0
  const waiting = new Map<number, { at: number; run: () => void }>()
  return {
    now: () => time,
    after(delayMs, run) {
      const id = order++
      waiting.set(id, { at: time + delayMs, run })
      return () => waiting.delete(id)
    },
    async advance(ms) {
      const end = time + ms
      await settle()
      for (;;) {
        let next: [number, { at: number; run: () => void }] | undefined
        for (const entry of waiting) if (entry[1].at <= end && (!next || entry[1].at < next[1].at)) next = entry
        if (!next) break
        waiting.delete(next[0])
        time = Math.max(time, next[1].at)
        next[1].run()
        await settle()
      }
      time = end
    },
  }
}

/** Lets promise callbacks run: more turns than any chain inside the pipeline is long. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 32; turn++) await undefined
}
