import type { Address, UnitId } from '../unit/id.ts'

/**
 * What an ordering rule reads of a DAG (U5). Units are dense integers from 0: a parent is always smaller than its child. They are
 * local to one DAG and change when it is pruned: `onRemap` tells holders the new ones. Parents that were pruned are not listed.
 */
export interface DagView {
  /** Number of units; indices are 0 … size − 1. */
  readonly size: number
  /** The dense index of a unit, −1 if the DAG does not hold it. */
  indexOf(id: UnitId): number
  idOf(unit: number): UnitId
  /** Compares ids: negative if that of `a` is smaller. */
  compareIds(a: number, b: number): number
  heightOf(unit: number): number
  /** Round of a validator unit; 0 for user units and genesis. */
  roundOf(unit: number): number
  /** Number of the validator that made the unit, −1 for user units. */
  authorOf(unit: number): number
  /** The address of a validator's number. */
  addressOf(author: number): Address
  parentCount(unit: number): number
  /** Parent number `k` in the order of the header. */
  parentAt(unit: number, k: number): number
  childCount(unit: number): number
  /** Children in the order of arrival. */
  childrenOf(unit: number): readonly number[]
  /**
   * True if the past of `observer` (−1: the whole DAG) has two units of this validator, neither in the other's past. Cost: O(1) for a
   * validator whose units are one chain by self-parents, else linear in the units.
   */
  isEquivocator(author: number, observer: number): boolean
  /** True if `a` is in the past of `b`; a unit is not in its own past. */
  isAncestor(a: number, b: number): boolean
  /** Calls `listener` with the new index of every old one (−1: dropped) after pruning. Returns the way to stop. */
  onRemap(listener: (remap: Int32Array, newSize: number) => void): () => void
}
