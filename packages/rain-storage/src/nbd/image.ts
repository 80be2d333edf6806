/**
 * A disk image as content: chunks named by hash under a two-level index, with the writes since the last commit in memory. A commit stores what changed
 * and gives a new root; the old root stays a snapshot, and opening it again is a clone. Unwritten chunks take no space.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/store.ts'
import { blockCid, codec } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'

/** Bytes of a chunk: the unit of hashing, deduplication and copy-on-write. */
export const CHUNK_BYTES = 64 * 1024
/** Chunks in a page of the index: 64 MiB of disk. */
const PAGE_CHUNKS = 1024
/** Largest image: the root then has 65,536 pages. */
export const MAX_IMAGE_BYTES = 4 * 1024 ** 4
/** Bytes of verified chunks kept in memory by default. */
export const DEFAULT_CACHE_BYTES = 256 * 1024 * 1024
/**
 * Changed chunks that make a write commit of its own accord, so that memory stays bounded: 256 MiB. A random write of 4 KiB makes a chunk of 64 KiB
 * dirty: with a quarter of this, random writes over 128 MiB were mostly commits (500 instead of some thousand writes a second).
 */
const MAX_DIRTY_CHUNKS = 4096

/** A read-only disk below an image, e.g. {@link createVaultBase}. Bytes beyond its end are zero. */
export interface ImageBase {
  read(offset: number, length: number): Promise<Uint8Array>
}

/** Options of {@link openImage} and {@link createImage}. */
export interface ImageOptions {
  /** names and checks chunks; default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
  /** what stands below chunks that were never written: an overlay. Must be given again when the image is opened again. */
  readonly base?: ImageBase
  /** verified chunks kept in memory, bytes; default 256 MiB */
  readonly cacheBytes?: number
}

/** A disk. Offsets and lengths in bytes; calls may overlap in time. */
export interface DiskImage {
  readonly size: number
  /** The root of the last commit. */
  readonly root: CID
  /** Bytes at `offset`. May answer at once. @throws StorageError `STORAGE_INVALID_ARGUMENT` beyond the end */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>
  /** What {@link read} gives, in pieces that lie where they lie: to be sent, not to be changed. Later writes do not show in them. */
  readPieces(offset: number, length: number): readonly Uint8Array[] | Promise<readonly Uint8Array[]>
  /** Writes at `offset`; `bytes` may be used again after the call. Answers at once when the chunks are in memory. */
  write(offset: number, bytes: Uint8Array): void | Promise<void>
  /** Zeros a range; whole chunks give their space back. */
  zero(offset: number, length: number): Promise<void>
  /** Makes all finished writes durable and gives the new root: a snapshot. Cost: hashing and storing what changed. */
  commit(): Promise<CID>
}

/** Makes an empty image of `size` bytes, a multiple of 512. */
export async function createImage(store: BlockStore, size: number, options: ImageOptions = {}): Promise<DiskImage> {
  if (!Number.isInteger(size) || size < 512 || size % 512 !== 0 || size > MAX_IMAGE_BYTES) {
    throw new StorageError(
      'STORAGE_INVALID_ARGUMENT',
      `An image has 512 … ${MAX_IMAGE_BYTES} bytes, a multiple of 512`,
      { size },
    )
  }
  const image = new ContentImage(store, size, [], options)
  await image.commit()
  return image
}

/** Opens the image or snapshot `root`. @throws StorageError `STORAGE_MALFORMED` when it is not one */
export async function openImage(store: BlockStore, root: CID, options: ImageOptions = {}): Promise<DiskImage> {
  const value = dagCbor.decode<{ zosImage?: unknown; size?: unknown; pages?: unknown }>(await store.get(root))
  const { zosImage, size, pages } = value
  if (
    zosImage !== 1 ||
    typeof size !== 'number' ||
    size > MAX_IMAGE_BYTES ||
    !Array.isArray(pages) ||
    pages.length > Math.ceil(size / CHUNK_BYTES / PAGE_CHUNKS)
  ) {
    throw new StorageError('STORAGE_MALFORMED', `${root} is not an image`, { root: `${root}` })
  }
  return new ContentImage(
    store,
    size,
    pages.map((page) => CID.asCID(page)),
    options,
    root,
  )
}

/** Marks a chunk that was zeroed since the last commit. */
const ZEROED = 'zeroed'

class ContentImage implements DiskImage {
  readonly size: number
  readonly #store: BlockStore
  readonly #crypto: CryptoPort
  readonly #pageCids: (CID | null)[]
  readonly #pages = new Map<number, (CID | null)[]>()
  readonly #cache = new Map<number, Uint8Array>()
  #dirty = new Map<number, Uint8Array | typeof ZEROED>()
  #committing = new Map<number, Uint8Array | typeof ZEROED>()
  #commits: Promise<unknown> = Promise.resolve()
  #root: CID | undefined
  readonly #cachedChunks: number
  readonly #base: ImageBase | undefined

