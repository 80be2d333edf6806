/**
 * Instructions that contracts run most, under the rules of Osaka. They do what those of @ethereumjs/evm do (test/execution compares the two on
 * random programs), and make no promises, lists and copies on the way.
 */
import { pushFromCode } from '../code-analysis.ts'
import { frameOpcodes } from './frame-opcodes.ts'
import { memoryOpcodes } from './memory-opcodes.ts'
import { OP } from './op.ts'
import type { Opcode } from './opcode.ts'
import { type OpcodeMap, wordsOf } from './run-state.ts'
import { storageOpcodes } from './storage-opcodes.ts'

/** Puts what is in this folder into the opcodes `map` of an EVM, whose state is an EthereumState. */
export function replaceOpcodes(map: OpcodeMap): void {
  const opcodes: Record<number, Opcode> = { ...arithmetic, ...frameOpcodes, ...memoryOpcodes, ...storageOpcodes }
  for (const [code, { run, runOr, gas }] of Object.entries(opcodes)) {
    const entry = map[Number(code)]!
    const { opHandler } = entry
    map[Number(code)] = {
      ...entry,
      opHandler: run ?? runOr?.((state) => opHandler(state, state.interpreter._evm.common) as undefined) ?? opHandler,
      ...(gas ? { gasHandler: gas as unknown as (typeof entry)['gasHandler'] } : {}),
    }
  }
  for (let code: number = OP.PUSH1; code <= OP.PUSH32; code++) map[code] = { ...map[code]!, opHandler: pushFromCode }
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
  [OP.ADD]: binary((a, b) => word(a + b)),
  [OP.MUL]: binary((a, b) => word(a * b)),
  [OP.SUB]: binary((a, b) => word(a - b)),
  [OP.DIV]: binary((a, b) => (b === 0n ? 0n : a / b)),
  [OP.MOD]: binary((a, b) => (b === 0n ? 0n : a % b)),
  [OP.LT]: binary((a, b) => bit(a < b)),
  [OP.GT]: binary((a, b) => bit(a > b)),
  [OP.EQ]: binary((a, b) => bit(a === b)),
  [OP.ISZERO]: unary((a) => bit(a === 0n)),
  [OP.AND]: binary((a, b) => a & b),
  [OP.OR]: binary((a, b) => a | b),
  [OP.XOR]: binary((a, b) => a ^ b),
  [OP.NOT]: unary((a) => word(~a)),
  [OP.SHL]: binary((shift, value) => (shift > 255n ? 0n : word(value << shift))),
  [OP.SHR]: binary((shift, value) => (shift > 255n ? 0n : value >> shift)),
}
