/** Work that may fail or hang: one piece a zone at once, with a deadline. What becomes of it is fetched, so that only its owner changes state. */
import type { CancelSignal } from '../cancel.ts'
import type { ZoneStep } from './ports.ts'

/** How one attempt ended. */
export interface Outcome {
  readonly zone: string
  readonly step: ZoneStep
  readonly hung: boolean
  readonly error?: unknown
  readonly value?: unknown
}

interface Attempt {
  readonly step: ZoneStep
  readonly deadline: number
  readonly cancel: { aborted: boolean; reason?: unknown }
}

/** The attempts that are under way. */
export function createAttempts() {
  const running = new Map<string, Attempt>()
  const ended: Outcome[] = []
  return {
    has: (zone: string) => running.has(zone),
    begin(zone: string, step: ZoneStep, deadline: number, work: (signal: CancelSignal) => Promise<unknown>): void {
      const attempt: Attempt = { step, deadline, cancel: { aborted: false } }
      running.set(zone, attempt)
      const end = (outcome: { error?: unknown; value?: unknown }) => {
        // One that was given up as hanging may still end; nobody waits for it.
        if (running.get(zone) !== attempt) return
        running.delete(zone)
        ended.push({ zone, step, hung: false, ...outcome })
      }
      // Also where it throws at once.
      new Promise((resolve) => resolve(work(attempt.cancel))).then(
        (value) => end({ value }),
        (error: unknown) => end({ error: error ?? new Error('rejected without a reason') }),
      )
    },
    /** What has ended since the last call; what is beyond its deadline at `now` counts as hanging and is let go. */
    take(now: number): Outcome[] {
      for (const [zone, { step, deadline, cancel }] of running) {
        if (now < deadline) continue
        running.delete(zone)
        cancel.aborted = true
        cancel.reason = new Error(`${step} of ${zone} took too long`)
        ended.push({ zone, step, hung: true, error: cancel.reason })
      }
      return ended.splice(0)
    },
    /** Lets go of everything. */
    cancel(reason: unknown): void {
      for (const { cancel } of running.values()) {
        cancel.aborted = true
        cancel.reason = reason
      }
      running.clear()
    },
  }
}
