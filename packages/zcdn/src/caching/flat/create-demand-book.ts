import type { DemandBook } from './demand-book.ts'
import { DemandCache } from './demand-cache.ts'
import { createKernelBook } from './kernel-book.ts'

/** In WebAssembly, or the same in TypeScript where an engine or a page's policy has none, or its memory is used up. */
export function createDemandBook(capacityBytes: number): DemandBook {
  return createKernelBook(capacityBytes) ?? new DemandCache(capacityBytes)
}
