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

/** Chunk sizes in bytes: 64 ≤ min < average < max ≤ 4 MiB. */
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
 *
 * With `borrow` a chunk is a view that holds until the next one is asked for, for who only looks at it: giving each chunk memory of its own takes
 * about half of the time. {@link importFile} keeps chunks, so it needs chunks of its own, the default.
 */
export function gearChunker(options: GearOptions = DEFAULT_GEAR, { borrow = false } = {}): Chunker {
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
    const give = (from: number, to: number) => (borrow ? bytes.subarray(from, to) : bytes.slice(from, to))
    let start = 0
    let filled = 0
    for await (const piece of source) {
      for (let from = 0; from < piece.length; ) {
        const take = Math.min(bytes.length - filled, piece.length - from)
        bytes.set(piece.subarray(from, from + take), filled)
        filled += take
        from += take
        // Looked at while they are near: bytes of the window that lie far back come slowly.
        for (let length = cut(start, filled, false); length > 0; length = cut(start, filled, false)) {
          yield give(start, start + length)
          start += length
        }
        if (bytes.length - start < max) {
          bytes.copyWithin(0, start, filled)
          filled -= start
          start = 0
        }
      }
    }
    while (start < filled) {
      const length = cut(start, filled, true)
      yield give(start, start + length)
      start += length
    }
  }
}

/** Largest chunks that the window holds: with two, what is left behind a chunk is moved to its front once in two or three. */
const WINDOW_CHUNKS = 2

/** Memory in which chunks are cut. */
export interface CutWindow {
  readonly bytes: Uint8Array
  /**
   * Length of the chunk that begins at `from`, when it ends before `to`; 0 when that depends on bytes to come, and then the next call goes on from where this one ended.
   * Nothing comes after the `last` bytes.
   */
  cut(from: number, to: number, last: boolean): number
}

/** The first place from `from` to `to` where the hash is at most `most`, or 0. The hash begins at `from`, or goes on from the last call. */
type Scan = (base: number, from: number, to: number, most: number, start: boolean) => number

/** Bytes that WebAssembly looks at together: four streams of 1 KiB. */
const BLOCK = 4096

/** A window of `capacity` bytes, inside a WebAssembly module or, where that is not to be had, cut by TypeScript; same cuts. */
export function createCutWindow({ min, average, max }: GearOptions, capacity: number, plain = false): CutWindow {
  const bits = Math.round(Math.log2(average))
  // One bit harder before the average, one easier after it, taken from the top where the hash has seen most bytes: that many zeros, so a largest hash.
  const strict = 2 ** (31 - bits) - 1
  const loose = 2 ** (33 - bits) - 1
  const { bytes, scan } = plain ? scalarScan(capacity) : (wasmScan(capacity) ?? scalarScan(capacity))
  /** bytes of the chunk that were looked at */
  let seen = 0
  return {
    bytes,
    cut(from, to, last) {
      const whole = last || to - from >= max
      let end = Math.min(to - from, max)
      const begin = Math.max(seen, min)
      if (!whole) end -= (end - begin) % BLOCK // the rest is looked at with what comes
      if (end > begin) {
        const middle = Math.max(begin, Math.min(end, average))
        let length = begin < middle ? scan(from, begin, middle, strict, seen === 0) : 0
        if (length === 0 && middle < end) length = scan(from, middle, end, loose, seen === 0 && begin === middle)
        seen = length > 0 ? 0 : end
        if (length > 0) return length
      }
      if (!whole) return 0
      seen = 0
      return end
    },
  }
}

function wasmScan(capacity: number): { bytes: Uint8Array; scan: Scan } | undefined {
  const module = loadWasm(gearWasm, 1)
  if (module === undefined) return undefined
  const { memory } = module
  const at = 4 * gearTable.length
  reserve(memory, at + capacity)
  new Uint32Array(memory.buffer, 0, gearTable.length).set(gearTable)
  const run = module.exports.scan as (...args: number[]) => number
  return {
    bytes: new Uint8Array(memory.buffer, at, capacity),
    scan: (base, from, to, most, start) => run(0, at + base, from, to, most, Number(start)) >>> 0,
  }
}

function scalarScan(capacity: number): { bytes: Uint8Array; scan: Scan } {
  const bytes = new Uint8Array(capacity)
  let hash = 0
  return {
    bytes,
    scan(base, from, to, most, start) {
      let h = start ? 0 : hash
      for (let i = from; i < to; i++) {
        h = ((h << 1) + gearTable[bytes[base + i]!]!) >>> 0
        if (h <= most) return i + 1
      }
      hash = h
      return 0
    },
  }
}

const gearTable = Uint32Array.from({ length: 256 }, (_, i) => {
  let z = (i + 1) * 0x9e37_79b9
  z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a_2d97)
  return (z ^ (z >>> 15)) >>> 0
})
