export {
  type AppendOptions,
  type AppendResult,
  createDag,
  DAG_LIMITS,
  type Dag,
  type DagLimits,
  type DagOptions,
  type HeaderStore,
  PRUNED_ROUNDS,
  type PrunedUnit,
  type PruningPoint,
  type RefusedUnit,
  type UnitRef,
} from './dag/dag.ts'
export type { DagView } from './dag/view.ts'
export { DagError, type DagErrorCode, isDagError } from './errors.ts'
export {
  type Decision,
  type DoubleSpendRule,
  DoubleSpendRules,
  type Preference,
  type StakeAt,
} from './order/double-spend.ts'
export { createLedger, type Ledger, type LedgerEvents, type LedgerOptions } from './order/ledger.ts'
export { createMainChain, type IndexedUnit, type MainChain, type MainChainCommit } from './order/main-chain.ts'
export { MainChainAccumulator, type MainChainProof, verifyMainChainProof } from './prune/accumulator.ts'
export { type LedgerParts, type Pruned, pruneLedger } from './prune/prune.ts'
export {
  createSnapshot,
  decodeSnapshot,
  encodeSnapshot,
  openSnapshot,
  type Snapshot,
  snapshotRoot,
} from './prune/snapshot.ts'
export { type Activation, activatedVersion, RulesRegistry, type Signal } from './rules/versions.ts'
export { unitBlock, unitCid, unitIdOfCid } from './unit/cid.ts'
export {
  blake2b256,
  decodeHeader,
  encodeHeader,
  type Hash,
  type LastFinal,
  type UnitHeader,
  unitId,
  type ValidatorFields,
} from './unit/header.ts'
export {
  type Address,
  bytesToHex,
  type Hex,
  hexToBytes,
  isAddress,
  isUnitId,
  toAddress,
  toUnitId,
  type UnitId,
} from './unit/id.ts'
export { UNIT_LIMITS, type UnitLimits } from './unit/limits.ts'
export {
  decodePayload,
  encodeMessage,
  encodePayload,
  type Message,
  MessageKind,
  messageRoot,
  normalizeMessage,
  proveMessage,
  validatePayloadShape,
  verifyMessageProof,
} from './unit/message.ts'
export {
  type AuthorSignature,
  addressOf,
  nobleVerifier,
  SCHEME_BIP340,
  type SignatureItem,
  type SignatureVerifier,
  type Signer,
  signerFromPrivateKey,
  signingDigest,
} from './unit/signature.ts'
export {
  createHeader,
  createUnit,
  decodeUnit,
  encodeUnit,
  signatureItems,
  type Unit,
  type UnitFields,
  type UnitOptions,
  validateSigners,
  validateUnitShape,
  verifyUnitSignatures,
} from './unit/unit.ts'
export { type UnitProblem, type UnitProblemCode, validateHeaderShape } from './unit/validate.ts'
export { Ghostdag, type GhostdagData, type GhostdagOptions } from './voting/ghostdag.ts'
export { ghostdagRule, type PairRule, spectreRule } from './voting/rule.ts'
export { type SpectreOptions, SpectrePair, type Tally } from './voting/spectre.ts'
export { oneVoteEach, referenceVotes, type Vote, type VoteWeight } from './voting/spectre-reference.ts'
export { type Access, accessOf, byZone, dependent, foataSteps, sameClass, zoneClasses, zoneOf } from './zones/trace.ts'
