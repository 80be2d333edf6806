import { keccak256, type Provider } from 'ethers'
import type { SplitContract } from '../split/split.ts'

/** Whether an address holds an application. */
export type Verification =
  | { readonly status: 'verified' }
  | { readonly status: 'different'; readonly reason: string; readonly address: `0x${string}` }

/**
 * Compares the code on the chain with `split`: the router at `address`, and each facet where the router calls it. Built from the same
 * sources with the same compiler, equal code is equal behaviour; what constructor arguments and later calls put into storage is not
 * compared. Cost: one request a facet.
 */
export async function verifyDeployment(
  split: SplitContract,
  address: `0x${string}`,
  provider: Provider,
): Promise<Verification> {
  const pieces = [
    { what: 'the router', address, codeHash: split.routerCodeHash },
    ...split.facets.map((facet, index) => ({ what: `facet ${index}`, ...facet })),
  ]
  for (const piece of pieces) {
    const code = await provider.getCode(piece.address)
    if (code === '0x') return { status: 'different', reason: `${piece.what} is not there`, address: piece.address }
    if (keccak256(code) !== piece.codeHash)
      return { status: 'different', reason: `${piece.what} is other code`, address: piece.address }
  }
  return { status: 'verified' }
}
