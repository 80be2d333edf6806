/**
 * What consensus reads of the DAG: a small interface that `createDag` of `@zos/dag` satisfies by its shape, and that a
 * test can satisfy with twenty lines. Nothing here is ever written to.
 */

import type { Address, UnitId } from '@zos/dag'

export type { Address, UnitId }

/** The part of a unit's header that consensus looks at (U1, U3). */
export interface RoundHeader {
  /** Self-parent first (validator units), then ascending by id. */
  readonly parents: readonly UnitId[]
  readonly authors: readonly Address[]
  /** The last final main-chain unit that the author knew. */
  readonly lastFinal: { readonly mci: number; readonly id: UnitId }
  /** Present on validator units only. */
  readonly validator?: { readonly round: number; readonly selfParent: UnitId } | undefined
}

/** Read access to the rounds of a DAG. Every parent of a unit in it is in it too, or was pruned below a checkpoint. */
export interface RoundDag {
  has(id: UnitId): boolean
  /** The header of a unit that the DAG has. */
  header(id: UnitId): RoundHeader
  /** The validator units of a round, each once, in any order. The list only grows. */
  roundUnits(round: number): readonly UnitId[]
  /** The units of one validator in one round: one, or several of an equivocator. */
  authorUnits(address: Address, round: number): readonly UnitId[]
  /** True if `ancestor` is in the past of `descendant` (a unit is not in its own past). */
  isAncestor(ancestor: UnitId, descendant: UnitId): boolean
  /**
   * Calls `listener` for every unit as it joins the DAG, parents first; returns the way to stop. Optional: with it the committer
   * looks at new units only, without it at the rounds that are open.
   */
  onUnit?(listener: (unit: { readonly id: UnitId }) => void): () => void
}

/** {@link RoundDag} with its tips: what a proposer needs. */
export interface TipDag extends RoundDag {
  /** Units that no unit of the DAG has as a parent. */
  tips(): readonly UnitId[]
}
