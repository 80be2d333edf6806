import { OP } from '../module/decode.ts'
import { MODULE_LIMITS } from '../module/limits.ts'
import { I32, I64 } from '../module/opcodes.ts'
import { type ParsedModule, parseModule } from '../module/parse.ts'
import { refused } from '../module/reader.ts'
import { Writer } from '../module/writer.ts'
import { analyseFunction } from './analyse.ts'
import { type Additions, bulkBody, growBody, rewriteFunction } from './rewrite.ts'
import { planStack } from './stack.ts'

/** Names under which an instrumented module shows its counter and its start function to the host. */
export const EXPORTS = { counter: 'zos:counter', start: 'zos:start' } as const

/** Engines have about so many registers for parameters; with more, or with two results, one more goes over the stack. */
const PASSING_PARAMS = 6

/** A module that pays for what it runs. */
export interface InstrumentedModule {
  readonly bytes: Uint8Array
  readonly parsed: ParsedModule
  /** Pages that its memory may have. */
  readonly memoryPages: number
}

/**
 * Makes of a module of profile 1 one that counts fuel, bounds recursion, canonicalises NaNs where their bits can be seen, and exports nothing but `memory`,
 * `alloc`, `handle` and the counter. A start function is not run by the engine but exported, so that it pays too.
 * The output is a function of the input and `memoryPages` alone. Linear in the size of the module.
 * @param memoryPages pages of 64 KiB that the function may have at most
 * @throws CdnError `CDN_EDGE_MALFORMED`, `CDN_EDGE_REFUSED`
 */
export function instrument(source: Uint8Array, memoryPages: number): InstrumentedModule {
  const module = parseModule(source)
  if (module.memoryPages > memoryPages)
    throw refused(`${module.memoryPages} pages of memory, ${memoryPages} are granted`, { granted: memoryPages })
  const maximum = Math.min(memoryPages, module.memoryMaximum ?? MODULE_LIMITS.memoryPages)
  const functionTypes = module.functions.map((index) => module.types[index]!)
  const facts = module.bodies.map((body, i) => analyseFunction(module, body, functionTypes[i]!))
  const { charges } = planStack(module, facts)

  // Nothing that is there changes its index: all additions stand at the ends.
  const types = new Writer()
  let typeCount = module.types.length
  const addType = (params: number[], results: readonly number[]): number => {
    types
      .u8(0x60)
      .u32(params.length)
      .u8(...params)
      .u32(results.length)
      .u8(...results)
    return typeCount++
  }
  const growType = addType([I32], [I32])
  const bulkType = addType([I32, I32, I32], [])
  const resultTypes = new Map<number, number>()
  module.types.forEach(({ results }, i) => {
    if (results.length > 1) resultTypes.set(i, addType([], results))
  })
  const passing = passingFunctions(module)
  const passingTypes = new Map<number, number>()
  for (const index of passing) {
    const typeIndex = module.functions[index - module.imports.length]!
    const { params, results } = module.types[typeIndex]!
    if (!passingTypes.has(typeIndex)) passingTypes.set(typeIndex, addType([...params, I64], [...results, I64]))
  }
  const functionCount = module.imports.length + module.functions.length
  const add: Additions = {
    passing,
    counter: module.globals.length,
    grow: functionCount,
    copy: functionCount + 1,
    fill: functionCount + 2,
    resultTypes,
  }

  const out = new Writer(source.length * 2).u8(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  const section = (id: number, write: (content: Writer) => void) => {
    const content = new Writer(1024)
    write(content)
    out.u8(id).u32(content.length).bytes(content.view())
  }
  section(1, (content) => {
    content.u32(typeCount).bytes(source, module.typeSpan.start, module.typeSpan.end).bytes(types.view())
  })
  if (module.imports.length > 0)
    section(2, (content) => {
      content.u32(module.imports.length)
      for (const { name, type } of module.imports) content.name('zos').name(name).u8(0).u32(type)
    })
  section(3, (content) => {
    content.u32(module.functions.length + 3)
    module.functions.forEach((type, i) => {
      content.u32(passing.has(module.imports.length + i) ? passingTypes.get(type)! : type)
    })
    for (const type of [growType, bulkType, bulkType]) content.u32(type)
  })
  if (module.table) {
    const { start, end } = module.table
    section(4, (content) => content.u32(1).bytes(source, start, end))
  }
  section(5, (content) => content.u8(1, 1).u32(module.memoryPages).u32(maximum))
  section(6, (content) => {
    content.u32(module.globals.length + 1).bytes(source, module.globalSpan.start, module.globalSpan.end)
    content.u8(I64, 1, OP.i64Const, 0, OP.end)
  })
  section(7, (content) => {
    content.u32(module.start === undefined ? 4 : 5)
    content.name('memory').u8(2, 0)
    content.name('alloc').u8(0).u32(module.alloc).name('handle').u8(0).u32(module.handle)
    content.name(EXPORTS.counter).u8(3).u32(add.counter)
    if (module.start !== undefined) content.name(EXPORTS.start).u8(0).u32(module.start)
  })
  if (module.elements) {
    const { start, end } = module.elements
    section(9, (content) => content.bytes(source, start, end))
  }
  section(10, (content) => {
    content.u32(module.bodies.length + 3)
    const body = (bytes: Uint8Array) => content.u32(bytes.length).bytes(bytes)
    module.bodies.forEach((span, i) => {
      const index = module.imports.length + i
      const plan = { index, typeIndex: module.functions[i]!, hasLoop: facts[i]!.hasLoop, stackCharge: charges[i]! }
      body(rewriteFunction(module, span, plan, add))
    })
    body(growBody(add, maximum))
    body(bulkBody(add, OP.memoryCopy))
    body(bulkBody(add, OP.memoryFill))
  })
  if (module.data) {
    const { start, end } = module.data
    section(11, (content) => content.bytes(source, start, end))
  }
  return { bytes: out.view(), parsed: module, memoryPages: maximum }
}

/** Functions that nobody calls but by index: neither the host nor the table, whose callers know their type. */
function passingFunctions(module: ParsedModule): Set<number> {
  const first = module.imports.length
  const known = new Set([module.alloc, module.handle, module.start, ...module.tableFunctions])
  const passing = new Set<number>()
  module.functions.forEach((typeIndex, i) => {
    const { params, results } = module.types[typeIndex]!
    if (known.has(first + i) || params.length > PASSING_PARAMS || results.length > 1) return
    passing.add(first + i)
  })
  return passing
}
