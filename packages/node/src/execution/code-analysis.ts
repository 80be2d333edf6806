/**
 * What the interpreter of @ethereumjs wants to know of a code before its first jump. It finds that out anew in every call: a contract of 24 KiB
 * whose code begins with a jump costs its caller 120 gas and the node half a millisecond or more, so that a full block of such calls takes many minutes. Here
 * the answer is kept, and an answer that is not there is 20 times cheaper: numbers to push are read when they are pushed.
 */
import type { OpcodeEntry, OpcodeMap } from './interpreter/run-state.ts'

/** In the form, and under the names, that the interpreter keeps it. */
export interface CodeAnalysis {
  /** 1 where a jump may lead. */
  readonly jumps: Uint8Array
  /** Numbers of PUSH1 to PUSH32 by the place they stand at; filled by {@link pushFromCode}. */
  readonly pushes: Record<number, bigint>
  /** What stands at each place, read as an instruction. */
  readonly opcodesCached: OpcodeMap
}

const JUMPDEST = 0x5b
const PUSH1 = 0x60
const PUSH32 = 0x7f

/** Yellow Paper §9.4.3. */
export function analyseCode(code: Uint8Array, opcodes: OpcodeMap): CodeAnalysis {
  const { length } = code
  const jumps = new Uint8Array(length)
  const opcodesCached: OpcodeMap = new Array(length)
  for (let i = 0; i < length; i++) {
    const opcode = code[i]!
    opcodesCached[i] = opcodes[opcode]!
    if (opcode === JUMPDEST) jumps[i] = 1
    else if (opcode >= PUSH1 && opcode <= PUSH32) i += opcode - PUSH1 + 1
  }
  return { jumps, pushes: {}, opcodesCached }
}

/** Bytes of code whose analyses are kept: 9 bytes for each of them, and 40 for each place that was pushed from. */
const MAX_CODE_BYTES = 2 ** 20

/** The analyses of the codes that ran last, for one table of opcodes. Codes are told apart as objects, which the state keeps as they are. */
export class CodeAnalyses {
  readonly #opcodes: OpcodeMap
  readonly #kept = new Map<Uint8Array, CodeAnalysis>()
  #bytes = 0

  constructor(opcodes: OpcodeMap) {
    this.#opcodes = opcodes
  }

  get size(): number {
    return this.#kept.size
  }

  of(code: Uint8Array): CodeAnalysis {
    const known = this.#kept.get(code)
    if (known) {
      // To the end of the order: what was not asked for the longest goes first.
      this.#kept.delete(code)
      this.#kept.set(code, known)
      return known
    }
    const analysis = analyseCode(code, this.#opcodes)
    this.#kept.set(code, analysis)
    this.#bytes += code.length
    for (const [oldest] of this.#kept) {
      if (this.#bytes <= MAX_CODE_BYTES) break
      this.#kept.delete(oldest)
      this.#bytes -= oldest.length
    }
    return analysis
  }
}

/** PUSH1 to PUSH32: what the code has at its end counts as zeros beyond it (Yellow Paper, appendix H). */
export const pushFromCode: OpcodeEntry['opHandler'] = (state) => {
  const at = state.programCounter
  const bytes = state.opCode - PUSH1 + 1
  const known = state.shouldDoJumpAnalysis ? undefined : state.cachedPushes[at]
  const value = known ?? readNumber(state.code, at, bytes)
  // Before the first jump there is nothing to keep it in.
  if (known === undefined && !state.shouldDoJumpAnalysis) state.cachedPushes[at] = value
  state.stack.push(value)
  state.programCounter = at + bytes
}

function readNumber(code: Uint8Array, at: number, bytes: number): bigint {
  // Six bytes fit a number; most are short.
  if (bytes <= 6) {
    let value = 0
    for (let i = at; i < at + bytes; i++) value = value * 256 + (code[i] ?? 0)
    return BigInt(value)
  }
  let hex = '0x'
  for (let i = at; i < at + bytes; i++) hex += HEX[code[i] ?? 0]!
  return BigInt(hex)
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
