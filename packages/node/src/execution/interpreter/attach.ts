import { type EVM, EVMError } from '@ethereumjs/evm'
import type { CodeAnalysis } from '../code-analysis.ts'
import { type LoopParts, runCode } from './run-code.ts'
import type { Interpreter, RunState } from './run-state.ts'

interface Patchable {
  _evm: EVM
  _runState: RunState
  run: Interpreter['run']
  _runStepHook(gas: bigint, gasLeft: bigint, memoryWords: bigint): Promise<void>
  _getValidJumpDestinations(code: Uint8Array): CodeAnalysis
}

const REVERT = 0xfd

const patched = new WeakSet<object>()

/**
 * Lets the interpreter run code in the loop of run-code.ts with what `partsOf` has for an EVM of this process; undefined is for its own loop. Runs
 * that somebody watches step by step are its own too, and find the kept analyses. The class is not exported, so it is taken from a run of
 * `evm`, which is of nothing. Errors: an `Error` when the library has no such methods any more.
 */
export async function attachLoop(evm: EVM, partsOf: (evm: EVM) => LoopParts | undefined): Promise<void> {
  const { runState } = await evm.runCode({ code: Uint8Array.of(0) })
  const prototype = Object.getPrototypeOf(runState!.interpreter) as Patchable
  if (patched.has(prototype)) return
  const { run, _runStepHook: tell, _getValidJumpDestinations: analyse } = prototype
  if ([run, tell, analyse].some((method) => typeof method !== 'function'))
    throw new Error('the interpreter of @ethereumjs/evm runs code in another way')
  patched.add(prototype)
  prototype.run = function (code, options) {
    const parts = this._evm.events.listenerCount('step') === 0 && !options?.pc ? partsOf(this._evm) : undefined
    return parts ? runCode(this._runState, code, parts) : run.call(this, code, options)
  }
  // It reads what a REVERT returns before that is paid for: gigabytes, if the contract says so.
  prototype._runStepHook = async function (gas, gasLeft, memoryWords) {
    if (this._runState.opCode === REVERT && gas > gasLeft) throw new EVMError(EVMError.errorMessages.OUT_OF_GAS)
    return tell.call(this, gas, gasLeft, memoryWords)
  }
  prototype._getValidJumpDestinations = function (code) {
    return partsOf(this._evm)?.analyses.of(code) ?? analyse.call(this, code)
  }
}
