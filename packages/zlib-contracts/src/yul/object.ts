/** The structure of the intermediate code of one contract: creation object, runtime object, dispatcher, functions. */
import { ZlibError } from '../errors.ts'
import { closing, type Token, tokenize } from './tokens.ts'

/** A Yul function. */
export interface YulFunction {
  readonly name: string
  /** From `function` to the closing brace. */
  readonly tokens: readonly Token[]
  /** Functions that its body calls, builtins not. */
  readonly calls: readonly string[]
}

/** One external function as the dispatcher enters it. */
export interface DispatchCase {
  /** 0x and 8 hex digits. */
  readonly selector: `0x${string}`
  /** The tokens between the braces. */
  readonly body: readonly Token[]
}

/** The intermediate code of a contract, taken apart. */
export interface ContractCode {
  /** Name of the creation object; the runtime object is called `<name>_deployed`. */
  readonly name: string
  /** `code { … }` of the creation object, and its other sub-objects and data. */
  readonly creation: readonly Token[]
  /** Runtime statements before the dispatcher's switch. */
  readonly prologue: readonly Token[]
  readonly cases: readonly DispatchCase[]
  /** Runtime statements after the dispatcher: receive, fallback, or the revert of an unknown selector. */
  readonly epilogue: readonly Token[]
  readonly functions: ReadonlyMap<string, YulFunction>
  /** Sub-objects and data of the runtime object (contracts that it creates). */
  readonly runtimeData: readonly Token[]
  /** True when something but a revert answers an unknown selector or plain value. */
  readonly hasFallback: boolean
}

/** Takes the intermediate code of one contract apart. Errors: `ZLIB_UNKNOWN_IR`. */
export function parseContract(ir: string): ContractCode {
  const tokens = tokenize(ir)
  const start = tokens.findIndex(({ text }) => text === 'object')
  const name = unquote(tokens[start + 1])
  const creationEnd = closing(tokens, start + 2)
  const inner = tokens.slice(start + 3, creationEnd)
  const runtimeAt = inner.findIndex(
    (token, at) => token.text === 'object' && unquote(inner[at + 1]) === `${name}_deployed`,
  )
  if (start < 0 || runtimeAt < 0) throw unknown('there is no runtime object')
  const runtimeEnd = closing(inner, runtimeAt + 2)
  const runtime = inner.slice(runtimeAt + 3, runtimeEnd)
  const creation = [...inner.slice(0, runtimeAt), ...inner.slice(runtimeEnd + 1)]

  const codeEnd = closing(runtime, 1)
  if (runtime[0]?.text !== 'code') throw unknown('the runtime object has no code')
  // solc puts the code of an object into a block of its own.
  let code = runtime.slice(2, codeEnd)
  if (code[0]?.text === '{' && closing(code, 0) === code.length - 1) code = code.slice(1, -1)
  const { statements, functions } = separateFunctions(code)
  const dispatch = splitDispatcher(statements)
  return {
    name,
    creation,
    ...dispatch,
    functions,
    runtimeData: runtime.slice(codeEnd + 1).filter((_, at, data) => !isMetadata(data, at)),
    hasFallback:
      dispatch.epilogue.some(({ text }) => /^(fun_|external_fun_|fallback_|receive_)/.test(text)) ||
      callsBeyondRevert(dispatch.epilogue),
  }
}

function separateFunctions(code: readonly Token[]): { statements: Token[]; functions: Map<string, YulFunction> } {
  const statements: Token[] = []
  const functions = new Map<string, YulFunction>()
  for (let at = 0; at < code.length; at++) {
    if (code[at]!.text !== 'function') {
      statements.push(code[at]!)
      continue
    }
    let open = at
    while (code[open]!.text !== '{') open++
    const end = closing(code, open)
    const tokens = code.slice(at, end + 1)
    functions.set(code[at + 1]!.text, { name: code[at + 1]!.text, tokens, calls: [] })
    at = end
  }
  for (const [name, { tokens }] of functions)
    functions.set(name, { name, tokens, calls: callsOf(tokens.slice(2), functions) })
  return { statements, functions }
}

/** The functions among `functions` that `tokens` call, in order of first appearance. */
export function callsOf(tokens: readonly Token[], functions: { has(name: string): boolean }): string[] {
  const calls = new Set<string>()
  for (const { kind, text } of tokens) if (kind === 'word' && functions.has(text)) calls.add(text)
  return [...calls]
}

/**
 * solc writes the dispatcher as `if iszero(lt(calldatasize(), 4)) { let selector := … switch selector case 0x… { … } … default {} }`.
 * A contract without external functions has none.
 */
function splitDispatcher(statements: readonly Token[]): {
  prologue: Token[]
  cases: DispatchCase[]
  epilogue: Token[]
} {
  const at = statements.findIndex(({ text }, index) => text === 'switch' && statements[index + 1]?.text === 'selector')
  if (at < 0) {
    const guard = statements.findIndex(({ text }) => text === 'if')
    return {
      prologue: statements.slice(0, guard < 0 ? statements.length : guard),
      cases: [],
      epilogue: statements.slice(guard < 0 ? statements.length : guard),
    }
  }
  let guard = at
  while (guard >= 0 && statements[guard]!.text !== 'if') guard--
  if (guard < 0) throw unknown('the dispatcher does not look at the size of the calldata')
  let open = guard
  while (statements[open]!.text !== '{') open++
  const guardEnd = closing(statements, open)
  const cases: DispatchCase[] = []
  let next = at + 2
  while (statements[next]?.text === 'case') {
    const bodyEnd = closing(statements, next + 2)
    cases.push({ selector: statements[next + 1]!.text as `0x${string}`, body: statements.slice(next + 3, bodyEnd) })
    next = bodyEnd + 1
  }
  return { prologue: statements.slice(0, guard), cases, epilogue: statements.slice(guardEnd + 1) }
}

function callsBeyondRevert(epilogue: readonly Token[]): boolean {
  return epilogue.some(
    ({ kind, text }, at) =>
      kind === 'word' && epilogue[at + 1]?.text === '(' && !/^(revert|iszero|calldatasize|if)/.test(text),
  )
}

/** `data ".metadata" hex"…"`: three tokens that say nothing about behaviour. */
function isMetadata(data: readonly Token[], at: number): boolean {
  for (let back = 0; back < 4; back++) {
    if (data[at - back]?.text === 'data' && data[at - back + 1]?.text === '".metadata"') return true
  }
  return false
}

function unquote(token: Token | undefined): string {
  return token?.text.replaceAll('"', '') ?? ''
}

function unknown(reason: string): ZlibError {
  return new ZlibError('ZLIB_UNKNOWN_IR', `the intermediate code is not what solc writes: ${reason}`, { reason })
}
