/** The tree of message calls of a transaction, in the form of go-ethereum's `callTracer`. */
import type { EVMResult, Message } from '@ethereumjs/evm'
import { bytesToHex } from '@ethereumjs/util'
import type { AddressHex, Hash } from '../state/account.ts'
import type { Tracer } from './replay.ts'

export interface CallFrame {
  type: 'CALL' | 'STATICCALL' | 'DELEGATECALL' | 'CALLCODE' | 'CREATE' | 'CREATE2'
  from: AddressHex
  /** The contract that was made, for creations that succeeded. */
  to: AddressHex | undefined
  value: bigint
  gas: bigint
  gasUsed: bigint
  input: Hash
  output: Hash
  /** Why the call failed, in go-ethereum's words. */
  error: string | undefined
  calls: CallFrame[]
}

/** go-ethereum's names of what @ethereumjs calls otherwise. */
export const GETH_ERRORS: Readonly<Record<string, string>> = {
  revert: 'execution reverted',
  'out of gas': 'out of gas',
  'invalid opcode': 'invalid opcode',
  'stack underflow': 'stack underflow',
  'static state change': 'write protection',
  'invalid JUMP': 'invalid jump destination',
}

/** Listens to the messages of one transaction. */
export class CallRecorder {
  readonly #open: CallFrame[] = []
  readonly #statics: boolean[] = []
  #root: CallFrame | undefined

  /** The outermost call; undefined if the transaction did not come to it. */
  get root(): CallFrame | undefined {
    return this.#root
  }

  readonly before = (message: Message): void => {
    const frame: CallFrame = {
      type: this.#typeOf(message),
      from: message.caller.toString(),
      to: (message.delegatecall ? message.codeAddress : message.to)?.toString(),
      value: message.value,
      gas: message.gasLimit,
      gasUsed: 0n,
      input: bytesToHex(message.data),
      output: '0x',
      error: undefined,
      calls: [],
    }
    const parent = this.#open.at(-1)
    if (parent) parent.calls.push(frame)
    else this.#root = frame
    this.#open.push(frame)
    this.#statics.push(message.isStatic)
  }

  readonly after = ({ execResult, createdAddress }: EVMResult): void => {
    const frame = this.#open.pop()
    this.#statics.pop()
    if (!frame) return
    frame.gasUsed = execResult.executionGasUsed
    frame.output = bytesToHex(execResult.returnValue)
    const exception = execResult.exceptionError?.error
    if (exception) frame.error = GETH_ERRORS[exception] ?? exception
    else if (createdAddress) frame.to = createdAddress.toString()
  }

  #typeOf(message: Message): CallFrame['type'] {
    if (!message.to) return message.salt ? 'CREATE2' : 'CREATE'
    if (message.delegatecall) return 'DELEGATECALL'
    if (!message.to.equals(message.codeAddress)) return 'CALLCODE'
    // Inside a static call a CALL looks the same: it is told as what it amounts to.
    return message.isStatic ? 'STATICCALL' : 'CALL'
  }
}

/** The tree of calls of a run; gas of the outermost is the transaction's. */
export const traceCalls: Tracer<CallFrame> = async (run) => {
  const recorder = new CallRecorder()
  const { gasUsed } = await run.execute(recorder)
  return { ...recorder.root!, gas: run.gasLimit, gasUsed }
}
