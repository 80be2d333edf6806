/// <reference types="node" />
/**
 * The package's own block store: append-only pack files, an index in memory, group commit, pins as one record each, and garbage
 * collection that never stops the world. After kill -9 at any point: everything acknowledged is there, nothing half-written is.
 */
import { constants, readSync } from 'node:fs'
import * as nodeFiles from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import {
  type BlockOptions,
  type BlockStore,
  blockKey,
  checkStorable,
  type GetOptions,
  notFound,
  type PutOptions,
} from '../../blocks/store.ts'
import { codec, identityBytes, verifyBlock } from '../../content/cid.ts'
import { defaultCrypto } from '../../crypto/default.ts'
import type { CryptoPort } from '../../crypto/port.ts'
import { StorageError } from '../../errors.ts'
import { type FileSystem, makeFolder, syncFile } from '../file-system.ts'
import { takeLock } from '../lock.ts'
import { DigestIndex, type Place } from './digest-index.ts'
import { decodePin, encodeHead, encodePin, HEADER_BYTES, type RecordKind, recordKind } from './record.ts'
import { type FoundRecord, readSideFile, scanPack, writeSideFile } from './recovery.ts'

/** A pack is sealed at this size: small enough to compact in a second, large enough that 1 TB is 4,000 files. */
export const PACK_BYTES = 256 * 1024 * 1024
/** Bytes written with one call; bounds what a burst of puts holds back from the disk. */
const BATCH_BYTES = 16 * 1024 * 1024
/** A pack with less than this share alive is rewritten. */
const COMPACT_BELOW = 0.5

/** Options of {@link openPackStore}. */
export interface PackStoreOptions {
  readonly crypto?: CryptoPort
  /** default {@link PACK_BYTES} */
  readonly packBytes?: number
  /** seconds since 1970, for leases; default the system clock */
  readonly nowS?: () => number
  /** read on the calling thread: a third faster from the page cache, and a stall of the event loop from a slow disk. Default false. */
  readonly blockingReads?: boolean
  /** default `node:fs/promises` */
  readonly files?: FileSystem
}

/** A pinned root. */
export interface Pin {
  readonly cid: CID
  /** seconds since 1970 after which the pin no longer holds; 0 = never */
  readonly expiresAtS: number
}

/** What {@link PackStore.collect} did. */
export interface CollectReport {
  readonly removedBlocks: number
  readonly removedBytes: number
  readonly packsRewritten: number
  readonly bytesReclaimed: number
}

/** A block store with pins and garbage collection. */
export interface PackStore extends BlockStore {
  /** Blocks held. */
  readonly size: number
  /** Byte ranges that were unreadable at opening, by pack file. */
  readonly damaged: readonly { pack: string; offset: number; length: number }[]
  /** Keeps a root and all it links to, until `expiresAtS`. One record, whatever the size of the DAG. */
  pin(cid: CID, options?: { expiresAtS?: number }): Promise<void>
  unpin(cid: CID): Promise<void>
  pins(): readonly Pin[]
  /** Protects blocks written from now on against collection until the returned function is called: for puts whose root is not pinned yet. */
  hold(): () => void
  /**
   * Removes blocks that no pin reaches and rewrites packs that are mostly dead. Reads and writes go on meanwhile.
   * @param links gives the CIDs that a block links to
   */
  collect(links: (cid: CID, bytes: Uint8Array) => readonly CID[], options?: BlockOptions): Promise<CollectReport>
  /** Reads and hashes every block; gives the damaged ones. */
  scrub(options?: BlockOptions): AsyncIterable<CID>
}

interface Pack {
  readonly id: number
  readonly path: string
  readonly file: nodeFiles.FileHandle
  size: number
  live: number
  records: FoundRecord[] | undefined
}

interface Job {
  readonly kind: RecordKind
  readonly meta: Uint8Array
  readonly data: Uint8Array
  readonly durable: boolean
  readonly apply: (pack: number, offset: number) => void
  readonly done: (error?: unknown) => void
}

