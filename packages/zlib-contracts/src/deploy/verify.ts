import { keccak256, type Provider } from 'ethers'
import type { ImmutablePlace, SplitContract } from '../split/split.ts'

/** Whether an address holds an application. */
export type Verification =
  | {
      readonly status: 'verified'
      /** What the constructor wrote into the router's code: not part of the comparison, for who verifies to judge. By solc's name. */
      readonly immutables: Readonly<Record<string, `0x${string}`>>
    }
  | { readonly status: 'different'; readonly reason: string; readonly address: `0x${string}` }

/**
 * Compares the code on the chain with `split`: the router at `address` but for its immutables, and each library and facet where it is called.
 * Built from the same sources with the same compiler, equal code is equal behaviour; what constructor arguments and later calls put
 * into storage is not compared. Cost: one request a piece.
 */
export async function verifyDeployment(
  split: SplitContract,
  address: `0x${string}`,
  provider: Provider,
): Promise<Verification> {
  const pieces = [
    { what: 'the router', address, codeHash: split.routerCodeHash },
    ...split.libraries.map((library) => ({ what: `library ${library.name}`, ...library })),
    ...split.facets.map((facet, index) => ({ what: `facet ${index}`, ...facet })),
  ]
  let immutables: Record<string, `0x${string}`> = {}
  for (const [index, piece] of pieces.entries()) {
    let code = await provider.getCode(piece.address)
    if (code === '0x') return { status: 'different', reason: `${piece.what} is not there`, address: piece.address }
    if (index === 0) ({ code, immutables } = takeOut(code, split.routerImmutables))
    if (keccak256(code) !== piece.codeHash)
      return { status: 'different', reason: `${piece.what} is other code`, address: piece.address }
  }
  return { status: 'verified', immutables }
}

/** The code with zeros at `places`, and what was there. Places that hold one immutable twice have to agree. */
function takeOut(code: string, places: readonly ImmutablePlace[]) {
  const immutables: Record<string, `0x${string}`> = {}
  let masked = code
  for (const { name, start, length } of places) {
    const [from, to] = [2 + 2 * start, 2 + 2 * (start + length)]
    const value = `0x${code.slice(from, to)}` as const
    // Values that disagree are left in: then the code is not what any constructor writes.
    immutables[name] ??= value
    if (immutables[name] === value) masked = masked.slice(0, from) + '0'.repeat(to - from) + masked.slice(to)
  }
  return { code: masked, immutables }
}
