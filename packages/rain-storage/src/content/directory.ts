/** UnixFS directories, flat and sharded (HAMT): listing, look-up and writing. */
import type { PBLink } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/store.ts'
import { defaultCrypto } from '../crypto/default.ts'
import { StorageError } from '../errors.ts'
import { codec } from './cid.ts'
import type { BlockSource } from './export-file.ts'
import { type BlockWriter, createBlockWriter, type Imported, type ImportOptions } from './import-file.ts'
import { murmur3 } from './murmur3.ts'
import { decodeNode, encodeNode, encodeUnixfs, type UnixfsNode, unixfsKind } from './unixfs.ts'

/** Levels of a sharded directory: 8 bytes of hash at 8 bits a level. */
export const MAX_SHARD_DEPTH = 8
/** A directory block above this many bytes is sharded (IPIP-499, block-bytes estimate). */
export const SHARD_ABOVE_BYTES = 256 * 1024
/** Entries that a listing gives before it stops with `STORAGE_LIMIT`: a consumer that wants more says so. */
export const MAX_ENTRIES = 1_000_000
/** Multicodec of murmur3-x64-64. */
const MURMUR3 = 0x22
const FANOUT = 256

/** A name in a directory. */
export interface Entry {
  readonly name: string
  readonly cid: CID
  /** bytes of all blocks below, as the link says */
  readonly dagSize: number
}

/** Options of reading directories. */
export interface ListOptions {
  readonly signal?: AbortSignal | undefined
  /** default {@link MAX_ENTRIES} */
  readonly maxEntries?: number
}

/**
 * The entries of a directory in the order of its links. Reads one block, or all shards.
 * @throws StorageError `STORAGE_MALFORMED` when it is not a directory, `STORAGE_LIMIT`
 */
export async function* listDirectory(blocks: BlockSource, cid: CID, options: ListOptions = {}): AsyncGenerator<Entry> {
  let left = options.maxEntries ?? MAX_ENTRIES
  const stack: { cid: CID; depth: number }[] = [{ cid, depth: 0 }]
  const frames: Iterator<PBLink>[] = []
  const widths: number[] = []
  const enter = async (at: { cid: CID; depth: number }) => {
    const node = await readDirectory(blocks, at.cid, options)
    const shard = node.data.kind === unixfsKind.hamt
    if (at.depth > 0 && !shard) throw notDirectory(at.cid, 'a shard is not a shard')
    frames.push(node.links[Symbol.iterator]() as Iterator<PBLink>)
    widths.push(shard ? prefixLength(node) : 0)
  }
  await enter(stack.pop()!)
  while (frames.length > 0) {
    const next = frames.at(-1)!.next()
    const width = widths.at(-1)!
    if (next.done) {
      frames.pop()
      widths.pop()
      continue
    }
    const link = next.value
    const name = link.Name ?? ''
    if (width > 0 && name.length === width) {
      if (frames.length >= MAX_SHARD_DEPTH)
        throw new StorageError('STORAGE_LIMIT', `The directory is deeper than ${MAX_SHARD_DEPTH} shards`, {
          cid: `${cid}`,
        })
      await enter({ cid: link.Hash, depth: frames.length })
      continue
    }
    if (left-- <= 0)
      throw new StorageError('STORAGE_LIMIT', 'The directory has more entries than allowed', {
        cid: `${cid}`,
        maxEntries: options.maxEntries ?? MAX_ENTRIES,
      })
    yield { name: name.slice(width), cid: link.Hash, dagSize: link.Tsize ?? 0 }
  }
}

/** The blocks on the way to a name: the shards passed, and the entry or `undefined`. */
export interface Lookup {
  readonly passed: readonly CID[]
  readonly entry: Entry | undefined
}

/** Finds a name; reads one block a shard level, not the whole directory. */
export async function lookup(blocks: BlockSource, cid: CID, name: string, options: ListOptions = {}): Promise<Lookup> {
  const passed: CID[] = [cid]
  const digest = murmur3(new TextEncoder().encode(name))
  let bit = 0
  for (let at = cid; ; ) {
    const node = await readDirectory(blocks, at, options)
    if (node.data.kind === unixfsKind.directory) {
      const link = node.links.find((candidate) => (candidate.Name ?? '') === name)
      return { passed, entry: link && { name, cid: link.Hash, dagSize: link.Tsize ?? 0 } }
    }
    const width = prefixLength(node)
    const bits = Math.log2(node.data.fanout!)
    if (bit + bits > 64)
      throw new StorageError('STORAGE_LIMIT', `The directory is deeper than ${MAX_SHARD_DEPTH} shards`, {
        cid: `${cid}`,
      })
    const prefix = takeBits(digest, bit, bits).toString(16).toUpperCase().padStart(width, '0')
    bit += bits
    const link = node.links.find(
      ({ Name = '' }) => Name.startsWith(prefix) && (Name.length === width || Name.slice(width) === name),
    )
    if (link === undefined) return { passed, entry: undefined }
    if (link.Name!.length > width) return { passed, entry: { name, cid: link.Hash, dagSize: link.Tsize ?? 0 } }
    at = link.Hash
    passed.push(at)
  }
}

