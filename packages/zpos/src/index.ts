export {
  type Committer,
  type CommitterOptions,
  createCommitter,
  WAVE_LENGTH,
} from './commit/committer.ts'
export type { CommitDecision, Decision, DecisionRule, SkipDecision, Slot, SlotStatus } from './commit/decision.ts'
export { type Committee, createCommittee, MAX_COMMITTEE, type ValidatorInfo } from './committee/committee.ts'
export type { Address, RoundDag, RoundHeader, TipDag, UnitId } from './dag-port.ts'
export { isZposError, ZposError, type ZposErrorCode } from './errors.ts'
export { createProposer, type Proposal, type Proposer, type ProposerOptions } from './propose/proposer.ts'
export { createMemoryGuardStore, type GuardStore } from './protection/guard-store.ts'
export type { KeyHistory, SignedAttestation, SignedBlock } from './protection/interchange.ts'
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
export {
  createRankedSchedule,
  DEFAULT_WAVE,
  type LeaderSchedule,
  type RankedScheduleOptions,
  roundRobinSchedule,
  TERM_ROUNDS,
  type Term,
} from './schedule/leader-schedule.ts'
export {
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
export { vrfProve, vrfPublicKey, vrfVerify } from './vrf/ecvrf.ts'
