// A plain, slow machine for WebAssembly and its fuel: one instruction at a time, each paying when it runs. What the rewriter does in segments
// and registers must come to the same.
import { FUEL, OPCODES, PREFIXED } from '../../src/edge/module/opcodes.ts'
import { F32, F64, I32, I64, i32Const, u32 } from './assemble.ts'

/** An instruction with its immediates, and the bodies of blocks. */
export interface Instruction {
  readonly code: number
  /** Index, depth, constant or offset. */
  readonly value?: number | bigint
  readonly targets?: readonly number[]
  readonly body?: readonly Instruction[]
  readonly otherwise?: readonly Instruction[]
  /** Of a block: one value type, or none. */
  readonly result?: number
}

export interface ReferenceFunction {
  readonly params: readonly number[]
  readonly results: readonly number[]
  readonly locals: readonly number[]
  readonly body: readonly Instruction[]
}

export type Value = number | bigint

export class Trap extends Error {}
export class TooLong extends Error {}

const s64 = (value: bigint): number[] => {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const low = Number(BigInt.asUintN(7, rest))
    rest >>= 7n
    const last = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)
    bytes.push(last ? low : low | 0x80)
    if (last) return bytes
  }
}
const f64 = (value: number) => [...new Uint8Array(new Float64Array([value]).buffer)]
const f32 = (value: number) => [...new Uint8Array(new Float32Array([value]).buffer)]

export function encode(instructions: readonly Instruction[]): number[] {
  return instructions.flatMap(({ code, value = 0, targets, body, otherwise, result = 0x40 }): number[] => {
    if (code >= 0xfc00) return [0xfc, ...u32(code - 0xfc00), ...(code === 0xfc0a ? [0, 0] : code === 0xfc0b ? [0] : [])]
    if (body) return [code, result, ...encode(body), ...(otherwise ? [0x05, ...encode(otherwise)] : []), 0x0b]
    if (code === 0x0e) return [code, ...u32(targets!.length - 1), ...targets!.flatMap(u32)]
    if (code === 0x41) return i32Const(Number(value))
    if (code === 0x42) return [code, ...s64(value as bigint)]
    if (code === 0x43) return [code, ...f32(Number(value))]
    if (code === 0x44) return [code, ...f64(Number(value))]
    if (code >= 0x28 && code <= 0x3e) return [code, 0, ...u32(Number(value))]
    if (code === 0x3f || code === 0x40) return [code, 0]
    if (code === 0x11) return [code, ...u32(Number(value)), 0]
    if ((code >= 0x0c && code <= 0x10) || (code >= 0x20 && code <= 0x24))
      return code === 0x0f ? [code] : [code, ...s32u(value)]
    return [code]
  })
}
const s32u = (value: number | bigint) => u32(Number(value))

/** A branch on its way out: how many blocks further, and what it carries. */
type Signal = { readonly depth: number; readonly values: readonly Value[] } | undefined

export class ReferenceMachine {
  fuel = 0
  steps = 0
  readonly globals: Value[]
  memory: Uint8Array
  private view: DataView
  private readonly functions: readonly ReferenceFunction[]
  /** Functions by their index in the table. */
  private readonly table: readonly number[]
  private readonly maximumPages: number
  private readonly maxSteps: number

  constructor(
    functions: readonly ReferenceFunction[],
    options: { globals: readonly Value[]; table: readonly number[]; maximumPages: number; maxSteps: number },
  ) {
    this.functions = functions
    this.globals = [...options.globals]
    this.table = options.table
    this.maximumPages = options.maximumPages
    this.maxSteps = options.maxSteps
    this.memory = new Uint8Array(65_536)
    this.view = new DataView(this.memory.buffer)
  }

  call(index: number, args: readonly Value[]): Value[] {
    const { params, locals, results, body } = this.functions[index]!
    this.fuel += FUEL.entry + FUEL.local * locals.length
    const zeros = locals.map((type) => (type === I64 ? 0n : 0))
    const frame = [...args, ...zeros]
    if (frame.length !== params.length + locals.length) throw new Error('wrong arguments')
    const stack: Value[] = []
    const signal = this.run(body, frame, stack, results.length, results.length)
    return signal ? [...signal.values] : stack.slice(stack.length - results.length)
  }

  /** `arity` values leave by a branch to this level; `returns` by a return. */
  private run(list: readonly Instruction[], frame: Value[], stack: Value[], arity: number, returns: number): Signal {
    const carried = [arity]
    return this.block(list, frame, stack, carried, returns)
  }

