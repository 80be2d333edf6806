/**
 * ROAST (Ruffing et al., 2022): a coordinator that always ends with a signature while `threshold` honest signers answer, however
 * many others stall or send rubbish. Whoever answers is free again and joins the next session; whoever sent a wrong share is out.
 */
import { HubError } from '../errors.ts'
import {
  aggregate,
  type GroupKey,
  type NonceCommitment,
  openSession,
  type SigningSession,
  verifyShare,
} from './frost.ts'

/** A FROST session that the coordinator opened: all its signers get it, sign their share, and answer with `number`. */
export interface RoastSession {
  /** Counts the sessions of one message from 0. */
  readonly number: number
  readonly session: SigningSession
}

/**
 * The coordinator of one signature. It needs at most n − t + 1 sessions while `threshold` signers are honest and
 * answer; the caller carries the messages and decides when to give up.
 */
export interface Roast {
  /** A signer is ready: its fresh commitment. When enough are, the session to send them all. */
  ready(commitment: NonceCommitment): RoastSession | undefined
  /** A signer's share for a session, with its next commitment. The signature once a session is whole; else perhaps a new session. */
  answer(
    number: number,
    identifier: bigint,
    share: bigint,
    next: NonceCommitment,
  ): { signature?: Uint8Array; session?: RoastSession }
  /** Signers proven to have sent wrong shares. */
  readonly cheaters: ReadonlySet<bigint>
}

/** Coordinates one message. The coordinator is not trusted with anything but progress. */
export function createRoast(key: GroupKey, message: Uint8Array): Roast {
  const cheaters = new Set<bigint>()
  const waiting = new Map<bigint, NonceCommitment>()
  const sessions: { session: SigningSession; shares: Map<bigint, bigint> }[] = []

  function ready(commitment: NonceCommitment): RoastSession | undefined {
    if (cheaters.has(commitment.identifier) || !key.verifyingShares.has(commitment.identifier)) return undefined
    waiting.set(commitment.identifier, commitment)
    if (waiting.size < key.threshold) return undefined
    const chosen = [...waiting.values()].slice(0, key.threshold)
    try {
      const session = openSession(key, message, chosen)
      waiting.clear()
      sessions.push({ session, shares: new Map() })
      return { number: sessions.length - 1, session }
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      for (const culprit of (error.context.culprits ?? []) as bigint[]) {
        cheaters.add(culprit)
        waiting.delete(culprit)
      }
      return undefined
    }
  }

  return {
    cheaters,
    ready,
    answer(number, identifier, share, next) {
      const entry = sessions[number]
      if (!entry || cheaters.has(identifier) || entry.shares.has(identifier) || !entry.session.hiding.has(identifier))
        return {}
      if (!verifyShare(entry.session, identifier, share)) {
        cheaters.add(identifier)
        return {}
      }
      entry.shares.set(identifier, share)
      if (entry.shares.size === entry.session.identifiers.length)
        return { signature: aggregate(entry.session, entry.shares) }
      const session = ready(next)
      return session ? { session } : {}
    },
  }
}