/**
 * Opens or makes the store in `folder`. Cost at opening: reading the side files; the last pack is read whole and hashed.
 * @throws StorageError `STORAGE_LOCKED` while another process has it open
 */
export async function openPackStore(folder: string, options: PackStoreOptions = {}): Promise<PackStore> {
  await makeFolder(folder, options.files)
  const unlock = await takeLock(join(folder, 'lock'))
  const store = new PackFiles(folder, options, unlock)
  try {
    await store.recover()
  } catch (error) {
    await store.abandon()
    throw error
  }
  return store
}

class PackFiles implements PackStore {
  readonly damaged: { pack: string; offset: number; length: number }[] = []
  readonly #folder: string
  readonly #crypto: CryptoPort
  readonly #packBytes: number
  readonly #nowS: () => number
  readonly #blockingReads: boolean
  readonly #files: FileSystem
  readonly #unlock: () => Promise<void>
  readonly #index = new DigestIndex()
  readonly #packs = new Map<number, Pack>()
  readonly #pins = new Map<string, Pin & { pack: number }>()
  readonly #pending = new Map<string, { bytes: Uint8Array; done: Promise<void> }>()
  /** Blocks put again while a collection or a hold is on: not garbage, whatever the marks say. */
  readonly #touched = new Set<string>()
  /** Blocks whose deletion stands in the queue: a put of one must write it again behind. */
  readonly #condemned = new Set<string>()
  readonly #holds = new Set<{ pack: number }>()
  #queue: Job[] = []
  #writing: Promise<void> | undefined
  #active!: Pack
  #collecting = false
  /** Batches written, and those of them that are durable. */
  #written = 0
  #synced = 0
  #closed = false
  #failure: unknown

  constructor(folder: string, options: PackStoreOptions, unlock: () => Promise<void>) {
    this.#folder = folder
    this.#crypto = options.crypto ?? defaultCrypto()
    this.#packBytes = options.packBytes ?? PACK_BYTES
    this.#nowS = options.nowS ?? (() => Math.floor(Date.now() / 1000))
    this.#blockingReads = options.blockingReads ?? false
    this.#files = options.files ?? nodeFiles
    this.#unlock = unlock
  }

  get size(): number {
    return this.#index.size + this.#pending.size
  }

