import { MODULE_LIMITS } from './limits.ts'
import { F32, F64, I32, I64 } from './opcodes.ts'
import { malformed, Reader, refused } from './reader.ts'

export interface FunctionType {
  readonly params: readonly number[]
  readonly results: readonly number[]
}

/** A part of the module's bytes. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What the rewriter and the runner need of a module; spans point into `bytes`. */
export interface ParsedModule {
  readonly bytes: Uint8Array
  readonly types: readonly FunctionType[]
  /** Encoded types, without their count. */
  readonly typeSpan: Span
  readonly imports: readonly { readonly name: HostFunction; readonly type: number }[]
  /** The type of each function that the module defines. */
  readonly functions: readonly number[]
  readonly table: Span | undefined
  readonly tableEntries: number
  readonly memoryPages: number
  readonly memoryMaximum: number | undefined
  readonly globals: readonly { readonly type: number; readonly mutable: boolean }[]
  readonly globalSpan: Span
  /** Indices of the functions `alloc` and `handle`. */
  readonly alloc: number
  readonly handle: number
  readonly start: number | undefined
  /** Functions that stand in the table: those that `call_indirect` may reach. */
  readonly tableFunctions: readonly number[]
  /** The whole content of the element and of the data section. */
  readonly elements: Span | undefined
  readonly data: Span | undefined
  readonly bodies: readonly Span[]
}

/** The host functions of profile 1 (module name `zos`) and their types. */
export const HOST_FUNCTIONS = {
  write: { params: [I32, I32], results: [] },
  size: { params: [I32, I32], results: [I32] },
  read: { params: [I32, I32, I32, I32, I32], results: [I32] },
  log: { params: [I32, I32], results: [] },
  now: { params: [], results: [F64] },
  random: { params: [I32, I32], results: [] },
} as const satisfies Record<string, FunctionType>
export type HostFunction = keyof typeof HOST_FUNCTIONS

const PAGE = 65_536
const NO_SPAN: Span = { start: 0, end: 0 }
const SECTION_ORDER = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11]

/**
 * Reads a module of profile 1 and holds it to {@link MODULE_LIMITS}. Bodies are delimited, not read: the rewriter does that.
 * @throws CdnError `CDN_EDGE_MALFORMED` when it is no module, `CDN_EDGE_REFUSED` when the profile has no room for it
 */
