export {
  aggregate,
  commit,
  type GroupKey,
  identifyCheaters,
  type NonceCommitment,
  type Nonces,
  openSession,
  type SecretShare,
  type SigningSession,
  signShare,
  verifyShare,
  verifySignature,
} from './frost.ts'
export {
  type DealerCommitment,
  type Dealing,
  type DealtShare,
  deal,
  dealRefresh,
  dealReshare,
  finishKeygen,
  finishRefresh,
  finishReshare,
  judgeComplaint,
  type Membership,
  repairDeltas,
  repairSum,
  shareFor,
  transcript,
  verifyDealtShare,
  verifyProof,
  weightedIdentifiers,
} from './keygen.ts'
export { createRoast, type Roast, type RoastSession } from './roast.ts'
export { type AppendLog, openSignOnceLog, type SignOnceLog } from './sign-once.ts'
export type { Element } from './suite.ts'
export { ed25519Suite, p256Suite, type RandomBytes, ristretto255Suite, type Suite, secp256k1Suite } from './suite.ts'
