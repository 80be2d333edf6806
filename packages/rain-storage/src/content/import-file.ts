/** UnixFS files from byte streams: balanced DAGs by the profiles of IPIP-499. */
import type { PBLink } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/store.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { type ByteSource, type Chunker, fixedChunker } from './chunker.ts'
import { blockCid, codec } from './cid.ts'
import { encodeNode, encodeUnixfs, unixfsKind } from './unixfs.ts'

/** How files become DAGs. */
export interface FileProfile {
  readonly chunker: Chunker
  /** links of an inner node */
  readonly width: number
  /** leaves are raw blocks; otherwise dag-pb */
  readonly rawLeaves: boolean
  readonly cidVersion: 0 | 1
}

/** `unixfs-v1-2025` of IPIP-499, the default: 1 MiB raw leaves, 1024 links, CIDv1. */
export const PROFILE_2025: FileProfile = {
  chunker: fixedChunker(1024 * 1024),
  width: 1024,
  rawLeaves: true,
  cidVersion: 1,
}

/** `unixfs-v0-2015` of IPIP-499: 256 KiB dag-pb leaves, 174 links, CIDv0. */
export const PROFILE_2015: FileProfile = {
  chunker: fixedChunker(256 * 1024),
  width: 174,
  rawLeaves: false,
  cidVersion: 0,
}

/** Options of importing. */
export interface ImportOptions {
  /** chunks, codec and width of the DAG; default {@link PROFILE_2025} */
  readonly profile?: FileProfile
  /** names blocks; default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
  readonly signal?: AbortSignal | undefined
  /** bytes read so far */
  readonly onProgress?: (bytes: number) => void
  /** POSIX mode bits to keep */
  readonly mode?: number
  /** seconds since 1970 to keep */
  readonly mtimeS?: number
}

/** A stored DAG. */
export interface Imported {
  readonly cid: CID
  /** bytes of content */
  readonly size: number
  /** bytes of all blocks: `Tsize` of a link to it */
  readonly dagSize: number
}

/** Leaves being hashed and written at a time; with 1 MiB chunks this bounds memory to about 16 MiB. */
const IN_FLIGHT = 16

/**
 * Stores a byte stream as a UnixFS file; durable when it resolves. Memory: 16 chunks and one row of links a level.
 */
export async function importFile(
  store: BlockStore,
  source: ByteSource,
  options: ImportOptions = {},
): Promise<Imported> {
  const profile = options.profile ?? PROFILE_2025
  const crypto = options.crypto ?? defaultCrypto()
  const writer = createBlockWriter(store, crypto, profile.cidVersion, options.signal)
  const levels: Imported[][] = [[]]
  let bytes = 0
  let leaves = 0
  let only: Uint8Array | undefined

  const grow = async (level: number, entry: Imported) => {
    const row = levels[level] ?? []
    levels[level] = row
    row.push(entry)
    if (row.length > profile.width) {
      const parent = await writeParent(writer, row.slice(0, profile.width), options, false)
      levels[level] = row.slice(profile.width)
      await grow(level + 1, parent)
    }
  }

  for await (const chunk of profile.chunker(source)) {
    options.signal?.throwIfAborted()
    const leaf = profile.rawLeaves
      ? await writer.write(codec.raw, chunk, chunk.length, 0)
      : await writer.write(
          codec.dagPb,
          encodeNode(encodeUnixfs({ kind: unixfsKind.file, data: chunk, fileSize: chunk.length }), []),
          chunk.length,
          0,
        )
    only = leaves++ === 0 ? chunk : undefined
    bytes += chunk.length
    await grow(0, leaf)
    options.onProgress?.(bytes)
  }
  const metadata = options.mode !== undefined || options.mtimeS !== undefined
  if (leaves === 0 || (leaves === 1 && metadata)) {
    const data = only ?? new Uint8Array(0)
    const root =
      profile.rawLeaves && !metadata
        ? await writer.write(codec.raw, data, 0, 0)
        : await writer.write(
            codec.dagPb,
            encodeNode(
              encodeUnixfs({ kind: unixfsKind.file, data: only, fileSize: data.length, ...kept(options) }),
              [],
            ),
            data.length,
            0,
          )
    await writer.finish()
    return root
  }
  // Every level's rest becomes one node of the level above, until one node is left.
  for (let level = 0; ; level++) {
    const row = levels[level]!
    const top = levels.slice(level + 1).every((above) => above.length === 0)
    if (top && row.length === 1) {
      await writer.finish()
      return row[0]!
    }
    await grow(level + 1, await writeParent(writer, row, options, top))
  }
}

function kept({ mode, mtimeS }: ImportOptions): { mode?: number; mtimeS?: number } {
  return { ...(mode === undefined ? {} : { mode }), ...(mtimeS === undefined ? {} : { mtimeS }) }
}

async function writeParent(
  writer: BlockWriter,
  row: readonly Imported[],
  options: ImportOptions,
  root: boolean,
): Promise<Imported> {
  const size = row.reduce((sum, child) => sum + child.size, 0)
  const data = encodeUnixfs({
    kind: unixfsKind.file,
    fileSize: size,
    blockSizes: row.map((child) => child.size),
    ...(root ? kept(options) : {}),
  })
  const links: PBLink[] = row.map((child) => ({ Name: '', Tsize: child.dagSize, Hash: child.cid }))
  return writer.write(
    codec.dagPb,
    encodeNode(data, links),
    size,
    row.reduce((sum, child) => sum + child.dagSize, 0),
  )
}

/** Hashes and stores blocks, several at a time, and makes them durable at the end. */
export interface BlockWriter {
  /** `below` = bytes of the blocks under this one. Resolves when the CID is known; the write goes on. */
  write(codecCode: number, bytes: Uint8Array, size: number, below: number): Promise<Imported>
  /** Waits for all writes and flushes. @throws what a write threw */
  finish(): Promise<void>
}

/** @internal */
export function createBlockWriter(
  store: BlockStore,
  crypto: CryptoPort,
  cidVersion: 0 | 1,
  signal?: AbortSignal,
): BlockWriter {
  const running = new Set<Promise<void>>()
  let failure: unknown
  return {
    async write(codecCode, bytes, size, below) {
      if (running.size >= IN_FLIGHT) await Promise.race(running)
      if (failure !== undefined) throw failure
      let cid = await blockCid(crypto, codecCode, bytes)
      if (cidVersion === 0 && codecCode === codec.dagPb) cid = cid.toV0()
      const write: Promise<void> = store
        .put(cid, bytes, { durable: false, signal })
        .catch((error: unknown) => {
          failure ??= error
        })
        .finally(() => running.delete(write))
      running.add(write)
      return { cid, size, dagSize: bytes.length + below }
    },
    async finish() {
      await Promise.all(running)
      if (failure !== undefined) throw failure
      await store.flush()
    },
  }
}