  private block(
    list: readonly Instruction[],
    frame: Value[],
    stack: Value[],
    arities: number[],
    returns: number,
  ): Signal {
    for (const instruction of list) {
      if (++this.steps > this.maxSteps) throw new TooLong()
      const { code } = instruction
      this.fuel += (code >= 0xfc00 ? PREFIXED[code - 0xfc00] : OPCODES[code])!.cost
      const signal = this.execute(instruction, frame, stack, arities, returns)
      if (signal) return signal
    }
    return undefined
  }

  private enter(
    { body, result, code }: Instruction,
    chosen: readonly Instruction[],
    frame: Value[],
    stack: Value[],
    arities: number[],
    returns: number,
  ): Signal {
    const results = result === undefined ? 0 : 1
    const height = stack.length
    for (;;) {
      const signal = this.block(chosen, frame, stack, [code === 0x03 ? 0 : results, ...arities], returns)
      if (!signal) return undefined
      if (signal.depth > 0) return { depth: signal.depth - 1, values: signal.values }
      stack.length = height
      stack.push(...signal.values)
      if (code !== 0x03 || !body) return undefined
    }
  }

  private execute(
    instruction: Instruction,
    frame: Value[],
    stack: Value[],
    arities: number[],
    returns: number,
  ): Signal {
    const { code, value = 0, targets } = instruction
    const pop = () => stack.pop()!
    const popN = () => Number(stack.pop()!)
    const branch = (depth: number): Signal => {
      const arity = depth < arities.length ? arities[depth]! : returns
      return { depth, values: stack.slice(stack.length - arity) }
    }
    switch (code) {
      case 0x00:
        throw new Trap('unreachable')
      case 0x01:
        return
      case 0x02:
      case 0x03:
        return this.enter(instruction, instruction.body!, frame, stack, arities, returns)
      case 0x04: {
        const chosen = popN() ? instruction.body! : (instruction.otherwise ?? [])
        return this.enter(instruction, chosen, frame, stack, arities, returns)
      }
      case 0x0c:
        return branch(Number(value))
      case 0x0d:
        return popN() ? branch(Number(value)) : undefined
      case 0x0e: {
        const index = popN() >>> 0
        return branch(targets![Math.min(index, targets!.length - 1)]!)
      }
      case 0x0f:
        return branch(arities.length - 1)
      case 0x10:
      case 0x11: {
        let index = Number(value)
        if (code === 0x11) {
          const entry = this.table[popN() >>> 0]
          // Types are numbered as functions are.
          if (entry === undefined || !sameType(this.functions[entry]!, this.functions[index]!)) throw new Trap('table')
          index = entry
        }
        const count = this.functions[index]!.params.length
        stack.push(...this.call(index, stack.splice(stack.length - count, count)))
        return
      }
      case 0x1a:
        pop()
        return
      case 0x1b: {
        const chosen = popN()
        const second = pop()
        const first = pop()
        stack.push(chosen ? first : second)
        return
      }
      case 0x20:
        stack.push(frame[Number(value)]!)
        return
      case 0x21:
        frame[Number(value)] = pop()
        return
      case 0x22:
        frame[Number(value)] = stack.at(-1)!
        return
      case 0x23:
        stack.push(this.globals[Number(value)]!)
        return
      case 0x24:
        this.globals[Number(value)] = pop()
        return
      case 0x3f:
        stack.push(this.memory.length / 65_536)
        return
      case 0x40:
        stack.push(this.grow(popN() >>> 0))
        return
      case 0x41:
      case 0x42:
      case 0x43:
      case 0x44:
        stack.push(value)
        return
      case 0xfc0a:
      case 0xfc0b: {
        const length = popN() >>> 0
        const second = popN() >>> 0
        const to = popN() >>> 0
        this.fuel += Math.floor(length / FUEL.bytesPerUnit)
        if (to + length > this.memory.length) throw new Trap('memory')
        if (code === 0xfc0a && second + length > this.memory.length) throw new Trap('memory')
        if (code === 0xfc0a) this.memory.copyWithin(to, second, second + length)
        else this.memory.fill(second & 0xff, to, to + length)
        return
      }
    }
    if (code >= 0x28 && code <= 0x3e) return void this.access(code, Number(value), stack)
    const unary = UNARY.get(code)
    if (unary) return void stack.push(unary(pop()))
    const binary = BINARY.get(code)
    if (!binary) throw new Error(`no instruction ${code.toString(16)}`)
    const second = pop()
    stack.push(binary(pop(), second))
    return
  }

