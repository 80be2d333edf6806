import { Writer } from '../../src/edge/module/writer.ts'

export const I32 = 0x7f
export const I64 = 0x7e
export const F32 = 0x7d
export const F64 = 0x7c

export interface AssembledFunction {
  readonly params?: readonly number[]
  readonly results?: readonly number[]
  readonly locals?: readonly number[]
  /** Instructions, without the last `end`. */
  readonly code: readonly number[]
  readonly export?: string
}

export interface Assembly {
  readonly imports?: readonly {
    readonly name: string
    readonly params: readonly number[]
    readonly results: readonly number[]
  }[]
  readonly functions: readonly AssembledFunction[]
  readonly memory?: readonly [pages: number, maximum?: number]
  readonly globals?: readonly { readonly type: number; readonly init: readonly number[] }[]
  /** Function indices at the table's beginning. */
  readonly table?: readonly number[]
  readonly data?: readonly { readonly offset: number; readonly bytes: readonly number[] }[]
  /** Further types, for blocks; they come first. */
  readonly types?: readonly { readonly params: readonly number[]; readonly results: readonly number[] }[]
  readonly start?: number
}

export const u32 = (value: number): number[] => [...new Writer().u32(value).view()]
export const s32 = (value: number): number[] => [...new Writer().signed(value).view()]
export const i32Const = (value: number): number[] => [0x41, ...s32(value)]

/** A module written out plainly: one type for each function. */
export function assemble(assembly: Assembly): Uint8Array {
  const { imports = [], functions, memory = [1], globals = [], table, data = [], types = [], start } = assembly
  const out = new Writer().u8(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
  const section = (id: number, content: Writer) => out.u8(id).u32(content.length).bytes(content.view())
  const typeList = [...types, ...imports, ...functions.map(({ params = [], results = [] }) => ({ params, results }))]
  const typeSection = new Writer().u32(typeList.length)
  for (const { params, results } of typeList)
    typeSection
      .u8(0x60)
      .u32(params.length)
      .u8(...params)
      .u32(results.length)
      .u8(...results)
  section(1, typeSection)
  if (imports.length > 0) {
    const content = new Writer().u32(imports.length)
    imports.forEach(({ name }, i) => {
      content
        .name('zos')
        .name(name)
        .u8(0)
        .u32(types.length + i)
    })
    section(2, content)
  }
  const functionSection = new Writer().u32(functions.length)
  functions.forEach((_, i) => {
    functionSection.u32(types.length + imports.length + i)
  })
  section(3, functionSection)
  if (table) section(4, new Writer().u8(1, 0x70, 0).u32(table.length))
  section(
    5,
    memory[1] === undefined
      ? new Writer().u8(1, 0).u32(memory[0])
      : new Writer().u8(1, 1).u32(memory[0]).u32(memory[1]),
  )
  if (globals.length > 0) {
    const content = new Writer().u32(globals.length)
    for (const { type, init } of globals) content.u8(type, 1, ...init, 0x0b)
    section(6, content)
  }
  const exported = functions.flatMap((f, i) => (f.export ? [{ name: f.export, index: imports.length + i }] : []))
  const exportSection = new Writer()
    .u32(exported.length + 1)
    .name('memory')
    .u8(2, 0)
  for (const { name, index } of exported) exportSection.name(name).u8(0).u32(index)
  section(7, exportSection)
  if (start !== undefined) section(8, new Writer().u32(start))
  if (table) {
    const content = new Writer().u8(1, 0, 0x41, 0, 0x0b).u32(table.length)
    for (const index of table) content.u32(index)
    section(9, content)
  }
  const codeSection = new Writer().u32(functions.length)
  for (const { locals = [], code } of functions) {
    const body = new Writer().u32(locals.length)
    for (const type of locals) body.u8(1, type)
    body.bytes(Uint8Array.from(code)).u8(0x0b)
    codeSection.u32(body.length).bytes(body.view())
  }
  section(10, codeSection)
  if (data.length > 0) {
    const content = new Writer().u32(data.length)
    for (const { offset, bytes } of data)
      content
        .u8(0, ...i32Const(offset), 0x0b)
        .u32(bytes.length)
        .u8(...bytes)
    section(11, content)
  }
  return out.view().slice()
}

/** `alloc` that always answers 1,024. */
export const ALLOC: AssembledFunction = { params: [I32], results: [I32], code: i32Const(1024), export: 'alloc' }

/** A module whose `handle` is this code; further functions follow it (indices from 2, or after the imports). */
export function handleModule(
  code: readonly number[],
  more: Omit<Assembly, 'functions'> & { locals?: readonly number[]; functions?: readonly AssembledFunction[] } = {},
): Uint8Array {
  const { locals = [], functions = [], ...rest } = more
  return assemble({
    ...rest,
    functions: [ALLOC, { params: [I32, I32], results: [I32], locals, code, export: 'handle' }, ...functions],
  })
}
