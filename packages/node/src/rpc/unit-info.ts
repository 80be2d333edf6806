import type { UnitId } from '@zos/dag'
import type { Chain } from '../chain/chain.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { UnitInfo } from './context.ts'

/** What `zos_getUnit` tells of a unit; undefined if this node does not have it. */
export function unitInfo(id: UnitId, ledger: Ledger, chain: Chain): UnitInfo | undefined {
  const place = ledger.place(id)
  if (!place) return undefined
  const { header } = place
  // Units of epochs that are no longer in memory have their place in their block; those without one were never final.
  const block = place.height === undefined ? chain.blockOfUnit(id) : undefined
  const stored = block === undefined ? undefined : chain.block(block)?.units.find((unit) => unit.id === id)
  return {
    id,
    round: header.validator?.round,
    author: header.authors[0] ?? '0x',
    height: place.height ?? stored?.height ?? 0,
    mci: place.mci ?? stored?.mci,
    mainChain: place.isMainChain,
    timestampMs: header.timestampMs,
    parents: header.parents,
  }
}
