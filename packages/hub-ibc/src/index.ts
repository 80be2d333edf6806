export type { CancelSignal } from './cancel.ts'
export {
  type CheckpointFacts,
  checkpointHeader,
  checkpointUpdate,
  checkpointVote,
  clientStates,
  cometValidators,
  signedCheckpoint,
} from './checkpoints/comet.ts'
export {
  ATTESTATION_TYPE_URLS,
  AttestationProof,
  AttestationsClientState,
  AttestationsConsensusState,
  type AttestedPath,
  attest,
  attestationDigest,
  attestorAddress,
  createAttestationsClient,
  encodePacketAttestation,
  encodeStateAttestation,
} from './clients/attestations.ts'
export {
  CHECKPOINT_TYPE_URLS,
  Checkpoint,
  CheckpointClientState,
  CheckpointConsensusState,
  CheckpointMisbehaviour,
  type CheckpointSignatureVerifier,
  CheckpointUpdate,
  checkpointSignBytes,
  committeeHash,
  createCheckpointClient,
  type Member,
  type Share,
  type SignedCheckpoint,
} from './clients/checkpoint.ts'
export {
  createSolomachineClient,
  ed25519Key,
  HEADER_PATH,
  rotationData,
  SignBytes,
  SOLOMACHINE_TYPE_URLS,
  SolomachineClientState,
  SolomachineConsensusState,
  SolomachineHeader,
  SolomachineMisbehaviour,
  signatureData,
  solomachineProof,
  solomachineSignBytes,
} from './clients/solomachine.ts'
export { bisect, type LightBlockSource } from './clients/tendermint/bisection.ts'
export { cosmosProofSpecs, createTendermintClient } from './clients/tendermint/client.ts'
export {
  BlockHeader as CometBlockHeader,
  ClientState as TendermintClientState,
  Commit as CometCommit,
  CommitSig as CometCommitSig,
  ConsensusState as TendermintConsensusState,
  Header as TendermintHeader,
  Misbehaviour as TendermintMisbehaviour,
  SignedHeader as CometSignedHeader,
  TYPE_URLS as TENDERMINT_TYPE_URLS,
  type Validator as CometValidator,
} from './clients/tendermint/messages.ts'
export {
  type HeaderVerdict,
  headerHash,
  type LightBlock,
  type SignatureVerifier,
  type TrustedState,
  type TrustOptions,
  validatorSetHash,
  verifyHeader,
  type WireFormat,
} from './clients/tendermint/verify.ts'
export type { ChannelApplication, IbcEvent, PayloadApplication, PayloadContext } from './core/application.ts'
export {
  commitAcknowledgement,
  commitAcknowledgementV2,
  commitPacket,
  commitPacketV2,
  ERROR_ACKNOWLEDGEMENT_V2,
} from './core/commitments.ts'
export { createIbcHost, type Delivery, type IbcHost, type TransferHandler } from './core/host.ts'
export { createJournal, type Journal, journaled, type KvStore } from './core/journal.ts'
export type { ChainClock } from './core/keeper.ts'
export type { ClientContext, ClientStatus, LightClientModule } from './core/light-client.ts'
export {
  type AcknowledgementV2,
  Any,
  type Height,
  type IbcMessage,
  MESSAGES,
  MerkleProof,
  Order,
  type Packet,
  type PacketV2,
  type Payload,
} from './core/messages.ts'
export type { MerklePath } from './core/paths.ts'
/** ICS-24: the paths of the provable store, and which identifiers are allowed. */
export * as paths from './core/paths.ts'
export { HubError, type HubErrorCode, isHubError } from './errors.ts'
export {
  type AssetMetadata,
  type AssetRegistry,
  createAssetRegistry,
  type Origin,
  safeMetadata,
  type TokenTemplate,
} from './hub/assets.ts'
export type { BucketRule } from './hub/bucket.ts'
export { createHub, type Hub } from './hub/hub.ts'
export type { Ledger } from './hub/ledger.ts'
export * from './iavl/index.ts'
export * from './ics23/index.ts'
export { type MultiStore, multiStore, simpleRoot } from './merkle/simple.ts'
export {
  type CallbackPort,
  createStandardPolicy,
  createTransferApplication,
  type Route,
  type TransferApplication,
  type TransferPolicy,
} from './transfer/application.ts'
export { type Bank, createMemoryBank } from './transfer/bank.ts'
export { bankDenom, type Denom, denomPath, escrowAddress, type Hop, parseDenom } from './transfer/denom.ts'
export { type AssetMemo, assetOf, withAsset } from './transfer/memo.ts'
export { decodeTransfer, ENCODINGS, encodeTransfer, type TransferData } from './transfer/packet-data.ts'
