/**
 * Segments: a stream cut into pieces of one size, each erasure-coded by itself, so that memory stays bounded and a segment
 * can be read or rebuilt alone.
 */
import { StorageError } from '../errors.ts'
import type { Construction, ErasureCode } from './code.ts'
import { BLOCK_BYTES } from './xor-program.ts'

/** Largest segment: bounds what one put, get or repair holds in memory (n/k times this). */
export const MAX_SEGMENT_BYTES = 64 * 1024 * 1024

/** Shards are a multiple of this, so that the kernel has no tail. */
export const SHARD_ALIGN: Record<Construction, number> = { transform: BLOCK_BYTES, cauchy: 32 }

/** One encoded segment. */
export interface EncodedSegment {
  readonly index: number
  /** bytes of data before padding */
  readonly length: number
  /** n shards of one length; the first k hold the data */
  readonly shards: Uint8Array[]
}

/** Bytes of a shard of a segment of `length` bytes. */
export function shardLength(length: number, dataShards: number, construction: Construction = 'transform'): number {
  const align = SHARD_ALIGN[construction]
  return Math.max(1, Math.ceil(length / dataShards / align)) * align
}

/** Memory for shards that one call after another uses: what a call gave is overwritten by the next. */
export interface SegmentMemory {
  bytes: Uint8Array
}

/**
 * Cuts `data` into k shards, zero-padded, and adds n − k parity shards. Whole data shards are views of `data`: it must not change while they are used.
 * @param memory where the other shards are made; default: new memory, which costs about half as much as coding
 */
export function encodeSegment(code: ErasureCode, data: Uint8Array, index = 0, memory?: SegmentMemory): EncodedSegment {
  if (data.length > MAX_SEGMENT_BYTES) {
    throw new StorageError('STORAGE_LIMIT', `A segment has at most ${MAX_SEGMENT_BYTES} bytes`, { length: data.length })
  }
  const size = shardLength(data.length, code.dataShards, code.construction)
  // New memory costs more than coding: no copy of what is there.
  const whole = Math.floor(data.length / size)
  const rest = restOf(size * (code.totalShards - whole), memory)
  const tail = data.subarray(whole * size)
  rest.set(tail)
  rest.fill(0, tail.length, size * (code.dataShards - whole))
  const shards = Array.from({ length: code.totalShards }, (_, i) =>
    i < whole ? data.subarray(i * size, (i + 1) * size) : rest.subarray((i - whole) * size, (i - whole + 1) * size),
  )
  code.encode(shards.slice(0, code.dataShards), shards.slice(code.dataShards))
  return { index, length: data.length, shards }
}

function restOf(length: number, memory: SegmentMemory | undefined): Uint8Array {
  if (memory === undefined) return new Uint8Array(length)
  if (memory.bytes.length < length) memory.bytes = new Uint8Array(length)
  return memory.bytes.subarray(0, length)
}

/**
 * The data of a segment from any k of its shards (lost ones `undefined`).
 * @throws StorageError `STORAGE_TOO_FEW_SHARDS`, or `STORAGE_INVALID_ARGUMENT` when the length does not fit the shards
 */
export function decodeSegment(
  code: ErasureCode,
  shards: readonly (Uint8Array | undefined)[],
  length: number,
): Uint8Array {
  const size = shardLength(length, code.dataShards, code.construction)
  const data = new Uint8Array(size * code.dataShards)
  const wanted = Array.from({ length: code.dataShards }, (_, i) => i)
  const place = (index: number) => data.subarray(index * size, (index + 1) * size)
  for (const [index, bytes] of code.reconstruct(shards, wanted, place)) {
    if (bytes.length !== size) {
      throw new StorageError(
        'STORAGE_INVALID_ARGUMENT',
        `Shards of ${bytes.length} bytes cannot hold a segment of ${length}`,
        { length, size },
      )
    }
    if (shards[index] !== undefined) place(index).set(bytes)
  }
  return data.subarray(0, length)
}

/**
 * Encodes a stream segment by segment; holds one segment and its shards. An empty source gives no segment.
 * @param segmentBytes data bytes of a segment, at most {@link MAX_SEGMENT_BYTES}
 */
export async function* encodeStream(
  code: ErasureCode,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  segmentBytes: number,
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<EncodedSegment> {
  if (!Number.isInteger(segmentBytes) || segmentBytes < 1 || segmentBytes > MAX_SEGMENT_BYTES) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `A segment has 1…${MAX_SEGMENT_BYTES} bytes`, { segmentBytes })
  }
  let held = new Uint8Array(segmentBytes)
  let filled = 0
  let index = 0
  for await (const piece of source) {
    options.signal?.throwIfAborted()
    let from = 0
    while (from < piece.length) {
      const take = Math.min(segmentBytes - filled, piece.length - from)
      held.set(piece.subarray(from, from + take), filled)
      filled += take
      from += take
      if (filled === segmentBytes) {
        yield encodeSegment(code, held, index++)
        held = new Uint8Array(segmentBytes)
        filled = 0
      }
    }
  }
  if (filled > 0) yield encodeSegment(code, held.subarray(0, filled), index)
}
