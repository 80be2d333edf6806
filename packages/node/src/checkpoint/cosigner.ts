import type { Checkpoint, CheckpointMember } from '@zos/zpos/checkpoint'

/** What a cosigned document may speak about. */
export interface CosignSubject {
  readonly checkpoint: Checkpoint
  readonly members: readonly CheckpointMember[]
  readonly next: readonly CheckpointMember[]
}

/**
 * A further document that the validators sign with each checkpoint, such as a commit in the format of another network's light clients.
 * The document follows from the checkpoint; what differs from one validator to the next (a time, a key) belongs into the signature's bytes.
 * A checkpoint is final without it.
 */
export interface CheckpointCosigner {
  /** Names the document; the same at all nodes. 1 to 32 ASCII characters. */
  readonly id: string
  /** This validator's signature, at most 1 KiB; undefined when it signs none. Asked once a checkpoint, and stored before it is sent. */
  sign(subject: CosignSubject, address: string): Promise<Uint8Array | undefined>
  /** Whether `signature` is the one of `address`. Foreign bytes: false, never an exception. */
  verify(subject: CosignSubject, address: string, signature: Uint8Array): boolean | Promise<boolean>
}
