/// <reference types="node" />
/**
 * Reading a pack file back after a stop. Sealed packs have a side file with their headers; the last pack, and any without a good
 * side file, is scanned record by record and its blocks are hashed, so that a torn write never comes back as a block.
 */
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { CID } from 'multiformats/cid'
import { isBlockOf } from '../../content/cid.ts'
import type { CryptoPort } from '../../crypto/port.ts'
import { type FileSystem, syncFile } from '../file-system.ts'
import { decodeHead, HEADER_BYTES, MAX_META_BYTES, type RecordHead, recordKind } from './record.ts'

/** A record found in a pack. */
export interface FoundRecord {
  readonly kind: RecordHead['kind']
  readonly meta: Uint8Array
  readonly offset: number
  readonly length: number
}

/** What a scan found. */
export interface Scan {
  readonly records: FoundRecord[]
  /** end of the last whole record; the file is cut here when it is the last pack */
  readonly end: number
  /** byte ranges inside the pack that hold no valid record: bit rot, or a torn write before later records */
  readonly damaged: { offset: number; length: number }[]
}

/** Bytes read at a time. */
const WINDOW = 1024 * 1024
const SIDE_MAGIC = 0x3149505a // "ZPI1"

/**
 * Scans a pack. With `verify`, a block whose bytes do not have its hash counts as damage.
 * Cost: one sequential read of headers; with `verify` of everything.
 */
export async function scanPack(file: FileHandle, size: number, crypto: CryptoPort, verify: boolean): Promise<Scan> {
  const records: FoundRecord[] = []
  const damaged: { offset: number; length: number }[] = []
  let at = 0
  let end = 0
  let window: Uint8Array = new Uint8Array(0)
  let windowAt = 0
  const bytesAt = async (offset: number, length: number) => {
    if (offset < windowAt || offset + length > windowAt + window.length) {
      const buffer = new Uint8Array(Math.min(Math.max(WINDOW, length), Math.max(0, size - offset)))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
      window = buffer.subarray(0, bytesRead)
      windowAt = offset
    }
    return window.subarray(offset - windowAt, offset - windowAt + length)
  }
  while (at < size) {
    const head = decodeHead(await bytesAt(at, HEADER_BYTES + MAX_META_BYTES), 0)
    let good = typeof head === 'object' && at + head.length <= size
    if (good && verify && typeof head === 'object' && head.kind === recordKind.block) {
      const meta = head.meta.slice()
      good = await isWhole(crypto, meta, await bytesAt(at + head.length - head.dataLength, head.dataLength))
      if (good) {
        records.push({ kind: head.kind, meta, offset: at, length: head.length })
        at += head.length
        end = at
        continue
      }
    }
    if (good && typeof head === 'object') {
      records.push({ kind: head.kind, meta: head.meta.slice(), offset: at, length: head.length })
      at += head.length
      end = at
      continue
    }
    const next = await resync(bytesAt, at + 1, size)
    if (next === undefined) break
    damaged.push({ offset: at, length: next - at })
    at = next
  }
  return { records, end, damaged }
}

async function isWhole(crypto: CryptoPort, meta: Uint8Array, data: Uint8Array): Promise<boolean> {
  try {
    return await isBlockOf(crypto, CID.decode(meta), data)
  } catch {
    return false // the CID does not parse: the record is damaged
  }
}

/** Offset of the next valid header at or after `from`, or `undefined`. */
async function resync(
  bytesAt: (at: number, n: number) => Promise<Uint8Array>,
  from: number,
  size: number,
): Promise<number | undefined> {
  for (let at = from; at < size; ) {
    const bytes = await bytesAt(at, Math.min(WINDOW, size - at))
    if (bytes.length === 0) return undefined
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== 0x5a) continue
      const head = decodeHead(bytes, i)
      if (typeof head === 'object' && at + i + head.length <= size) return at + i
    }
    if (bytes.length < HEADER_BYTES + MAX_META_BYTES + 1) return undefined
    at += bytes.length - HEADER_BYTES - MAX_META_BYTES
  }
  return undefined
}

/** Writes the side file of a sealed pack: its headers, and a checksum. Written whole, then renamed. */
export async function writeSideFile(
  files: FileSystem,
  path: string,
  packSize: number,
  records: readonly FoundRecord[],
): Promise<void> {
  const parts: Buffer[] = []
  for (const { kind, meta, offset, length } of records) {
    const head = Buffer.alloc(16)
    head.writeUInt8(kind, 0)
    head.writeUInt16LE(meta.length, 2)
    head.writeUInt32LE(length, 4)
    head.writeDoubleLE(offset, 8)
    parts.push(head, Buffer.from(meta))
  }
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(20)
  head.writeUInt32LE(SIDE_MAGIC, 0)
  head.writeDoubleLE(packSize, 4)
  head.writeUInt32LE(records.length, 12)
  head.writeUInt32LE(crc32(body, crc32(head.subarray(0, 16))), 16)
  await files.writeFile(`${path}.new`, Buffer.concat([head, body]))
  await syncFile(`${path}.new`, files)
  await files.rename(`${path}.new`, path)
}

/** The records of a side file, or `undefined` when it is missing, damaged, or of a pack of another size. */
export async function readSideFile(
  files: FileSystem,
  path: string,
  packSize: number,
): Promise<FoundRecord[] | undefined> {
  const bytes = await files.readFile(path).catch(() => undefined)
  if (bytes === undefined || bytes.length < 20 || bytes.readUInt32LE(0) !== SIDE_MAGIC) return undefined
  if (bytes.readDoubleLE(4) !== packSize) return undefined
  if (crc32(bytes.subarray(20), crc32(bytes.subarray(0, 16))) !== bytes.readUInt32LE(16)) return undefined
  const records: FoundRecord[] = []
  let at = 20
  for (let i = bytes.readUInt32LE(12); i > 0; i--) {
    const metaLength = bytes.readUInt16LE(at + 2)
    records.push({
      kind: bytes.readUInt8(at) as FoundRecord['kind'],
      length: bytes.readUInt32LE(at + 4),
      offset: bytes.readDoubleLE(at + 8),
      meta: Uint8Array.prototype.slice.call(bytes, at + 16, at + 16 + metaLength),
    })
    at += 16 + metaLength
  }
  return records
}
