export {
  encodeFrame,
  FRAME_STATUS,
  type Frame,
  FrameReader,
  type FrameStatus,
  MAX_FRAME_BYTES,
  REPLY_BYTES,
  statusOf,
} from './frames.ts'
export type { IntakeLimits } from './intake.ts'
export { type PackedSignatures, packSignatures, signatureChecker, unpackSignatures } from './signatures.ts'
export {
  type BankStage,
  bankTransfers,
  createTpu,
  type Receipt,
  type ReplayResult,
  replayTransactions,
  type StageSet,
  type SubmitOptions,
  type Tpu,
  type TpuOptions,
  type TvuOptions,
  type VerifyStage,
  verifyHere,
  type WriteStage,
} from './tpu.ts'
export { type DecodedAny, type DecodedTx, decodeAny, type VerifiedTx } from './transaction.ts'
