import { type EVM, EVMError } from '@ethereumjs/evm'

export type OpcodeMap = EVM['_opcodeMap']
export type OpcodeEntry = OpcodeMap[number]
/** What a frame of the EVM is at: @ethereumjs/evm does not export its name. */
export type RunState = Parameters<OpcodeEntry['opHandler']>[0]
export type Interpreter = RunState['interpreter']

/** The stack as it is kept: its methods make a list of every pair of operands. */
interface Words {
  _store: bigint[]
  _len: number
}

/** The words of the stack, of which `_len` count. Errors: stack underflow when there are fewer than `needed`. */
export function wordsOf({ stack }: RunState, needed: number): Words {
  const words = stack as unknown as Words
  if (words._len < needed) throw new EVMError(EVMError.errorMessages.STACK_UNDERFLOW)
  return words
}
