/** The node of a provider: what has no deal is kept for some days, and what deals need until they end. */
import type { PackStore } from '../../platform/pack/pack-store.ts'
import type { Leases, StorageNode } from '../../rain/node.ts'

/** Kept after the end of its deal, so that a clock that goes wrong costs nothing. */
const AFTER_DEAL_S = 86_400

/** What {@link leasedNode} needs. */
export interface LeasedNodeOptions {
  /** how long a shard stays that no deal needs, counted from its last put */
  readonly unpaidS: number
  readonly nowS: () => number
}

/** A node on which nobody leases for longer than `unpaidS` without a deal. Puts are held against collection until their lease is written. */
export function leasedNode(node: StorageNode, store: PackStore, { unpaidS, nowS }: LeasedNodeOptions): StorageNode {
  return {
    ...node,
    async put(cid, bytes, expiresAtS, options) {
      const latest = nowS() + unpaidS
      const release = store.hold()
      try {
        await node.put(cid, bytes, expiresAtS === 0 ? latest : Math.min(expiresAtS, latest), options)
      } finally {
        release()
      }
    },
  }
}

/** The leases that an agent asks for, a day longer. */
export function dealLeases(store: PackStore): Leases {
  return { pin: (cid, { expiresAtS }) => store.pin(cid, { expiresAtS: expiresAtS + AFTER_DEAL_S }) }
}
