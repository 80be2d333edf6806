/// <reference types="node" />
/**
 * The package's own block store: append-only pack files, an index in memory, group commit, pins as one record each, and garbage
 * collection that never stops the world. After kill -9 at any point: everything acknowledged is there, nothing half-written is.
 */
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
import { type FileSystem, makeFolder } from '../file-system.ts'
import { takeLock } from '../lock.ts'
import { type Collected, type CollectReport, collectBefore, type Links } from './collection.ts'
import { DigestIndex, type Place } from './digest-index.ts'
import { type DamagedRange, PackLog } from './pack-log.ts'
import { decodePin, encodePin, HEADER_BYTES, recordKind } from './record.ts'
import type { FoundRecord } from './recovery.ts'

export type { CollectReport } from './collection.ts'

/** A pack is sealed at this size: small enough to compact in a second, large enough that 1 TB is 4,000 files. */
export const PACK_BYTES = 256 * 1024 * 1024

/** Options of {@link openPackStore}. */
export interface PackStoreOptions {
  /** checks blocks; default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
  /** bytes of a pack after which another begins; default 256 MiB */
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

/** A block store with pins and garbage collection. */
export interface PackStore extends BlockStore {
  /** Blocks held. */
  readonly size: number
  /** Byte ranges that were unreadable at opening, by pack file. */
  readonly damaged: readonly DamagedRange[]
  /** Bytes of the blocks held. */
  readonly bytes: number
  /**
   * Keeps a root and all it links to, until `expiresAtS`. One record, whatever the size of the DAG. A pin that lasts longer already stays as it is: otherwise who puts a
   * block again for a moment would end another's lease. {@link unpin} ends one.
   */
  pin(cid: CID, options?: { expiresAtS?: number }): Promise<void>
  unpin(cid: CID): Promise<void>
  pins(): readonly Pin[]
  /** Protects blocks written from now on against collection until the returned function is called: for puts whose root is not pinned yet. */
  hold(): () => void
  /**
   * Removes blocks that no pin reaches and rewrites packs that are mostly dead. Reads and writes go on meanwhile.
   * @param links gives the CIDs that a block links to
   */
  collect(links: Links, options?: BlockOptions): Promise<CollectReport>
  /** Reads and hashes every block; gives the damaged ones. */
  scrub(options?: BlockOptions): AsyncIterable<CID>
}

/**
 * Opens or makes the store in `folder`. Cost at opening: reading the side files; the last pack is read whole and hashed.
 * @throws StorageError `STORAGE_LOCKED` while another process has it open
 */
export async function openPackStore(folder: string, options: PackStoreOptions = {}): Promise<PackStore> {
  await makeFolder(folder, options.files)
  const unlock = await takeLock(join(folder, 'lock'))
  try {
    return await PackFiles.open(folder, options, unlock)
  } catch (error) {
    await unlock()
    throw error
  }
}

class PackFiles implements PackStore {
  readonly #crypto: CryptoPort
  readonly #nowS: () => number
  readonly #blockingReads: boolean
  readonly #unlock: () => Promise<void>
  readonly #index = new DigestIndex()
  /** Bytes of blocks that the index points at, by pack. */
  readonly #live = new Map<number, number>()
  readonly #pins = new Map<string, Pin & { pack: number }>()
  /** Pins whose record is not written yet. */
  readonly #pinning = new Map<string, Pin & { done: Promise<void> }>()
  readonly #pending = new Map<string, { bytes: Uint8Array; done: Promise<void> }>()
  /** Blocks put again while a collection or a hold is on: not garbage, whatever the marks say. */
  readonly #touched = new Set<string>()
  /** Blocks whose deletion stands in the queue: a put of one must write it again behind. */
  readonly #condemned = new Set<string>()
  readonly #holds = new Set<{ pack: number }>()
  #log!: PackLog
  #collecting = false
  #closed = false

  private constructor(options: PackStoreOptions, unlock: () => Promise<void>) {
    this.#crypto = options.crypto ?? defaultCrypto()
    this.#nowS = options.nowS ?? (() => Math.floor(Date.now() / 1000))
    this.#blockingReads = options.blockingReads ?? false
    this.#unlock = unlock
  }

  static async open(folder: string, options: PackStoreOptions, unlock: () => Promise<void>): Promise<PackFiles> {
    const store = new PackFiles(options, unlock)
    const { files = nodeFiles, packBytes = PACK_BYTES } = options
    const replay = (pack: number, record: FoundRecord) => store.#replay(pack, record)
    store.#log = await PackLog.open(folder, { crypto: store.#crypto, files, packBytes }, replay)
    return store
  }

