/** The parameters of the consensus contract, and what in it must hold between them. */
import { ZOS } from '../economy/emission.ts'
import { ZposError } from '../errors.ts'

/** Parameters of a network. Times in milliseconds of consensus time, shares per ten thousand. */
export interface ContractParams {
  /** True: every candidate names an isogeny key, since checkpoints need its signatures too (C14). */
  readonly requireIsogenyKey: boolean
  /** Self-bond from which on one is a candidate. */
  readonly minSelfBond: bigint
  /** Smallest delegation, so that rounding attacks with dust cost more than they take. */
  readonly minDelegation: bigint
  /** Members of the committee (C2: 4 to 100). */
  readonly committeeSize: number
  /**
   * Epochs between an election and the epoch that it is for. 0: the next one. 1: the one after, so that whoever executes the ledger has an
   * epoch's time to know the result before consensus needs it.
   */
  readonly electionLead: number
  /** From unbonding to withdrawal. At least the evidence window (C13). */
  readonly unbondingMs: number
  /** How long an offence can be proved after it happened. */
  readonly evidenceWindowMs: number
  /** Taken of an offender's stake. */
  readonly slashBps: bigint
  /** Of what was taken, for the one who proved it; the rest is burned. */
  readonly reporterBps: bigint
  /** Most that a commission may rise in one epoch. */
  readonly maxCommissionRiseBps: number
  /** Time in jail for being away. */
  readonly jailMs: number
  /** Least part of the epoch's rounds with a unit, below which one is jailed. */
  readonly minParticipationBps: number
  /** Unbonding entries of one account that may be open at a time; bounds the work of a withdrawal. */
  readonly maxUnbondings: number
  /** Key rotations that may be under evidence at a time. */
  readonly maxOldKeys: number
}

const DAY_MS = 86_400_000

/** The parameters of the ZOS network. */
export const DEFAULT_PARAMS: ContractParams = {
  requireIsogenyKey: false,
  minSelfBond: 10_000n * ZOS,
  minDelegation: ZOS / 100n,
  committeeSize: 30,
  electionLead: 0,
  unbondingMs: 21 * DAY_MS,
  evidenceWindowMs: 21 * DAY_MS,
  slashBps: 10_000n,
  reporterBps: 500n,
  maxCommissionRiseBps: 100,
  jailMs: 600_000,
  minParticipationBps: 500,
  maxUnbondings: 16,
  maxOldKeys: 4,
}

/** Throws `ZPOS_INVALID_ARGUMENT` unless unbonding ≥ evidence window (C13) and all shares are at most the whole. */
export function checkParams(params: ContractParams): void {
  const wrong =
    params.unbondingMs < params.evidenceWindowMs
      ? 'stake could leave before its offences can be proved: unbondingMs is below evidenceWindowMs'
      : params.committeeSize < 1 || params.committeeSize > 100
        ? 'committeeSize is not between 1 and 100'
        : params.slashBps > 10_000n || params.reporterBps > 10_000n
          ? 'a share is above 10,000'
          : undefined
  if (wrong !== undefined) throw new ZposError('ZPOS_INVALID_ARGUMENT', wrong, { params })
}
