/** `@zos/zpos/checkpoint`: verify checkpoints and follow them, with nothing of the rest. */
export {
  bip340,
  type Checkpoint,
  type CheckpointCertificate,
  type CheckpointMember,
  type CheckpointShare,
  checkCertificate,
  checkpointDigest,
  committeeHash,
  decodeCertificate,
  decodeCheckpoint,
  encodeCertificate,
  encodeCheckpoint,
  type Hash32,
  SCHEME_BIP340,
  SCHEME_ECVRF,
  SCHEME_SQISIGN,
  type SchemeKey,
  type SchemeVerifier,
} from './checkpoint.ts'
export { type CheckpointCollector, createCheckpointCollector } from './collector.ts'
export { createFollower, type Follower, type FollowResult, type TrustedPoint } from './follower.ts'
export { checkHead, type HeadShare, type HeadStatement, headDigest, signHead } from './head.ts'
