export { EQUIVOCATION_DEPTH, equivocatorsIn } from './accountability/equivocators.ts'
export {
  type CheckpointEvidence,
  checkEvidence,
  decodeEvidence,
  type Evidence,
  type EvidenceResult,
  encodeEvidence,
  MAX_CHAIN,
  type Offence,
  type SignedHeader,
  signCheckpoint,
  type UnitEvidence,
} from './accountability/evidence.ts'
export { type Culprits, extractCulprits, type Fork, findForks } from './accountability/forks.ts'
export {
  type Committer,
  type CommitterLoad,
  type CommitterOptions,
  createCommitter,
  WAVE_LENGTH,
} from './commit/committer.ts'
export type { CommitDecision, Decision, DecisionRule, SkipDecision, Slot, SlotStatus } from './commit/decision.ts'
export { type Committee, createCommittee, MAX_COMMITTEE, type ValidatorInfo } from './committee/committee.ts'
export {
  type AbiFunction,
  type AbiValue,
  CONSENSUS_ABI,
  CONSENSUS_FUNCTIONS,
  decodeAbi,
  encodeAbi,
} from './contract/abi.ts'
export {
  type CallResult,
  CONSENSUS_ADDRESS,
  type ConsensusContract,
  createConsensusContract,
  type EpochEnd,
} from './contract/consensus-contract.ts'
export {
  type ContractStore,
  createMemoryContractStore,
  type MemoryContractStore,
  type StateValue,
} from './contract/contract-store.ts'
export { type ContractCall, type ContractReturn, callContract } from './contract/dispatch.ts'
export { type ContractParams, DEFAULT_PARAMS } from './contract/params.ts'
export type {
  CommitteeRecord,
  DelegationRecord,
  KeyRecord,
  LeavingRecord,
  Records,
  RedelegationRecord,
  UnbondingRecord,
  ValidatorRecord,
  VestingRecord,
} from './contract/records.ts'
export type { ProvedOffence } from './contract/slash.ts'
export type { CallContext, ContractEvent, Effects, Registration, Staking } from './contract/staking.ts'
export { keyAddress, possessionDigest, provePossession, verifyPossession } from './contract/validator-key.ts'
export type { Address, RoundDag, RoundHeader, TipDag, UnitId } from './dag-port.ts'
export { type Bet, divideReward, type RewardDivision, type RewardRound } from './economy/bets.ts'
export {
  FREE_BPS,
  GENESIS_ALLOCATION,
  type GenesisShare,
  HALVING_MS,
  MINED_LIMIT,
  minedBetween,
  minedBy,
  unlockedOf,
  VESTING_MS,
  vestedOf,
  ZOS,
} from './economy/emission.ts'
export { accrue, EMPTY_POOL, earned, pay, type RewardPool } from './economy/reward-pool.ts'
export { isZposError, ZposError, type ZposErrorCode } from './errors.ts'
export {
  type CarriedTicket,
  createLotterySchedule,
  type LotterySchedule,
  type LotteryScheduleOptions,
} from './lottery/lottery-schedule.ts'
export { termSeed, vrfInput } from './lottery/seed.ts'
export {
  compareHashes,
  rankCandidates,
  type SearchOptions,
  searchTicket,
  type Ticket,
  type TicketHash,
  ticketInput,
  verifyTicket,
} from './lottery/ticket.ts'
export {
  createProposer,
  type Proposal,
  type Proposer,
  type ProposerOptions,
  SILENCE_ROUNDS,
} from './propose/proposer.ts'
export { createMemoryGuardStore, type GuardStore } from './protection/guard-store.ts'
export {
  type KeyHistory,
  readInterchange,
  type SignedAttestation,
  type SignedBlock,
  writeInterchange,
} from './protection/interchange.ts'
export { type Claim, createSigningGuard, type SigningGuard } from './protection/signing-guard.ts'
export {
  openSlashingProtection,
  type ProtectionMode,
  type SlashingProtection,
  type SlashingProtectionOptions,
} from './protection/slashing-protection.ts'
export { checkValidatorUnit, type UnitFault, type UnitFaultCode, WEAK_PARENTS } from './rounds/check-unit.ts'
export { EPOCH_ROUNDS, type EpochBase, epochBase, epochOfRound } from './rounds/epoch-base.ts'
export { GARBAGE_DEPTH, garbageLine } from './rounds/garbage-line.ts'
export { createRulesVote, type RulesChange, type RulesVote, UPGRADE_THRESHOLD } from './rules/rules-vote.ts'
export {
  createRankedSchedule,
  DEFAULT_WAVE,
  type LeaderSchedule,
  type RankedScheduleOptions,
  roundRobinSchedule,
  TERM_ROUNDS,
  type Term,
} from './schedule/leader-schedule.ts'
export { vrfProve, vrfPublicKey, vrfVerify } from './vrf/ecvrf.ts'
