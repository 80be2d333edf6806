/** Gathers the shares of a checkpoint until they make a certificate. */
import {
  bip340,
  type Checkpoint,
  type CheckpointCertificate,
  type CheckpointMember,
  type CheckpointShare,
  checkpointDigest,
  type SchemeVerifier,
} from './checkpoint.ts'

/** Collects shares for one checkpoint. */
export interface CheckpointCollector {
  /** Takes a share. False if it is of a stranger, there already, or lacks a good signature under any of the schemes. */
  add(share: CheckpointShare): boolean
  /** The certificate, once more than two thirds of the stake have signed. Shares ascending by address. */
  certificate(): CheckpointCertificate | undefined
}

/** Makes a collector. A node makes one when it has executed the checkpoint's unit itself; other checkpoints get no share of it. */
export function createCheckpointCollector(options: {
  readonly checkpoint: Checkpoint
  readonly members: readonly CheckpointMember[]
  readonly networkId: number
  readonly verifiers?: readonly SchemeVerifier[]
}): CheckpointCollector {
  const { checkpoint, members, networkId, verifiers = [bip340] } = options
  const digest = checkpointDigest(checkpoint, networkId)
  const total = members.reduce((sum, { stake }) => sum + stake, 0n)
  const shares = new Map<string, CheckpointShare>()
  let stake = 0n
  return {
    add(share) {
      const member = members.find(({ address }) => address === share.address)
      if (member === undefined || shares.has(share.address)) return false
      const good = verifiers.every(({ scheme, verify }) => {
        const key = member.keys.find((candidate) => candidate.scheme === scheme)?.key
        const signature = share.signatures.find((candidate) => candidate.scheme === scheme)?.signature
        return key !== undefined && signature !== undefined && verify(key, digest, signature)
      })
      if (!good) return false
      shares.set(share.address, share)
      stake += member.stake
      return true
    },
    certificate() {
      if (3n * stake <= 2n * total) return undefined
      return { checkpoint, shares: [...shares.values()].sort((a, b) => (a.address < b.address ? -1 : 1)) }
    },
  }
}
