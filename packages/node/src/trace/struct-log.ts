/** The opcode trace of a transaction, in the form of go-ethereum's default tracer as execution-apis fixes it (hex with 0x everywhere). */
import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm'
import { bytesToHex } from '@ethereumjs/util'
import type { EvmObserver } from '../execution/evm.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import type { StateReader } from '../state/overlay.ts'
import { GETH_ERRORS } from './call-frame.ts'
import { TraceTooLarge } from './trace-too-large.ts'

export interface StructLogOptions {
  stack: boolean
  storage: boolean
  memory: boolean
  returnData: boolean
  /** Steps told; the rest of the run is not. 0: all. */
  limit: number
}

export interface StructLog {
  pc: number
  op: string
  gas: number
  /** With the gas that a call hands on. */
  gasCost: number
  /** 1 for the outermost call. */
  depth: number
  error?: string
  stack?: Hash[]
  memory?: Hash[]
  /** The slots of the contract that the run has read or written so far; at SLOAD and SSTORE only. */
  storage?: Record<Hash, Hash>
  returnData?: Hash
  refund?: number
}

/** Some hundred bytes of JSON a step: what one answer may hold. */
const MAX_STEPS = 200_000
/** Characters of stacks, memory and storage in one answer. */
const MAX_CHARACTERS = 64 * 1024 * 1024
const WORD = 32
/** Gas that a call with value gives its callee on top (Yellow Paper, G_callstipend). */
const STIPEND = 2_300n

/** Looks on at one transaction. `state` is what the transaction runs on. Throws {@link TraceTooLarge}. */
export class StructLogger implements Required<EvmObserver> {
  readonly logs: StructLog[] = []
  readonly #options: StructLogOptions
  readonly #state: StateReader
  readonly #storage = new Map<AddressHex, Record<Hash, Hash>>()
  /** What the last call inside each open frame returned. */
  readonly #returned: Uint8Array[] = []
  #characters = 0

  constructor(state: StateReader, options: StructLogOptions) {
    this.#state = state
    this.#options = options
  }

  readonly before = (message: Message): void => {
    this.#returned.push(new Uint8Array())
    const caller = this.logs.at(-1)
    if (caller?.depth !== message.depth || !/^(DELEGATE|STATIC)?CALL(CODE)?$/.test(caller.op)) return
    const stipend = message.value > 0n && !message.delegatecall ? STIPEND : 0n
    caller.gasCost += Number(message.gasLimit - stipend)
  }

  readonly after = ({ execResult, createdAddress }: EVMResult): void => {
    this.#returned.pop()
    const last = this.logs.at(-1)
    const exception = execResult.exceptionError?.error
    if (last?.depth === this.#returned.length + 1 && exception && exception !== 'revert')
      last.error = GETH_ERRORS[exception] ?? exception
    if (this.#returned.length > 0)
      this.#returned[this.#returned.length - 1] =
        createdAddress && !exception ? new Uint8Array() : execResult.returnValue
  }

  readonly step = (step: InterpreterStep): void => {
    const { stack, storage, memory, returnData, limit } = this.#options
    if (limit > 0 && this.logs.length >= limit) return
    if (this.logs.length >= MAX_STEPS)
      throw new TraceTooLarge(`the trace has more than ${MAX_STEPS} steps; ask for fewer with limit`)
    const log: StructLog = {
      pc: step.pc,
      op: step.opcode.name,
      gas: Number(step.gasLeft),
      gasCost: Number(step.opcode.dynamicFee ?? step.opcode.fee),
      depth: step.depth + 1,
    }
    if (stack) log.stack = step.stack.map((item): Hash => `0x${item.toString(16)}`)
    if (memory && step.memory.length > 0) log.memory = words(step.memory)
    const touched = storage && this.#touch(step)
    if (touched) log.storage = { ...touched }
    const returned = this.#returned.at(-1)
    if (returnData && returned && returned.length > 0) log.returnData = bytesToHex(returned)
    if (step.gasRefund > 0n) log.refund = Number(step.gasRefund)
    this.#characters += sizeOf(log)
    if (this.#characters > MAX_CHARACTERS)
      throw new TraceTooLarge(
        `the trace is larger than ${MAX_CHARACTERS} characters; leave out stack, memory or storage`,
      )
    this.logs.push(log)
  }

  /** The slots of the running contract known so far, if the opcode reads or writes one. */
  #touch({ opcode, stack, address }: InterpreterStep): Record<Hash, Hash> | undefined {
    const isWrite = opcode.name === 'SSTORE'
    if (!isWrite && opcode.name !== 'SLOAD') return undefined
    const slot = stack.at(-1)
    const value = stack.at(-2)
    if (slot === undefined || (isWrite && value === undefined)) return undefined
    const owner = address.toString()
    const slots = this.#storage.get(owner) ?? {}
    this.#storage.set(owner, slots)
    const key = word(slot)
    slots[key] = isWrite
      ? word(value!)
      : `0x${bytesToHex(this.#state.storage(owner, key))
          .slice(2)
          .padStart(2 * WORD, '0')}`
    return slots
  }
}

function word(value: bigint): Hash {
  return `0x${value.toString(16).padStart(2 * WORD, '0')}`
}

function words(memory: Uint8Array): Hash[] {
  const hex = bytesToHex(memory).slice(2)
  return Array.from(
    { length: Math.ceil(memory.length / WORD) },
    (_, index): Hash => `0x${hex.slice(64 * index, 64 * (index + 1))}`,
  )
}

function sizeOf({ stack = [], memory = [], storage = {}, returnData = '0x' }: StructLog): number {
  const text = stack.reduce((sum, { length }) => sum + length, 0)
  return 100 + text + 66 * memory.length + 140 * Object.keys(storage).length + returnData.length
}
