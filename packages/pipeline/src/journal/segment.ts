/**
 * The bytes of a segment.
 *
 *   segment = "ZOSJ" ‖ version 1 (u32) ‖ number of its first record (u64) ‖ crc (u32)           20 bytes
 *   record  = size (u32) ‖ crc (u32) ‖ payload
 *   mark    = size (u32) = 0xffffffff ‖ crc (u32) ‖ synced (u64)                                 16 bytes
 *
 * Integers little end first. A record's crc covers its number, size and payload, so a record out of place is no record. A mark
 * stands before each group and says how many records were durable when the group was written: with it, recovery tells a torn
 * tail (cut off, nothing acknowledged is lost) from damage to acknowledged records (an error, never silently dropped).
 */
import { crc32c } from './crc32c.ts'

export const SEGMENT_HEADER_BYTES = 20
export const RECORD_HEADER_BYTES = 8
const MARK_BYTES = 16
const MARK_SIZE = 0xffffffff
const MAGIC = 0x4a534f5a

/** One record at most: bounds what a damaged size can make a reader allocate. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024

export function encodeHeader(first: bigint): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, 1, true)
  view.setBigUint64(8, first, true)
  view.setUint32(16, crc32c(bytes, 0, 0, 16), true)
  return bytes
}

/** Bytes of a group of these payloads. */
export function groupBytes(payloads: readonly Uint8Array[]): number {
  let size = MARK_BYTES
  for (const payload of payloads) size += RECORD_HEADER_BYTES + payload.length
  return size
}

/** A mark and the records `first`, `first + 1`, …, ready to be appended. */
export function encodeGroup(payloads: readonly Uint8Array[], first: bigint, synced: bigint): Uint8Array {
  const out = new Uint8Array(groupBytes(payloads))
  const view = new DataView(out.buffer)
  view.setUint32(0, MARK_SIZE, true)
  view.setBigUint64(8, synced, true)
  view.setUint32(4, crc32c(out, 0, 8, 16), true)
  let at = MARK_BYTES
  let number = first
  for (const payload of payloads) {
    view.setUint32(at, payload.length, true)
    out.set(payload, at + RECORD_HEADER_BYTES)
    view.setUint32(at + 4, recordCrc(out, at, payload.length, number), true)
    at += RECORD_HEADER_BYTES + payload.length
    number++
  }
  return out
}

const PREFIX = new Uint8Array(12)
const PREFIX_VIEW = new DataView(PREFIX.buffer)

function recordCrc(bytes: Uint8Array, at: number, size: number, number: bigint): number {
  PREFIX_VIEW.setBigUint64(0, number, true)
  PREFIX_VIEW.setUint32(8, size, true)
  return crc32c(bytes, crc32c(PREFIX), at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + size)
}

export interface SegmentScan {
  /** Undefined: the header itself is damaged. */
  readonly first: bigint | undefined
  readonly payloads: Uint8Array[]
  /** Where the last whole record (or mark) ends. */
  readonly end: number
  /** The largest number of durable records that a whole mark reports, also one behind the damage. */
  readonly synced: bigint
}

/** Reads a segment up to its first flaw. Payloads are views. */
export function scanSegment(bytes: Uint8Array): SegmentScan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const payloads: Uint8Array[] = []
  if (
    bytes.length < SEGMENT_HEADER_BYTES ||
    view.getUint32(0, true) !== MAGIC ||
    view.getUint32(4, true) !== 1 ||
    view.getUint32(16, true) !== crc32c(bytes, 0, 0, 16)
  )
    return { first: undefined, payloads, end: 0, synced: lastMark(bytes, view, 0) }
  const first = view.getBigUint64(8, true)
  let at = SEGMENT_HEADER_BYTES
  let synced = 0n
  while (at + RECORD_HEADER_BYTES <= bytes.length) {
    const mark = markAt(bytes, view, at)
    if (mark !== undefined) {
      synced = mark
      at += MARK_BYTES
      continue
    }
    const size = view.getUint32(at, true)
    if (size > MAX_RECORD_BYTES || at + RECORD_HEADER_BYTES + size > bytes.length) break
    if (view.getUint32(at + 4, true) !== recordCrc(bytes, at, size, first + BigInt(payloads.length))) break
    payloads.push(bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + size))
    at += RECORD_HEADER_BYTES + size
  }
  const behind = lastMark(bytes, view, at)
  return { first, payloads, end: at, synced: behind > synced ? behind : synced }
}

function markAt(bytes: Uint8Array, view: DataView, at: number): bigint | undefined {
  if (at + MARK_BYTES > bytes.length || view.getUint32(at, true) !== MARK_SIZE) return undefined
  return view.getUint32(at + 4, true) === crc32c(bytes, 0, at + 8, at + 16)
    ? view.getBigUint64(at + 8, true)
    : undefined
}

function lastMark(bytes: Uint8Array, view: DataView, from: number): bigint {
  let synced = 0n
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const mark = markAt(bytes, view, at)
    if (mark !== undefined && mark > synced) synced = mark
  }
  return synced
}
