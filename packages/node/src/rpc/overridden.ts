import type { StoredBlock } from '../chain/block-codec.ts'
import type { BlockContext } from '../execution/block-context.ts'
import { applyOverrides, withoutReplacedStorage } from '../execution/overrides.ts'
import { StateOverlay, type StateReader } from '../state/overlay.ts'
import { blockOverridesParam, isGiven, stateOverridesParam } from './override-params.ts'
import { invalidParams } from './rpc-error.ts'

/** State and block for one call, with what the client wants to be otherwise. */
export function overridden(
  { state, block }: { state: StateReader; block: StoredBlock },
  stateOverrides: unknown,
  blockOverrides: unknown,
): { state: StateReader; blockContext: BlockContext } {
  const accounts = stateOverridesParam(stateOverrides)
  const blockContext = isGiven(blockOverrides)
    ? { ...block.header, ...blockOverridesParam(blockOverrides) }
    : block.header
  if (accounts.size === 0) return { state, blockContext }
  if ([...accounts.values()].some(({ movePrecompileTo }) => movePrecompileTo !== undefined))
    throw invalidParams('only eth_simulateV1 moves precompiles')
  const overlay = new StateOverlay(withoutReplacedStorage(state, accounts))
  applyOverrides(overlay, accounts)
  return { state: overlay, blockContext }
}