  constructor(store: BlockStore, size: number, pages: (CID | null)[], options: ImageOptions, root?: CID) {
    this.#store = store
    this.size = size
    this.#crypto = options.crypto ?? defaultCrypto()
    this.#base = options.base
    this.#cachedChunks = Math.floor((options.cacheBytes ?? DEFAULT_CACHE_BYTES) / CHUNK_BYTES)
    this.#pageCids = Array.from({ length: Math.ceil(size / CHUNK_BYTES / PAGE_CHUNKS) }, (_, i) => pages[i] ?? null)
    this.#root = root
  }

  get root(): CID {
    return this.#root!
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    this.#checkRange(offset, length)
    const index = Math.floor(offset / CHUNK_BYTES)
    const start = offset - index * CHUNK_BYTES
    if (start + length <= CHUNK_BYTES) {
      const chunk = this.#present(index)
      if (chunk !== undefined) return chunk.subarray(start, start + length)
    }
    return this.#readSlow(offset, length)
  }

  async #readSlow(offset: number, length: number): Promise<Uint8Array> {
    const result = new Uint8Array(length)
    let at = 0
    for (const piece of await this.readPieces(offset, length)) {
      result.set(piece, at)
      at += piece.length
    }
    return result
  }

  readPieces(offset: number, length: number): Uint8Array[] | Promise<Uint8Array[]> {
    this.#checkRange(offset, length)
    const pieces: (Uint8Array | Promise<Uint8Array>)[] = []
    let waits = false
    for (let at = offset; at < offset + length; ) {
      const index = Math.floor(at / CHUNK_BYTES)
      const from = at - index * CHUNK_BYTES
      const to = Math.min(offset + length - index * CHUNK_BYTES, CHUNK_BYTES)
      const chunk = this.#present(index)
      if (chunk === undefined) {
        waits = true
        pieces.push(this.#load(index).then((loaded) => this.#still(index, loaded, from, to)))
      } else pieces.push(this.#still(index, chunk, from, to))
      at += to - from
    }
    return waits ? Promise.all(pieces) : (pieces as Uint8Array[])
  }

  /** A piece that stays as it is: only chunks written since the last commit change in place. */
  #still(index: number, chunk: Uint8Array, from: number, to: number): Uint8Array {
    return this.#dirty.get(index) === chunk ? chunk.slice(from, to) : chunk.subarray(from, to)
  }

  write(offset: number, bytes: Uint8Array): void | Promise<void> {
    this.#checkRange(offset, bytes.length)
    for (let at = 0; at < bytes.length; ) {
      const index = Math.floor((offset + at) / CHUNK_BYTES)
      const start = offset + at - index * CHUNK_BYTES
      const part = bytes.subarray(at, at + CHUNK_BYTES - start)
      const whole = part.length === CHUNK_BYTES
      if (!whole && this.#present(index) === undefined) return this.#writeSlow(index, offset + at, bytes.slice(at))
      this.#writable(index, whole).set(part, start)
      at += part.length
    }
    if (this.#dirty.size > MAX_DIRTY_CHUNKS) return this.commit().then(() => undefined)
  }

  /** Loading waits; the copy into the dirty chunk does not, so two writes to one chunk never lose each other. */
  async #writeSlow(index: number, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#load(index)
    await this.write(offset, bytes)
  }

  async zero(offset: number, length: number): Promise<void> {
    this.#checkRange(offset, length)
    for (let at = offset; at < offset + length; ) {
      const index = Math.floor(at / CHUNK_BYTES)
      const end = Math.min(offset + length, (index + 1) * CHUNK_BYTES)
      if (end - at === CHUNK_BYTES || (at % CHUNK_BYTES === 0 && end === this.size)) {
        this.#dirty.set(index, ZEROED)
        this.#cache.delete(index)
      } else {
        if (this.#present(index) === undefined) await this.#load(index)
        this.#writable(index, false).fill(0, at - index * CHUNK_BYTES, end - index * CHUNK_BYTES)
      }
      at = end
    }
  }

  commit(): Promise<CID> {
    const next = this.#commits.then(() => this.#commitNow())
    this.#commits = next.catch(() => undefined)
    return next
  }

  async #commitNow(): Promise<CID> {
    if (this.#dirty.size === 0 && this.#root !== undefined) return this.#root
    this.#committing = this.#dirty
    this.#dirty = new Map()
    try {
      const writes: Promise<void>[] = []
      const changedPages = new Set<number>()
      for (const [index, chunk] of this.#committing) {
        const page = await this.#page(Math.floor(index / PAGE_CHUNKS))
        changedPages.add(Math.floor(index / PAGE_CHUNKS))
        // Over a base, zeros must stand in the index: nothing there means the base.
        if (this.#base === undefined && (chunk === ZEROED || isZero(chunk))) {
          page[index % PAGE_CHUNKS] = null
          continue
        }
        const bytes = chunk === ZEROED ? ZEROS : chunk
        const cid = await blockCid(this.#crypto, codec.raw, bytes)
        page[index % PAGE_CHUNKS] = cid
        writes.push(this.#store.put(cid, bytes, { durable: false }))
        if (writes.length >= 64) await Promise.all(writes.splice(0))
      }
      for (const number of changedPages) {
        const page = this.#pages.get(number)!
        this.#pageCids[number] = page.every((cid) => cid === null) ? null : await this.#putNode(page, writes)
      }
      const root = await this.#putNode(
        { zosImage: 1, size: this.size, chunkBytes: CHUNK_BYTES, pages: this.#pageCids },
        writes,
      )
      await Promise.all(writes)
      await this.#store.flush()
      this.#root = root
      for (const [index, chunk] of this.#committing) if (chunk !== ZEROED) this.#remember(index, chunk)
      return root
    } catch (error) {
      // What was not stored is dirty still, unless written again meanwhile.
      for (const [index, chunk] of this.#committing) if (!this.#dirty.has(index)) this.#dirty.set(index, chunk)
      throw error
    } finally {
      this.#committing = new Map()
    }
  }

  async #putNode(value: unknown, writes: Promise<void>[]): Promise<CID> {
    const bytes = dagCbor.encode(value)
    const cid = await blockCid(this.#crypto, codec.dagCbor, bytes)
    writes.push(this.#store.put(cid, bytes, { durable: false }))
    return cid
  }

  #checkRange(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new StorageError('STORAGE_INVALID_ARGUMENT', 'The range reaches beyond the image', {
        offset,
        length,
        size: this.size,
      })
    }
  }

  /** The chunk when it is in memory. */
  #present(index: number): Uint8Array | undefined {
    const chunk = this.#dirty.get(index) ?? this.#committing.get(index) ?? this.#cache.get(index)
    if (chunk === ZEROED) return ZEROS
    if (chunk !== undefined) return chunk
    const page = this.#pages.get(Math.floor(index / PAGE_CHUNKS))
    return this.#base === undefined && page !== undefined && page[index % PAGE_CHUNKS] === null ? ZEROS : undefined
  }

  async #load(index: number): Promise<Uint8Array> {
    const cid = (await this.#page(Math.floor(index / PAGE_CHUNKS)))[index % PAGE_CHUNKS]
    const stored = cid === null || cid === undefined ? await this.#below(index) : await this.#store.get(cid)
    if (stored.length !== CHUNK_BYTES)
      throw new StorageError('STORAGE_MALFORMED', `Chunk ${index} has ${stored.length} bytes`, { index })
    const newer = this.#present(index)
    if (newer !== undefined) return newer
    this.#remember(index, stored)
    return stored
  }

  async #below(index: number): Promise<Uint8Array> {
    if (this.#base === undefined) return ZEROS
    const bytes = await this.#base.read(index * CHUNK_BYTES, CHUNK_BYTES)
    if (bytes.length === CHUNK_BYTES) return bytes
    const whole = new Uint8Array(CHUNK_BYTES)
    whole.set(bytes)
    return whole
  }

  #remember(index: number, chunk: Uint8Array): void {
    this.#cache.delete(index)
    this.#cache.set(index, chunk)
    if (this.#cache.size > this.#cachedChunks) this.#cache.delete(this.#cache.keys().next().value!)
  }

  async #page(number: number): Promise<(CID | null)[]> {
    const known = this.#pages.get(number)
    if (known !== undefined) return known
    const cid = this.#pageCids[number] ?? null
    const entries = cid === null ? [] : dagCbor.decode<unknown[]>(await this.#store.get(cid))
    if (!Array.isArray(entries) || entries.length > PAGE_CHUNKS)
      throw new StorageError('STORAGE_MALFORMED', `Page ${number} of the image is broken`, { number })
    const page = Array.from({ length: PAGE_CHUNKS }, (_, i) => CID.asCID(entries[i]))
    const again = this.#pages.get(number)
    if (again !== undefined) return again
    this.#pages.set(number, page)
    return page
  }

  /** A copy of the chunk that may be changed. Without `whole`, the chunk must be present. */
  #writable(index: number, whole: boolean): Uint8Array {
    const dirty = this.#dirty.get(index)
    if (dirty !== undefined && dirty !== ZEROED) return dirty
    const fresh = whole ? new Uint8Array(CHUNK_BYTES) : (this.#present(index) ?? ZEROS).slice()
    this.#dirty.set(index, fresh)
    this.#cache.delete(index)
    return fresh
  }
}

const ZEROS = new Uint8Array(CHUNK_BYTES)

function isZero(chunk: Uint8Array): boolean {
  const words = new Float64Array(chunk.buffer, chunk.byteOffset, chunk.byteLength >> 3)
  // −0 equals 0 as a number: the sign bit would be missed, so any candidate is looked at byte by byte
  for (const word of words) if (word !== 0) return false
  return chunk.every((byte) => byte === 0)
}
