/** Makes the network of one node worse on purpose: late, lossy or cut off from some peers. For local networks and tests. */

export interface LinkConditions {
  /** One way, milliseconds. */
  latencyMs: number
  /** Share of gossiped messages that do not arrive, 0 to 1. What is asked for is asked again by TCP and only late. */
  loss: number
  /** Peer ids that cannot be reached. */
  blocked: readonly string[]
}

export class Link {
  readonly #random: () => number
  #latencyMs = 0
  #loss = 0
  #blocked: ReadonlySet<string> = new Set()

  constructor(random: () => number) {
    this.#random = random
  }

  set({ latencyMs, loss, blocked }: LinkConditions): void {
    this.#latencyMs = latencyMs
    this.#loss = loss
    this.#blocked = new Set(blocked)
  }

  isBlocked(peer: string): boolean {
    return this.#blocked.has(peer)
  }

  /** Resolves when a gossiped message of `peer` arrives; false if it never does. */
  async deliver(peer: string): Promise<boolean> {
    if (this.isBlocked(peer) || (this.#loss > 0 && this.#random() < this.#loss)) return false
    await this.delay()
    return true
  }

  /** One way over the link. */
  async delay(): Promise<void> {
    if (this.#latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#latencyMs))
  }
}
