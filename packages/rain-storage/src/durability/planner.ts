/** Choosing (k, n) for a wanted durability. */
import { MAX_SHARDS } from '../erasure/code.ts'
import { StorageError } from '../errors.ts'
import { availability, type DurabilityInput, nines } from './model.ts'

/** The default of the package: ten of sixteen. 7.7 nines a segment and year at one-year nodes and 24 h repair. */
export const DEFAULT_REDUNDANCY = { dataShards: 10, totalShards: 16 } as const

/** What is wanted and what is known. */
export interface PlanInput extends Pick<DurabilityInput, 'nodeLifeHours' | 'repairHours' | 'repairAfterLost'> {
  /** wanted nines a segment and year, e.g. 7 */
  readonly nines: number
  /** k; default 10 */
  readonly dataShards?: number
  /** probability that a node is up; with it, n also gives `availabilityNines` */
  readonly nodeUp?: number
  /** wanted nines of availability; default 3 when `nodeUp` is given */
  readonly availabilityNines?: number
  /** independent failure domains: n ≤ domains × (n − k), so that the loss of one domain is survived */
  readonly domains?: number
}

/** A plan. */
export interface Plan {
  readonly dataShards: number
  readonly totalShards: number
  /** n / k */
  readonly expansion: number
  readonly nines: number
  /** shards that one failure domain may hold */
  readonly maxPerDomain: number
}

/**
 * The smallest n that reaches the wanted durability (and availability) at the given k.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` when n = 255 does not: repair faster, or take more durable nodes
 */
export function planRedundancy(input: PlanInput): Plan {
  const k = input.dataShards ?? DEFAULT_REDUNDANCY.dataShards
  const { nodeLifeHours, repairHours, nodeUp, domains } = input
  const wantedUp = 1 - 10 ** -(input.availabilityNines ?? 3)
  for (let n = k + 1; n <= MAX_SHARDS; n++) {
    const spare = n - k
    const reached = nines({
      dataShards: k,
      totalShards: n,
      nodeLifeHours,
      repairHours,
      ...(input.repairAfterLost === undefined ? {} : { repairAfterLost: input.repairAfterLost }),
    })
    if (reached < input.nines) continue
    if (nodeUp !== undefined && availability(k, n, nodeUp) < wantedUp) continue
    if (domains !== undefined && n > domains * spare) continue
    return { dataShards: k, totalShards: n, expansion: n / k, nines: reached, maxPerDomain: spare }
  }
  throw new StorageError('STORAGE_INVALID_ARGUMENT', `No n up to ${MAX_SHARDS} gives ${input.nines} nines at k=${k}`, {
    ...input,
  })
}
