import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXPORTS, instrument, prepareFunction, runFunction } from '../../src/edge/index.ts'
import { fuelLeft, startCounter } from '../../src/edge/metering/counter.ts'
import { FUEL, OPCODES, PREFIXED } from '../../src/edge/module/opcodes.ts'
import { assemble, F32, F64, handleModule, I32, I64, i32Const } from './assemble.ts'
import { GLOBALS, HANDLE, programs, SHAPES } from './programs.ts'
import { encode, type Instruction, type ReferenceFunction, ReferenceMachine, TooLong, Trap } from './reference.ts'

const PAGES = 3
const COSTS_OF_PROFILE_1 = 639509445
const ZERO: Record<number, number[]> = {
  [I32]: i32Const(0),
  [I64]: [0x42, 0],
  [F32]: [0x43, 0, 0, 0, 0],
  [F64]: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
}
/** Entry i is function i, or function 0 in its place: what is not in the table is called by index only, and instrumented another way. */
const tables = fc
  .oneof(fc.constant(-1), fc.nat(2 ** SHAPES.length - 1))
  .map((present) => SHAPES.map((_, i) => ((present >> i) & 1 ? i : 0)))

function moduleOf(functions: readonly ReferenceFunction[], table: readonly number[]): Uint8Array {
  const names: Record<number, string> = { 0: 'alloc', [HANDLE]: 'handle' }
  return assemble({
    functions: functions.map(({ params, results, locals, body }, i) => ({
      params,
      results,
      locals,
      code: encode(body),
      ...(names[i] && { export: names[i] }),
    })),
    globals: GLOBALS.map((type) => ({ type, init: ZERO[type]! })),
    memory: [1, PAGES],
    table,
  })
}

interface Run {
  readonly result: number | 'trap'
  readonly memory: Uint8Array
  readonly fuel?: number
}

function runReference(functions: readonly ReferenceFunction[], table: readonly number[]): Run {
  const globals = GLOBALS.map((type) => (type === I64 ? 0n : 0))
  const machine = new ReferenceMachine(functions, { globals, table, maximumPages: PAGES, maxSteps: 100_000 })
  try {
    const [result] = machine.call(HANDLE, [1024, 4])
    return { result: Number(result), memory: machine.memory, fuel: machine.fuel }
  } catch (error) {
    if (!(error instanceof Trap)) throw error
    return { result: 'trap', memory: machine.memory, fuel: machine.fuel }
  }
}

function runModule(bytes: Uint8Array, fuel?: number): Run {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>))
  const counter = instance.exports[EXPORTS.counter] as WebAssembly.Global<'i64'> | undefined
  if (counter) counter.value = startCounter(fuel!)
  const memory = () => new Uint8Array((instance.exports.memory as WebAssembly.Memory).buffer)
  try {
    const result = (instance.exports.handle as (pointer: number, length: number) => number)(1024, 4)
    return { result, memory: memory(), ...(counter && { fuel: fuel! - fuelLeft(counter.value) }) }
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error
    return { result: 'trap', memory: memory() }
  }
}

/** Instructions that show the bits of a float: stores, copysign, reinterpretation. */
const SHOW_BITS = new Set([0x38, 0x39, 0x98, 0xa6, 0xbc, 0xbd])
const showsBits = (list: readonly Instruction[]): boolean =>
  list.some(({ code, body = [], otherwise = [] }) => SHOW_BITS.has(code) || showsBits(body) || showsBits(otherwise))

describe('a random program', () => {
  it('that is instrumented uses the fuel, gives the result and leaves the memory that the plain machine says', () => {
    const seen = { done: 0, trapped: 0, long: 0, loops: 0, plain: 0, byIndex: 0 }
    fc.assert(
      fc.property(programs, tables, (functions, table) => {
        const source = moduleOf(functions, table)
        expect(() => new WebAssembly.Module(source as Uint8Array<ArrayBuffer>)).not.toThrow()
        const { bytes } = instrument(source, PAGES)
        let reference: Run
        try {
          reference = runReference(functions, table)
        } catch (error) {
          if (!(error instanceof TooLong)) throw error
          seen.long++
          return
        }
        const run = runModule(bytes, 1e9)
        expect(run.result).toBe(reference.result)
        expect(Buffer.compare(run.memory, reference.memory)).toBe(0)
        if (!functions.some(({ body }) => showsBits(body))) {
          seen.plain++
          const plain = runModule(source)
          expect(plain.result).toBe(run.result)
          expect(Buffer.compare(plain.memory, run.memory)).toBe(0)
        }
        if (run.result === 'trap') {
          seen.trapped++
          return
        }
        seen.done++
        if (table.includes(0, 1)) seen.byIndex++
        expect(run.fuel).toBe(reference.fuel)
        if (reference.fuel! > 500) seen.loops++
        // Just enough is enough, and one unit less is not.
        const prepared = prepareFunction(source, PAGES)
        const request = { input: new Uint8Array(4), contents: new Map() }
        const allocAndInput = FUEL.entry + OPCODES[0x41]!.cost + 4
        const fuel = reference.fuel! + allocAndInput
        expect(runFunction(prepared, { ...request, fuel })).toMatchObject({
          status: 'done',
          fuel,
          exitCode: run.result,
        })
        expect(runFunction(prepared, { ...request, fuel: fuel - 1 })).toMatchObject({ status: 'out-of-fuel' })
      }),
      { numRuns: process.env.ZOS_LONG ? 15_000 : 700, endOnFailure: true },
    )
    // The programs are worth it: most end, some trap, many run long.
    expect(seen.done).toBeGreaterThan(100)
    expect(seen.trapped).toBeGreaterThan(5)
    expect(seen.loops).toBeGreaterThan(40)
    expect(seen.plain).toBeGreaterThan(40)
    expect(seen.byIndex).toBeGreaterThan(40)
  }, 120_000)
})

describe('fuel', () => {
  it('costs are those of profile 1: another table is another profile', () => {
    const costs = [...OPCODES, ...PREFIXED].map((opcode) => opcode?.cost ?? -1)
    let hash = 0
    for (const cost of [...costs, ...Object.values(FUEL)]) hash = (Math.imul(hash, 31) + cost) | 0
    expect(hash).toBe(COSTS_OF_PROFILE_1)
  })
  it('is the same for a loop that a compiler has optimised in between', () => {
    // Adds up 0 … n − 1.
    const loop = [
      0x03,
      0x40,
      0x20,
      2,
      ...i32Const(1),
      0x6a,
      0x22,
      2,
      0x20,
      3,
      0x6a,
      0x21,
      3,
      0x20,
      2,
      ...i32Const(300_000),
      0x48,
      0x0d,
      0,
      0x0b,
      0x20,
      3,
    ]
    const prepared = prepareFunction(handleModule(loop, { locals: [I32, I32] }), 1)
    const request = { input: new Uint8Array(0), fuel: 1e9, contents: new Map() }
    const fuels = new Set(Array.from({ length: 40 }, () => (runFunction(prepared, request) as { fuel: number }).fuel))
    // alloc: entry and a constant. handle: entry, two locals; eleven instructions a turn; the last local.get.
    expect([...fuels]).toEqual([2 + 1 + (2 + 2) + 300_000 * 11 + 1])
  })
})
