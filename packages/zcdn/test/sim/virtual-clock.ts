import type { Clock } from '../../src/clock.ts'

/** Virtual time: `run` drains all microtasks after each event, so that a run is the same on every machine. */
export class VirtualClock implements Clock {
  private time = 0
  private order = 0
  private events: { at: number; order: number; run: () => void }[] = []

  now(): number {
    return this.time
  }
  after(ms: number, run: () => void): () => void {
    const event = { at: this.time + Math.max(0, ms), order: this.order++, run }
    let low = 0
    let high = this.events.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.events[middle]!
      if (other.at < event.at || (other.at === event.at && other.order < event.order)) low = middle + 1
      else high = middle
    }
    this.events.splice(low, 0, event)
    return () => {
      const at = this.events.indexOf(event)
      if (at >= 0) this.events.splice(at, 1)
    }
  }
  /** Runs events until `until` settles; fails when nothing is left to happen or after `limitMs` of virtual time. */
  async run<T>(until: Promise<T>, limitMs = 600_000): Promise<T> {
    let settled = false
    until.then(
      () => (settled = true),
      () => (settled = true),
    )
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      if (settled) return until
      const event = this.events.shift()
      if (!event) throw new Error(`deadlock at ${this.time} ms: nothing is scheduled`)
      if (event.at > limitMs) throw new Error(`not done after ${limitMs} ms of virtual time`)
      this.time = event.at
      event.run()
    }
  }
}