  async recover(): Promise<void> {
    const ids = (await this.#files.readdir(this.#folder))
      .map((name) => /^pack-(\d+)\.log$/.exec(name)?.[1])
      .filter((id) => id !== undefined)
      .map(Number)
      .sort((a, b) => a - b)
    for (const id of ids) {
      const path = this.#path(id)
      const file = await this.#files.open(path, constants.O_RDWR)
      const { size } = await file.stat()
      const pack: Pack = { id, path, file, size, live: 0, records: undefined }
      this.#packs.set(id, pack)
      const last = id === ids.at(-1)
      let records = last ? undefined : await readSideFile(this.#files, `${path}.idx`, size)
      if (records === undefined) {
        const scan = await scanPack(file, size, this.#crypto, true)
        records = scan.records
        for (const range of scan.damaged) this.damaged.push({ pack: `pack-${id}.log`, ...range })
        if (scan.end < size) {
          if (last) {
            await file.truncate(scan.end)
            await file.sync()
            pack.size = scan.end
          } else {
            this.damaged.push({ pack: `pack-${id}.log`, offset: scan.end, length: size - scan.end })
          }
        }
        if (!last) await writeSideFile(this.#files, `${path}.idx`, size, records)
      }
      for (const record of records) this.#replay(pack, record)
      if (last) {
        pack.records = records
        this.#active = pack
      }
    }
    if (this.#active === undefined) await this.#startPack(1)
  }

  async abandon(): Promise<void> {
    for (const pack of this.#packs.values()) await pack.file.close().catch(() => undefined)
    await this.#unlock()
  }

  #replay(pack: Pack, { kind, meta, offset, length }: FoundRecord): void {
    if (kind === recordKind.block) {
      this.#enter(CID.decode(meta).multihash.digest, {
        pack: pack.id,
        offset: offset + HEADER_BYTES + meta.length,
        length: length - HEADER_BYTES - meta.length,
        metaLength: meta.length,
      })
    } else if (kind === recordKind.delete) {
      this.#leave(CID.decode(meta).multihash.digest)
    } else if (kind === recordKind.pin) {
      const pin = decodePin(meta)
      this.#pins.set(blockKey(pin.cid), { ...pin, pack: pack.id })
    } else {
      this.#pins.delete(blockKey(CID.decode(meta)))
    }
  }

  #enter(digest: Uint8Array, place: Place): void {
    this.#leave(digest)
    this.#index.set(digest, place)
    this.#packs.get(place.pack)!.live += place.length
  }

  #leave(digest: Uint8Array): void {
    const old = this.#index.get(digest)
    if (old === undefined) return
    const pack = this.#packs.get(old.pack)
    if (pack !== undefined) pack.live -= old.length
    this.#index.delete(digest)
  }

  #path(id: number): string {
    return join(this.#folder, `pack-${String(id).padStart(6, '0')}.log`)
  }

  async #startPack(id: number): Promise<void> {
    const path = this.#path(id)
    const file = await this.#files.open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL)
    await syncFile(this.#folder, this.#files)
    this.#active = { id, path, file, size: 0, live: 0, records: [] }
    this.#packs.set(id, this.#active)
  }

  async #seal(): Promise<void> {
    const { file, path, size, records, id } = this.#active
    await file.datasync()
    await writeSideFile(this.#files, `${path}.idx`, size, records!)
    this.#active.records = undefined
    await this.#startPack(id + 1)
  }

  #check(): void {
    if (this.#closed) throw new StorageError('STORAGE_CLOSED', 'The store is closed', { folder: this.#folder })
    // After a failed write the file's end is unknown: only opening again finds it.
    if (this.#failure !== undefined) {
      throw new StorageError(
        'STORAGE_UNAVAILABLE',
        'A write failed; close and open the store again',
        { folder: this.#folder },
        { cause: this.#failure },
      )
    }
  }

  async get(cid: CID, options: GetOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted()
    const inline = identityBytes(cid)
    if (inline !== undefined) return inline
    if (this.#closed) this.#check()
    const pending = this.#pending.get(blockKey(cid))
    if (pending !== undefined) return pending.bytes
    checkStorable(cid, new Uint8Array(0))
    for (let attempt = 0; ; attempt++) {
      const place = this.#index.get(cid.multihash.digest)
      if (place === undefined) throw notFound(cid)
      const bytes = memoryFor(place.length, options.into)
      try {
        const { file } = this.#packs.get(place.pack)!
        const bytesRead = this.#blockingReads
          ? readSync(file.fd, bytes, 0, place.length, place.offset)
          : (await file.read(bytes, 0, place.length, place.offset)).bytesRead
        if (bytesRead === place.length) return await verifyBlock(this.#crypto, cid, bytes)
      } catch (error) {
        // Compaction may have moved the block between look-up and read.
        const moved = this.#index.get(cid.multihash.digest)
        if (attempt < 2 && moved !== undefined && moved.pack !== place.pack) continue
        throw error
      }
      throw new StorageError('STORAGE_CORRUPT', `The file of ${cid} ends inside the block`, { cid: `${cid}` })
    }
  }

  async has(cid: CID, options: BlockOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted()
    if (identityBytes(cid) !== undefined) return true
    checkStorable(cid, new Uint8Array(0))
    return this.#pending.has(blockKey(cid)) || this.#index.has(cid.multihash.digest)
  }

  async put(cid: CID, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.#check()
    checkStorable(cid, bytes)
    if (identityBytes(cid) !== undefined) return
    const key = blockKey(cid)
    if (this.#collecting || this.#holds.size > 0) this.#touched.add(key)
    const pending = this.#pending.get(key)
    const durable = options.durable ?? true
    // The one that waits may not ask for the disk; this one does.
    if (pending !== undefined) return durable ? pending.done.then(() => this.flush()) : pending.done
    if (this.#index.has(cid.multihash.digest) && !this.#condemned.has(key)) return durable ? this.flush() : undefined
    const done = this.#append(recordKind.block, cid.bytes, bytes, durable, (pack, offset) => {
      this.#pending.delete(key)
      this.#enter(cid.multihash.digest, {
        pack,
        offset: offset + HEADER_BYTES + cid.bytes.length,
        length: bytes.length,
        metaLength: cid.bytes.length,
      })
    })
    this.#pending.set(key, { bytes, done })
    return done
  }

  async delete(cid: CID, options: BlockOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.#check()
    await this.#pending.get(blockKey(cid))?.done
    if (identityBytes(cid) !== undefined || !this.#index.has(cid.multihash.digest)) return
    await this.#remove(cid, true)
  }

  #remove(cid: CID, durable: boolean): Promise<void> {
    const key = blockKey(cid)
    this.#condemned.add(key)
    return this.#append(recordKind.delete, cid.bytes, new Uint8Array(0), durable, () => {
      this.#condemned.delete(key)
      this.#leave(cid.multihash.digest)
    })
  }

  async *list(options: BlockOptions = {}): AsyncGenerator<CID> {
    await this.#writing
    for (const place of [...this.#index.places()]) {
      options.signal?.throwIfAborted()
      const cid = await this.#cidAt(place)
      if (cid !== undefined && this.#index.has(cid.multihash.digest)) yield cid
    }
  }

  async #cidAt(place: Place): Promise<CID | undefined> {
    const meta = new Uint8Array(place.metaLength)
    const file = this.#packs.get(place.pack)?.file
    if (file === undefined) return undefined
    await file.read(meta, 0, meta.length, place.offset - meta.length)
    const cid = CID.decode(meta)
    return CID.createV1(codec.raw, cid.multihash)
  }

  async pin(cid: CID, options: { expiresAtS?: number } = {}): Promise<void> {
    this.#check()
    const pin: Pin = { cid, expiresAtS: options.expiresAtS ?? 0 }
    await this.#append(recordKind.pin, encodePin(cid, pin.expiresAtS), new Uint8Array(0), true, (pack) => {
      this.#pins.set(blockKey(cid), { ...pin, pack })
    })
  }

