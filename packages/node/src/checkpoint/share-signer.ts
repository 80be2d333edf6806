import { bytesToHex } from '@ethereumjs/util'
import type { UnitId } from '@zos/dag'
import { isZposError, type SigningGuard, signCheckpoint } from '@zos/zpos'
import { type Checkpoint, checkpointDigest, SCHEME_BIP340, SCHEME_SQISIGN } from '@zos/zpos/checkpoint'
import { NodeError } from '../errors.ts'
import type { Isogeny } from '../identity/isogeny.ts'
import type { CheckpointStore } from './checkpoint-store.ts'
import type { CheckpointCosigner, CosignSubject } from './cosigner.ts'
import { MAX_COSIGNATURE_BYTES, type ShareMessage } from './record.ts'

/** A validator's keys, and the journal that keeps it from contradicting itself. */
export interface ShareSignerOptions {
  readonly address: string
  readonly secretKey: Uint8Array
  /** Asked for in a network that signs with both schemes. */
  readonly isogenyKey: Uint8Array | undefined
  /** Of checkpoints alone: epochs in the place of rounds, digests in the place of units. */
  readonly guard: SigningGuard
  readonly networkId: number
  readonly isogeny: Isogeny
  readonly store: CheckpointStore
  readonly cosigners: readonly CheckpointCosigner[]
}

/** Signs the checkpoints of one validator, each epoch's once (two of one epoch cost the whole bond). */
export class ShareSigner {
  readonly #options: ShareSignerOptions

  constructor(options: ShareSignerOptions) {
    this.#options = options
  }

  get address(): string {
    return this.#options.address
  }

  /**
   * This validator's share, the stored one if there is one; undefined for an epoch before one that it has signed since.
   * Rejects with `NODE_STATE_DIVERGED` when another checkpoint of this epoch was signed before.
   */
  async share(subject: CosignSubject): Promise<ShareMessage | undefined> {
    const { store, guard, networkId, address } = this.#options
    const { checkpoint } = subject
    const digest = checkpointDigest(checkpoint, networkId)
    const stored = store.ownShare(checkpoint.epoch)
    if (stored && bytesToHex(checkpointDigest(stored.checkpoint, networkId)) === bytesToHex(digest)) return stored
    const last = guard.last()
    if (!stored && last && last.round > checkpoint.epoch) return undefined
    try {
      if (stored) throw contradiction(checkpoint)
      await guard.claim(checkpoint.epoch, bytesToHex(digest) as UnitId)
    } catch (error) {
      if (isZposError(error, 'ZPOS_WOULD_SIGN_TWICE')) throw contradiction(checkpoint)
      throw error
    }
    const share: ShareMessage = {
      checkpoint,
      share: { address, signatures: await this.#sign(checkpoint, digest) },
      cosigned: await this.#cosign(subject),
    }
    await store.saveOwnShare(share)
    return share
  }

  async #sign(checkpoint: Checkpoint, digest: Uint8Array): Promise<ShareMessage['share']['signatures']> {
    const { networkId, secretKey, isogenyKey, isogeny } = this.#options
    const classical = { scheme: SCHEME_BIP340, signature: signCheckpoint(checkpoint, networkId, secretKey) }
    if (!isogenyKey) return [classical]
    return [classical, { scheme: SCHEME_SQISIGN, signature: await isogeny.sign(digest, isogenyKey) }]
  }

  async #cosign(subject: CosignSubject): Promise<ShareMessage['cosigned']> {
    const cosigned: [string, Uint8Array][] = []
    for (const cosigner of this.#options.cosigners) {
      const signature = await cosigner.sign(subject, this.#options.address)
      if (!signature) continue
      if (signature.length === 0 || signature.length > MAX_COSIGNATURE_BYTES)
        throw new NodeError('NODE_INVALID_ARGUMENT', `the cosigner ${cosigner.id} made ${signature.length} bytes`, {
          cosigner: cosigner.id,
        })
      cosigned.push([cosigner.id, signature])
    }
    return cosigned
  }
}

function contradiction({ epoch }: Checkpoint): NodeError {
  return new NodeError(
    'NODE_STATE_DIVERGED',
    `this validator has signed another checkpoint of epoch ${epoch}; the node must not go on`,
    { epoch },
  )
}
