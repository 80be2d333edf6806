import { toBeHex } from 'ethers'
import { ZlibError } from '../errors.ts'
import type { ContractCode } from '../yul/object.ts'
import { print } from '../yul/tokens.ts'
import { canonicalFunctions } from './canonical.ts'
import { type DispatchTable, dispatchTable } from './dispatch-table.ts'

/** Facets with immutables that a router can tell apart: it has a byte for them, and zero is for those without. */
const MAX_FACETS_WITH_IMMUTABLES = 255

/** Where a call goes, and what goes with it. */
export interface Target {
  readonly address: `0x${string}`
  /** Immutables whose values the facet expects behind the calldata. */
  readonly immutables: readonly string[]
  readonly selectors: readonly `0x${string}`[]
}

/** What stands in the table for a selector besides the address: only what the router has to ask. */
interface EntryFormat {
  /** The selector, before the address. Without a fallback it does not matter which facet refuses an unknown one. */
  readonly withSelector: boolean
  /** The number of the immutables that the facet expects, one byte behind the address. */
  readonly withImmutables: boolean
  /** Bytes. */
  readonly width: number
}

/**
 * The Yul program that stands at the application's address: the original's constructor, which runs here and sets the immutables in this
 * code, and a runtime that passes every call on to its facet by DELEGATECALL. Targets are in the code: no storage read, nothing that an
 * upgrade could change. Receive and fallback run here: the 2,300 gas of a `transfer` would not pay for the way to a facet.
 * Errors: `ZLIB_CANNOT_SPLIT` when there are more facets with immutables than a router can tell apart.
 */
export function routerProgram(code: ContractCode, targets: readonly Target[]): string {
  const reading = targets.filter(({ immutables }) => immutables.length > 0)
  if (reading.length > MAX_FACETS_WITH_IMMUTABLES)
    throw new ZlibError('ZLIB_CANNOT_SPLIT', `a router serves ${MAX_FACETS_WITH_IMMUTABLES} facets with immutables`, {
      reason: 'too many facets with immutables',
    })
  const format: EntryFormat = {
    withSelector: code.hasFallback,
    withImmutables: reading.length > 0,
    width: 20 + (code.hasFallback ? 4 : 0) + (reading.length > 0 ? 1 : 0),
  }
  const entries = targets.flatMap((target) => {
    const tail = format.withImmutables ? toBeHex(reading.indexOf(target) + 1, 1).slice(2) : ''
    return target.selectors.map((selector) => ({
      selector,
      value: `${format.withSelector ? selector.slice(2) : ''}${target.address.slice(2).toLowerCase()}${tail}`,
    }))
  })
  const table = entries.length > 0 ? dispatchTable(entries) : undefined
  const { rest, functions } = canonicalFunctions(code, [], code.hasFallback ? code.epilogue : [])
  return `object "${code.name}" {
  ${print(code.creation)}
  object "${code.name}_deployed" {
    code {
      let size := calldatasize()
      ${table ? `if lt(size, 4) { unknown() } ${lookUp(table, format)} ${tails(reading)}` : 'let facet unknown()'}
      calldatacopy(0, 0, calldatasize())
      let succeeded := delegatecall(gas(), facet, 0, size, 0, 0)
      returndatacopy(0, 0, returndatasize())
      if succeeded { return(0, returndatasize()) }
      revert(0, returndatasize())
      function unknown() { ${code.hasFallback ? `${print(code.prologue)} ${print(rest)}` : ''} revert(0, 0) }
      ${print(functions)}
    }
    ${table ? dataOf(table) : ''}
    ${code.hasFallback ? print(code.runtimeData) : ''}
  }
}`
}

/**
 * Finds `facet` with two reads of this code into the first word of memory, which is zero before. The second writes over what the first wrote.
 * DELEGATECALL looks at the 20 lowest bytes of an address.
 */
function lookUp({ multiplier, shifts, slots }: DispatchTable, { width, ...format }: EntryFormat): string {
  return `
      let selector := shr(224, calldataload(0))
      datacopy(31, add(dataoffset("zlib_shifts"), and(selector, ${shifts.length - 1})), 1)
      let slot := mod(shr(mload(0), mul(selector, ${multiplier})), ${slots.length})
      datacopy(${32 - width}, add(dataoffset("zlib_slots"), mul(${width}, slot)), ${width})
      let facet := mload(0)
      ${format.withImmutables ? 'let expects := and(facet, 255) facet := shr(8, facet)' : ''}
      ${format.withSelector ? 'if xor(shr(160, facet), selector) { unknown() }' : ''}`
}

/** Writes the immutables of a facet behind where the calldata will be copied to. */
function tails(reading: readonly Target[]): string {
  if (reading.length === 0) return ''
  const cases = reading.map(({ immutables }, index) => {
    const writes = immutables.map((name, at) => `mstore(add(size, ${32 * at}), loadimmutable("${name}"))`)
    return `case ${index + 1} { ${writes.join(' ')} size := add(size, ${32 * immutables.length}) }`
  })
  return `if expects { switch expects ${cases.join('\n')} default { } }`
}

function dataOf({ shifts, slots }: DispatchTable): string {
  return `
    data "zlib_shifts" hex"${Buffer.from(shifts).toString('hex')}"
    data "zlib_slots" hex"${slots.map(({ value }) => value).join('')}"`
}
