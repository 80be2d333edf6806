/**
 * What a peer's behaviour costs it. A score is 0 for a peer that did nothing wrong and falls with each offence; it recovers by half every
 * {@link HALF_LIFE_MS}. At {@link BAN_SCORE} the peer is cut off and refused for {@link BAN_MS}.
 *
 * What an honest peer can do too, being slow or unreachable, never leads below {@link SLOW_FLOOR}: a validator on a bad line, or one that we are too
 * busy to hear, is asked after others, and stays connected.
 */

/** Time in which a score recovers by half. */
export const HALF_LIFE_MS = 60_000
/** At this score a peer is cut off. */
export const BAN_SCORE = -100
/** How long a peer that was cut off is refused. */
export const BAN_MS = 10 * 60_000
/** Slowness alone never costs more than this. */
export const SLOW_FLOOR = -30
/** Peers whose scores are kept; those with the least to remember are forgotten first. A new identity costs an attacker nothing anyway. */
const MAX_PEERS = 1_024
/** Nearer to 0 than this is as good as 0. */
const FORGOTTEN = -0.01

/** What a peer may do wrong, and what each costs. */
export const PENALTIES = {
  /** A unit, share or record that no honest node makes or passes on: at once out. */
  'invalid-unit': 100,
  /** Bytes that are not of the protocol. */
  malformed: 20,
  /** More messages or requests than a peer may send; eight hundred of them lead to a ban. */
  flood: 0.125,
  /** An answer that came too late, or not at all. */
  slow: 4,
} as const

export type Offence = keyof typeof PENALTIES

interface Entry {
  score: number
  at: number
  bannedUntil: number
}

/** The scores of peers, by id. Time comes from `now`, milliseconds. */
export class PeerScores {
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  readonly #offences = new Map<Offence, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Offences since the start, of all peers. */
  count(offence: Offence): number {
    return this.#offences.get(offence) ?? 0
  }

  /** Notes an offence of `peer`. True if the peer is banned now. */
  punish(peer: string, offence: Offence): boolean {
    this.#offences.set(offence, this.count(offence) + 1)
    const now = this.#now()
    const entry = this.#entries.get(peer) ?? { score: 0, at: now, bannedUntil: 0 }
    const score = this.of(peer)
    const fallen = score - PENALTIES[offence]
    entry.score = offence === 'slow' ? Math.min(score, Math.max(SLOW_FLOOR, fallen)) : fallen
    entry.at = now
    if (entry.score <= BAN_SCORE) {
      entry.bannedUntil = now + BAN_MS
      entry.score = 0
    }
    this.#entries.set(peer, entry)
    if (this.#entries.size > MAX_PEERS) this.#forget(now)
    return entry.bannedUntil > now
  }

  /** The score of `peer` now: 0 or below. */
  of(peer: string): number {
    const entry = this.#entries.get(peer)
    if (!entry) return 0
    const score = entry.score * 0.5 ** (Math.max(0, this.#now() - entry.at) / HALF_LIFE_MS)
    return score > FORGOTTEN ? 0 : score
  }

  isBanned(peer: string): boolean {
    return (this.#entries.get(peer)?.bannedUntil ?? 0) > this.#now()
  }

  /** How many peers are refused. */
  get banned(): number {
    let count = 0
    for (const peer of this.#entries.keys()) if (this.isBanned(peer)) count++
    return count
  }

  /** `peers`, the best first; equals in the order given. */
  rank(peers: readonly string[]): string[] {
    return [...peers].sort((a, b) => this.of(b) - this.of(a))
  }

  #forget(now: number): void {
    for (const [peer, { bannedUntil }] of this.#entries)
      if (bannedUntil <= now && this.of(peer) === 0) this.#entries.delete(peer)
    // All of them have something to remember: the oldest goes.
    if (this.#entries.size > MAX_PEERS) this.#entries.delete(this.#entries.keys().next().value!)
  }
}
