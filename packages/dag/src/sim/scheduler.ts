/** Virtual time: a heap of events. Events at the same time run in the order in which they were scheduled. */

/** Something that happens at a time; a promise is awaited before the next event. */
export type SimEvent = () => void | Promise<void>

/** Virtual time and its events. */
export class SimScheduler {
  #now = 0
  #sequence = 0
  readonly #heap: { at: number; order: number; event: SimEvent }[] = []

  /** Milliseconds since the start. */
  get nowMs(): number {
    return this.#now
  }

  /** Runs `event` after a delay of virtual milliseconds. */
  after(delayMs: number, event: SimEvent): void {
    const heap = this.#heap
    const item = { at: this.#now + Math.max(0, delayMs), order: this.#sequence++, event }
    let i = heap.length
    heap.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(item, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = item
  }

  #pop(): { at: number; event: SimEvent } | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (heap.length === 0 || !last) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return top
  }

  /** Runs events until virtual `untilMs`, calling `afterEach` between them. Returns the number of events. */
  async run(untilMs: number, afterEach?: () => void): Promise<number> {
    let count = 0
    while (this.#heap.length > 0 && this.#heap[0]!.at <= untilMs) {
      const { at, event } = this.#pop()!
      this.#now = at
      const result = event()
      if (result) await result
      afterEach?.()
      count++
    }
    this.#now = Math.max(this.#now, untilMs)
    return count
  }
}

function before(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order
}