  get size(): number {
    return this.#index.size + this.#pending.size
  }

  get bytes(): number {
    let sum = 0
    for (const bytes of this.#live.values()) sum += bytes
    for (const { bytes } of this.#pending.values()) sum += bytes.length
    return sum
  }

  get damaged(): readonly DamagedRange[] {
    return this.#log.damaged
  }

  #replay(pack: number, { kind, meta, offset, length }: FoundRecord): void {
    if (kind === recordKind.block) {
      this.#enter(CID.decode(meta), placeOf(pack, offset, meta, length - HEADER_BYTES - meta.length))
    } else if (kind === recordKind.delete) {
      this.#leave(CID.decode(meta))
    } else if (kind === recordKind.pin) {
      const pin = decodePin(meta)
      this.#pins.set(blockKey(pin.cid), { ...pin, pack })
    } else {
      this.#pins.delete(blockKey(CID.decode(meta)))
    }
  }

  #enter(cid: CID, place: Place): void {
    this.#leave(cid)
    this.#index.set(cid.multihash.digest, place)
    this.#live.set(place.pack, (this.#live.get(place.pack) ?? 0) + place.length)
  }

  #leave(cid: CID): void {
    const { digest } = cid.multihash
    const old = this.#index.get(digest)
    if (old === undefined) return
    this.#live.set(old.pack, this.#live.get(old.pack)! - old.length)
    this.#index.delete(digest)
  }

