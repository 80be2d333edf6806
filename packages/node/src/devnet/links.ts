/** How well the validators of a local network reach each other: options parsed once, turned into what each one's network does. */
import type { LinkConditions } from '../p2p/link.ts'
import { type DevLinks, refused } from './dev-control.ts'

const MAX_LATENCY_MS = 60_000

/** Checks links that somebody sent. Errors: `NODE_DEVNET_REFUSED`. */
export function checkLinks({ latencyMs, loss, groups }: DevLinks, validators: number): void {
  if (latencyMs !== undefined && !(Number.isFinite(latencyMs) && latencyMs >= 0 && latencyMs <= MAX_LATENCY_MS))
    throw refused(`the latency must be 0 to ${MAX_LATENCY_MS} milliseconds`)
  if (loss !== undefined && !(Number.isFinite(loss) && loss >= 0 && loss <= 1))
    throw refused('the loss must be between 0 and 1')
  if (groups === undefined) return
  if (!Array.isArray(groups) || !groups.every((group) => Array.isArray(group)))
    throw refused('the parts must be lists of validators, such as [[0, 1], [2, 3]]')
  const seen = new Set<number>()
  for (const index of groups.flat()) {
    if (!Number.isInteger(index) || index < 0 || index >= validators) throw refused(`there is no validator ${index}`)
    if (seen.has(index)) throw refused(`validator ${index} is in two parts`)
    seen.add(index)
  }
}

/** What validator `index` does under `links`. Those that no part names are with nobody. */
export function conditionsOf(
  { latencyMs = 0, loss = 0, groups = [] }: DevLinks,
  index: number,
  peerIds: readonly string[],
): LinkConditions {
  const own = groups.find((group) => group.includes(index)) ?? [index]
  const blocked = groups.length === 0 ? [] : peerIds.filter((_, other) => other !== index && !own.includes(other))
  return { latencyMs, loss, blocked }
}

/** A partition with a time: `0,1/2,3` for good, `0,1/2,3@10-30` from second 10 to second 30 after the start. */
export interface Partition {
  /** Indices of validators that reach each other meanwhile. */
  groups: number[][]
  /** Milliseconds after the start. */
  fromMs: number
  /** Undefined: for good. */
  toMs: number | undefined
}

/** Parses a `--partition`. Errors: `NODE_DEVNET_REFUSED`. */
export function parsePartition(text: string): Partition {
  const match = /^(\d+(?:,\d+)*(?:\/\d+(?:,\d+)*)+)(?:@(\d+)-(\d+))?$/.exec(text)
  if (!match) throw refused(`"${text}" is not a partition such as 0,1/2,3 or 0,1/2,3@10-30 (seconds)`)
  const [, parts, from, to] = match
  return {
    groups: parts!.split('/').map((part) => part.split(',').map(Number)),
    fromMs: Number(from ?? 0) * 1000,
    toMs: to === undefined ? undefined : Number(to) * 1000,
  }
}
