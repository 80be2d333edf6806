/** Instructions on memory, calldata and return data: the prices of those that the library makes promises of, and words without hex between. */
import { EVMError } from '@ethereumjs/evm'
import { keccak256 } from '@zos/pipeline/hash'
import { OP } from './op.ts'
import type { Opcode } from './opcode.ts'
import { type RunState, wordsOf } from './run-state.ts'
import { readWord, writeWord } from './words.ts'

/** Gas of one word of memory, and what the square of the words is divided by (Yellow Paper, H.1). */
const WORD_GAS = 3n
const QUADRATIC_DIVISOR = 512n
const COPY_WORD_GAS = 3n
const KECCAK_WORD_GAS = 6n
const LOG_TOPIC_GAS = 375n
const LOG_BYTE_GAS = 8n

/** Gas of memory up to `offset + length`, beyond what the frame has paid for; notes that it is paid. Nothing for no bytes (YP 225). */
function memoryGas(state: RunState, offset: bigint, length: bigint): bigint {
  if (length === 0n) return 0n
  const words = wordsIn(offset + length)
  if (words <= state.memoryWordCount) return 0n
  const cost = words * WORD_GAS + (words * words) / QUADRATIC_DIVISOR
  const paid = state.highestMemCost
  state.highestMemCost = cost
  state.memoryWordCount = words
  return cost - paid
}

const NO_BYTES = new Uint8Array()

const wordsIn = (bytes: bigint) => (bytes + 31n) >> 5n

/** The operand at `depth`, 0 being the top, of at least `needed`. */
function operand(state: RunState, depth: number, needed: number): bigint {
  const { _store, _len } = wordsOf(state, needed)
  return _store[_len - 1 - depth]!
}

/** The price of an instruction on memory from the first operand on, as many bytes as the second says. */
export const rangeGas = (state: RunState, fee: bigint) =>
  fee + memoryGas(state, operand(state, 0, 2), operand(state, 1, 2))

const copyGas = (state: RunState, fee: bigint) => {
  const length = operand(state, 2, 3)
  return fee + memoryGas(state, operand(state, 0, 3), length) + COPY_WORD_GAS * wordsIn(length)
}

const logGas = (topics: bigint) => (state: RunState, fee: bigint) => {
  if (state.interpreter.isStatic()) throw new EVMError(EVMError.errorMessages.STATIC_STATE_CHANGE)
  const length = operand(state, 1, 2)
  return fee + memoryGas(state, operand(state, 0, 2), length) + LOG_TOPIC_GAS * topics + LOG_BYTE_GAS * length
}

export const memoryOpcodes: Record<number, Opcode> = {
  [OP.KECCAK256]: {
    gas(state, fee) {
      const length = operand(state, 1, 2)
      return fee + memoryGas(state, operand(state, 0, 2), length) + KECCAK_WORD_GAS * wordsIn(length)
    },
    run(state) {
      const words = wordsOf(state, 2)
      const { _store } = words
      const top = --words._len
      const length = Number(_store[top - 1])
      const data = length === 0 ? NO_BYTES : state.memory.read(Number(_store[top]), length, true)
      _store[top - 1] = readWord(keccak256(data), 0)
    },
  },
  [OP.CALLDATALOAD]: {
    run(state) {
      const { _store, _len } = wordsOf(state, 1)
      const data = state.interpreter.getCallData()
      const offset = _store[_len - 1]!
      _store[_len - 1] = offset >= BigInt(data.length) ? 0n : readWord(data, Number(offset))
    },
  },
  [OP.CALLDATACOPY]: { gas: copyGas },
  [OP.CODECOPY]: { gas: copyGas },
  [OP.RETURNDATACOPY]: {
    gas(state, fee) {
      if (operand(state, 1, 3) + operand(state, 2, 3) > BigInt(state.returnBytes.length))
        throw new EVMError(EVMError.errorMessages.OUT_OF_GAS)
      return copyGas(state, fee)
    },
  },
  [OP.MLOAD]: {
    gas: (state, fee) => fee + memoryGas(state, operand(state, 0, 1), 32n),
    run(state) {
      const { _store, _len } = wordsOf(state, 1)
      const offset = Number(_store[_len - 1])
      state.memory.extend(offset, 32)
      _store[_len - 1] = readWord(state.memory._store, offset)
    },
  },
  [OP.MSTORE]: {
    gas: (state, fee) => fee + memoryGas(state, operand(state, 0, 1), 32n),
    run(state) {
      const words = wordsOf(state, 2)
      const { _store } = words
      words._len -= 2
      const offset = Number(_store[words._len + 1])
      state.memory.extend(offset, 32)
      writeWord(state.memory._store, offset, _store[words._len]!)
    },
  },
  [OP.MSTORE8]: { gas: (state, fee) => fee + memoryGas(state, operand(state, 0, 1), 1n) },
  [OP.MCOPY]: {
    gas(state, fee) {
      const length = operand(state, 2, 3)
      const gas = fee + COPY_WORD_GAS * wordsIn(length)
      return gas + memoryGas(state, operand(state, 1, 3), length) + memoryGas(state, operand(state, 0, 3), length)
    },
  },
  [OP.LOG0]: { gas: logGas(0n) },
  [OP.LOG1]: { gas: logGas(1n) },
  [OP.LOG2]: { gas: logGas(2n) },
  [OP.LOG3]: { gas: logGas(3n) },
  [OP.LOG4]: { gas: logGas(4n) },
  [OP.REVERT]: { gas: rangeGas },
}
