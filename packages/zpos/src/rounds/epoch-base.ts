/**
 * The unit that a committee builds on. For the first epoch it is the genesis in round 0; every later epoch builds on the
 * committed leader that ended the one before (C2), which then counts as the unit of everyone in a round of the new epoch's
 * own range: rounds of different epochs never meet, so (author, round) names a slot for good.
 */
import type { RoundDag, UnitId } from '../dag-port.ts'

/**
 * Rounds that an epoch may use. The default epoch ends after some 3,600; an epoch that came this far without an end
 * stops (see `createProposer`) instead of running into the next one's range.
 */
export const EPOCH_ROUNDS = 65_536

/** What the first round of a committee builds on. */
export interface EpochBase {
  readonly unit: UnitId
  /** The round in which the unit counts for everyone; a multiple of {@link EPOCH_ROUNDS}. */
  readonly round: number
}

/** The epoch that a round belongs to. */
export function epochOfRound(round: number): number {
  return Math.floor(round / EPOCH_ROUNDS)
}

/** The base of an epoch: `unit` is the genesis for epoch 0, else the committed leader that ended the epoch before. */
export function epochBase(epoch: number, unit: UnitId): EpochBase {
  return { unit, round: epoch * EPOCH_ROUNDS }
}

/** True if `id` is what the committee builds on; without a base given, that is the genesis. */
export function isBase(dag: RoundDag, base: EpochBase | undefined, id: UnitId): boolean {
  return base === undefined ? dag.header(id).parents.length === 0 : id === base.unit
}