  private grow(pages: number): number {
    const before = this.memory.length / 65_536
    if (before + pages > this.maximumPages) return -1
    this.fuel += pages * FUEL.page
    const larger = new Uint8Array((before + pages) * 65_536)
    larger.set(this.memory)
    this.memory = larger
    this.view = new DataView(larger.buffer)
    return before
  }

  private access(code: number, offset: number, stack: Value[]): void {
    const { view } = this
    const stored = code >= 0x36 ? stack.pop()! : 0
    const at = (Number(stack.pop()!) >>> 0) + offset
    const size = SIZES[code]!
    if (at + size > this.memory.length) throw new Trap('memory')
    switch (code) {
      case 0x28:
        return void stack.push(view.getInt32(at, true))
      case 0x29:
        return void stack.push(view.getBigInt64(at, true))
      case 0x2a:
        return void stack.push(view.getFloat32(at, true))
      case 0x2b:
        return void stack.push(view.getFloat64(at, true))
      case 0x2c:
        return void stack.push(view.getInt8(at))
      case 0x2d:
        return void stack.push(view.getUint8(at))
      case 0x35:
        return void stack.push(BigInt(view.getUint32(at, true)))
      case 0x36:
        view.setInt32(at, Number(stored), true)
        return
      case 0x37:
        view.setBigInt64(at, stored as bigint, true)
        return
      case 0x38:
        if (Number.isNaN(stored)) view.setUint32(at, 0x7fc00000, true)
        else view.setFloat32(at, Number(stored), true)
        return
      case 0x39:
        if (Number.isNaN(stored)) view.setBigUint64(at, CANONICAL_NAN, true)
        else view.setFloat64(at, Number(stored), true)
        return
      case 0x3a:
        view.setInt8(at, Number(stored))
        return
    }
    throw new Error(`no access ${code.toString(16)}`)
  }
}

/** JavaScript leaves the bits of a NaN open too. */
const CANONICAL_NAN = 0x7ff8_0000_0000_0000n

const SIZES: Record<number, number> = {
  40: 4,
  41: 8,
  42: 4,
  43: 8,
  44: 1,
  45: 1,
  53: 4,
  54: 4,
  55: 8,
  56: 4,
  57: 8,
  58: 1,
}

const sameType = (a: ReferenceFunction, b: ReferenceFunction) =>
  a.params.join() === b.params.join() && a.results.join() === b.results.join()

const wrap = (value: bigint) => BigInt.asIntN(64, value)
const unsigned = (value: Value) => BigInt.asUintN(64, value as bigint)
const scratch = new DataView(new ArrayBuffer(8))
const flag = (condition: boolean) => (condition ? 1 : 0)
const n = (f: (a: number, b: number) => number) => (a: Value, b: Value) => f(a as number, b as number)
const b = (f: (a: bigint, b: bigint) => bigint) => (x: Value, y: Value) => wrap(f(x as bigint, y as bigint))
const compare64 = (f: (a: bigint, b: bigint) => boolean) => (x: Value, y: Value) => flag(f(x as bigint, y as bigint))
const divide = (f: (a: bigint, b: bigint) => bigint) => (x: bigint, y: bigint) => {
  if (y === 0n) throw new Trap('division')
  return f(x, y)
}
const float32 = (f: (a: number, b: number) => number) => n((x, y) => Math.fround(f(x, y)))

function saturate(value: number): bigint {
  if (Number.isNaN(value)) return 0n
  if (value >= 2 ** 63) return 2n ** 63n - 1n
  return value <= -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(value))
}

