import type { ContractCode, DispatchCase } from '../yul/object.ts'
import { print, type Token } from '../yul/tokens.ts'
import { canonicalFunctions } from './canonical.ts'

/** Storage slots from here on hold what was immutable: far above what any layout or hash reaches by chance (2^256 − 2^252). */
const IMMUTABLE_BASE = 0xf000000000000000000000000000000000000000000000000000000000000000n

/** Where the router keeps the immutable `name` of the original. */
export function immutableSlot(name: string): `0x${string}` {
  return `0x${(IMMUTABLE_BASE + BigInt(name)).toString(16)}`
}

/** The Yul program of one facet: the runtime of the original with some of its functions. */
export function facetProgram(code: ContractCode, cases: readonly DispatchCase[]): string {
  const canonical = canonicalFunctions(code, cases, [])
  const dispatcher = canonical.cases
    .map(({ selector, body }) => `case ${selector} { ${print(readImmutables(body))} }`)
    .join('\n')
  return `object "Facet" {
  code { datacopy(0, dataoffset("Facet_deployed"), datasize("Facet_deployed")) return(0, datasize("Facet_deployed")) }
  object "Facet_deployed" {
    code {
      ${print(code.prologue)}
      if iszero(lt(calldatasize(), 4)) { switch shr(224, calldataload(0)) ${dispatcher} default { } }
      revert(0, 0)
      ${print(readImmutables(canonical.functions))}
    }
    ${print(code.runtimeData)}
  }
}`
}

/** `loadimmutable("7")` becomes `sload(slot)`: in a facet there is no constructor that could have set it. */
export function readImmutables(tokens: readonly Token[]): Token[] {
  return tokens.map((token, at) => {
    if (token.text === 'loadimmutable') return { kind: 'word', text: 'sload' }
    if (tokens[at - 2]?.text !== 'loadimmutable' || token.kind !== 'string') return token
    return { kind: 'literal', text: immutableSlot(token.text.replaceAll('"', '')) }
  })
}
