/** The logs of a run together with its transfers of coins, each as an ERC-20 `Transfer` of the address 0xeeee…: `traceTransfers`. */
import type { EVMResult, InterpreterStep, Message } from '@ethereumjs/evm'
import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import type { EvmObserver } from '../execution/evm.ts'
import type { Log } from '../execution/receipt.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import type { StateReader } from '../state/overlay.ts'

const COIN: AddressHex = `0x${'ee'.repeat(20)}`
/** Keccak-256 of `Transfer(address,address,uint256)`. */
const TRANSFER: Hash = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/** A log with its number in the block, counting those of calls that failed, as go-ethereum does. */
export interface NumberedLog {
  readonly log: Log
  readonly index: number
}

interface Frame {
  logs: NumberedLog[]
  hasSteps: boolean
  /** What a creation transfers, until the address that gets it is known. */
  endowment: { from: AddressHex; value: bigint; index: number } | undefined
}

/** Looks on at one transaction that runs on `state`. Logs of calls that failed are dropped with them. */
export class TransferLogs implements Required<EvmObserver> {
  readonly logs: NumberedLog[] = []
  readonly #open: Frame[] = []
  readonly #state: StateReader
  #next: number

  /** `first`: the number of the transaction's first log. */
  constructor(state: StateReader, first: number) {
    this.#state = state
    this.#next = first
  }

  /** The number after the last log. */
  get next(): number {
    return this.#next
  }

  readonly before = (message: Message): void => {
    const frame: Frame = { logs: [], hasSteps: false, endowment: undefined }
    this.#open.push(frame)
    const { value, to } = message
    const from = message.caller.toString()
    if (value === 0n || message.delegatecall) return
    if (!to) frame.endowment = { from, value, index: this.#next++ }
    // A CALLCODE moves nothing: the caller pays itself.
    else if (to.equals(message.codeAddress)) this.#add(frame, transfer(from, to.toString(), value))
  }

  readonly after = ({ execResult, createdAddress }: EVMResult): void => {
    const frame = this.#open.pop()
    if (!frame || execResult.exceptionError) return
    if (frame.endowment && createdAddress) {
      const { from, value, index } = frame.endowment
      frame.logs.unshift({ log: transfer(from, createdAddress.toString(), value), index })
    }
    // A native contract has no opcodes to see its logs at.
    if (!frame.hasSteps)
      for (const [address, topics, data] of execResult.logs ?? [])
        this.#add(frame, { address: bytesToHex(address), topics: topics.map((topic) => bytesToHex(topic)), data })
    const parent = this.#open.at(-1)
    ;(parent ? parent.logs : this.logs).push(...frame.logs)
  }

  readonly step = ({ opcode, stack, memory, address }: InterpreterStep): void => {
    const frame = this.#open.at(-1)!
    frame.hasSteps = true
    const item = (depth: number) => stack.at(-1 - depth) ?? 0n
    if (opcode.name === 'SELFDESTRUCT') {
      const value = this.#state.account(address.toString())?.balance ?? 0n
      if (value > 0n) this.#add(frame, transfer(address.toString(), wordAddress(item(0)), value))
    } else if (/^LOG[0-4]$/.test(opcode.name)) {
      const [offset, length] = [Number(item(0)), Number(item(1))]
      const data = new Uint8Array(length)
      data.set(memory.subarray(offset, offset + length))
      const topics = Array.from({ length: Number(opcode.name[3]) }, (_, index): Hash => word(item(2 + index)))
      this.#add(frame, { address: address.toString(), topics, data })
    }
  }

  #add(frame: Frame, log: Log): void {
    frame.logs.push({ log, index: this.#next++ })
  }
}

function transfer(from: AddressHex, to: AddressHex, value: bigint): Log {
  const topics = [TRANSFER, word(BigInt(from)), word(BigInt(to))]
  return { address: COIN, topics, data: hexToBytes(word(value)) }
}

function word(value: bigint): Hash {
  return `0x${value.toString(16).padStart(64, '0')}`
}

function wordAddress(value: bigint): AddressHex {
  return `0x${value.toString(16).padStart(64, '0').slice(24)}`
}
