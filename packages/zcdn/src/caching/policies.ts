import { createArc } from './policy/arc.ts'
import { createLfu } from './policy/lfu.ts'
import { createLru } from './policy/lru.ts'
import { createS3Fifo } from './policy/s3-fifo.ts'
import { createSieve } from './policy/sieve.ts'
import { createWTinyLfu } from './policy/w-tiny-lfu.ts'
import type { PolicyFactory } from './policy.ts'

/** The policies to compare with, by name. */
export const POLICIES = {
  's3-fifo': createS3Fifo,
  sieve: createSieve,
  'w-tinylfu': (slots, capacityBytes) => createWTinyLfu(slots, capacityBytes),
  arc: createArc,
  lru: createLru,
  lfu: createLfu,
} as const satisfies Record<string, PolicyFactory>

/** `filtered-s3-fifo` is the default of a cache, in a structure of its own; the figures that made it so are in docs/cache.md. */
export type PolicyName = 'filtered-s3-fifo' | keyof typeof POLICIES

/** All names, the default first. */
export const POLICY_NAMES: readonly PolicyName[] = ['filtered-s3-fifo', ...(Object.keys(POLICIES) as PolicyName[])]
