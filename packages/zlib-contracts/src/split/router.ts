import type { ContractCode } from '../yul/object.ts'
import { print } from '../yul/tokens.ts'
import { canonicalFunctions } from './canonical.ts'

/** Selectors compared one after the other at the end of the search. */
const LEAF = 4

/** Where a call goes, and what goes with it. */
export interface Target {
  readonly address: `0x${string}`
  /** Immutables whose values the facet expects behind the calldata. */
  readonly immutables: readonly string[]
  readonly selectors: readonly `0x${string}`[]
}

/**
 * The Yul program that stands at the application's address: the original's constructor, which runs here and sets the immutables in this
 * code, and a runtime that passes every call on to its facet by DELEGATECALL. Targets are in the code: no storage read, nothing that an
 * upgrade could change. Receive and fallback run here: the 2,300 gas of a `transfer` would not pay for the way to a facet.
 */
export function routerProgram(code: ContractCode, targets: readonly Target[]): string {
  const sorted = targets
    .flatMap(({ selectors }, index) => selectors.map((selector) => [selector, index] as const))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const { rest, functions } = canonicalFunctions(code, [], code.hasFallback ? code.epilogue : [])
  return `object "${code.name}" {
  ${print(code.creation)}
  object "${code.name}_deployed" {
    code {
      let facet
      let size := calldatasize()
      if iszero(lt(size, 4)) {
        let selector := shr(224, calldataload(0))
        let index
        ${search(sorted)}
        switch index
        ${targets.map((target, index) => `case ${index + 1} { facet := ${target.address.toLowerCase()} ${tail(target)} }`).join('\n')}
        default { }
      }
      if iszero(facet) { ${code.hasFallback ? `${print(code.prologue)} ${print(rest)}` : 'revert(0, 0)'} }
      calldatacopy(0, 0, calldatasize())
      let succeeded := delegatecall(gas(), facet, 0, size, 0, 0)
      returndatacopy(0, 0, returndatasize())
      if iszero(succeeded) { revert(0, returndatasize()) }
      return(0, returndatasize())
      ${print(functions)}
    }
    ${code.hasFallback ? print(code.runtimeData) : ''}
  }
}`
}

/** Writes the immutables of a facet behind where the calldata will be copied to. */
function tail({ immutables }: Target): string {
  return immutables.map((name) => `mstore(size, loadimmutable("${name}")) size := add(size, 32)`).join(' ')
}

/** Binary search over ascending selectors, so that the last of two hundred functions costs some gas more than the first, not thousands. */
function search(entries: readonly (readonly [selector: string, facet: number])[]): string {
  if (entries.length <= LEAF) {
    return `switch selector ${entries.map(([selector, facet]) => `case ${selector} { index := ${facet + 1} }`).join(' ')} default { }`
  }
  const middle = Math.floor(entries.length / 2)
  return `switch lt(selector, ${entries[middle]![0]}) case 1 { ${search(entries.slice(0, middle))} } default { ${search(entries.slice(middle))} }`
}
