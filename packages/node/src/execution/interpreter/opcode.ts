import type { RunState } from './run-state.ts'

/** An instruction: what it does, and what it costs. */
export interface Opcode {
  readonly run?: (state: RunState) => void
  /** Instead of `run`, made from what the library does: for what goes wrong, for which it has its words. */
  readonly runOr?: (own: (state: RunState) => void) => (state: RunState) => void
  /** The whole price: `fee`, and what depends on the operands. */
  readonly gas?: (state: RunState, fee: bigint) => bigint
}
