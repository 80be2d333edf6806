/** Peers that sent garbage, and for how long they are not spoken to. */

/** Garbage messages after which a peer is banned: one may be a bug or a cut connection. */
export const STRIKES = 3
/** Peers remembered; the oldest are forgotten first, so that making peers costs the attacker and not us. */
const MAX_REMEMBERED = 10_000

/** The ban list of one peer. */
export interface Bans {
  /** Notes garbage from a peer; true when it is banned by now. A block that is not what was asked for bans at once. */
  strike(peer: string, weight?: number): boolean
  isBanned(peer: string): boolean
}

/** Makes an empty ban list. */
export function createBans(): Bans {
  const strikes = new Map<string, number>()
  return {
    strike(peer, weight = 1) {
      const count = (strikes.get(peer) ?? 0) + weight
      strikes.delete(peer)
      strikes.set(peer, count)
      if (strikes.size > MAX_REMEMBERED) strikes.delete(strikes.keys().next().value!)
      return count >= STRIKES
    },
    isBanned: (peer) => (strikes.get(peer) ?? 0) >= STRIKES,
  }
}
