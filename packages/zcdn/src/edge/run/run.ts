import { sha256 } from '@noble/hashes/sha2.js'
import { CID } from 'multiformats/cid'
import { CdnError } from '../../errors.ts'
import { exhaustion, FUEL_UNIT, fuelLeft, MAX_FUEL, startCounter } from '../metering/counter.ts'
import { EXPORTS, instrument } from '../metering/instrument.ts'
import type { HostFunction } from '../module/parse.ts'
import { HOST_FUEL, LOG_LIMITS, RUN_LIMITS } from './limits.ts'

/** A function ready to run: its instrumented module, compiled. It can be posted to workers. */
export interface PreparedFunction {
  readonly module: WebAssembly.Module
  /** Host functions that it imports. */
  readonly imports: readonly HostFunction[]
  readonly memoryPages: number
}

/** What a function may know beyond its input. It is part of the request, and of the signed record, so that others can repeat the run. */
export interface Grants {
  /** Milliseconds since 1970 that `now` answers, the same throughout the run. */
  readonly nowMs?: number
  /** 32 bytes that `random` grows from. */
  readonly seed?: Uint8Array
}

/** One run of a prepared function: its input, its fuel, and all content that it may read. */
export interface RunRequest extends Grants {
  /** What `handle` gets, at most `RUN_LIMITS.inputBytes` bytes. */
  readonly input: Uint8Array
  /** Most fuel that the run may use, a whole number from 1. */
  readonly fuel: number
  /** Content by CID, as text. A read of anything else ends the run with {@link RunNeeds}. */
  readonly contents: ReadonlyMap<string, Uint8Array>
}

/** How a run ended; all of these are the same wherever the function runs. */
export type RunStatus = 'done' | 'trapped' | 'out-of-fuel' | 'stack'

/**
 * How a run ended and what it made. `logs` and `reason` are for people; all else is the same wherever the function
 * runs, and goes into the signed record.
 */
export interface RunOutcome {
  readonly status: RunStatus
  /** What `handle` answered: 0 where all is well. 0 when the run did not end by itself. */
  readonly exitCode: number
  /** What was written; empty when the run did not end by itself. */
  readonly output: Uint8Array
  /** Fuel used; all of the limit when the run did not end by itself. */
  readonly fuel: number
  readonly logs: readonly string[]
  /** What went wrong, for people: engines word it differently. */
  readonly reason?: string
}

/** The run needs this content first; then it starts anew. */
export interface RunNeeds {
  readonly status: 'needs'
  readonly cid: string
}

/**
 * Checks, instruments and compiles a function in this thread.
 * @throws CdnError `CDN_EDGE_MALFORMED`, `CDN_EDGE_REFUSED`
 */
export function prepareFunction(source: Uint8Array, memoryPages: number): PreparedFunction {
  const instrumented = instrument(source, memoryPages)
  let module: WebAssembly.Module
  try {
    module = new WebAssembly.Module(instrumented.bytes as Uint8Array<ArrayBuffer>)
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError))
      throw new CdnError('CDN_EDGE_ENGINE', `the engine could not compile: ${reasonOf(cause)}`, {}, { cause })
    throw new CdnError('CDN_EDGE_MALFORMED', `not a valid WebAssembly module: ${cause.message}`, {}, { cause })
  }
  return { module, imports: instrumented.parsed.imports.map(({ name }) => name), memoryPages: instrumented.memoryPages }
}

/** Ends a run from within a host call. */
class Halt extends Error {
  readonly end: RunStatus | RunNeeds
  constructor(end: RunStatus | RunNeeds, message = '') {
    super(message)
    this.end = end
  }
}

const utf8 = new TextDecoder()

/**
 * Runs a function once, in a fresh instance, in this thread. Nothing here ends a run but its fuel: a deadline needs a worker that can be ended
 * (see `createEdgePool`).
 * @throws CdnError `CDN_EDGE_ENGINE` when engine or machine failed; `CDN_INVALID_ARGUMENT`
 */
