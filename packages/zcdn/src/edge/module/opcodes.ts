/** What follows an opcode in the code (core specification, section 5.4). */
export const IMMEDIATE = {
  none: 0,
  index: 1,
  memarg: 2,
  block: 3,
  table: 4,
  s32: 5,
  s64: 6,
  f32: 7,
  f64: 8,
  callIndirect: 9,
  /** One reserved byte, zero. */
  zero: 10,
  twoZeros: 11,
  selectTypes: 12,
} as const

/** An instruction of the profile. */
export interface Opcode {
  readonly name: string
  readonly immediate: number
  /** Operands taken and given; control instructions and calls are not described by them. */
  readonly pops: number
  readonly pushes: number
  /** Fuel of one execution. */
  readonly cost: number
}

/**
 * The instructions of profile 1 by opcode; `PREFIXED` holds those behind 0xfc. WebAssembly 1.0 with sign extension, saturating conversions,
 * multi-value, `memory.copy` and `memory.fill`. What is missing is refused: vectors (also the strict ones: NaN bits of lanes), relaxed
 * vectors, threads, tail calls, exceptions, reference types, garbage collection, memory64, several memories.
 */
export const OPCODES: (Opcode | undefined)[] = new Array(256)
export const PREFIXED: (Opcode | undefined)[] = new Array(256)

const op = (
  table: typeof OPCODES,
  code: number,
  name: string,
  pops: number,
  pushes: number,
  cost: number,
  kind = 0,
) => {
  table[code] = { name, immediate: kind, pops, pushes, cost }
}
const row = (first: number, names: string, pops: number, pushes: number, cost: number, kind = 0) =>
  names.split(' ').forEach((name, i) => {
    op(OPCODES, first + i, name, pops, pushes, cost, kind)
  })

/*
 * Fuel. One unit is about what an addition or a taken branch costs in code of V8's optimising compiler; weights are powers of two so that nobody takes
 * them for precise. Structure (block, loop, end) is free: it compiles to nothing, and a loop cannot turn without a branch.
 */