/**
 * Stores a directory of entries that are stored already; sharded when its block would be above 256 KiB.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` for a name that is empty, `.`/`..`, holds `/` or NUL, or stands twice
 */
export async function writeDirectory(
  store: BlockStore,
  entries: Iterable<Entry>,
  options: ImportOptions = {},
): Promise<Imported> {
  const sorted = new Map<string, Entry>()
  for (const entry of entries) {
    if (
      entry.name === '' ||
      entry.name === '.' ||
      entry.name === '..' ||
      /[/\0]/.test(entry.name) ||
      sorted.has(entry.name)
    ) {
      throw new StorageError('STORAGE_INVALID_ARGUMENT', `"${entry.name}" cannot be a name here, or stands twice`, {
        name: entry.name,
      })
    }
    sorted.set(entry.name, entry)
  }
  const writer = createBlockWriter(
    store,
    options.crypto ?? defaultCrypto(),
    options.profile?.cidVersion ?? 1,
    options.signal,
  )
  const metadata = {
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(options.mtimeS === undefined ? {} : { mtimeS: options.mtimeS }),
  }
  const links = [...sorted.values()].map(toLink)
  const flat = encodeNode(encodeUnixfs({ kind: unixfsKind.directory, ...metadata }), links)
  const root =
    flat.length > SHARD_ABOVE_BYTES
      ? await writeShard(
          writer,
          [...sorted.values()].map((entry) => ({ entry, digest: murmur3(new TextEncoder().encode(entry.name)) })),
          0,
          metadata,
        )
      : await writer.write(codec.dagPb, flat, 0, sum(links))
  await writer.finish()
  return root
}

interface Hashed {
  readonly entry: Entry
  readonly digest: Uint8Array
}

async function writeShard(
  writer: BlockWriter,
  entries: readonly Hashed[],
  depth: number,
  metadata: object,
): Promise<Imported> {
  if (depth >= MAX_SHARD_DEPTH)
    throw new StorageError('STORAGE_LIMIT', 'Names share 64 bits of their hash', { name: entries[0]!.entry.name })
  const slots = new Map<number, Hashed[]>()
  for (const entry of entries) {
    const slot = entry.digest[depth]!
    const there = slots.get(slot)
    if (there === undefined) slots.set(slot, [entry])
    else there.push(entry)
  }
  const links: PBLink[] = []
  const field = new Uint8Array(FANOUT / 8)
  for (const slot of [...slots.keys()].sort((a, b) => a - b)) {
    field[FANOUT / 8 - 1 - (slot >> 3)]! |= 1 << (slot & 7)
    const prefix = slot.toString(16).toUpperCase().padStart(2, '0')
    const here = slots.get(slot)!
    if (here.length === 1) links.push({ ...toLink(here[0]!.entry), Name: prefix + here[0]!.entry.name })
    else {
      const child = await writeShard(writer, here, depth + 1, {})
      links.push({ Name: prefix, Hash: child.cid, Tsize: child.dagSize })
    }
  }
  // Written without leading zero bytes, as go and Helia do.
  const first = field.findIndex((byte) => byte !== 0)
  const data = encodeUnixfs({
    kind: unixfsKind.hamt,
    data: field.subarray(first),
    hashType: MURMUR3,
    fanout: FANOUT,
    ...metadata,
  })
  return writer.write(codec.dagPb, encodeNode(data, links), 0, sum(links))
}

function toLink({ name, cid, dagSize }: Entry): PBLink {
  return { Name: name, Tsize: dagSize, Hash: cid }
}

function sum(links: readonly PBLink[]): number {
  return links.reduce((total, link) => total + (link.Tsize ?? 0), 0)
}

async function readDirectory(blocks: BlockSource, cid: CID, options: ListOptions): Promise<UnixfsNode> {
  options.signal?.throwIfAborted()
  if (cid.code !== codec.dagPb) throw notDirectory(cid, 'its codec is not dag-pb')
  const node = decodeNode(await blocks.get(cid, { signal: options.signal }))
  const { kind, fanout, hashType } = node.data
  if (kind !== unixfsKind.directory && kind !== unixfsKind.hamt) throw notDirectory(cid, 'it is another kind of node')
  if (kind === unixfsKind.hamt) {
    // 1024 is the limit of ipfs/specs unixfs.md; the fanout is a power of two
    if (
      fanout === undefined ||
      fanout < 8 ||
      fanout > 1024 ||
      !Number.isInteger(Math.log2(fanout)) ||
      hashType !== MURMUR3
    ) {
      throw notDirectory(cid, `fanout ${fanout} or hash ${hashType} is not supported`)
    }
  }
  return node
}

function prefixLength({ data }: UnixfsNode): number {
  return (data.fanout! - 1).toString(16).length
}

/** `count` bits of the digest from bit `from`, most significant first. */
function takeBits(digest: Uint8Array, from: number, count: number): number {
  let value = 0
  for (let i = from; i < from + count; i++) value = (value << 1) | ((digest[i >> 3]! >> (7 - (i & 7))) & 1)
  return value
}

function notDirectory(cid: CID, why: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `${cid} is not a directory: ${why}`, { cid: `${cid}` })
}