  async unpin(cid: CID): Promise<void> {
    this.#check()
    if (!this.#pins.has(blockKey(cid))) return
    await this.#append(recordKind.unpin, cid.bytes, new Uint8Array(0), true, () => this.#pins.delete(blockKey(cid)))
  }

  pins(): readonly Pin[] {
    const now = this.#nowS()
    return [...this.#pins.values()]
      .filter(({ expiresAtS }) => expiresAtS === 0 || expiresAtS > now)
      .map(({ cid, expiresAtS }) => ({ cid, expiresAtS }))
  }

  hold(): () => void {
    const held = { pack: this.#active.id }
    this.#holds.add(held)
    return () => {
      this.#holds.delete(held)
      if (this.#holds.size === 0 && !this.#collecting) this.#touched.clear()
    }
  }

  #append(kind: RecordKind, meta: Uint8Array, data: Uint8Array, durable: boolean, apply: Job['apply']): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      this.#queue.push({ kind, meta, data, durable, apply, done })
      this.#writing ??= this.#drain()
    })
  }

  /** Writes queued records in batches: one write and at most one fdatasync for all that came in meanwhile. */
  async #drain(): Promise<void> {
    await undefined
    while (this.#queue.length > 0) {
      let bytes = 0
      let count = 0
      while (count < this.#queue.length && bytes < BATCH_BYTES) bytes += this.#queue[count++]!.data.length
      const batch = this.#queue.splice(0, count)
      try {
        if (this.#failure !== undefined) throw this.#failure
        await this.#write(batch)
        for (const job of batch) job.done()
      } catch (error) {
        this.#failure ??= error
        this.#pending.clear()
        for (const job of batch) job.done(error)
      }
    }
    this.#writing = undefined
  }

  async #write(batch: readonly Job[]): Promise<void> {
    if (this.#active.size >= this.#packBytes) await this.#seal()
    const pack = this.#active
    const parts: Uint8Array[] = []
    const places: FoundRecord[] = []
    let end = pack.size
    for (const { kind, meta, data } of batch) {
      const head = encodeHead(kind, meta, data.length)
      parts.push(head)
      if (data.length > 0) parts.push(data)
      places.push({ kind, meta, offset: end, length: head.length + data.length })
      end += head.length + data.length
    }
    // Linux takes 1024 buffers a call.
    let at = pack.size
    for (let i = 0; i < parts.length; i += 1024) {
      const some = parts.slice(i, i + 1024)
      const { bytesWritten } = await pack.file.writev(some, at)
      const expected = some.reduce((sum, part) => sum + part.length, 0)
      if (bytesWritten !== expected)
        throw new StorageError('STORAGE_UNAVAILABLE', 'The disk took only a part of a write', {
          bytesWritten,
          expected,
        })
      at += bytesWritten
    }
    pack.size = end
    this.#written++
    if (batch.some(({ durable }) => durable)) await this.#sync()
    pack.records!.push(...places)
    batch.forEach(({ apply }, i) => {
      apply(pack.id, places[i]!.offset)
    })
  }

  async #sync(): Promise<void> {
    // Only what was written before counts: more may be written while the disk works.
    const written = this.#written
    await this.#active.file.datasync()
    this.#synced = Math.max(this.#synced, written)
  }

  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    if (this.#synced < this.#written && !this.#closed) await this.#sync()
  }

  async collect(
    links: (cid: CID, bytes: Uint8Array) => readonly CID[],
    options: BlockOptions = {},
  ): Promise<CollectReport> {
    this.#check()
    if (this.#collecting) throw new StorageError('STORAGE_INVALID_ARGUMENT', 'A collection is already running')
    this.#collecting = true
    try {
      await this.flush()
      // What is written from here on lies in packs that this round does not touch.
      if (this.#active.size > 0) await this.#exclusive(() => this.#seal())
      let limit = this.#active.id
      for (const held of this.#holds) limit = Math.min(limit, held.pack)
      const marked = await this.#mark(links, options)
      let removedBlocks = 0
      let removedBytes = 0
      for (const place of [...this.#index.places()]) {
        if (place.pack >= limit) continue
        options.signal?.throwIfAborted()
        const cid = await this.#cidAt(place)
        if (cid === undefined || marked.has(cid.multihash.digest)) continue
        if (this.#touched.has(blockKey(cid)) || this.#index.get(cid.multihash.digest)?.pack !== place.pack) continue
        removedBlocks++
        removedBytes += place.length
        const removed = this.#remove(cid, false)
        if (this.#queue.length > 1000) await removed
        else removed.catch(() => undefined) // a failed write shows at the flush below
      }
      await this.flush()
      return { removedBlocks, removedBytes, ...(await this.#compact(limit, options)) }
    } finally {
      this.#collecting = false
      if (this.#holds.size === 0) this.#touched.clear()
    }
  }

  async #mark(links: (cid: CID, bytes: Uint8Array) => readonly CID[], options: BlockOptions): Promise<DigestIndex> {
    const marked = new DigestIndex()
    const found: Place = { pack: 1, offset: 0, length: 0, metaLength: 0 }
    const stack = this.pins().map(({ cid }) => cid)
    for (let cid = stack.pop(); cid !== undefined; cid = stack.pop()) {
      options.signal?.throwIfAborted()
      const inline = identityBytes(cid)
      if (inline === undefined) {
        if (marked.has(cid.multihash.digest)) continue
        marked.set(cid.multihash.digest, found)
      }
      if (cid.code === codec.raw) continue
      // A damaged or missing block ends its branch here: what lies below it is unknown, so nothing else is.
      const bytes = inline ?? (await this.get(cid, options).catch(() => undefined))
      if (bytes !== undefined) stack.push(...links(cid, bytes))
    }
    return marked
  }

  /** Runs `work` while no batch is being written. */
  async #exclusive(work: () => Promise<void>): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    const running = work()
    this.#writing = running.finally(() => {
      this.#writing = this.#queue.length > 0 ? this.#drain() : undefined
    })
    await running
  }

  async #compact(limit: number, options: BlockOptions): Promise<{ packsRewritten: number; bytesReclaimed: number }> {
    let packsRewritten = 0
    let bytesReclaimed = 0
    for (const pack of [...this.#packs.values()]) {
      if (pack.id >= limit || pack.live >= pack.size * COMPACT_BELOW) continue
      options.signal?.throwIfAborted()
      const before = pack.size
      const records =
        (await readSideFile(this.#files, `${pack.path}.idx`, pack.size)) ??
        (await scanPack(pack.file, pack.size, this.#crypto, false)).records
      const older = [...this.#packs.keys()].some((id) => id < pack.id)
      let written = 0
      for (const record of records) written += await this.#carry(pack, record, older)
      await this.flush()
      this.#packs.delete(pack.id)
      await pack.file.close()
      await this.#files.unlink(pack.path)
      await this.#files.unlink(`${pack.path}.idx`).catch(() => undefined)
      packsRewritten++
      bytesReclaimed += before - written
    }
    return { packsRewritten, bytesReclaimed }
  }

  /** Writes a record again at the end when it still means something; gives the bytes written. */
  async #carry(pack: Pack, { kind, meta, offset, length }: FoundRecord, older: boolean): Promise<number> {
    if (kind === recordKind.pin) {
      const pin = this.#pins.get(blockKey(decodePin(meta).cid))
      if (pin?.pack !== pack.id) return 0
      await this.pin(pin.cid, { expiresAtS: pin.expiresAtS })
      return length
    }
    const cid = CID.decode(meta)
    const place = this.#index.get(cid.multihash.digest)
    if (kind === recordKind.block && place?.pack === pack.id && place.offset === offset + HEADER_BYTES + meta.length) {
      const bytes = await this.get(cid).catch(() => undefined)
      if (bytes === undefined) return 0 // rotten: repair comes from elsewhere, the bytes are worth nothing
      await this.#append(recordKind.block, meta, bytes, false, (id, at) => {
        const now = this.#index.get(cid.multihash.digest)
        if (now?.pack === pack.id)
          this.#enter(cid.multihash.digest, {
            pack: id,
            offset: at + HEADER_BYTES + meta.length,
            length: bytes.length,
            metaLength: meta.length,
          })
      })
      return length
    }
    // A deletion or unpinning still counts while an older pack may hold what it removed.
    const stillGone =
      kind === recordKind.delete ? place === undefined : kind === recordKind.unpin && !this.#pins.has(blockKey(cid))
    if (!older || !stillGone) return 0
    await this.#append(kind, meta, new Uint8Array(0), false, () => undefined)
    return length
  }

  async *scrub(options: BlockOptions = {}): AsyncGenerator<CID> {
    for await (const cid of this.list(options)) {
      try {
        await this.get(cid, options)
      } catch (error) {
        if (error instanceof StorageError && error.code === 'STORAGE_CORRUPT') yield cid
        else if (!(error instanceof StorageError) || error.code !== 'STORAGE_NOT_FOUND') throw error
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    try {
      await this.flush()
    } finally {
      this.#closed = true
      await this.abandon()
    }
  }
}

function memoryFor(length: number, into: Uint8Array | undefined): Uint8Array {
  if (into !== undefined && into.length >= length) return into.subarray(0, length)
  // Not zeroed: a tenth of the cost of a cached read. The slow pool, so that a kept block keeps no other.
  const buffer = Buffer.allocUnsafeSlow(length)
  return new Uint8Array(buffer.buffer, buffer.byteOffset, length)
}
