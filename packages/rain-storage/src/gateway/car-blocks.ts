/** The blocks of a trustless CAR answer, in depth-first order: path, then the terminal entity as far as `dag-scope` says. */
import type { CID } from 'multiformats/cid'
import { blockKey } from '../blocks/store.ts'
import type { CarBlock } from '../content/car.ts'
import { codec, identityBytes } from '../content/cid.ts'
import { MAX_SHARD_DEPTH } from '../content/directory.ts'
import { type BlockSource, MAX_FILE_DEPTH } from '../content/export-file.ts'
import type { Resolved } from '../content/resolve.ts'
import { contentSize, decodeNode, unixfsKind } from '../content/unixfs.ts'
import { walk } from '../content/walk.ts'
import { StorageError } from '../errors.ts'
import type { ByteRange } from './ranges.ts'

/** How much of the terminal entity is wanted. */
export type DagScope = 'block' | 'entity' | 'all'

/** Options of {@link carBlocks}. */
export interface CarOptions {
  readonly scope: DagScope
  readonly range?: ((size: number) => ByteRange) | undefined
  readonly duplicates: boolean
  readonly signal?: AbortSignal | undefined
}

/** Yields the blocks; the path's last block is read before the first one is given, so that a missing path is an error and not a short answer. */
export async function* carBlocks(
  blocks: BlockSource,
  { path, cid }: Resolved,
  options: CarOptions,
): AsyncGenerator<CarBlock> {
  const seen = new Set<string>()
  const fresh = ({ cid: at }: CarBlock) => {
    if (identityBytes(at) !== undefined) return false
    const key = blockKey(at)
    if (seen.has(key) && !options.duplicates) return false
    seen.add(key)
    return true
  }
  const read = async (at: CID): Promise<CarBlock> => ({
    cid: at,
    bytes: await blocks.get(at, { signal: options.signal }),
  })
  for (const at of path.slice(0, -1)) {
    const block = await read(at)
    if (fresh(block)) yield block
  }
  if (options.scope === 'all') {
    for await (const block of walk(blocks, cid, { duplicates: options.duplicates, signal: options.signal }))
      if (fresh(block)) yield block
    return
  }
  const block = await read(cid)
  if (fresh(block)) yield block
  if (options.scope === 'entity' && cid.code === codec.dagPb) {
    for await (const child of entityBelow(read, block, options.range)) if (fresh(child)) yield child
  }
}

/** The rest of a file (or its range), or all shards of a directory. */
async function* entityBelow(
  read: (cid: CID) => Promise<CarBlock>,
  root: CarBlock,
  range: CarOptions['range'],
): AsyncGenerator<CarBlock> {
  const { data } = decodeNode(root.bytes)
  if (data.kind === unixfsKind.hamt) {
    yield* shardsBelow(read, root, 0)
  } else if (data.kind === unixfsKind.file || data.kind === unixfsKind.raw) {
    const size = contentSize(data)
    yield* fileBelow(read, root, 0, range?.(size) ?? { start: 0, end: size }, 0)
  }
}

async function* shardsBelow(
  read: (cid: CID) => Promise<CarBlock>,
  shard: CarBlock,
  depth: number,
): AsyncGenerator<CarBlock> {
  if (depth >= MAX_SHARD_DEPTH)
    throw new StorageError('STORAGE_LIMIT', 'The directory is too deep', { cid: `${shard.cid}` })
  const { data, links } = decodeNode(shard.bytes)
  const width = ((data.fanout ?? 256) - 1).toString(16).length
  for (const link of links) {
    if ((link.Name ?? '').length !== width) continue
    const child = await read(link.Hash)
    yield child
    yield* shardsBelow(read, child, depth + 1)
  }
}

async function* fileBelow(
  read: (cid: CID) => Promise<CarBlock>,
  node: CarBlock,
  offset: number,
  range: ByteRange,
  depth: number,
): AsyncGenerator<CarBlock> {
  if (depth >= MAX_FILE_DEPTH) throw new StorageError('STORAGE_LIMIT', 'The file is too deep', { cid: `${node.cid}` })
  const { data, links } = decodeNode(node.bytes)
  let start = offset + (data.data?.length ?? 0)
  for (const [i, link] of links.entries()) {
    const size = data.blockSizes[i]!
    if (start + size > range.start && start < range.end) {
      const child = await read(link.Hash)
      yield child
      if (link.Hash.code === codec.dagPb) yield* fileBelow(read, child, start, range, depth + 1)
    }
    start += size
  }
}
