/**
 * Instructions that contracts run most, under the rules of Osaka. They do what those of @ethereumjs/evm do (test/execution compares the two on
 * random programs), and make no promises, lists and copies on the way.
 */
import { pushFromCode } from '../code-analysis.ts'
import { frameOpcodes } from './frame-opcodes.ts'
import { memoryOpcodes } from './memory-opcodes.ts'
import { type OpcodeEntry, type OpcodeMap, type RunState, wordsOf } from './run-state.ts'
import { storageOpcodes } from './storage-opcodes.ts'

/** An instruction: what it does, and what it costs. */
export interface Opcode {
  /** `own`: what the library does, for what goes wrong, for which it has its words. */
  readonly run?: (state: RunState, own: () => void) => void
  /** The whole price: `fee`, and what depends on the operands. */
  readonly gas?: (state: RunState, fee: bigint) => bigint
}

const PUSH1 = 0x60
const PUSH32 = 0x7f

/** Puts what is in this folder into the opcodes `map` of an EVM, whose state is an EthereumState. */
export function replaceOpcodes(map: OpcodeMap): void {
  const opcodes: Record<number, Opcode> = { ...arithmetic, ...frameOpcodes, ...memoryOpcodes, ...storageOpcodes }
  for (const [code, { run, gas }] of Object.entries(opcodes)) {
    const entry = map[Number(code)]!
    const own = entry.opHandler
    const opHandler: OpcodeEntry['opHandler'] = run ? (state, common) => run(state, () => own(state, common)) : own
    map[Number(code)] = {
      ...entry,
      opHandler,
      ...(gas ? { gasHandler: gas as unknown as (typeof entry)['gasHandler'] } : {}),
    }
  }
  for (let code = PUSH1; code <= PUSH32; code++) map[code] = { ...map[code]!, opHandler: pushFromCode }
}

function unary(compute: (a: bigint) => bigint): Opcode {
  return {
    run(state) {
      const { _store, _len } = wordsOf(state, 1)
      _store[_len - 1] = compute(_store[_len - 1]!)
    },
  }
}

function binary(compute: (a: bigint, b: bigint) => bigint): Opcode {
  return {
    run(state) {
      const words = wordsOf(state, 2)
      const { _store } = words
      const top = --words._len
      _store[top - 1] = compute(_store[top]!, _store[top - 1]!)
    },
  }
}

const word = (value: bigint) => BigInt.asUintN(256, value)
const bit = (value: boolean) => (value ? 1n : 0n)

const arithmetic: Record<number, Opcode> = {
  1: binary((a, b) => word(a + b)),
  2: binary((a, b) => word(a * b)),
  3: binary((a, b) => word(a - b)),
  4: binary((a, b) => (b === 0n ? 0n : a / b)),
  6: binary((a, b) => (b === 0n ? 0n : a % b)),
  16: binary((a, b) => bit(a < b)),
  17: binary((a, b) => bit(a > b)),
  20: binary((a, b) => bit(a === b)),
  21: unary((a) => bit(a === 0n)),
  22: binary((a, b) => a & b),
  23: binary((a, b) => a | b),
  24: binary((a, b) => a ^ b),
  25: unary((a) => word(~a)),
  27: binary((shift, value) => (shift > 255n ? 0n : word(value << shift))),
  28: binary((shift, value) => (shift > 255n ? 0n : value >> shift)),
}
