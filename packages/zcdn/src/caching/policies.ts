import { createArc } from './policy/arc.ts'
import { createFilteredS3Fifo } from './policy/filtered-s3-fifo.ts'
import { createLfu } from './policy/lfu.ts'
import { createLru } from './policy/lru.ts'
import { createS3Fifo } from './policy/s3-fifo.ts'
import { createSieve } from './policy/sieve.ts'
import { createWTinyLfu } from './policy/w-tiny-lfu.ts'
import type { PolicyFactory } from './policy.ts'

/** The policies by name. `filtered-s3-fifo` is the default of a cache; the figures that made it so are in docs/cache.md. */
export const POLICIES = {
  'filtered-s3-fifo': createFilteredS3Fifo,
  's3-fifo': createS3Fifo,
  sieve: createSieve,
  'w-tinylfu': (slots, capacityBytes) => createWTinyLfu(slots, capacityBytes),
  arc: createArc,
  lru: createLru,
  lfu: createLfu,
} as const satisfies Record<string, PolicyFactory>

/** A name of {@link POLICIES}. */
export type PolicyName = keyof typeof POLICIES
