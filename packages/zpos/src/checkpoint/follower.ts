/** Follows checkpoints from a trusted one (C11), while the trust lasts (C13). */
import {
  type Checkpoint,
  type CheckpointCertificate,
  type CheckpointMember,
  checkCertificate,
  committeeHash,
  type SchemeVerifier,
} from './checkpoint.ts'

/** Something trusted: the committee of an epoch, by genesis or by a checkpoint that was verified. */
export interface TrustedPoint {
  /** Epoch that the members sign for. */
  readonly epoch: number
  readonly members: readonly CheckpointMember[]
  /** Consensus time at which it was known to be right. */
  readonly timeMs: number
}

/** What became of a certificate. */
export type FollowResult =
  | { readonly status: 'followed'; readonly checkpoint: Checkpoint }
  | { readonly status: 'refused'; readonly reason: string }

/** A light node's view of finality. */
export interface Follower {
  /**
   * Takes the next epoch's certificate with the committee that it names.
   *
   * Refused: the wrong epoch, a committee that is not the one named, too little stake, or a trusted point that is too old at `nowMs`:
   * its validators may have left with their stake, so a certificate of theirs costs them nothing. Get a newer point from a source you trust.
   * Trust in the next point counts from the checkpoint's own time, not from when it was seen: old news does not make trust young.
   */
  follow(certificate: CheckpointCertificate, next: readonly CheckpointMember[], nowMs: number): FollowResult
  trusted(): TrustedPoint
  latest(): Checkpoint | undefined
}

/** Makes a follower. `trustMs` is at most the unbonding period less a margin for clocks and for bringing evidence. */
export function createFollower(options: {
  readonly trusted: TrustedPoint
  readonly networkId: number
  readonly trustMs: number
  readonly verifiers?: readonly SchemeVerifier[]
}): Follower {
  const { networkId, trustMs, verifiers } = options
  let trusted = options.trusted
  let latest: Checkpoint | undefined
  return {
    follow(certificate, next, nowMs) {
      const { checkpoint } = certificate
      const refuse = (reason: string): FollowResult => ({ status: 'refused', reason })
      if (nowMs > trusted.timeMs + trustMs) {
        return refuse(`the trusted point of epoch ${trusted.epoch} is older than ${trustMs} ms: start from a newer one`)
      }
      if (checkpoint.epoch !== trusted.epoch)
        return refuse(`a checkpoint of epoch ${checkpoint.epoch}, not ${trusted.epoch}`)
      if (latest !== undefined && checkpoint.mci <= latest.mci)
        return refuse(`its index ${checkpoint.mci} does not advance`)
      const fault = checkCertificate(certificate, trusted.members, { networkId, ...(verifiers && { verifiers }) })
      if (fault !== undefined) return refuse(fault)
      if (committeeHash(checkpoint.epoch + 1, next) !== checkpoint.nextCommittee) {
        return refuse('the next committee is not the one that the checkpoint names')
      }
      trusted = { epoch: checkpoint.epoch + 1, members: next, timeMs: Math.min(checkpoint.timeMs, nowMs) }
      latest = checkpoint
      return { status: 'followed', checkpoint }
    },
    trusted: () => trusted,
    latest: () => latest,
  }
}