export function parseModule(bytes: Uint8Array): ParsedModule {
  if (bytes.length > MODULE_LIMITS.moduleBytes) throw refused(`${bytes.length} bytes`, { bytes: bytes.length })
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  if (bytes.length < 8 || header.some((byte, i) => bytes[i] !== byte)) throw malformed('no header', 0)
  const reader = new Reader(bytes, 8)
  const types: FunctionType[] = []
  const imports: ParsedModule['imports'][number][] = []
  const functions: number[] = []
  const globals: ParsedModule['globals'][number][] = []
  const bodies: Span[] = []
  const tableFunctions: number[] = []
  const exported = new Map<string, { kind: number; index: number }>()
  let typeSpan = NO_SPAN
  let globalSpan = NO_SPAN
  let table: Span | undefined
  let tableEntries = 0
  let memory: { pages: number; maximum: number | undefined } | undefined
  let start: number | undefined
  let elements: Span | undefined
  let data: Span | undefined
  let dataCount: number | undefined
  let dataSegments = 0
  let customs = 0
  let last = -1

  const valueType = (section: Reader): number => {
    const type = section.u8()
    if (type === I32 || type === I64 || type === F32 || type === F64) return type
    throw refused(`value type 0x${type.toString(16)}`)
  }
  const typeIndex = (section: Reader): number => {
    const index = section.u32()
    if (index >= types.length) throw malformed(`no type ${index}`, section.at)
    return index
  }
  const functionIndex = (section: Reader): number => {
    const index = section.u32()
    if (index >= imports.length + functions.length) throw malformed(`no function ${index}`, section.at)
    return index
  }
  const typeOf = (index: number): FunctionType =>
    types[index < imports.length ? imports[index]!.type : functions[index - imports.length]!]!
  const constantOffset = (section: Reader): number => {
    if (section.u8() !== 0x41) throw refused('a segment whose offset is not an i32.const')
    const offset = section.s32() >>> 0
    if (section.u8() !== 0x0b) throw refused('an offset that is calculated')
    return offset
  }
  const read: Record<number, (section: Reader) => void> = {
    1(section) {
      const count = section.count(MODULE_LIMITS.types, 'types')
      const first = section.at
      for (let i = 0; i < count; i++) {
        if (section.u8() !== 0x60) throw refused('a type that is not of a function')
        const params = Array.from({ length: section.count(MODULE_LIMITS.params, 'parameters') }, () =>
          valueType(section),
        )
        const results = Array.from({ length: section.count(MODULE_LIMITS.results, 'results') }, () =>
          valueType(section),
        )
        types.push({ params, results })
      }
      typeSpan = { start: first, end: section.at }
    },
    2(section) {
      const count = section.count(MODULE_LIMITS.imports, 'imports')
      for (let i = 0; i < count; i++) {
        const from = section.name(MODULE_LIMITS.nameBytes)
        const name = section.name(MODULE_LIMITS.nameBytes)
        const kind = section.u8()
        if (from !== 'zos' || kind !== 0 || !Object.hasOwn(HOST_FUNCTIONS, name))
          throw refused(`the import ${from}.${name}`, { module: from, name, kind })
        const type = typeIndex(section)
        const wanted = HOST_FUNCTIONS[name as HostFunction]
        if (!sameType(types[type]!, wanted)) throw refused(`the import zos.${name} has another type`, { name })
        imports.push({ name: name as HostFunction, type })
      }
    },
    3(section) {
      const count = section.count(MODULE_LIMITS.functions, 'functions')
      for (let i = 0; i < count; i++) functions.push(typeIndex(section))
    },
    4(section) {
      const count = section.count(1, 'tables')
      const first = section.at
      if (count === 0) return
      if (section.u8() !== 0x70) throw refused('a table of other than functions')
      const flags = section.u8()
      if (flags > 1) throw refused(`table limits 0x${flags.toString(16)}`)
      tableEntries = section.count(MODULE_LIMITS.tableEntries, 'table entries')
      if (flags === 1 && section.u32() < tableEntries)
        throw malformed('a table whose maximum is below its minimum', section.at)
      table = { start: first, end: section.at }
    },
    5(section) {
      if (section.count(1, 'memories') === 0) return
      const flags = section.u8()
      if (flags > 1) throw refused(flags & 2 ? 'shared memory' : `memory limits 0x${flags.toString(16)}`)
      const pages = section.count(MODULE_LIMITS.memoryPages, 'pages of memory')
      const maximum = flags === 1 ? section.u32() : undefined
      if (maximum !== undefined && maximum < pages)
        throw malformed('a memory whose maximum is below its minimum', section.at)
      memory = { pages, maximum }
    },
    6(section) {
      const count = section.count(MODULE_LIMITS.globals, 'globals')
      const first = section.at
      for (let i = 0; i < count; i++) {
        const type = valueType(section)
        const mutable = section.u8()
        if (mutable > 1) throw malformed('a global that is neither mutable nor constant', section.at - 1)
        const code = section.u8()
        if (code !== 0x41 + (I32 - type)) throw refused('a global whose value is not a constant of its type')
        if (type === I32) section.skipSigned(32)
        else if (type === I64) section.skipSigned(64)
        else section.skip(type === F32 ? 4 : 8)
        if (section.u8() !== 0x0b) throw refused('a global whose value is calculated')
        globals.push({ type, mutable: mutable === 1 })
      }
      globalSpan = { start: first, end: section.at }
    },
    7(section) {
      const count = section.count(MODULE_LIMITS.exports, 'exports')
      for (let i = 0; i < count; i++) {
        const name = section.name(MODULE_LIMITS.nameBytes)
        if (exported.has(name)) throw malformed(`two exports "${name}"`, section.at)
        const kind = section.u8()
        const index = section.u32()
        const there = [imports.length + functions.length, table ? 1 : 0, memory ? 1 : 0, globals.length][kind]
        if (there === undefined) throw refused(`an export of kind ${kind}`)
        if (index >= there) throw malformed(`the export "${name}" names what is not there`, section.at)
        exported.set(name, { kind, index })
      }
    },
    8(section) {
      start = functionIndex(section)
      const { params, results } = typeOf(start)
      if (params.length + results.length > 0) throw malformed('a start function with parameters or results', section.at)
    },
    9(section) {
      elements = { start: section.at, end: section.end }
      const count = section.count(MODULE_LIMITS.elementSegments, 'element segments')
      for (let i = 0; i < count; i++) {
        const flags = section.u32()
        if (flags !== 0) throw refused(`an element segment of kind ${flags}`)
        const offset = constantOffset(section)
        const length = section.count(MODULE_LIMITS.tableEntries, 'entries of an element segment')
        if (!table || offset + length > tableEntries) throw refused('an element segment beyond the table')
        for (let j = 0; j < length; j++) tableFunctions.push(functionIndex(section))
      }
    },
    10(section) {
      const count = section.u32()
      if (count !== functions.length) throw malformed(`${count} bodies of ${functions.length} functions`, section.at)
      for (let i = 0; i < count; i++) {
        const length = section.count(MODULE_LIMITS.bodyBytes, 'bytes of a function')
        const { at, end } = section.part(length)
        bodies.push({ start: at, end })
      }
    },
    11(section) {
      data = { start: section.at, end: section.end }
      dataSegments = section.count(MODULE_LIMITS.dataSegments, 'data segments')
      for (let i = 0; i < dataSegments; i++) {
        const flags = section.u32()
        if (flags !== 0) throw refused(`a data segment of kind ${flags}`)
        const offset = constantOffset(section)
        const length = section.u32()
        section.skip(length)
        if (!memory || offset + length > memory.pages * PAGE) throw refused('a data segment beyond the memory')
      }
    },
    12(section) {
      dataCount = section.u32()
    },
  }

  while (reader.at < reader.end) {
    const id = reader.u8()
    const section = reader.part(reader.u32())
    if (id === 0) {
      if (++customs > MODULE_LIMITS.customSections) throw refused('too many custom sections')
      section.name(section.end - section.at)
      continue
    }
    const place = SECTION_ORDER.indexOf(id)
    if (place < 0) throw refused(`section ${id}`, { section: id })
    if (place <= last) throw malformed(`section ${id} out of order`, section.at)
    last = place
    read[id]!(section)
    section.done(`section ${id}`)
  }
  if (bodies.length !== functions.length) throw malformed('functions without bodies', reader.at)
  if (dataCount !== undefined && dataCount !== dataSegments)
    throw malformed('another number of data segments', reader.at)
  if (!memory) throw refused('it has no memory')
  if (exported.get('memory')?.kind !== 2) throw refused('it does not export its memory as "memory"')
  const entry = (name: string, type: FunctionType): number => {
    const found = exported.get(name)
    if (found?.kind !== 0 || found.index < imports.length || !sameType(typeOf(found.index), type))
      throw refused(`it does not export a function "${name}" of the right type`, { name })
    return found.index
  }
  return {
    bytes,
    types,
    typeSpan,
    imports,
    functions,
    table,
    tableEntries,
    memoryPages: memory.pages,
    memoryMaximum: memory.maximum,
    globals,
    globalSpan,
    alloc: entry('alloc', { params: [I32], results: [I32] }),
    handle: entry('handle', { params: [I32, I32], results: [I32] }),
    start,
    tableFunctions,
    elements,
    data,
    bodies,
  }
}

function sameType(a: FunctionType, b: FunctionType): boolean {
  const same = (x: readonly number[], y: readonly number[]) =>
    x.length === y.length && x.every((type, i) => type === y[i])
  return same(a.params, b.params) && same(a.results, b.results)
}