/** The instructions that programs under test use, by opcode; types as in {@link SIGNATURES}. */
const UNARY = new Map<number, (a: Value) => Value>([
  [0x45, (a) => flag(a === 0)],
  [0x50, (a) => flag(a === 0n)],
  [0x67, (a) => Math.clz32(a as number)],
  [0x69, (a) => ((a as number) >>> 0).toString(2).replaceAll('0', '').length],
  [0x99, (a) => Math.abs(a as number)],
  [0x9a, (a) => -(a as number)],
  [0x9c, (a) => Math.floor(a as number)],
  [0x9f, (a) => Math.sqrt(a as number)],
  [0xa7, (a) => Number(BigInt.asIntN(32, a as bigint))],
  [
    0xaa,
    (a) => {
      const value = Math.trunc(a as number)
      if (!(value >= -0x8000_0000 && value <= 0x7fff_ffff)) throw new Trap('conversion')
      return value | 0
    },
  ],
  [0xac, (a) => BigInt(a as number)],
  [0xad, (a) => BigInt((a as number) >>> 0)],
  [0xb6, (a) => Math.fround(a as number)],
  [0xb7, (a) => a],
  [0xbb, (a) => a],
  [
    0xbd,
    (a) => {
      if (Number.isNaN(a)) return CANONICAL_NAN
      scratch.setFloat64(0, a as number)
      return scratch.getBigInt64(0)
    },
  ],
  [
    0xbf,
    (a) => {
      scratch.setBigInt64(0, a as bigint)
      return scratch.getFloat64(0)
    },
  ],
  [0xfc04, (a) => saturate(a as number)],
  [0xfc06, (a) => saturate(a as number)],
  [0xc0, (a) => ((a as number) << 24) >> 24],
])
const BINARY = new Map<number, (a: Value, b: Value) => Value>([
  [0x46, n((x, y) => flag(x === y))],
  [0x48, n((x, y) => flag(x < y))],
  [0x4b, n((x, y) => flag(x >>> 0 > y >>> 0))],
  [0x51, compare64((x, y) => x === y)],
  [0x53, compare64((x, y) => x < y)],
  [0x56, compare64((x, y) => unsigned(x) > unsigned(y))],
  [0x63, n((x, y) => flag(x < y))],
  [0x6a, n((x, y) => (x + y) | 0)],
  [0x6b, n((x, y) => (x - y) | 0)],
  [0x6c, n((x, y) => Math.imul(x, y))],
  [
    0x6d,
    n((x, y) => {
      if (y === 0 || (x === -0x8000_0000 && y === -1)) throw new Trap('division')
      return (x / y) | 0
    }),
  ],
  [
    0x70,
    n((x, y) => {
      if (y === 0) throw new Trap('division')
      return ((x >>> 0) % (y >>> 0)) | 0
    }),
  ],
  [0x71, n((x, y) => x & y)],
  [0x73, n((x, y) => x ^ y)],
  [0x74, n((x, y) => x << y)],
  [0x76, n((x, y) => (x >>> y) | 0)],
  [0x77, n((x, y) => (x << y) | (x >>> -y))],
  [0x7c, b((x, y) => x + y)],
  [0x7d, b((x, y) => x - y)],
  [0x7e, b((x, y) => x * y)],
  [0x82, b(divide((x, y) => unsigned(x) % unsigned(y)))],
  [0x85, b((x, y) => x ^ y)],
  [0x86, b((x, y) => x << (y & 63n))],
  [0x88, b((x, y) => unsigned(x) >> (y & 63n))],
  [0x92, float32((x, y) => x + y)],
  [0x94, float32((x, y) => x * y)],
  [0xa0, n((x, y) => x + y)],
  [0xa1, n((x, y) => x - y)],
  [0xa2, n((x, y) => x * y)],
  [0xa3, n((x, y) => x / y)],
  [0xa4, n(Math.min)],
  [
    0xa6,
    n((x, y) => {
      // A NaN's sign is the canonical one's: positive.
      const negative = Object.is(y, -0) || y < 0
      return negative ? -Math.abs(x) : Math.abs(x)
    }),
  ],
])

const both = (type: number, codes: number[]) => codes.map((code) => ({ code, params: [type, type], result: type }))
const compares = (type: number, codes: number[]) => codes.map((code) => ({ code, params: [type, type], result: I32 }))
const one = (from: number, to: number, codes: number[]) => codes.map((code) => ({ code, params: [from], result: to }))

/** Instructions that take operands and give one value, by their types. */
export const SIGNATURES: readonly { code: number; params: readonly number[]; result: number }[] = [
  ...both(I32, [0x6a, 0x6b, 0x6c, 0x6d, 0x70, 0x71, 0x73, 0x74, 0x76, 0x77]),
  ...both(I64, [0x7c, 0x7d, 0x7e, 0x82, 0x85, 0x86, 0x88]),
  ...both(F32, [0x92, 0x94]),
  ...both(F64, [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa6]),
  ...compares(I32, [0x46, 0x48, 0x4b]),
  ...compares(I64, [0x51, 0x53, 0x56]),
  ...compares(F64, [0x63]),
  ...one(I32, I32, [0x45, 0x67, 0x69, 0xc0]),
  ...one(I64, I32, [0x50, 0xa7]),
  ...one(I32, I64, [0xac, 0xad]),
  ...one(F64, F64, [0x99, 0x9a, 0x9c, 0x9f]),
  ...one(F64, I32, [0xaa]),
  ...one(I32, F64, [0xb7]),
  ...one(F32, I64, [0xfc04]),
  ...one(F64, I64, [0xfc06]),
  ...one(F64, I64, [0xbd]),
  ...one(I64, F64, [0xbf]),
  ...one(F64, F32, [0xb6]),
  ...one(F32, F64, [0xbb]),
]
