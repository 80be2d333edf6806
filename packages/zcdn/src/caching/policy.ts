import type { Queue, Slots } from './slots.ts'

/**
 * A replacement policy. The cache finds the slot of a key and calls `hit` or `miss`; the policy decides who stays.
 * Every call is O(1) amortised. Policies know slots and sizes, never keys or values.
 */
export interface Policy {
  /** The value of `slot` was used. */
  hit(slot: number): void
  /**
   * A value of `slots.sizeOf(slot)` bytes arrived for a key that is not resident: new, or a ghost of this policy.
   * Makes room through `slots.owner`. Returns false when the value is not admitted; the slot is then a ghost or forgotten.
   */
  miss(slot: number): boolean
  /** Takes a slot, resident or ghost, out of all queues; does not release it. */
  remove(slot: number): void
  /** Resident bytes. */
  bytes(): number
  /** The queues in a fixed order, for saving and restoring. */
  queues(): readonly Queue[]
  /** Told after a slot was put into one of {@link Policy.queues} from a saved cache, for policies that keep sums of their own. */
  restored?(slot: number): void
}

/** Makes a policy over `slots` for `capacityBytes`. */
export type PolicyFactory = (slots: Slots, capacityBytes: number) => Policy
