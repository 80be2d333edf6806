/** Beats looked back on: a minute at one a second. */
const MAX_BEATS = 64

/**
 * Notices when this node itself was late: a clock that should beat every `everyMs` and does not shows a process that was too busy. Whoever was waited
 * for meanwhile may have answered in time.
 */
export class OwnDelay {
  readonly #everyMs: number
  #lastAt: number
  readonly #late: { at: number; ms: number }[] = []

  constructor(everyMs: number, now: number) {
    this.#everyMs = everyMs
    this.#lastAt = now
  }

  /** The clock beats. */
  beat(now: number): void {
    const ms = now - this.#lastAt - this.#everyMs
    this.#lastAt = now
    if (ms > this.#everyMs) this.#late.push({ at: now, ms })
    if (this.#late.length > MAX_BEATS) this.#late.shift()
  }

  /** Milliseconds by which this node was late since `since`, as far as it knows; the beat that is due now included. */
  since(since: number, now: number): number {
    const due = Math.max(0, now - this.#lastAt - this.#everyMs)
    return this.#late.reduce((sum, { at, ms }) => (at >= since ? sum + ms : sum), due > this.#everyMs ? due : 0)
  }
}