  async get(cid: CID, options: GetOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted()
    const inline = identityBytes(cid)
    if (inline !== undefined) return inline
    if (this.#closed) this.#log.check()
    const pending = this.#pending.get(blockKey(cid))
    if (pending !== undefined) return pending.bytes
    checkStorable(cid, new Uint8Array(0))
    for (let attempt = 0; ; attempt++) {
      const place = this.#index.get(cid.multihash.digest)
      if (place === undefined) throw notFound(cid)
      const bytes = memoryFor(place.length, options.into)
      try {
        const read = await this.#log.read(place.pack, place.offset, bytes, this.#blockingReads)
        if (read === place.length) return await verifyBlock(this.#crypto, cid, bytes)
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
    this.#log.check()
    checkStorable(cid, bytes)
    if (identityBytes(cid) !== undefined) return
    const key = blockKey(cid)
    if (this.#collecting || this.#holds.size > 0) this.#touched.add(key)
    const pending = this.#pending.get(key)
    const durable = options.durable ?? true
    // The one that waits may not ask for the disk; this one does.
    if (pending !== undefined) return durable ? pending.done.then(() => this.flush()) : pending.done
    if (this.#index.has(cid.multihash.digest) && !this.#condemned.has(key)) return durable ? this.flush() : undefined
    const done = this.#log.append({
      kind: recordKind.block,
      meta: cid.bytes,
      data: bytes,
      durable,
      apply: (pack, offset) => {
        this.#pending.delete(key)
        this.#enter(cid, placeOf(pack, offset, cid.bytes, bytes.length))
      },
    })
    this.#pending.set(key, { bytes, done })
    done.catch(() => this.#pending.delete(key))
    return done
  }

  async delete(cid: CID, options: BlockOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    this.#log.check()
    await this.#pending.get(blockKey(cid))?.done
    if (identityBytes(cid) !== undefined || !this.#index.has(cid.multihash.digest)) return
    await this.#remove(cid, true)
  }

  #remove(cid: CID, durable: boolean): Promise<void> {
    const key = blockKey(cid)
    this.#condemned.add(key)
    const apply = () => {
      this.#condemned.delete(key)
      this.#leave(cid)
    }
    return this.#log.append({ kind: recordKind.delete, meta: cid.bytes, durable, apply })
  }

  async *list(options: BlockOptions = {}): AsyncGenerator<CID> {
    await this.#log.settle()
    for (const place of [...this.#index.places()]) {
      options.signal?.throwIfAborted()
      const cid = await this.#cidAt(place)
      if (cid !== undefined && this.#index.has(cid.multihash.digest)) yield cid
    }
  }

  async #cidAt(place: Place): Promise<CID | undefined> {
    if (!this.#log.has(place.pack)) return undefined
    const meta = new Uint8Array(place.metaLength)
    await this.#log.read(place.pack, place.offset - meta.length, meta)
    return CID.createV1(codec.raw, CID.decode(meta).multihash)
  }

  async pin(cid: CID, options: { expiresAtS?: number } = {}): Promise<void> {
    this.#log.check()
    const pin: Pin = { cid, expiresAtS: options.expiresAtS ?? 0 }
    const key = blockKey(cid)
    const onTheWay = this.#pinning.get(key)
    if (onTheWay !== undefined && lastsUntil(onTheWay) > lastsUntil(pin)) return onTheWay.done
    const held = this.#pins.get(key)
    if (held !== undefined && lastsUntil(held) > lastsUntil(pin)) return
    const meta = encodePin(cid, pin.expiresAtS)
    const apply = (pack: number) => void this.#pins.set(key, { ...pin, pack })
    const done = this.#log.append({ kind: recordKind.pin, meta, durable: true, apply })
    const mine = { ...pin, done }
    this.#pinning.set(key, mine)
    try {
      await done
    } finally {
      if (this.#pinning.get(key) === mine) this.#pinning.delete(key)
    }
  }

  async unpin(cid: CID): Promise<void> {
    this.#log.check()
    if (!this.#pins.has(blockKey(cid))) return
    const apply = () => void this.#pins.delete(blockKey(cid))
    await this.#log.append({ kind: recordKind.unpin, meta: cid.bytes, durable: true, apply })
  }

  pins(): readonly Pin[] {
    const now = this.#nowS()
    return [...this.#pins.values()]
      .filter(({ expiresAtS }) => expiresAtS === 0 || expiresAtS > now)
      .map(({ cid, expiresAtS }) => ({ cid, expiresAtS }))
  }

  hold(): () => void {
    const held = { pack: this.#log.active }
    this.#holds.add(held)
    return () => {
      this.#holds.delete(held)
      this.#forgetTouched()
    }
  }

  #forgetTouched(): void {
    if (this.#holds.size === 0 && !this.#collecting) this.#touched.clear()
  }

  async collect(links: Links, options: BlockOptions = {}): Promise<CollectReport> {
    this.#log.check()
    if (this.#collecting) throw new StorageError('STORAGE_INVALID_ARGUMENT', 'A collection is already running')
    this.#collecting = true
    try {
      await this.flush()
      // What is written from here on lies in packs that this round does not touch.
      await this.#log.turn()
      const limit = Math.min(this.#log.active, ...[...this.#holds].map(({ pack }) => pack))
      return await collectBefore(this.#collected(), limit, links, options)
    } finally {
      this.#collecting = false
      this.#forgetTouched()
    }
  }

  #collected(): Collected {
    return {
      log: this.#log,
      index: this.#index,
      roots: () => this.pins().map(({ cid }) => cid),
      get: (cid, options) => this.get(cid, options),
      cidAt: (place) => this.#cidAt(place),
      touched: (cid) => this.#touched.has(blockKey(cid)),
      remove: (cid) => this.#remove(cid, false),
      moveBlock: (pack, meta, bytes) => this.#moveBlock(pack, meta, bytes),
      movePin: (pack, cid) => this.#movePin(pack, cid),
      pinned: (cid) => this.#pins.has(blockKey(cid)),
      liveBytes: (pack) => this.#live.get(pack) ?? 0,
    }
  }

  async #moveBlock(from: number, meta: Uint8Array, data: Uint8Array): Promise<void> {
    const cid = CID.decode(meta)
    const apply = (pack: number, offset: number) => {
      // Deleted, or written elsewhere, while it waited: the copy is dead where it lies.
      if (this.#index.get(cid.multihash.digest)?.pack === from)
        this.#enter(cid, placeOf(pack, offset, meta, data.length))
    }
    await this.#log.append({ kind: recordKind.block, meta, data, durable: false, apply })
  }

  async #movePin(from: number, cid: CID): Promise<boolean> {
    const pin = this.#pins.get(blockKey(cid))
    if (pin?.pack !== from) return false
    await this.pin(pin.cid, { expiresAtS: pin.expiresAtS })
    return true
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

  flush(): Promise<void> {
    return this.#log.flush()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      await this.#log.close()
    } finally {
      await this.#unlock()
    }
  }
}

/** The second until which a pin holds. */
function lastsUntil({ expiresAtS }: Pin): number {
  return expiresAtS === 0 ? Number.POSITIVE_INFINITY : expiresAtS
}

/** Where the data of a record at `offset` lies. */
function placeOf(pack: number, offset: number, meta: Uint8Array, length: number): Place {
  return { pack, offset: offset + HEADER_BYTES + meta.length, length, metaLength: meta.length }
}

function memoryFor(length: number, into: Uint8Array | undefined): Uint8Array {
  if (into !== undefined && into.length >= length) return into.subarray(0, length)
  // Not zeroed: a tenth of the cost of a cached read. The slow pool, so that a kept block keeps no other.
  const buffer = Buffer.allocUnsafeSlow(length)
  return new Uint8Array(buffer.buffer, buffer.byteOffset, length)
}
