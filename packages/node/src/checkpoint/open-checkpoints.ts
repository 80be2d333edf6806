import type { Isogeny } from '../identity/isogeny.ts'
import type { ValidatorKeys } from '../keys/validator-keys.ts'
import { Checkpoints, type CheckpointsOptions } from './checkpoints.ts'
import { ShareSigner } from './share-signer.ts'

/** Makes the checkpoints of a node; those of a validator sign, guarded by a journal of their own. */
export async function openCheckpoints({
  keys,
  isogeny,
  ...options
}: Omit<CheckpointsOptions, 'signer'> & {
  readonly keys: ValidatorKeys | undefined
  readonly isogeny: Isogeny
}): Promise<Checkpoints> {
  const { networkId, store, cosigners } = options
  const signer =
    keys &&
    new ShareSigner({
      address: keys.address,
      secretKey: keys.secretKey,
      isogenyKey: keys.isogenyKey(),
      guard: await keys.guard('checkpoint-journal'),
      networkId,
      isogeny,
      store,
      cosigners,
    })
  return new Checkpoints({ ...options, signer })
}
