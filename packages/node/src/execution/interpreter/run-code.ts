/**
 * The loop of the interpreter. The one of @ethereumjs waits for promises two or three times an instruction, also where nothing is asynchronous;
 * here only what does return a promise is waited for: calls, creations, writes to storage, pauses.
 */
import { EVMError } from '@ethereumjs/evm'
import type { CodeAnalyses } from '../code-analysis.ts'
import type { OpcodeTable } from './opcode-table.ts'
import type { Interpreter, RunState } from './run-state.ts'

const JUMP = 0x56
const JUMPI = 0x57

/** What an EVM lends to the loop. */
export interface LoopParts {
  readonly table: OpcodeTable
  readonly analyses: CodeAnalyses
}

type Outcome = Awaited<ReturnType<Interpreter['run']>>

/** Runs `code` in the frame `state` to its end; what it does is what `Interpreter.run` does under the rules of Osaka. */
export async function runCode(state: RunState, code: Uint8Array, parts: LoopParts): Promise<Outcome> {
  state.code = code
  try {
    for (;;) {
      const pause = advance(state, parts)
      if (pause === undefined) break
      await pause
    }
    return { runState: state }
  } catch (error) {
    if (!(error instanceof EVMError)) throw error
    return error.error === EVMError.errorMessages.STOP
      ? { runState: state }
      : { runState: state, exceptionError: error }
  }
}

/** Goes on until the code ends (undefined) or an instruction has to be waited for. */
function advance(state: RunState, { table, analyses }: LoopParts): Promise<unknown> | undefined {
  const { fees, gasHandlers, handlers, invalid } = table
  const { code } = state
  const { common } = state.interpreter._evm
  const { length } = code
  while (state.programCounter < length) {
    const opcode = code[state.programCounter]!
    if ((opcode === JUMP || opcode === JUMPI) && state.shouldDoJumpAnalysis) {
      const { jumps, pushes } = analyses.of(code)
      state.validJumps = jumps
      state.cachedPushes = pushes
      state.shouldDoJumpAnalysis = false
    }
    state.opCode = opcode
    let gas = fees[opcode]!
    const gasHandler = gasHandlers[opcode]
    if (gasHandler !== undefined) {
      const dynamic = gasHandler(state, gas, common) as Promise<bigint> | bigint
      if (typeof dynamic !== 'bigint') return finish(state, dynamic, table)
      gas = dynamic
    }
    if (invalid[opcode] === 1) throw new EVMError(EVMError.errorMessages.INVALID_OPCODE)
    useGas(state, gas)
    state.programCounter++
    const pause = handlers[opcode]!(state, common) as Promise<void> | undefined
    if (pause !== undefined) return pause
  }
  return undefined
}

/** The rest of an instruction whose price has to be waited for. */
async function finish(state: RunState, gas: Promise<bigint>, { handlers }: OpcodeTable): Promise<void> {
  const { opCode } = state
  useGas(state, await gas)
  state.programCounter++
  await handlers[opCode]!(state, state.interpreter._evm.common)
}

function useGas(state: RunState, gas: bigint): void {
  const left = state.gasLeft - gas
  if (left >= 0n) {
    state.gasLeft = left
    return
  }
  state.gasLeft = 0n
  throw new EVMError(EVMError.errorMessages.OUT_OF_GAS)
}