export function runFunction(prepared: PreparedFunction, request: RunRequest): RunOutcome | RunNeeds {
  checkRequest(prepared, request)
  const { input, fuel: limit, contents } = request
  const logs: string[] = []
  const output: Uint8Array[] = []
  let outputBytes = 0
  let contentBytes = 0
  let randomBlocks = 0
  const used = new Map<string, Uint8Array>()

  // Set right after the instance exists; host functions run later.
  let memory!: WebAssembly.Memory
  let counter!: WebAssembly.Global<'i64'>
  const pay = (amount: number) => {
    counter.value -= BigInt(amount) * BigInt(FUEL_UNIT)
    if (counter.value < 0n) throw new Halt('out-of-fuel')
  }
  const memoryAt = (pointer: number, length: number): Uint8Array => {
    const at = pointer >>> 0
    const bytes = length >>> 0
    if (at + bytes > memory.buffer.byteLength)
      throw new Halt('trapped', 'a host call with an address beyond the memory')
    return new Uint8Array(memory.buffer, at, bytes)
  }
  const content = (pointer: number, length: number): Uint8Array => {
    if (length >>> 0 > RUN_LIMITS.cidBytes) throw new Halt('trapped', 'a CID that is too long')
    let cid: string
    try {
      cid = CID.decode(memoryAt(pointer, length).slice()).toString()
    } catch (error) {
      if (error instanceof Halt) throw error
      throw new Halt('trapped', 'bytes that are no CID')
    }
    const known = used.get(cid)
    if (known) return known
    if (used.size >= RUN_LIMITS.contents) throw new Halt('trapped', 'more content than a run may read')
    const bytes = contents.get(cid)
    if (!bytes) throw new Halt({ status: 'needs', cid })
    contentBytes += bytes.length
    if (contentBytes > RUN_LIMITS.contentBytes) throw new Halt('trapped', 'more bytes of content than a run may read')
    used.set(cid, bytes)
    return bytes
  }
  const zos = {
    write(pointer: number, length: number) {
      pay(HOST_FUEL.call + HOST_FUEL.byte * (length >>> 0))
      outputBytes += length >>> 0
      if (outputBytes > RUN_LIMITS.outputBytes) throw new Halt('trapped', 'more output than a run may write')
      output.push(memoryAt(pointer, length).slice())
    },
    size(pointer: number, length: number): number {
      pay(HOST_FUEL.call)
      return content(pointer, length).length
    },
    read(pointer: number, length: number, offset: number, to: number, count: number): number {
      pay(HOST_FUEL.call)
      const bytes = content(pointer, length)
      const start = offset >>> 0
      const part = bytes.subarray(Math.min(start, bytes.length), Math.min(start + (count >>> 0), bytes.length))
      pay(HOST_FUEL.byte * part.length)
      memoryAt(to, part.length).set(part)
      return part.length
    },
    log(pointer: number, length: number) {
      pay(HOST_FUEL.call + HOST_FUEL.byte * (length >>> 0))
      const line = memoryAt(pointer, length)
      if (logs.length < LOG_LIMITS.lines) logs.push(utf8.decode(line.slice(0, LOG_LIMITS.lineBytes)))
    },
    now(): number {
      pay(HOST_FUEL.call)
      return request.nowMs!
    },
    random(pointer: number, length: number) {
      pay(HOST_FUEL.call + HOST_FUEL.randomByte * (length >>> 0))
      const to = memoryAt(pointer, length)
      const block = new Uint8Array(36)
      block.set(request.seed!)
      const counter = new DataView(block.buffer)
      for (let at = 0; at < to.length; at += 32) {
        counter.setUint32(32, randomBlocks++)
        to.set(sha256(block).subarray(0, Math.min(32, to.length - at)), at)
      }
    },
  }
  let instance: WebAssembly.Instance
  try {
    instance = new WebAssembly.Instance(prepared.module, { zos })
  } catch (cause) {
    // Segments were checked against memory and table, and imports by name and type: what is left is memory that the system does not give.
    throw new CdnError('CDN_EDGE_ENGINE', `the engine could not make an instance: ${reasonOf(cause)}`, {}, { cause })
  }
  const { exports } = instance
  memory = exports.memory as WebAssembly.Memory
  counter = exports[EXPORTS.counter] as WebAssembly.Global<'i64'>
  const failed = (status: RunStatus, reason: string): RunOutcome => ({
    status,
    exitCode: 0,
    output: new Uint8Array(0),
    fuel: limit,
    logs,
    reason,
  })
  try {
    counter.value = startCounter(limit)
    pay(HOST_FUEL.byte * input.length)
    ;(exports[EXPORTS.start] as (() => void) | undefined)?.()
    const pointer = (exports.alloc as (length: number) => number)(input.length)
    memoryAt(pointer, input.length).set(input)
    const exitCode = (exports.handle as (pointer: number, length: number) => number)(pointer, input.length)
    if (counter.value < 0n) return failed('out-of-fuel', 'the fuel is used up')
    const bytes = output.length === 1 ? output[0]! : new Uint8Array(outputBytes)
    if (output.length > 1) {
      let at = 0
      for (const part of output) {
        bytes.set(part, at)
        at += part.length
      }
    }
    return { status: 'done', exitCode, output: bytes, fuel: limit - fuelLeft(counter.value), logs }
  } catch (cause) {
    if (cause instanceof Halt) {
      if (typeof cause.end === 'object') return cause.end
      return failed(cause.end, cause.message || 'the fuel is used up')
    }
    if (!(cause instanceof WebAssembly.RuntimeError))
      throw new CdnError('CDN_EDGE_ENGINE', `the engine gave up: ${reasonOf(cause)}`, {}, { cause })
    const ranOut = exhaustion(counter.value)
    if (ranOut === 'out-of-fuel') return failed(ranOut, 'the fuel is used up')
    if (ranOut === 'stack') return failed(ranOut, 'calls too deep')
    if (ranOut === 'engine')
      throw new CdnError('CDN_EDGE_ENGINE', 'the engine has no memory left for the function', {}, { cause })
    return failed('trapped', cause.message)
  }
}

