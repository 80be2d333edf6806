/** What a peer may get wrong before it is cut off; honest peers get nothing wrong. */
const MAX_FAULTS = 10
/** How long a peer that was cut off is refused. */
const BAN_MS = 10 * 60_000
/** One fault is forgiven each time this passes. */
const FORGIVE_MS = 60_000

interface Score {
  faults: number
  lastFaultAt: number
  bannedUntil: number
}

/** Counts what peers get wrong and says whom to refuse. */
export class PeerScores {
  readonly #now: () => number
  readonly #scores = new Map<string, Score>()
  #faults = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** Malformed or oversized messages dropped since the start, of all peers. */
  get faults(): number {
    return this.#faults
  }

  /** Notes a fault of `peer`. True when that was one too many. */
  fault(peer: string): boolean {
    const now = this.#now()
    const score = this.#scores.get(peer) ?? { faults: 0, lastFaultAt: now, bannedUntil: 0 }
    this.#faults++
    score.faults = Math.max(0, score.faults - Math.floor((now - score.lastFaultAt) / FORGIVE_MS)) + 1
    score.lastFaultAt = now
    if (score.faults >= MAX_FAULTS) {
      score.bannedUntil = now + BAN_MS
      score.faults = 0
    }
    this.#scores.set(peer, score)
    return score.bannedUntil > now
  }

  isBanned(peer: string): boolean {
    return (this.#scores.get(peer)?.bannedUntil ?? 0) > this.#now()
  }
}
