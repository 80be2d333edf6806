/** Stands in the way of long runs of the EVM: lets others have a turn, or ends them. */
export interface Pace {
  /** Called at every jump destination, call and creation: no loop and no recursion goes on without. What it throws ends the run. */
  step(): Promise<void> | undefined
}

/** JUMPDEST, CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, STATICCALL. */
export const PACED_OPCODES = [0x5b, 0xf0, 0xf1, 0xf2, 0xf4, 0xf5, 0xfa] as const
