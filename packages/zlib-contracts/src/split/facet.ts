/**
 * The Yul program of a facet. A facet has no constructor, and its storage is the application's (or that of a proxy before it), so what was
 * immutable comes with the call: the router appends the values that a facet reads to the calldata, one word each. Everything that looks
 * at the calldata sees it without that tail.
 */
import type { ContractCode, DispatchCase, YulFunction } from '../yul/object.ts'
import { print, type Token } from '../yul/tokens.ts'
import { canonicalFunctions } from './canonical.ts'

/** A facet's source and what it expects behind the calldata. */
export interface FacetProgram {
  readonly source: string
  /** Names of the immutables in the order in which their values follow the calldata. */
  readonly immutables: readonly string[]
}

/**
 * Functions of solc that read calldata only after they compared its place with the size: a tail behind it is out of their sight. In all
 * others, such as a user's inline assembly, a read beyond the end has to give zeros.
 */
const CHECKED = /^(abi_|access_calldata_tail_|calldata_|copy_calldata_|external_fun_|read_from_calldata|convert_)/

/** Selectors compared one after the other at the end of the search: as many as cost no more than another step of it. */
const LEAF = 2

/** The runtime of the original with the functions of `cases`. That there are four bytes of calldata at least has been seen to by the router. */
export function facetProgram(code: ContractCode, cases: readonly DispatchCase[]): FacetProgram {
  const plain = canonicalFunctions(code, cases, [])
  const all = [...plain.cases.flatMap(({ body }) => body), ...plain.functions]
  const immutables = immutablesOf(all)
  if (immutables.length === 0) return { source: program(code, plain, [], (tokens) => tokens), immutables }
  const guarded = canonicalFunctions({ ...code, functions: guardReads(code.functions) }, cases, [])
  const rewrite = (tokens: readonly Token[]) => beforeTail(tokens, immutables)
  return { source: program(code, guarded, [READERS(immutables.length)], rewrite), immutables }
}

/** Names of the immutables that `tokens` read, in order of first appearance. */
export function immutablesOf(tokens: readonly Token[]): string[] {
  const names = new Set<string>()
  for (const [at, { text }] of tokens.entries()) if (text === 'loadimmutable') names.add(nameAt(tokens, at + 2))
  return [...names]
}

function program(
  code: ContractCode,
  parts: { readonly cases: readonly DispatchCase[]; readonly functions: readonly Token[] },
  helpers: readonly string[],
  rewrite: (tokens: readonly Token[]) => readonly Token[],
): string {
  const dispatcher = search(parts.cases.map(({ selector, body }) => ({ selector, body: print(rewrite(body)) })))
  return `object "Facet" {
  code { datacopy(0, dataoffset("Facet_deployed"), datasize("Facet_deployed")) return(0, datasize("Facet_deployed")) }
  object "Facet_deployed" {
    code {
      ${print(code.prologue)}
      ${parts.cases.length > 0 ? `let selector := shr(224, calldataload(0)) ${dispatcher}` : ''}
      revert(0, 0)
      ${print(rewrite(parts.functions))}
      ${helpers.join('\n')}
    }
    ${print(code.runtimeData)}
  }
}`
}

/** Binary search over ascending selectors. solc compares them one after the other, 22 gas each: more than the way through the router costs. */
function search(cases: readonly { readonly selector: string; readonly body: string }[]): string {
  if (cases.length <= LEAF)
    return `switch selector ${cases.map(({ selector, body }) => `case ${selector} { ${body} }`).join('\n')} default { }`
  const middle = Math.ceil(cases.length / 2)
  // The body of a function never comes back, so the upper half needs no `else`.
  return `if lt(selector, ${cases[middle]!.selector}) { ${search(cases.slice(0, middle))} revert(0, 0) }
${search(cases.slice(middle))}`
}

/** Reads of the calldata that give zeros from the place on where the tail begins. */
const READERS = (words: number) => `
      function zlib_calldataload(at) -> value {
        let end := sub(calldatasize(), ${32 * words})
        if lt(at, end) {
          value := calldataload(at)
          let left := sub(end, at)
          if lt(left, 32) { let bits := shl(3, sub(32, left)) value := shl(bits, shr(bits, value)) }
        }
      }
      function zlib_calldatacopy(to, at, length) {
        let end := sub(calldatasize(), ${32 * words})
        let there := 0
        if lt(at, end) { there := sub(end, at) }
        if gt(there, length) { there := length }
        calldatacopy(to, at, there)
        calldatacopy(add(to, there), calldatasize(), sub(length, there))
      }`

function guardReads(functions: ReadonlyMap<string, YulFunction>): Map<string, YulFunction> {
  const guarded = (tokens: readonly Token[]) =>
    tokens.map((token, at): Token => {
      if (token.text !== 'calldataload' && token.text !== 'calldatacopy') return token
      // One byte of an array whose bounds were checked; the other 31 are masked.
      if (tokens[at - 2]?.text === 'cleanup_t_bytes1') return token
      return { kind: 'word', text: `zlib_${token.text}` }
    })
  return new Map(
    [...functions].map(([name, one]) => [name, CHECKED.test(name) ? one : { ...one, tokens: guarded(one.tokens) }]),
  )
}

/** `calldatasize()` without the tail, `loadimmutable("7")` out of it. */
function beforeTail(tokens: readonly Token[], immutables: readonly string[]): Token[] {
  const word = (text: string): Token => ({ kind: 'word', text })
  const rewritten: Token[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    if (token.text === 'calldatasize') {
      rewritten.push(word(`sub(calldatasize(), ${32 * immutables.length})`))
      at += 2
    } else if (token.text === 'loadimmutable') {
      const fromEnd = immutables.length - immutables.indexOf(nameAt(tokens, at + 2))
      rewritten.push(word(`calldataload(sub(calldatasize(), ${32 * fromEnd}))`))
      at += 3
    } else rewritten.push(token)
  }
  return rewritten
}

function nameAt(tokens: readonly Token[], at: number): string {
  return tokens[at]?.text.replaceAll('"', '') ?? ''
}
