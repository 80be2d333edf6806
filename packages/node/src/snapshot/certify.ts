/**
 * Is a snapshot's state final? Follows the checkpoints from the genesis committee to the one that ended the epoch before the snapshot, each
 * signed by more than two thirds of the stake that the one before it named, and compares.
 */

import type { ValidatorInfo } from '@zos/zpos'
import { type CheckpointMember, committeeHash } from '@zos/zpos/checkpoint'
import { asSigners } from '../checkpoint/members.ts'
import { type CheckpointRecord, decodeRecord } from '../checkpoint/record.ts'
import type { CheckpointSignatures } from '../checkpoint/signatures.ts'
import type { SnapshotSource } from './source.ts'

/** Why `source` is not proved, undefined: it is. Cost: a certificate an epoch. */
export async function certifySnapshot(
  source: SnapshotSource,
  genesisMembers: readonly ValidatorInfo[],
  signatures: CheckpointSignatures,
  { signal, onRecord }: { signal?: AbortSignal; onRecord?: (record: CheckpointRecord) => Promise<void> } = {},
): Promise<string | undefined> {
  const { start, block } = source.manifest
  let members: readonly CheckpointMember[] = asSigners(genesisMembers)
  for (let epoch = 0; epoch < start.number; epoch++) {
    signal?.throwIfAborted()
    const bytes = await source.record(epoch, signal ? { signal } : {})
    const record = bytes && decodeRecord(bytes)
    if (!record?.certificate) return `there is no certificate of epoch ${epoch}`
    const { checkpoint } = record.certificate
    if (checkpoint.epoch !== epoch) return `a certificate of epoch ${checkpoint.epoch} in the place of ${epoch}`
    const fault = await signatures.checkCertificate(record.certificate, members)
    if (fault !== undefined) return `the certificate of epoch ${epoch} proves nothing: ${fault}`
    const next = epoch === start.number - 1 ? asSigners(start.members) : record.next
    if (committeeHash(epoch + 1, next) !== checkpoint.nextCommittee)
      return `the committee of epoch ${epoch + 1} is not the one that was signed`
    members = next
    await onRecord?.(record)
    if (epoch < start.number - 1) continue
    if (checkpoint.unit !== start.unit.id || checkpoint.mci !== start.mci) return 'it begins at another unit'
    if (checkpoint.stateRoot !== block.header.stateRoot) return 'its state root is not the one that was signed'
    // The root says nothing of number, time, base fee and parent, from which the next block follows.
    if (checkpoint.blockHash !== block.hash) return 'its block is not the one that was signed'
  }
  return undefined
}
