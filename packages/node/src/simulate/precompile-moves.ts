import type { StateOverrides } from '../execution/overrides.ts'
import type { AddressHex } from '../state/account.ts'
import { SimulationCode, SimulationError } from './simulation-error.ts'

/** Where the precompiles of a block are that its overrides move or replace. Throws {@link SimulationError}. */
export function movedPrecompiles(
  precompiles: readonly AddressHex[],
  overrides: StateOverrides,
): ReadonlyMap<AddressHex, AddressHex | undefined> {
  const moves = new Map<AddressHex, AddressHex | undefined>()
  const targets = new Set<AddressHex>()
  for (const [address, { movePrecompileTo: to }] of overrides) {
    const isPrecompile = precompiles.includes(address)
    if (to !== undefined && !isPrecompile)
      throw new SimulationError(SimulationCode.rejected, `account ${address} is not a precompile`)
    if (to === address)
      throw new SimulationError(SimulationCode.selfMove, `account ${address} cannot be moved to itself`)
    if (to !== undefined && (targets.has(to) || overrides.has(to)))
      throw new SimulationError(SimulationCode.addressTaken, `account ${to} is overridden already`)
    if (to !== undefined) targets.add(to)
    if (isPrecompile) moves.set(address, to)
  }
  return moves
}
