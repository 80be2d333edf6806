/// <reference types="node" />
/**
 * A log of records in append-only pack files, with group commit: what is appended while the disk works goes out with one write and at most
 * one fdatasync. After kill -9 at any point opening finds every record that was durable, and none that was half-written.
 */
import { constants, readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { CryptoPort } from '../../crypto/port.ts'
import { StorageError } from '../../errors.ts'
import { type FileSystem, syncFile } from '../file-system.ts'
import { encodeHead, type RecordKind } from './record.ts'
import { type FoundRecord, readSideFile, scanPack, writeSideFile } from './recovery.ts'

/** Bytes written with one call; bounds what a burst of appends holds back from the disk. */
const BATCH_BYTES = 16 * 1024 * 1024
/** Buffers that Linux takes in one call. */
const BUFFERS_A_WRITE = 1024

/** One file of the log. */
export interface Pack {
  /** from 1; a pack with a larger number holds later records */
  readonly id: number
  readonly path: string
  readonly file: FileHandle
  size: number
  /** of the pack that is written to; sealed ones have them in a side file */
  records: FoundRecord[] | undefined
}

/** Byte range of a pack in which no record is readable. */
export interface DamagedRange {
  readonly pack: string
  readonly offset: number
  readonly length: number
}

export interface PackLogOptions {
  readonly crypto: CryptoPort
  readonly files: FileSystem
  /** a pack is sealed at this size, in bytes */
  readonly packBytes: number
}

/** Appends one record; `apply` is told its place once it is written, in the order of the log. */
export interface Append {
  readonly kind: RecordKind
  readonly meta: Uint8Array
  readonly data?: Uint8Array
  /** the promise waits for the disk, too */
  readonly durable: boolean
  readonly apply?: (pack: number, offset: number) => void
}

interface Job extends Append {
  readonly done: (error?: unknown) => void
}

export class PackLog {
  /** Byte ranges that were unreadable at opening. */
  readonly damaged: DamagedRange[] = []
  readonly #folder: string
  readonly #crypto: CryptoPort
  readonly #files: FileSystem
  readonly #packBytes: number
  readonly #packs = new Map<number, Pack>()
  #active!: Pack
  #queue: Job[] = []
  #writing: Promise<void> | undefined
  /** Batches written, and those of them that are durable. */
  #written = 0
  #synced = 0
  #closed = false
  #failure: unknown

  private constructor(folder: string, { crypto, files, packBytes }: PackLogOptions) {
    this.#folder = folder
    this.#crypto = crypto
    this.#files = files
    this.#packBytes = packBytes
  }

  /** Opens the packs of `folder`, oldest first, and gives every record to `replay`. The last pack is read whole and its blocks are hashed. */
  static async open(
    folder: string,
    options: PackLogOptions,
    replay: (pack: number, record: FoundRecord) => void,
  ): Promise<PackLog> {
    const log = new PackLog(folder, options)
    try {
      await log.#recover(replay)
    } catch (error) {
      await log.#closeFiles()
      throw error
    }
    return log
  }

  /** Number of the pack that is written to. */
  get active(): number {
    return this.#active.id
  }

  /** Appends that wait for their batch. */
  get waiting(): number {
    return this.#queue.length
  }

  /** The packs there are now, oldest first. */
  packs(): readonly Pack[] {
    return [...this.#packs.values()]
  }

  /** @throws StorageError when the log is closed, or a write has failed: the end of the file is unknown then, and only opening again finds it */
  check(): void {
    if (this.#closed) throw new StorageError('STORAGE_CLOSED', 'The store is closed', { folder: this.#folder })
    if (this.#failure !== undefined) {
      throw new StorageError(
        'STORAGE_UNAVAILABLE',
        'A write failed; close and open the store again',
        { folder: this.#folder },
        { cause: this.#failure },
      )
    }
  }

  append(record: Append): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      this.#queue.push({ ...record, done })
      this.#writing ??= this.#drain()
    })
  }

  /**
   * Reads `into.length` bytes from `offset` of a pack; gives how many there were.
   * @param blocking on the calling thread
   */
  async read(pack: number, offset: number, into: Uint8Array, blocking = false): Promise<number> {
    const { file } = this.#packs.get(pack)!
    if (blocking) return readSync(file.fd, into, 0, into.length, offset)
    return (await file.read(into, 0, into.length, offset)).bytesRead
  }

  /** Whether `pack` is still there: compaction removes packs. */
  has(pack: number): boolean {
    return this.#packs.has(pack)
  }

  /** All records of a sealed pack. */
  async records(pack: Pack): Promise<readonly FoundRecord[]> {
    const found = await readSideFile(this.#files, `${pack.path}.idx`, pack.size)
    return found ?? (await scanPack(pack.file, pack.size, this.#crypto, false)).records
  }

  /** Waits until nothing is being written. */
  async settle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  /** Waits for everything appended, and for the disk. */
  async flush(): Promise<void> {
    await this.settle()
    if (this.#synced < this.#written && !this.#closed) await this.#sync()
  }

  /** Seals the pack that is written to, if it holds anything: what is appended from here on lies in later ones. */
  async turn(): Promise<void> {
    if (this.#active.size === 0) return
    await this.settle()
    const running = this.#seal()
    this.#writing = running.finally(() => {
      this.#writing = this.#queue.length > 0 ? this.#drain() : undefined
    })
    await running
  }

  /** Removes a sealed pack. */
  async remove(pack: Pack): Promise<void> {
    this.#packs.delete(pack.id)
    await pack.file.close()
    await this.#files.unlink(pack.path)
    await this.#files.unlink(`${pack.path}.idx`).catch(() => undefined)
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      this.#closed = true
      await this.#closeFiles()
    }
  }

  async #closeFiles(): Promise<void> {
    for (const pack of this.#packs.values()) await pack.file.close().catch(() => undefined)
  }

  async #recover(replay: (pack: number, record: FoundRecord) => void): Promise<void> {
    const ids = (await this.#files.readdir(this.#folder))
      .map((name) => /^pack-(\d+)\.log$/.exec(name)?.[1])
      .filter((id) => id !== undefined)
      .map(Number)
      .sort((a, b) => a - b)
    for (const id of ids) {
      const path = this.#path(id)
      const file = await this.#files.open(path, constants.O_RDWR)
      const { size } = await file.stat()
      const pack: Pack = { id, path, file, size, records: undefined }
      this.#packs.set(id, pack)
      const records = id === ids.at(-1) ? await this.#reopen(pack) : await this.#readSealed(pack)
      for (const record of records) replay(id, record)
    }
    if (this.#active === undefined) await this.#startPack(1)
  }

  /** The last pack: a torn end is cut off, and writing goes on behind it. */
  async #reopen(pack: Pack): Promise<readonly FoundRecord[]> {
    const { records, end, damaged } = await scanPack(pack.file, pack.size, this.#crypto, true)
    for (const range of damaged) this.#report(pack, range)
    if (end < pack.size) {
      await pack.file.truncate(end)
      await pack.file.sync()
      pack.size = end
    }
    pack.records = records
    this.#active = pack
    return records
  }

  async #readSealed(pack: Pack): Promise<readonly FoundRecord[]> {
    const found = await readSideFile(this.#files, `${pack.path}.idx`, pack.size)
    if (found !== undefined) return found
    const { records, end, damaged } = await scanPack(pack.file, pack.size, this.#crypto, true)
    for (const range of damaged) this.#report(pack, range)
    if (end < pack.size) this.#report(pack, { offset: end, length: pack.size - end })
    await writeSideFile(this.#files, `${pack.path}.idx`, pack.size, records)
    return records
  }

  #report({ id }: Pack, range: { offset: number; length: number }): void {
    this.damaged.push({ pack: `pack-${id}.log`, ...range })
  }

  #path(id: number): string {
    return join(this.#folder, `pack-${String(id).padStart(6, '0')}.log`)
  }

  async #startPack(id: number): Promise<void> {
    const path = this.#path(id)
    const file = await this.#files.open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL)
    await syncFile(this.#folder, this.#files)
    this.#active = { id, path, file, size: 0, records: [] }
    this.#packs.set(id, this.#active)
  }

  async #seal(): Promise<void> {
    const { file, path, size, records, id } = this.#active
    await file.datasync()
    await writeSideFile(this.#files, `${path}.idx`, size, records!)
    this.#active.records = undefined
    await this.#startPack(id + 1)
  }

  async #drain(): Promise<void> {
    await undefined
    while (this.#queue.length > 0) {
      let bytes = 0
      let count = 0
      while (count < this.#queue.length && bytes < BATCH_BYTES) bytes += this.#queue[count++]!.data?.length ?? 0
      const batch = this.#queue.splice(0, count)
      try {
        if (this.#failure !== undefined) throw this.#failure
        await this.#write(batch)
        for (const job of batch) job.done()
      } catch (error) {
        this.#failure ??= error
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
      const head = encodeHead(kind, meta, data?.length ?? 0)
      parts.push(head)
      if (data !== undefined && data.length > 0) parts.push(data)
      const length = head.length + (data?.length ?? 0)
      places.push({ kind, meta, offset: end, length })
      end += length
    }
    await writeAll(pack.file, parts, pack.size)
    pack.size = end
    this.#written++
    if (batch.some(({ durable }) => durable)) await this.#sync()
    pack.records!.push(...places)
    batch.forEach(({ apply }, i) => {
      apply?.(pack.id, places[i]!.offset)
    })
  }

  async #sync(): Promise<void> {
    // Only what was written before counts: more may be written while the disk works.
    const written = this.#written
    await this.#active.file.datasync()
    this.#synced = Math.max(this.#synced, written)
  }
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[], at: number): Promise<void> {
  let end = at
  for (let i = 0; i < parts.length; i += BUFFERS_A_WRITE) {
    const some = parts.slice(i, i + BUFFERS_A_WRITE)
    const { bytesWritten } = await file.writev(some, end)
    const expected = some.reduce((sum, part) => sum + part.length, 0)
    if (bytesWritten !== expected) {
      const detail = { bytesWritten, expected }
      throw new StorageError('STORAGE_UNAVAILABLE', 'The disk took only a part of a write', detail)
    }
    end += bytesWritten
  }
}
