/** Paths: from a root CID through directories and documents to a block. */
import { CID } from 'multiformats/cid'
import { StorageError } from '../errors.ts'
import { codec } from './cid.ts'
import { lookup } from './directory.ts'
import type { BlockSource } from './export-file.ts'
import { decodeDocument } from './links.ts'

/** Segments of a path that are followed. */
export const MAX_PATH_SEGMENTS = 1024

/** Where a path leads. */
export interface Resolved {
  readonly cid: CID
  /** every block read on the way, the last one included, in order */
  readonly path: readonly CID[]
  /** CIDs of the named steps: root first, terminal last */
  readonly roots: readonly CID[]
  /** segments inside the last document that are not links; empty for UnixFS */
  readonly rest: readonly string[]
}

/**
 * Follows `segments` from `root`.
 * @throws StorageError `STORAGE_NOT_FOUND` when a name is not there
 */
export async function resolvePath(
  blocks: BlockSource,
  root: CID,
  segments: readonly string[],
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Resolved> {
  if (segments.length > MAX_PATH_SEGMENTS)
    throw new StorageError('STORAGE_LIMIT', 'The path is too long', { segments: segments.length })
  const path: CID[] = []
  const roots: CID[] = [root]
  let at = root
  let left = [...segments]
  while (left.length > 0) {
    if (at.code === codec.dagPb) {
      const { passed, entry } = await lookup(blocks, at, left[0]!, options)
      path.push(...passed)
      if (entry === undefined) throw missing(root, segments, left[0]!)
      at = entry.cid
      left = left.slice(1)
    } else if (at.code === codec.dagCbor || at.code === codec.dagJson) {
      const document = decodeDocument(at, await blocks.get(at, options))
      const found = descend(document, left)
      if (found === undefined) throw missing(root, segments, left[0]!)
      path.push(at)
      if (found.link === undefined) return { cid: at, path, roots, rest: left }
      at = found.link
      left = left.slice(found.used)
    } else {
      throw missing(root, segments, left[0]!)
    }
    roots.push(at)
  }
  return { cid: at, path: [...path, at], roots, rest: [] }
}

/** Walks inside a document until a link or the end of the path; `undefined` when a key is not there. */
function descend(document: unknown, segments: readonly string[]): { link: CID | undefined; used: number } | undefined {
  let value = document
  for (const [i, key] of segments.entries()) {
    if (typeof value !== 'object' || value === null) return undefined
    if (!Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
    const link = CID.asCID(value)
    if (link !== null) return { link, used: i + 1 }
  }
  return { link: undefined, used: segments.length }
}

function missing(root: CID, segments: readonly string[], name: string): StorageError {
  return new StorageError('STORAGE_NOT_FOUND', `/${[root, ...segments].join('/')}: "${name}" is not there`, {
    root: `${root}`,
    name,
  })
}
