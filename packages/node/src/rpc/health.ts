/** What `/health` answers to supervisors: whether the network reaches this node. It needs no method and disturbs no figure of the status. */
import type { Chain } from '../chain/chain.ts'

/** Without a unit for this long, or for ten rounds, a node is cut off or its network stands still. */
const SILENCE_MS = 30_000
const SILENT_ROUNDS = 10

export interface Health {
  readonly healthy: boolean
  /** Newest executed block. */
  readonly block: number
  /** Milliseconds since the last unit came or was made. */
  readonly unitAgeMs: number
}

export function healthOf(parts: { chain: Chain; unitAgeMs: number; roundIntervalMs: number }): Health {
  const unitAgeMs = Math.round(parts.unitAgeMs)
  return {
    healthy: unitAgeMs < Math.max(SILENCE_MS, SILENT_ROUNDS * parts.roundIntervalMs),
    block: parts.chain.head!.header.number,
    unitAgeMs,
  }
}
