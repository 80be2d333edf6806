/** What the commit rule says about a leader slot. */
import type { Address, UnitId } from '../dag-port.ts'

/** A slot: in `round`, the unit of `leader`. `offset` counts the slots of one round (0 unless a round has several leaders). */
export interface Slot {
  readonly round: number
  readonly offset: number
  readonly leader: Address
}

/** By which half of C6 a slot was decided. */
export type DecisionRule = 'direct' | 'indirect'

/** A slot whose leader unit is final. */
export interface CommitDecision extends Slot {
  readonly outcome: 'commit'
  readonly unit: UnitId
  readonly rule: DecisionRule
}

/** A slot that is final without a unit. */
export interface SkipDecision extends Slot {
  readonly outcome: 'skip'
  readonly rule: DecisionRule
}

/** A final decision about a slot. */
export type Decision = CommitDecision | SkipDecision

/** A decision, or that there is none yet. */
export type SlotStatus = Decision | (Slot & { readonly outcome: 'undecided' })
