import { MODULE_LIMITS } from './limits.ts'
import { EMPTY_BLOCK, F32, F64, I32, I64, IMMEDIATE, OPCODES, type Opcode, PREFIXED } from './opcodes.ts'
import type { FunctionType, ParsedModule, Span } from './parse.ts'
import { malformed, Reader, refused } from './reader.ts'

/** The code of an instruction behind the prefix 0xfc. */
export const PREFIX = 0xfc00

/** One function body, instruction by instruction. After {@link next} the fields describe the instruction just read. */
export class BodyDecoder {
  readonly reader: Reader
  /** Types of the declared locals (parameters not among them), and where the code begins. */
  readonly locals: number[] = []
  readonly localGroups: Span & { readonly count: number }
  /** The instruction's opcode; {@link PREFIX} added where it stands behind 0xfc. */
  code = 0
  opcode: Opcode = OPCODES[0]!
  /** Where the instruction begins. */
  at = 0
  /** Its first immediate: an index, a depth, the alignment, a type index. */
  operand = 0
  /** Of a `br_table` all its targets, the default last. */
  targets: number[] = []
  /** Of a block. */
  blockType: FunctionType = NO_TYPE
  private readonly module: ParsedModule

  constructor(module: ParsedModule, body: Span, params: number) {
    this.module = module
    const reader = new Reader(module.bytes, body.start, body.end)
    this.reader = reader
    const groups = reader.count(MODULE_LIMITS.locals, 'groups of locals')
    const start = reader.at
    for (let i = 0; i < groups; i++) {
      const count = reader.u32()
      const type = reader.u8()
      if (![I32, I64, F32, F64].includes(type)) throw refused(`a local of type 0x${type.toString(16)}`)
      if (count > MODULE_LIMITS.locals - params - this.locals.length)
        throw refused(`more than ${MODULE_LIMITS.locals} locals`, { limit: MODULE_LIMITS.locals })
      for (let j = 0; j < count; j++) this.locals.push(type)
    }
    this.localGroups = { start, end: reader.at, count: groups }
  }

  get ended(): boolean {
    return this.reader.at === this.reader.end
  }

  next(): void {
    const { reader } = this
    this.at = reader.at
    const first = reader.u8()
    let opcode = OPCODES[first]
    this.code = first
    if (first === 0xfc) {
      const second = reader.u32()
      opcode = second < 256 ? PREFIXED[second] : undefined
      this.code = PREFIX + second
    }
    if (!opcode)
      throw refused(`instruction 0x${this.code.toString(16)} at byte ${this.at}`, { at: this.at, code: this.code })
    this.opcode = opcode
    switch (opcode.immediate) {
      case IMMEDIATE.none:
        return
      case IMMEDIATE.index:
        this.operand = reader.u32()
        return
      case IMMEDIATE.memarg:
        // Bit 6 of the alignment names a memory, which only modules of several memories need.
        this.operand = reader.u32()
        if (this.operand & 64) throw refused('a second memory')
        if (this.operand > 3) throw malformed(`alignment 2^${this.operand}`, reader.at)
        reader.u32()
        return
      case IMMEDIATE.block:
        this.blockType = this.readBlockType()
        return
      case IMMEDIATE.table: {
        const count = reader.count(MODULE_LIMITS.branchTargets, 'targets of br_table')
        this.targets = Array.from({ length: count + 1 }, () => reader.u32())
        return
      }
      case IMMEDIATE.s32:
        reader.skipSigned(32)
        return
      case IMMEDIATE.s64:
        reader.skipSigned(64)
        return
      case IMMEDIATE.f32:
        reader.skip(4)
        return
      case IMMEDIATE.f64:
        reader.skip(8)
        return
      case IMMEDIATE.callIndirect:
        this.operand = reader.u32()
        if (reader.u32() !== 0) throw refused('a second table')
        if (!this.module.types[this.operand]) throw malformed(`no type ${this.operand}`, reader.at)
        return
      case IMMEDIATE.selectTypes:
        if (reader.u32() !== 1 || ![I32, I64, F32, F64].includes(reader.u8())) throw refused('a select of other types')
        return
      default:
        // The indices of memories, one or two: there is only memory 0.
        for (let i = opcode.immediate === IMMEDIATE.twoZeros ? 2 : 1; i > 0; i--)
          if (reader.u8() !== 0) throw refused('a second memory')
    }
  }

  private readBlockType(): FunctionType {
    const { reader } = this
    const first = reader.u8()
    if (first === EMPTY_BLOCK) return NO_TYPE
    if (first === I32 || first === I64 || first === F32 || first === F64) return ONE_RESULT[I32 - first]!
    reader.at--
    const start = reader.at
    reader.skipSigned(33)
    const index = new Reader(reader.bytes, start, reader.at)
    const type = reader.bytes[reader.at - 1]! & 0x40 ? undefined : this.module.types[index.u32()]
    if (!type) throw malformed('an unknown block type', start)
    return type
  }

  /** The type of function `index`, imported ones first. */
  functionType(index: number): FunctionType {
    const { imports, functions, types } = this.module
    const type = index < imports.length ? imports[index]!.type : functions[index - imports.length]
    if (type === undefined) throw malformed(`no function ${index}`, this.at)
    return types[type]!
  }
}

const NO_TYPE: FunctionType = { params: [], results: [] }
const ONE_RESULT: readonly FunctionType[] = [I32, I64, F32, F64].map((type) => ({ params: [], results: [type] }))

/** The opcodes that the rewriter treats by name. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  f32Store: 0x38,
  f64Store: 0x39,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i32Eq: 0x46,
  i32GtU: 0x4b,
  i64LtS: 0x53,
  f32Eq: 0x5b,
  f64Eq: 0x61,
  i32Sub: 0x6b,
  i64Ne: 0x52,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64And: 0x83,
  i64Or: 0x84,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64Mul: 0x7e,
  i64ShrU: 0x88,
  f32Copysign: 0x98,
  f64Copysign: 0xa6,
  i64ExtendI32U: 0xad,
  i32ReinterpretF32: 0xbc,
  i64ReinterpretF64: 0xbd,
  memoryCopy: PREFIX + 10,
  memoryFill: PREFIX + 11,
} as const