/** @throws CdnError `CDN_INVALID_ARGUMENT`; `CDN_EDGE_REFUSED` when the function wants what was not granted */
export function checkRequest(
  { imports }: Pick<PreparedFunction, 'imports'>,
  { input, fuel, nowMs, seed }: Pick<RunRequest, 'input' | 'fuel' | 'nowMs' | 'seed'>,
): void {
  const invalid = (what: string, context: Record<string, unknown>) =>
    new CdnError('CDN_INVALID_ARGUMENT', what, context)
  if (!Number.isInteger(fuel) || fuel < 1 || fuel > MAX_FUEL) throw invalid(`a fuel limit of ${fuel}`, { fuel })
  if (input.length > RUN_LIMITS.inputBytes)
    throw invalid(`${input.length} bytes of input, ${RUN_LIMITS.inputBytes} are allowed`, { bytes: input.length })
  if (nowMs !== undefined && (!Number.isSafeInteger(nowMs) || nowMs < 0)) throw invalid(`a time of ${nowMs}`, { nowMs })
  if (seed !== undefined && seed.length !== 32) throw invalid(`a seed of ${seed.length} bytes`, { bytes: seed.length })
  for (const [name, grant] of [
    ['now', nowMs],
    ['random', seed],
  ] as const) {
    if (grant === undefined && imports.includes(name))
      throw new CdnError('CDN_EDGE_REFUSED', `the function imports zos.${name}, which this run does not grant`, {
        name,
      })
  }
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
