import type { OpcodeEntry, OpcodeMap } from './run-state.ts'

/** The opcodes of an EVM, an array a property: the loop reads them by the byte of the code. */
export interface OpcodeTable {
  readonly fees: readonly bigint[]
  /** Undefined: the fee is all. */
  readonly gasHandlers: readonly (OpcodeEntry['gasHandler'] | undefined)[]
  readonly handlers: readonly OpcodeEntry['opHandler'][]
  /** 1: no such instruction. */
  readonly invalid: Uint8Array
}

export function compileOpcodes(map: OpcodeMap): OpcodeTable {
  const entries = Array.from({ length: 256 }, (_, code) => map[code]!)
  return {
    fees: entries.map(({ opcodeInfo }) => opcodeInfo.feeBigInt),
    gasHandlers: entries.map(({ opcodeInfo, gasHandler }) => (opcodeInfo.dynamicGas ? gasHandler : undefined)),
    handlers: entries.map(({ opHandler }) => opHandler),
    invalid: Uint8Array.from(entries, ({ opcodeInfo }) => Number(opcodeInfo.isInvalid)),
  }
}
