/** Events in virtual time; of equal times the first pushed comes first. */
export class EventQueue<T> {
  readonly #heap: { time: number; order: number; event: T }[] = []
  #order = 0

  push(time: number, event: T): void {
    const heap = this.#heap
    heap.push({ time, order: this.#order++, event })
    for (let at = heap.length - 1; at > 0; ) {
      const up = (at - 1) >> 1
      if (!this.#before(at, up)) break
      this.#swap(at, up)
      at = up
    }
  }

  pop(): { time: number; event: T } | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && this.#before(child, least)) least = child
      if (least === at) return first
      this.#swap(at, least)
      at = least
    }
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a]!
    const y = this.#heap[b]!
    return x.time < y.time || (x.time === y.time && x.order < y.order)
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = held
  }
}
