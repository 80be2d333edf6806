import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { instrument, prepareFunction, runFunction } from '../../src/edge/index.ts'
import { MODULE_LIMITS } from '../../src/edge/module/limits.ts'
import { isCdnError } from '../../src/errors.ts'
import { assemble, F64, handleModule, I32, I64, i32Const, u32 } from './assemble.ts'
import { compileFunction } from './compile.ts'

const run = (source: Uint8Array, fuel = 1e7, memoryPages = 16) =>
  runFunction(prepareFunction(source, memoryPages), { input: new Uint8Array(4), fuel, contents: new Map() })
const code = (source: Uint8Array): string => {
  try {
    prepareFunction(source, 16)
    return 'accepted'
  } catch (error) {
    return isCdnError(error) ? error.code : String(error)
  }
}
const valid = (bytes: Uint8Array) => WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)
const LOOP_FOREVER = [0x03, 0x40, 0x0c, 0, 0x0b, ...i32Const(0)]

describe('a hostile function', () => {
  it('that loops forever ends when its fuel does', () => {
    expect(run(handleModule(LOOP_FOREVER))).toMatchObject({
      status: 'out-of-fuel',
      fuel: 1e7,
      output: new Uint8Array(0),
    })
  })
  it('whose start function loops forever is prepared without running, and pays for it', () => {
    const source = handleModule(i32Const(0), { functions: [{ code: [0x03, 0x40, 0x0c, 0, 0x0b] }], start: 2 })
    expect(run(source)).toMatchObject({ status: 'out-of-fuel' })
  })
  it('whose alloc loops forever, or answers nonsense, ends', () => {
    const alloc = (body: number[]) =>
      assemble({
        functions: [
          { params: [I32], results: [I32], code: body, export: 'alloc' },
          { params: [I32, I32], results: [I32], code: i32Const(0), export: 'handle' },
        ],
      })
    expect(run(alloc(LOOP_FOREVER))).toMatchObject({ status: 'out-of-fuel' })
    expect(run(alloc(i32Const(-1)))).toMatchObject({ status: 'trapped', fuel: 1e7 })
    expect(run(alloc(i32Const(65536 - 3)))).toMatchObject({ status: 'trapped' })
    expect(run(alloc(i32Const(65536 - 4)))).toMatchObject({ status: 'done' })
  })
  it('that calls itself forever ends at the same depth everywhere, directly, in turns and through the table', () => {
    const count = [0x23, 0, ...i32Const(1), 0x6a, 0x24, 0]
    const globals = [{ type: I32, init: i32Const(0) }]
    const direct = handleModule([...count, 0x20, 0, 0x20, 1, 0x10, 1], { globals })
    const turns = handleModule([0x20, 0, 0x20, 1, 0x10, 2], {
      functions: [{ params: [I32, I32], results: [I32], code: [0x20, 0, 0x20, 1, 0x10, 1] }],
    })
    const indirect = handleModule([0x20, 0, 0x20, 1, ...i32Const(0), 0x11, 1, 0], { table: [1] })
    const withLoop = handleModule([0x03, 0x40, 0x0b, 0x20, 0, 0x20, 1, 0x10, 1])
    for (const source of [direct, turns, indirect, withLoop])
      expect(run(source, 1e9)).toMatchObject({ status: 'stack', fuel: 1e9 })
  })
  it('that recurses often but never deep gives its stack back, by its end and by its returns', () => {
    // f(n) = n <= 0 ? 0 : f(n - 1), early or late; handle calls it 5,000 times.
    const early = [0x20, 0, 0x45, 0x04, 0x40, ...i32Const(0), 0x0f, 0x0b, 0x20, 0, ...i32Const(1), 0x6b, 0x10, 2]
    const late = [0x20, 0, 0x04, I32, 0x20, 0, ...i32Const(1), 0x6b, 0x10, 2, 0x05, ...i32Const(0), 0x0b]
    const often = [0x03, 0x40, ...i32Const(3), 0x10, 2, 0x1a]
    const count = [0x20, 2, ...i32Const(1), 0x6a, 0x22, 2, ...i32Const(5_000), 0x48, 0x0d, 0, 0x0b, ...i32Const(0)]
    const loop = [0x03, 0x40, 0x0b]
    for (const code of [early, late, [...loop, ...early], [...loop, ...late]]) {
      const functions = [{ params: [I32], results: [I32], code }]
      expect(run(handleModule([...often, ...count], { locals: [I32], functions }))).toMatchObject({ status: 'done' })
    }
  })
  it('that recurses by index, through the table and with calls of the host in between gives its stack back too', () => {
    // log(0, 0) at each depth; f(n) = n <= 0 ? 0 : f(n - 1), by index; g the same, by the table, or f in its place.
    const log = [...i32Const(0), ...i32Const(0), 0x10, 0]
    const body = (call: number[]) => [
      ...log,
      0x20,
      0,
      0x04,
      I32,
      0x20,
      0,
      ...i32Const(1),
      0x6b,
      ...call,
      0x05,
      ...i32Const(0),
      0x0b,
    ]
    const [byIndex, byTable] = [
      [0x10, 3],
      [...i32Const(0), 0x11, 4, 0],
    ]
    const often = [0x03, 0x40, ...i32Const(5), 0x10, 3, 0x1a, ...log]
    const count = [0x20, 2, ...i32Const(1), 0x6a, 0x22, 2, ...i32Const(2_000), 0x48, 0x0d, 0, 0x0b, ...i32Const(0)]
    const loop = [0x03, 0x40, 0x0b]
    for (const f of [body(byIndex), body(byTable), [...loop, ...body(byIndex)], [...loop, ...body(byTable)]]) {
      for (const g of [body(byIndex), [...loop, ...body(byIndex)]]) {
        const source = handleModule([...often, ...count], {
          imports: [{ name: 'log', params: [I32, I32], results: [] }],
          locals: [I32],
          functions: [f, g].map((code) => ({ params: [I32], results: [I32], code })),
          table: [4],
        })
        expect(run(source, 1e8)).toMatchObject({ status: 'done' })
      }
    }
  })
  it('with the largest frames the profile allows, recursing to the limit, does not reach the end of the engine’s stack', () => {
    // Values that stay on the operand stack across the call keep their slots in every engine.
    const deep = Array.from({ length: 1000 }, () => [0x20, 0]).flat()
    const sum = Array.from({ length: 1000 }, () => [0x6a]).flat()
    const source = handleModule([...deep, 0x20, 0, 0x20, 1, 0x10, 1, ...sum], { locals: new Array(1000).fill(I64) })
    expect(run(source, 1e9)).toMatchObject({ status: 'stack' })
    const small = handleModule([0x20, 0, 0x20, 1, 0x10, 1])
    expect(run(small, 1e9)).toMatchObject({ status: 'stack' })
  })
  it('that calls without recursion deeper than the budget is refused beforehand', () => {
    const links = 40
    const functions = Array.from({ length: links }, (_, i) => ({
      results: [],
      locals: new Array(1000).fill(I64),
      code: i + 1 < links ? [0x10, ...u32(i + 3)] : [],
    }))
    expect(code(handleModule([0x10, 2, ...i32Const(0)], { functions }))).toBe('CDN_EDGE_REFUSED')
    expect(
      code(
        handleModule([0x10, 2, ...i32Const(0)], {
          functions: functions.slice(-10).map((f, i) => ({ ...f, code: i < 9 ? [0x10, i + 3] : [] })),
        }),
      ),
    ).toBe('accepted')
  })
  it('pays for the chain below its recursion, also where the table leads', () => {
    // handle -> (table) recursive -> (table) handle, and each call also reaches a leaf with a large frame through the same type.
    const leaf = { params: [I32, I32], results: [I32], locals: new Array(1000).fill(I64), code: i32Const(0) }
    const source = handleModule([0x20, 0, 0x20, 1, ...i32Const(0), 0x11, 1, 0], { table: [1, 2], functions: [leaf] })
    const fuelOf = (module: Uint8Array) => {
      // The depth reached, by a counter in memory that the fuel of a run cannot show: count calls by bisection over fuel.
      let low = 1
      let high = 1e7
      while (low < high) {
        const middle = Math.floor((low + high) / 2)
        if (run(module, middle).status === 'stack') high = middle
        else low = middle + 1
      }
      return low
    }
    const without = handleModule([0x20, 0, 0x20, 1, ...i32Const(0), 0x11, 1, 0], { table: [1] })
    expect(fuelOf(source) * 20).toBeLessThan(fuelOf(without))
  })
  it('that grows its memory without end stays within what was granted, and pays for each page', () => {
    const grow = [...i32Const(1), 0x40, 0]
    const bomb = handleModule([0x03, 0x40, ...grow, ...i32Const(-1), 0x47, 0x0d, 0, 0x0b, 0x3f, 0])
    const outcome = run(bomb, 1e9, 16)
    expect(outcome).toMatchObject({ status: 'done', exitCode: 16 })
    expect((outcome as { fuel: number }).fuel).toBeGreaterThan(15 * 8192)
    const giant = handleModule([...i32Const(-1), 0x40, 0])
    expect(run(giant)).toMatchObject({ status: 'done', exitCode: -1 })
    const poor = handleModule([...i32Const(15), 0x40, 0])
    expect(run(poor, 100_000, 16)).toMatchObject({ status: 'out-of-fuel' })
  })
  it('that has a maximum below the grant keeps it', () => {
    expect(run(handleModule([...i32Const(2), 0x40, 0], { memory: [1, 2] }))).toMatchObject({ exitCode: -1 })
    expect(run(handleModule([...i32Const(1), 0x40, 0], { memory: [1, 2] }))).toMatchObject({ exitCode: 1 })
  })
  it('that fills and copies memory in a loop pays by length', () => {
    const size = i32Const(65536)
    const fill = handleModule([...i32Const(0), ...i32Const(7), ...size, 0xfc, 11, 0, ...i32Const(0), 0x2d, 0, 0])
    const copy = handleModule([...i32Const(0), ...i32Const(0), ...size, 0xfc, 10, 0, 0, ...i32Const(0)])
    for (const source of [fill, copy]) {
      const { fuel } = run(source) as { fuel: number }
      expect(fuel).toBeGreaterThan(65536 / 8)
      expect(run(source, fuel)).toMatchObject({ status: 'done' })
      expect(run(source, fuel - 1)).toMatchObject({ status: 'out-of-fuel' })
    }
    expect(run(fill)).toMatchObject({ exitCode: 7 })
    const beyond = handleModule([...i32Const(1), ...i32Const(7), ...size, 0xfc, 11, 0, ...i32Const(0)])
    expect(run(beyond)).toMatchObject({ status: 'trapped' })
  })
  it('that traps has used all of its fuel, whatever it had done', () => {
    for (const trap of [[0x00], [...i32Const(1), ...i32Const(0), 0x6d, 0x0f], [...i32Const(-4), 0x28, 2, 0, 0x0f]])
      expect(run(handleModule([...trap, ...i32Const(0)]), 5_000)).toMatchObject({ status: 'trapped', fuel: 5_000 })
  })
  it('with a giant br_table is refused beyond the limit and runs below it', () => {
    const table = (count: number) => [
      0x02,
      0x40,
      0x20,
      1,
      0x0e,
      ...u32(count),
      ...new Array(count + 1).fill(0),
      0x0b,
      ...i32Const(3),
    ]
    expect(run(handleModule(table(MODULE_LIMITS.branchTargets)))).toMatchObject({ exitCode: 3 })
    expect(code(handleModule(table(MODULE_LIMITS.branchTargets + 1)))).toBe('CDN_EDGE_REFUSED')
    expect(code(handleModule([0x02, 0x40, 0x20, 1, 0x0e, ...u32(0xffffffff), 0x0b, ...i32Const(3)]))).toBe(
      'CDN_EDGE_REFUSED',
    )
  })
  it('nested deeper than the limit, or with more locals, is refused', () => {
    const nested = (depth: number) => [
      ...new Array(depth).fill([0x02, 0x40]).flat(),
      ...new Array(depth).fill(0x0b),
      ...i32Const(0),
    ]
    expect(code(handleModule(nested(MODULE_LIMITS.nesting - 1)))).toBe('accepted')
    expect(code(handleModule(nested(MODULE_LIMITS.nesting)))).toBe('CDN_EDGE_REFUSED')
    expect(code(handleModule(i32Const(0), { locals: new Array(MODULE_LIMITS.locals - 2).fill(I32) }))).toBe('accepted')
    expect(code(handleModule(i32Const(0), { locals: new Array(MODULE_LIMITS.locals - 1).fill(I32) }))).toBe(
      'CDN_EDGE_REFUSED',
    )
  })
  it('that wants another world is refused, each with a reason', () => {
    const simd = [0xfd, 12, ...new Array(16).fill(0), 0x1a, ...i32Const(0)]
    const cases: Uint8Array[] = [
      handleModule(simd),
      handleModule([0xfe, 3, 0, ...i32Const(0)]), // atomic.fence
      handleModule([0x20, 0, 0x20, 1, 0x12, 1]), // return_call
      handleModule([0xd0, 0x70, 0x1a, ...i32Const(0)]), // ref.null
      handleModule([0xfc, 8, 0, 0, ...i32Const(0)]), // memory.init
      handleModule(i32Const(0), { memory: [17] }),
      handleModule(i32Const(0), { imports: [{ name: 'fetch', params: [], results: [] }] }),
      handleModule(i32Const(0), { imports: [{ name: 'write', params: [I32], results: [] }] }),
      handleModule(i32Const(0), { data: [{ offset: 65536, bytes: [1] }] }),
      assemble({ functions: [{ params: [I32, I32], results: [I32], code: i32Const(0), export: 'handle' }] }),
      assemble({ functions: [] }),
    ]
    expect(cases.map(code)).toEqual(cases.map(() => 'CDN_EDGE_REFUSED'))
  })
  it('that calls a host function it was not granted is refused before it runs', () => {
    const imports = [{ name: 'now', params: [], results: [F64] }]
    const source = assemble({
      imports,
      functions: [
        { params: [I32], results: [I32], code: i32Const(0), export: 'alloc' },
        { params: [I32, I32], results: [I32], code: [0x10, 0, 0xaa], export: 'handle' },
      ],
    })
    const prepared = prepareFunction(source, 1)
    const request = { input: new Uint8Array(0), fuel: 1e6, contents: new Map() }
    expect(() => runFunction(prepared, request)).toThrow(expect.objectContaining({ code: 'CDN_EDGE_REFUSED' }))
    expect(runFunction(prepared, { ...request, nowMs: 12_345 })).toMatchObject({ exitCode: 12_345 })
  })
  it('that gives host functions addresses beyond its memory traps', () => {
    const imports = [{ name: 'write', params: [I32, I32], results: [] }]
    for (const [pointer, length] of [
      [65536, 1],
      [-1, 1],
      [0, 65537],
      [-1, -1],
    ] as const) {
      const source = assemble({
        imports,
        functions: [
          { params: [I32], results: [I32], code: i32Const(0), export: 'alloc' },
          {
            params: [I32, I32],
            results: [I32],
            code: [...i32Const(pointer), ...i32Const(length), 0x10, 0, ...i32Const(0)],
            export: 'handle',
          },
        ],
      })
      expect(['trapped']).toContain(run(source, 1e11).status)
    }
  })
  it('cannot show the bits of a NaN that the engine chose', () => {
    const nan = { f32: [0x43, 0, 0, 0, 0], f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] }
    // 0 / 0, negated: the sign is set in every engine, the payload is the engine's choice.
    const f32 = handleModule([...nan.f32, ...nan.f32, 0x95, 0x8c, 0xbc])
    expect(run(f32)).toMatchObject({ exitCode: 0x7fc00000 })
    const f64 = handleModule([...nan.f64, ...nan.f64, 0xa3, 0x9a, 0xbd, 0x42, 32, 0x88, 0xa7])
    expect(run(f64)).toMatchObject({ exitCode: 0x7ff80000 })
    const sign = handleModule([0x43, 0, 0, 0x80, 0x3f, ...nan.f32, ...nan.f32, 0x95, 0x8c, 0x98, 0xa8])
    expect(run(sign)).toMatchObject({ exitCode: 1 })
    const stored = handleModule([
      ...i32Const(0),
      ...nan.f32,
      ...nan.f32,
      0x95,
      0x8c,
      0x38,
      2,
      0,
      ...i32Const(0),
      0x28,
      2,
      0,
    ])
    expect(run(stored)).toMatchObject({ exitCode: 0x7fc00000 })
    const payload = handleModule([...i32Const(0), 0x43, 1, 0, 0xa0, 0xff, 0x38, 2, 0, ...i32Const(0), 0x28, 2, 0])
    expect(run(payload)).toMatchObject({ exitCode: 0x7fc00000 })
    const number = handleModule([...i32Const(0), 0x43, 0, 0, 0x80, 0xbf, 0x38, 2, 0, ...i32Const(0), 0x28, 2, 0])
    expect(run(number)).toMatchObject({ exitCode: 0xbf800000 | 0 })
  })
})

