/** Reading UnixFS files, whole or a range, with read-ahead and bounded memory. */
import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/store.ts'
import { StorageError } from '../errors.ts'
import { codec, MAX_BLOCK_BYTES } from './cid.ts'
import { contentSize, decodeNode, type UnixfsNode, unixfsKind } from './unixfs.ts'

/** Levels of a file DAG: 1024^4 × 1 MiB is more than any file; a deeper one is hostile. */
export const MAX_FILE_DEPTH = 16

/** Leaves fetched ahead of the reader: hides the latency of disk or network at 4 MiB of memory. */
const READ_AHEAD = 4

/** Where blocks come from: a block store, or a network. */
export type BlockSource = Pick<BlockStore, 'get'>

/** A byte range and the usual options. */
export interface ExportOptions {
  /** first byte, default 0 */
  readonly offset?: number
  /** number of bytes, default all that follow */
  readonly length?: number
  readonly signal?: AbortSignal | undefined
  /**
   * A piece holds only until the next is asked for: its memory is used again, where the source can. For who hashes, sends and awaits, or writes out;
   * fresh memory for every block takes a third of the time of a read. Default false
   */
  readonly borrow?: boolean | undefined
  /** bytes given out so far */
  readonly onProgress?: (bytes: number) => void
}

/** What a UnixFS node is. */
export interface FileStat {
  readonly kind: 'file' | 'directory' | 'symlink'
  /** bytes of content; of a directory 0 */
  readonly size: number
  readonly mode: number | undefined
  readonly mtimeS: number | undefined
  /** where a symlink points */
  readonly target?: string
}

/** Kind and size of a UnixFS node; reads one block. */
export async function stat(
  blocks: BlockSource,
  cid: CID,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<FileStat> {
  const bytes = await blocks.get(cid, options)
  if (cid.code !== codec.dagPb) return { kind: 'file', size: bytes.length, mode: undefined, mtimeS: undefined }
  const { data } = decodeNode(bytes)
  const { mode, mtimeS } = data
  if (data.kind === unixfsKind.directory || data.kind === unixfsKind.hamt)
    return { kind: 'directory', size: 0, mode, mtimeS }
  if (data.kind === unixfsKind.symlink) {
    return { kind: 'symlink', size: 0, mode, mtimeS, target: new TextDecoder().decode(data.data) }
  }
  return { kind: 'file', size: contentSize(data), mode, mtimeS }
}

/**
 * The bytes of a file, in order. Every block is verified by the source; sizes are checked against what the parent claims.
 * @throws StorageError `STORAGE_NOT_FOUND` for a missing block of the range (others are not asked for), `STORAGE_MALFORMED`, `STORAGE_LIMIT`
 */
export async function* exportFile(
  blocks: BlockSource,
  cid: CID,
  options: ExportOptions = {},
): AsyncGenerator<Uint8Array> {
  const from = options.offset ?? 0
  const to = options.length === undefined ? Number.POSITIVE_INFINITY : from + options.length
  if (!(from >= 0 && to >= from))
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'A range starts at or after 0', { from, to })
  const window: Part[] = []
  /** memory of leaves that were given out and are done with */
  const free: Uint8Array[] = []
  const fetch = (part: Part) => {
    if (part.bytes === undefined) {
      // Only for raw leaves: what a node says is kept.
      if (options.borrow && part.cid.code === codec.raw && (part.size ?? Number.POSITIVE_INFINITY) <= MAX_BLOCK_BYTES) {
        part.into = free.pop()
        if ((part.into?.length ?? 0) < part.size!) part.into = new Uint8Array(part.size!)
      }
      part.bytes = blocks.get(part.cid, { signal: options.signal, into: part.into })
      part.bytes.catch(() => undefined) // thrown where it is awaited
    }
    window.push(part)
  }
  // Parts still to be fetched, next on top: a frame of a depth-first walk a level.
  const frames: Iterator<Part>[] = [
    [{ cid, start: 0, size: undefined, depth: 0, bytes: undefined } as Part][Symbol.iterator](),
  ]
  let given = 0
  const refill = () => {
    while (window.length < READ_AHEAD && frames.length > 0) {
      const next = frames.at(-1)!.next()
      if (next.done) {
        frames.pop()
        continue
      }
      fetch(next.value)
    }
  }
  for (;;) {
    options.signal?.throwIfAborted()
    refill()
    const part = window.shift()
    if (part === undefined) return
    const bytes = await part.bytes!
    let own = bytes
    if (part.cid.code === codec.dagPb) {
      const node = decodeNode(bytes)
      checkFile(node, part)
      own = node.data.data ?? new Uint8Array(0)
      if (node.links.length > 0) {
        // What was fetched ahead of this node comes behind its children; its bytes stay with it.
        frames.push(window.splice(0)[Symbol.iterator](), partsOf(node, part, from, to))
      }
    } else if (part.size !== undefined && part.size !== bytes.length) {
      throw new StorageError(
        'STORAGE_MALFORMED',
        `${part.cid} has ${bytes.length} bytes, its parent says ${part.size}`,
        { cid: `${part.cid}` },
      )
    }
    const start = Math.max(from - part.start, 0)
    const end = Math.min(to - part.start, own.length)
    if (end > start) {
      given += end - start
      yield start === 0 && end === own.length ? own : own.subarray(start, end)
      options.onProgress?.(given)
    }
    if (part.into !== undefined) free.push(part.into)
  }
}

interface Part {
  readonly cid: CID
  /** first byte in the file */
  readonly start: number
  /** bytes, as the parent says */
  readonly size: number | undefined
  readonly depth: number
  bytes: Promise<Uint8Array> | undefined
  /** memory that was offered to the source */
  into?: Uint8Array | undefined
}

function* partsOf(node: UnixfsNode, parent: Part, from: number, to: number): Generator<Part> {
  let start = parent.start + (node.data.data?.length ?? 0)
  for (const [i, link] of node.links.entries()) {
    const size = node.data.blockSizes[i]!
    if (start + size > from && start < to)
      yield { cid: link.Hash, start, size, depth: parent.depth + 1, bytes: undefined }
    start += size
  }
}

function checkFile({ data, links }: UnixfsNode, { cid, size, depth }: Part): void {
  if (data.kind !== unixfsKind.file && data.kind !== unixfsKind.raw) {
    throw new StorageError('STORAGE_MALFORMED', `${cid} is not a file`, { cid: `${cid}`, kind: data.kind })
  }
  if (depth >= MAX_FILE_DEPTH && links.length > 0) {
    throw new StorageError('STORAGE_LIMIT', `The file is deeper than ${MAX_FILE_DEPTH} levels at ${cid}`, {
      cid: `${cid}`,
    })
  }
  const actual = contentSize(data)
  if ((size !== undefined && actual !== size) || (data.fileSize !== undefined && data.fileSize !== actual)) {
    throw new StorageError('STORAGE_MALFORMED', `${cid} claims ${data.fileSize ?? size} bytes and has ${actual}`, {
      cid: `${cid}`,
    })
  }
}
