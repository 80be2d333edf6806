/**
 * Cutting a byte stream into chunks: of one size (the CIDs of every IPFS tool), or where the content says so, so that an
 * insertion changes the chunks around it only.
 */

import { loadWasm } from '../erasure/wasm.ts'
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
    const cut = createCutter(options)
    let held = new Uint8Array(2 * max)
    let filled = 0
    for await (const piece of source) {
      for (let from = 0; from < piece.length; ) {
        const take = Math.min(held.length - filled, piece.length - from)
        held.set(piece.subarray(from, from + take), filled)
        filled += take
        from += take
        let start = 0
        while (filled - start >= max) {
          const end = start + cut(held.subarray(start, start + max))
          yield held.slice(start, end)
          start = end
        }
        held.copyWithin(0, start, filled)
        filled -= start
      }
    }
    held = held.subarray(0, filled)
    while (held.length > 0) {
      const end = cut(held)
      yield held.slice(0, end)
      held = held.subarray(end)
    }
  }
}

/** Length of the first chunk of `bytes`. */
type Cutter = (bytes: Uint8Array) => number

/** The cutter in WebAssembly, or in TypeScript where that is not to be had; same cuts. */
export function createCutter({ min, average, max }: GearOptions, plain = false): Cutter {
  const bits = Math.round(Math.log2(average))
  // One bit harder before the average, one easier after it, taken from the top where the hash has seen most bytes.
  const strict = topBits(bits + 1)
  const loose = topBits(bits - 1)
  const module = plain ? undefined : loadWasm(gearWasm, 1)
  if (module !== undefined) {
    const memory = module.memory
    const at = 1024
    if (memory.buffer.byteLength < at + max) memory.grow(Math.ceil((at + max - memory.buffer.byteLength) / 65_536))
    new Uint32Array(memory.buffer, 0, 256).set(gearTable)
    const target = new Uint8Array(memory.buffer)
    const run = module.exports.cut as (...args: number[]) => number
    return (bytes) => {
      target.set(bytes, at)
      return run(0, at, bytes.length, min, average, max, strict, loose) >>> 0
    }
  }
  return (bytes) => {
    if (bytes.length <= min) return bytes.length
    const end = Math.min(bytes.length, max)
    const middle = Math.min(end, average)
    let h = 0
    for (let i = min; i < end; i++) {
      h = ((h << 1) + gearTable[bytes[i]!]!) | 0
      if ((h & (i < middle ? strict : loose)) === 0) return i + 1
    }
    return end
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
