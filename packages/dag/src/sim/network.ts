/** A network of numbered nodes in virtual time: latency, loss, duplicates, partitions, bandwidth. */
import type { SimRandom } from './random.ts'
import type { SimScheduler } from './scheduler.ts'

/** Draws a one-way delay in milliseconds. */
export type Latency = (random: SimRandom, from: number, to: number) => number

/** Between the two, evenly. */
export function uniformLatency(minMs: number, maxMs: number): Latency {
  return (random) => minMs + (maxMs - minMs) * random.next()
}

/** Mostly near `medianMs`, sometimes many times as long: log-normal with this spread. */
export function heavyTailLatency(medianMs: number, spread = 0.6): Latency {
  return (random) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    return medianMs * Math.exp(spread * normal)
  }
}

/** A fixed latency for each ordered pair of nodes, drawn once, with jitter: reorders little, as real links. */
export function linkLatency(minMs: number, maxMs: number, jitter = 0.1): Latency {
  const links = new Map<string, number>()
  return (random, from, to) => {
    const key = `${from}>${to}`
    const base = links.get(key) ?? minMs + (maxMs - minMs) * random.next()
    links.set(key, base)
    return base * (1 - jitter + 2 * jitter * random.next())
  }
}

/** A time during which only nodes of one group hear each other. */
export interface Partition {
  readonly fromMs: number
  readonly untilMs: number
  /** Nodes that are in no group hear nobody. */
  readonly groups: readonly (readonly number[])[]
}

/** How a network behaves. */
export interface NetworkOptions {
  readonly latency: Latency
  /** Chance that a message is lost. Default 0. */
  readonly loss?: number
  /** Chance that a message arrives twice. Default 0. */
  readonly duplicates?: number
  /** Bytes a second that a node can send; messages queue. Default: no limit. */
  readonly uplinkBytesPerSecond?: number
  readonly partitions?: readonly Partition[]
}

/** Delivers messages between nodes. */
export class SimNetwork<M> {
  readonly #options: NetworkOptions
  readonly #scheduler: SimScheduler
  readonly #random: SimRandom
  readonly #deliver: (to: number, from: number, message: M) => void | Promise<void>
  /** When each node's uplink is free again. */
  readonly #freeAt = new Map<number, number>()
  /** Counts, for tests and reports. */
  readonly counts = { sent: 0, lost: 0, cut: 0, delivered: 0 }

  constructor(
    options: NetworkOptions,
    scheduler: SimScheduler,
    random: SimRandom,
    deliver: (to: number, from: number, message: M) => void | Promise<void>,
  ) {
    this.#options = options
    this.#scheduler = scheduler
    this.#random = random
    this.#deliver = deliver
  }

  #isCut(from: number, to: number, atMs: number): boolean {
    return (this.#options.partitions ?? []).some(
      ({ fromMs, untilMs, groups }) =>
        atMs >= fromMs && atMs < untilMs && !groups.some((group) => group.includes(from) && group.includes(to)),
    )
  }

  /** Sends a message of so many bytes. */
  send(from: number, to: number, message: M, bytes = 1000): void {
    const { latency, loss = 0, duplicates = 0, uplinkBytesPerSecond } = this.#options
    this.counts.sent++
    const now = this.#scheduler.nowMs
    let delay = latency(this.#random, from, to)
    if (uplinkBytesPerSecond) {
      const start = Math.max(now, this.#freeAt.get(from) ?? 0)
      const end = start + (bytes / uplinkBytesPerSecond) * 1000
      this.#freeAt.set(from, end)
      delay += end - now
    }
    if (this.#random.next() < loss) {
      this.counts.lost++
      return
    }
    const copies = this.#random.next() < duplicates ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.#scheduler.after(delay * (1 + copy), () => {
        if (this.#isCut(from, to, this.#scheduler.nowMs)) {
          this.counts.cut++
          return
        }
        this.counts.delivered++
        return this.#deliver(to, from, message)
      })
    }
  }
}
