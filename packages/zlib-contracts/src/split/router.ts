import { ZlibError } from '../errors.ts'
import type { ContractCode } from '../yul/object.ts'
import { closing, print, type Token } from '../yul/tokens.ts'
import { canonicalFunctions } from './canonical.ts'
import { immutableSlot, readImmutables } from './facet.ts'

/** Selectors compared one after the other at the end of the search. */
const LEAF = 4

/** Which facet answers which selector. */
export interface RouterTable {
  /** Facet addresses. */
  readonly facets: readonly `0x${string}`[]
  /** Position in `facets` by selector. */
  readonly bySelector: ReadonlyMap<`0x${string}`, number>
}

/**
 * The Yul program that stands at the application's address: the original's constructor, which runs here, and a runtime that passes every
 * call on to its facet by DELEGATECALL. Targets are in the code: no storage read, nothing that an upgrade could change. Receive and fallback
 * run here: the 2,300 gas of a `transfer` would not pay for the way to a facet.
 */
export function routerProgram(code: ContractCode, table: RouterTable): string {
  const sorted = [...table.bySelector].sort(([a], [b]) => (a < b ? -1 : 1))
  const { rest, functions } = canonicalFunctions(code, [], code.hasFallback ? code.epilogue : [])
  return `object "${code.name}" {
  ${print(writeImmutables(code.creation))}
  object "${code.name}_deployed" {
    code {
      let facet
      if iszero(lt(calldatasize(), 4)) {
        let selector := shr(224, calldataload(0))
        let index
        ${search(sorted)}
        switch index
        ${table.facets.map((address, index) => `case ${index + 1} { facet := ${address} }`).join(' ')}
        default { }
      }
      if iszero(facet) { ${code.hasFallback ? `${print(code.prologue)} ${print(readImmutables(rest))}` : 'revert(0, 0)'} }
      calldatacopy(0, 0, calldatasize())
      let succeeded := delegatecall(gas(), facet, 0, calldatasize(), 0, 0)
      returndatacopy(0, 0, returndatasize())
      if iszero(succeeded) { revert(0, returndatasize()) }
      return(0, returndatasize())
      ${print(readImmutables(functions))}
    }
    ${code.hasFallback ? print(code.runtimeData) : ''}
  }
}`
}

/** Binary search over ascending selectors, so that the last of two hundred functions costs some gas more than the first, not thousands. */
function search(entries: readonly (readonly [selector: string, facet: number])[]): string {
  if (entries.length <= LEAF) {
    return `switch selector ${entries.map(([selector, facet]) => `case ${selector} { index := ${facet + 1} }`).join(' ')} default { }`
  }
  const middle = Math.floor(entries.length / 2)
  return `switch lt(selector, ${entries[middle]![0]}) case 1 { ${search(entries.slice(0, middle))} } default { ${search(entries.slice(middle))} }`
}

/** `setimmutable(offset, "7", value)` becomes `sstore(slot, value)`. */
function writeImmutables(creation: readonly Token[]): Token[] {
  const written: Token[] = []
  for (let at = 0; at < creation.length; at++) {
    const token = creation[at]!
    if (token.text !== 'setimmutable') {
      written.push(token)
      continue
    }
    const end = closing(creation, at + 1)
    const name = creation.slice(at, end).findIndex(({ kind }) => kind === 'string')
    if (name < 0) throw new ZlibError('ZLIB_UNKNOWN_IR', 'an immutable is set without a name')
    const slot = immutableSlot(creation[at + name]!.text.replaceAll('"', ''))
    written.push(
      { kind: 'word', text: 'sstore' },
      { kind: 'symbol', text: '(' },
      { kind: 'literal', text: slot },
      ...creation.slice(at + name + 1, end + 1),
    )
    at = end
  }
  return written
}
