export { type BatchVerifier, createBatchVerifier } from './batch.ts'
export { decodeCommitmentProof, encodeCommitmentProof } from './codec.ts'
export {
  type CommitmentProof,
  type ExistenceProof,
  HashOp,
  type InnerOp,
  type InnerSpec,
  type LeafOp,
  LengthOp,
  type NonExistenceProof,
  type ProofSpec,
  type Verdict,
} from './proof.ts'
export { iavlSpec, smtSpec, tendermintSpec } from './specs.ts'
export { calculateRoot, verifyMembership, verifyNonMembership } from './verify.ts'
