/**
 * Cutting a byte stream into chunks: of one size (the CIDs of every IPFS tool), or where the content says so, so that an
 * insertion changes the chunks around it only.
 */

import { loadWasm, reserve } from '../erasure/wasm.ts'
import { StorageError } from '../errors.ts'
import { gearWasm } from './generated/gear.ts'

/** Anything that yields bytes. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Cuts a stream; the chunks joined are the stream. */
export type Chunker = (source: ByteSource) => AsyncIterable<Uint8Array>

/** Chunks of `size` bytes, the last may be shorter. An empty stream gives no chunk. Cost: one copy where pieces do not fit. */
export function fixedChunker(size: number): Chunker {
  if (!Number.isInteger(size) || size < 1)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'A chunk has at least one byte', { size })
  return async function* (source) {
    let held: Uint8Array | undefined
    let filled = 0
    for await (const piece of source) {
      let from = 0
      while (from < piece.length) {
        if (held === undefined && piece.length - from >= size) {
          yield piece.slice(from, from + size) // a copy: the caller may reuse its buffer
          from += size
          continue
        }
        held ??= new Uint8Array(size)
        const take = Math.min(size - filled, piece.length - from)
        held.set(piece.subarray(from, from + take), filled)
        filled += take
        from += take
        if (filled === size) {
          yield held
          held = undefined
          filled = 0
        }
      }
    }
    if (held !== undefined && filled > 0) yield held.subarray(0, filled)
  }
}

/** Sizes of content-defined chunks in bytes. */
export interface GearOptions {
  readonly min: number
  readonly average: number
  readonly max: number
}

/** 128 KiB … 512 KiB, about 256 KiB in the mean. */
export const DEFAULT_GEAR: GearOptions = { min: 128 * 1024, average: 256 * 1024, max: 512 * 1024 }

/**
 * Content-defined chunks by FastCDC with normalised chunking (Xia et al., USENIX ATC 2016). The gear table is SplitMix32 of 0…255, so that every
 * installation cuts alike.
 */
export function gearChunker(options: GearOptions = DEFAULT_GEAR): Chunker {
  const { min, average, max } = options
  if (!(64 <= min && min < average && average < max && max <= 4 * 1024 * 1024)) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'Content-defined chunks need 64 ≤ min < average < max ≤ 4 MiB', {
      min,
      average,
      max,
    })
  }
  return async function* (source) {
    const { bytes, cut } = createCutWindow(options, WINDOW_CHUNKS * max)
    let start = 0
    let filled = 0
    for await (const piece of source) {
      for (let from = 0; from < piece.length; ) {
        if (filled === bytes.length) {
          bytes.copyWithin(0, start, filled)
          filled -= start
          start = 0
        }
        const take = Math.min(bytes.length - filled, piece.length - from)
        bytes.set(piece.subarray(from, from + take), filled)
        filled += take
        from += take
        while (filled - start >= max) {
          const end = start + cut(start, start + max)
          yield bytes.slice(start, end)
          start = end
        }
      }
    }
    while (start < filled) {
      const end = start + cut(start, filled)
      yield bytes.slice(start, end)
      start = end
    }
  }
}

/** Largest chunks that the window holds: what is left of one is moved to its front once in three. */
const WINDOW_CHUNKS = 4

/** Memory in which chunks are cut. */
export interface CutWindow {
  readonly bytes: Uint8Array
  /** Length of the first chunk of `bytes` from `from` to `to`. */
  cut(from: number, to: number): number
}

/** A window of `capacity` bytes, inside a WebAssembly module or, where that is not to be had, cut by TypeScript; same cuts. */
export function createCutWindow({ min, average, max }: GearOptions, capacity: number, plain = false): CutWindow {
  const bits = Math.round(Math.log2(average))
  // One bit harder before the average, one easier after it, taken from the top where the hash has seen most bytes.
  const strict = topBits(bits + 1)
  const loose = topBits(bits - 1)
  const module = plain ? undefined : loadWasm(gearWasm, 1)
  if (module !== undefined) {
    const { memory } = module
    const at = 4 * gearTable.length
    reserve(memory, at + capacity)
    new Uint32Array(memory.buffer, 0, gearTable.length).set(gearTable)
    const run = module.exports.cut as (...args: number[]) => number
    return {
      bytes: new Uint8Array(memory.buffer, at, capacity),
      cut: (from, to) => run(0, at + from, to - from, min, average, max, strict, loose) >>> 0,
    }
  }
  const bytes = new Uint8Array(capacity)
  return {
    bytes,
    cut(from, to) {
      if (to - from <= min) return to - from
      const end = Math.min(to - from, max)
      const middle = Math.min(end, average)
      let h = 0
      for (let i = min; i < end; i++) {
        h = ((h << 1) + gearTable[bytes[from + i]!]!) | 0
        if ((h & (i < middle ? strict : loose)) === 0) return i + 1
      }
      return end
    },
  }
}

function topBits(count: number): number {
  return (0xffff_ffff << (32 - count)) | 0
}

const gearTable = Uint32Array.from({ length: 256 }, (_, i) => {
  let z = (i + 1) * 0x9e37_79b9
  z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a_2d97)
  return (z ^ (z >>> 15)) >>> 0
})
