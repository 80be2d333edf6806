/** Walking a whole DAG depth first, each block once, within limits. */
import type { CID } from 'multiformats/cid'
import { blockKey } from '../blocks/store.ts'
import { StorageError } from '../errors.ts'
import { identityBytes } from './cid.ts'
import type { BlockSource } from './export-file.ts'
import { linksOf } from './links.ts'

/** Blocks and depth that a walk takes on before it stops with `STORAGE_LIMIT`; each visited block costs about 100 bytes. */
export const WALK_LIMITS = { blocks: 10_000_000, depth: 1024 } as const

/** Options of {@link walk}. */
export interface WalkOptions {
  readonly signal?: AbortSignal | undefined
  /** blocks after which the walk ends with `STORAGE_LIMIT`; default 10,000,000 */
  readonly maxBlocks?: number
  /** links below the root that it follows; default 1,024 */
  readonly maxDepth?: number
  /** give a block again where it is linked again */
  readonly duplicates?: boolean
}

/** Every block under `root`, the root first, children in link order. Identity CIDs are followed and not given. */
export async function* walk(
  blocks: BlockSource,
  root: CID,
  options: WalkOptions = {},
): AsyncGenerator<{ cid: CID; bytes: Uint8Array }> {
  const seen = new Set<string>()
  const stack: { cid: CID; depth: number }[] = [{ cid: root, depth: 0 }]
  let count = 0
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    options.signal?.throwIfAborted()
    const { cid, depth } = at
    const inline = identityBytes(cid)
    if (inline === undefined) {
      const key = blockKey(cid)
      if (seen.has(key) && !options.duplicates) continue
      seen.add(key)
    }
    if (++count > (options.maxBlocks ?? WALK_LIMITS.blocks) || depth > (options.maxDepth ?? WALK_LIMITS.depth)) {
      throw new StorageError('STORAGE_LIMIT', `The DAG under ${root} is too large or too deep`, {
        root: `${root}`,
        count,
        depth,
      })
    }
    const bytes = inline ?? (await blocks.get(cid, { signal: options.signal }))
    if (inline === undefined) yield { cid, bytes }
    const links = linksOf(cid, bytes)
    for (let i = links.length - 1; i >= 0; i--) stack.push({ cid: links[i]!, depth: depth + 1 })
  }
}