row(0x00, 'unreachable nop', 0, 0, 1)
row(0x02, 'block loop', 0, 0, 0, IMMEDIATE.block)
row(0x04, 'if', 1, 0, 1, IMMEDIATE.block)
row(0x05, 'else', 0, 0, 0)
row(0x0b, 'end', 0, 0, 0)
row(0x0c, 'br', 0, 0, 1, IMMEDIATE.index)
row(0x0d, 'br_if', 1, 0, 1, IMMEDIATE.index)
row(0x0e, 'br_table', 1, 0, 4, IMMEDIATE.table)
row(0x0f, 'return', 0, 0, 1)
row(0x10, 'call', 0, 0, 4, IMMEDIATE.index)
row(0x11, 'call_indirect', 1, 0, 8, IMMEDIATE.callIndirect)
row(0x1a, 'drop', 1, 0, 0)
row(0x1b, 'select', 3, 1, 1)
row(0x1c, 'select', 3, 1, 1, IMMEDIATE.selectTypes)
row(0x20, 'local.get', 0, 1, 1, IMMEDIATE.index)
row(0x21, 'local.set', 1, 0, 1, IMMEDIATE.index)
row(0x22, 'local.tee', 1, 1, 1, IMMEDIATE.index)
row(0x23, 'global.get', 0, 1, 1, IMMEDIATE.index)
row(0x24, 'global.set', 1, 0, 1, IMMEDIATE.index)
row(
  0x28,
  'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u i64.load16_s ' +
    'i64.load16_u i64.load32_s i64.load32_u',
  1,
  1,
  2,
  IMMEDIATE.memarg,
)
row(
  0x36,
  'i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32',
  2,
  0,
  2,
  IMMEDIATE.memarg,
)
row(0x3f, 'memory.size', 0, 1, 1, IMMEDIATE.zero)
row(0x40, 'memory.grow', 1, 1, 64, IMMEDIATE.zero)
row(0x41, 'i32.const', 0, 1, 1, IMMEDIATE.s32)
row(0x42, 'i64.const', 0, 1, 1, IMMEDIATE.s64)
row(0x43, 'f32.const', 0, 1, 1, IMMEDIATE.f32)
row(0x44, 'f64.const', 0, 1, 1, IMMEDIATE.f64)
row(0x45, 'i32.eqz', 1, 1, 1)
row(0x46, 'i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u', 2, 1, 1)
row(0x50, 'i64.eqz', 1, 1, 1)
row(0x51, 'i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u', 2, 1, 1)
row(0x5b, 'f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge', 2, 1, 1)
for (const [first, type] of [
  [0x67, 'i32'],
  [0x79, 'i64'],
] as const) {
  row(first, `${type}.clz ${type}.ctz ${type}.popcnt`, 1, 1, 1)
  row(first + 3, `${type}.add ${type}.sub`, 2, 1, 1)
  row(first + 5, `${type}.mul`, 2, 1, 2)
  row(first + 6, `${type}.div_s ${type}.div_u ${type}.rem_s ${type}.rem_u`, 2, 1, 16)
  row(
    first + 10,
    `${type}.and ${type}.or ${type}.xor ${type}.shl ${type}.shr_s ${type}.shr_u ${type}.rotl ${type}.rotr`,
    2,
    1,
    1,
  )
}
for (const [first, type] of [
  [0x8b, 'f32'],
  [0x99, 'f64'],
] as const) {
  row(first, `${type}.abs ${type}.neg`, 1, 1, 1)
  row(first + 2, `${type}.ceil ${type}.floor ${type}.trunc ${type}.nearest`, 1, 1, 2)
  row(first + 6, `${type}.sqrt`, 1, 1, 16)
  row(first + 7, `${type}.add ${type}.sub ${type}.mul`, 2, 1, 2)
  row(first + 10, `${type}.div`, 2, 1, 8)
  row(first + 11, `${type}.min ${type}.max ${type}.copysign`, 2, 1, 4)
}
row(0xa7, 'i32.wrap_i64', 1, 1, 1)
row(0xa8, 'i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u', 1, 1, 4)
row(0xac, 'i64.extend_i32_s i64.extend_i32_u', 1, 1, 1)
row(0xae, 'i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u', 1, 1, 4)
row(0xb2, 'f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64', 1, 1, 4)
row(0xb7, 'f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32', 1, 1, 4)
row(0xbc, 'i32.reinterpret_f32 i64.reinterpret_f64', 1, 1, 1)
row(0xbe, 'f32.reinterpret_i32 f64.reinterpret_i64', 1, 1, 1)
row(0xc0, 'i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s', 1, 1, 1)
const saturating = 'i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u'
for (const [i, name] of `${saturating} ${saturating.replaceAll('i32', 'i64')}`.split(' ').entries())
  op(PREFIXED, i, name, 1, 1, 4)
op(PREFIXED, 10, 'memory.copy', 3, 0, 16, IMMEDIATE.twoZeros)
op(PREFIXED, 11, 'memory.fill', 3, 0, 16, IMMEDIATE.zero)

/** Fuel of what is as long as its operands say, and of entering a function. */
export const FUEL = {
  /** A function's entry. */
  entry: 2,
  /** One declared local: the engine clears it. */
  local: 1,
  /** A page that memory grows by: the system clears 64 KiB. */
  page: 8_192,
  /** `memory.copy` and `memory.fill` move so many bytes for one unit, after those that `cost` pays. */
  bytesPerUnit: 8,
} as const

/** Value types of the profile. */
export const I32 = 0x7f
export const I64 = 0x7e
export const F32 = 0x7d
export const F64 = 0x7c
/** A block type without operands and results. */
export const EMPTY_BLOCK = 0x40