describe('bytes that are no module', () => {
  let genuine: Uint8Array
  beforeAll(async () => {
    genuine = await compileFunction('edge-kernels')
  }, 60_000)

  it('are refused with a typed error, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['CDN_EDGE_MALFORMED', 'CDN_EDGE_REFUSED']).toContain(code(bytes))
        expect(['CDN_EDGE_MALFORMED', 'CDN_EDGE_REFUSED']).toContain(
          code(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...bytes])),
        )
      }),
    )
  })
  it('cut short anywhere are refused', () => {
    for (let length = 0; length < genuine.length; length += 7)
      expect(['CDN_EDGE_MALFORMED', 'CDN_EDGE_REFUSED']).toContain(code(genuine.subarray(0, length)))
  })
  it('with bytes changed are refused with a typed error, or make a module that still pays and ends', () => {
    const change = fc.record({ at: fc.nat({ max: 3_000 }), byte: fc.nat({ max: 255 }) })
    let ran = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const bytes = genuine.slice()
        for (const { at, byte } of changes) bytes[8 + (at % (bytes.length - 8))] = byte
        const outcome = code(bytes)
        // What we take apart and put together again is valid exactly when it was.
        let rewritten: Uint8Array | undefined
        try {
          rewritten = instrument(bytes, 64).bytes
        } catch (error) {
          expect(isCdnError(error)).toBe(true)
        }
        if (rewritten) expect(valid(rewritten)).toBe(valid(bytes))
        expect(['CDN_EDGE_MALFORMED', 'CDN_EDGE_REFUSED', 'accepted']).toContain(outcome)
        if (outcome !== 'accepted') return
        ran++
        expect(['done', 'trapped', 'out-of-fuel', 'stack']).toContain(run(bytes, 1e6, 64).status)
      }),
      { numRuns: 1_500 },
    )
    expect(ran).toBeGreaterThan(30)
  }, 60_000)
  it('with numbers of any length are read as the engine reads them', () => {
    // Sizes in overlong LEB128, as linkers leave them: five bytes are valid, six are not.
    const overlong = [0x41, 0x80, 0x80, 0x80, 0x80, 0x00]
    expect(run(handleModule(overlong))).toMatchObject({ exitCode: 0 })
    expect(code(handleModule([0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]))).toBe('CDN_EDGE_MALFORMED')
    expect(code(handleModule([0x41, 0x80, 0x80, 0x80, 0x80, 0x10]))).toBe('CDN_EDGE_MALFORMED')
    expect(code(handleModule([0x41, 0x80, 0x80, 0x80, 0x80, 0x70]))).toBe('CDN_EDGE_MALFORMED')
    expect(run(handleModule([0x41, 0x80, 0x80, 0x80, 0x80, 0x78]))).toMatchObject({ exitCode: -0x80000000 })
    for (const bytes of [
      [0x80, 0x80, 0x80, 0x80, 0x08],
      [0xff, 0xff, 0xff, 0xff, 0x7f],
      [0x80, 0x80, 0x80, 0x80, 0x18],
      [0xff, 0xff, 0xff, 0xff, 0x77],
      [0xff, 0xff, 0xff, 0xff, 0x07],
    ]) {
      const source = handleModule([0x41, ...bytes])
      expect(code(source) === 'accepted', bytes.join()).toBe(WebAssembly.validate(source as Uint8Array<ArrayBuffer>))
    }
  })
  it('that are instrumented twice are the same', () => {
    expect(instrument(genuine, 64).bytes).toEqual(instrument(genuine, 64).bytes)
  })
})
