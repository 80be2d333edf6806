/// <reference types="node" />
/**
 * The record of a pack file. A pack is a sequence of records and nothing else:
 *
 * | offset | bytes | field |
 * | --- | --- | --- |
 * | 0 | 4 | magic `ZPK1` |
 * | 4 | 1 | kind: 1 block, 2 delete, 3 pin, 4 unpin |
 * | 5 | 1 | 0 |
 * | 6 | 2 | length of meta, little-endian |
 * | 8 | 4 | length of data, little-endian |
 * | 12 | 4 | CRC-32 of bytes 0…11 and meta |
 * | 16 | … | meta: the CID (pins: expiry in seconds as u64 before it) |
 * | … | … | data: the block |
 *
 * Data carries no checksum of its own: the CID in the meta is one.
 */
import { crc32 } from 'node:zlib'
import { CID } from 'multiformats/cid'
import { MAX_BLOCK_BYTES } from '../../content/cid.ts'

export const HEADER_BYTES = 16
/** A CID with a 64-byte digest has 68 bytes; 128-byte identity CIDs are never stored. */
export const MAX_META_BYTES = 256

const MAGIC = 0x314b505a // "ZPK1" little-endian

export const recordKind = { block: 1, delete: 2, pin: 3, unpin: 4 } as const
export type RecordKind = (typeof recordKind)[keyof typeof recordKind]

/** A record's header, checked. */
export interface RecordHead {
  readonly kind: RecordKind
  readonly meta: Uint8Array
  readonly dataLength: number
  /** header, meta and data together */
  readonly length: number
}

/** Header and meta of a record; the data follows. */
export function encodeHead(kind: RecordKind, meta: Uint8Array, dataLength: number): Uint8Array {
  const head = new Uint8Array(HEADER_BYTES + meta.length)
  const view = new DataView(head.buffer)
  view.setUint32(0, MAGIC, true)
  head[4] = kind
  view.setUint16(6, meta.length, true)
  view.setUint32(8, dataLength, true)
  head.set(meta, HEADER_BYTES)
  view.setUint32(12, crc32(meta, crc32(head.subarray(0, 12))), true)
  return head
}

/**
 * Reads the header at `offset`: the record, `'short'` when the bytes end inside header or meta (read more, or the end is
 * torn), `'bad'` when there is no valid record here.
 */
export function decodeHead(bytes: Uint8Array, offset: number): RecordHead | 'short' | 'bad' {
  if (bytes.length - offset < HEADER_BYTES) return 'short'
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset)
  const kind = bytes[offset + 4]!
  const metaLength = view.getUint16(6, true)
  const dataLength = view.getUint32(8, true)
  if (view.getUint32(0, true) !== MAGIC || kind < 1 || kind > 4) return 'bad'
  if (metaLength > MAX_META_BYTES || dataLength > MAX_BLOCK_BYTES) return 'bad'
  if (bytes.length - offset < HEADER_BYTES + metaLength) return 'short'
  const meta = bytes.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + metaLength)
  if (crc32(meta, crc32(bytes.subarray(offset, offset + 12))) !== view.getUint32(12, true)) return 'bad'
  return { kind: kind as RecordKind, meta, dataLength, length: HEADER_BYTES + metaLength + dataLength }
}

/** Meta of a pin: expiry in seconds since 1970 (0 = never), then the CID. */
export function encodePin(cid: CID, expiresAtS: number): Uint8Array {
  const meta = new Uint8Array(8 + cid.bytes.length)
  new DataView(meta.buffer).setBigUint64(0, BigInt(expiresAtS), true)
  meta.set(cid.bytes, 8)
  return meta
}

/** Reads the meta of a pin. */
export function decodePin(meta: Uint8Array): { cid: CID; expiresAtS: number } {
  const view = new DataView(meta.buffer, meta.byteOffset)
  return { expiresAtS: Number(view.getBigUint64(0, true)), cid: CID.decode(meta.slice(8)) }
}
