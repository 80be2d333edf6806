import type { ContentMap } from '../content/content-map.ts'

const MISSING = 0
const TAKEN = 1
const DONE = 2

/** Which leaves of a map are there, which are on their way, and how many bytes that leaves. */
export class LeafBook {
  readonly count: number
  /** Bytes that are verified and delivered, those of an earlier run included. */
  doneBytes = 0
  /** Bytes of leaves that nobody was asked for. */
  missingBytes: number
  private readonly starts: ContentMap['starts']
  private readonly states: Uint8Array
  private delivered = 0
  private lowest = 0

  /** `done`: leaves that are there already. */
  constructor(map: ContentMap, done: (index: number) => boolean = () => false) {
    this.starts = map.starts
    this.count = map.leaves.length
    this.states = new Uint8Array(this.count)
    for (let i = 0; i < this.count; i++) {
      if (!done(i)) continue
      this.states[i] = DONE
      this.deliver(i)
    }
    this.missingBytes = map.size - this.doneBytes
  }

  sizeOf(index: number): number {
    return this.starts[index + 1]! - this.starts[index]!
  }

  get isComplete(): boolean {
    return this.delivered === this.count
  }

  isMissing(index: number): boolean {
    return this.states[index] === MISSING
  }

  isDone(index: number): boolean {
    return this.states[index] === DONE
  }

  isRunDone(first: number, end: number): boolean {
    for (let i = first; i < end; i++) if (this.states[i] !== DONE) return false
    return true
  }

  /** The first leaf that nobody was asked for; `count` when there is none. */
  lowestMissing(): number {
    while (this.lowest < this.count && this.states[this.lowest] !== MISSING) this.lowest++
    return this.lowest
  }

  /** Someone was asked for these leaves. */
  take(first: number, end: number): void {
    for (let i = first; i < end; i++) {
      if (this.states[i] !== MISSING) continue
      this.states[i] = TAKEN
      this.missingBytes -= this.sizeOf(i)
    }
  }

  /** Nobody will bring the leaf after all. */
  release(index: number): void {
    if (this.states[index] !== TAKEN) return
    this.states[index] = MISSING
    this.missingBytes += this.sizeOf(index)
    if (index < this.lowest) this.lowest = index
  }

  /** The leaf is there and right. */
  arrive(index: number): void {
    if (this.states[index] === MISSING) this.missingBytes -= this.sizeOf(index)
    this.states[index] = DONE
  }

  /** Whoever wanted the leaf has it. */
  deliver(index: number): void {
    this.delivered++
    this.doneBytes += this.sizeOf(index)
  }
}
