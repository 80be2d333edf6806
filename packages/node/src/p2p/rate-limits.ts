/** How much one peer may send: what is beyond is dropped before anything of it is decoded. */

/** A rate with a burst above it. */
interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** What one peer may send. */
export interface PeerLimits {
  /** Gossiped messages. */
  readonly messages: Rate
  /** Their bytes. */
  readonly bytes: Rate
  readonly requests: Rate
  /** Messages that are being checked; beyond it the peer gets ahead of us, and what is dropped is fetched when it is needed. */
  readonly inFlight: number
  readonly inFlightBytes: number
}

const MIB = 1024 * 1024

export const PEER_LIMITS: PeerLimits = {
  // A hundred validators with four units a second each, all by way of this peer, and as much again.
  messages: { perSecond: 1_000, burst: 4_000 },
  // Full units of thirty validators a second, and bursts of a network that catches up.
  bytes: { perSecond: 32 * MIB, burst: 64 * MIB },
  // Parents that it lacks, by unit.
  requests: { perSecond: 100, burst: 400 },
  inFlight: 512,
  inFlightBytes: 16 * MIB,
}

interface Bucket extends Rate {
  left: number
}

interface Allowance {
  at: number
  readonly messages: Bucket
  readonly bytes: Bucket
  readonly requests: Bucket
  inFlight: number
  inFlightBytes: number
}

/** `ok`; `busy`: this node has not kept up with the peer, which is nobody's fault; `flood`: the peer sends more than any honest one. */
export type Admission = 'ok' | 'busy' | 'flood'

/** Token buckets by peer. Kept for connected peers only: call {@link RateLimits.drop} when one goes. */
export class RateLimits {
  readonly #now: () => number
  readonly #limits: PeerLimits
  readonly #peers = new Map<string, Allowance>()

  constructor(now: () => number, limits: PeerLimits = PEER_LIMITS) {
    this.#now = now
    this.#limits = limits
  }

  get peers(): number {
    return this.#peers.size
  }

  /** Takes a message of `bytes`; if it is `ok`, call {@link RateLimits.done} when it has been checked. */
  message(peer: string, bytes: number): Admission {
    const allowance = this.#of(peer)
    if (allowance.messages.left < 1 || allowance.bytes.left < bytes) return 'flood'
    allowance.messages.left -= 1
    allowance.bytes.left -= bytes
    const { inFlight, inFlightBytes } = this.#limits
    if (allowance.inFlight >= inFlight || allowance.inFlightBytes + bytes > inFlightBytes) return 'busy'
    allowance.inFlight++
    allowance.inFlightBytes += bytes
    return 'ok'
  }

  done(peer: string, bytes: number): void {
    const allowance = this.#peers.get(peer)
    if (!allowance) return
    allowance.inFlight = Math.max(0, allowance.inFlight - 1)
    allowance.inFlightBytes = Math.max(0, allowance.inFlightBytes - bytes)
  }

  /** Takes a request. */
  request(peer: string): Exclude<Admission, 'busy'> {
    const { requests } = this.#of(peer)
    if (requests.left < 1) return 'flood'
    requests.left -= 1
    return 'ok'
  }

  drop(peer: string): void {
    this.#peers.delete(peer)
  }

  #of(peer: string): Allowance {
    const now = this.#now()
    const known = this.#peers.get(peer)
    if (!known) {
      const full = (limit: Rate): Bucket => ({ ...limit, left: limit.burst })
      const { messages, bytes, requests } = this.#limits
      const fresh: Allowance = {
        at: now,
        messages: full(messages),
        bytes: full(bytes),
        requests: full(requests),
        inFlight: 0,
        inFlightBytes: 0,
      }
      this.#peers.set(peer, fresh)
      return fresh
    }
    const seconds = Math.max(0, now - known.at) / 1_000
    known.at = now
    for (const bucket of [known.messages, known.bytes, known.requests])
      bucket.left = Math.min(bucket.burst, bucket.left + seconds * bucket.perSecond)
    return known
  }
}
