/**
 * Content-addressable archives: writing CARv1, reading CARv1 and CARv2 as a stream, every block verified, within limits.
 * Source: ipld.io/specs/transport/car.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { concat, decodeVarint, encodeVarint } from './bytes.ts'
import type { ByteSource } from './chunker.ts'
import { MAX_BLOCK_BYTES, verifyBlock } from './cid.ts'

/** Longest header: some thousand roots. */
export const MAX_CAR_HEADER_BYTES = 128 * 1024
/** Longest CID before a block. */
const MAX_CID_BYTES = 256
const V2_HEADER_BYTES = 40

/** A block in an archive. */
export interface CarBlock {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** The header section of a CARv1. */
export function encodeCarHeader(roots: readonly CID[]): Uint8Array {
  const header = dagCbor.encode({ version: 1, roots: [...roots] })
  return concat([encodeVarint(header.length), header])
}

/** The section of one block: length, CID, bytes. */
export function encodeCarBlock({ cid, bytes }: CarBlock): Uint8Array {
  return concat([encodeVarint(cid.bytes.length + bytes.length), cid.bytes, bytes])
}

/** A CARv1 as a stream of sections. */
export async function* writeCar(
  roots: readonly CID[],
  blocks: AsyncIterable<CarBlock> | Iterable<CarBlock>,
): AsyncGenerator<Uint8Array> {
  yield encodeCarHeader(roots)
  for await (const block of blocks) yield encodeCarBlock(block)
}

/** An archive being read. */
export interface CarReader {
  readonly version: 1 | 2
  readonly roots: readonly CID[]
  /** The blocks, verified, in order; once. */
  readonly blocks: AsyncIterable<CarBlock>
}

/**
 * Reads an archive. Memory: one section. Blocks are hashed before they are given out.
 * @throws StorageError `STORAGE_MALFORMED` for a broken archive, `STORAGE_LIMIT` for a section above {@link MAX_BLOCK_BYTES}, `STORAGE_CORRUPT` for
 *   a block that is not what its CID says
 */
export async function readCar(
  source: ByteSource,
  options: { crypto?: CryptoPort; signal?: AbortSignal } = {},
): Promise<CarReader> {
  const crypto = options.crypto ?? defaultCrypto()
  const input = new SectionReader(source, options.signal)
  let header = decodeHeader(await input.section(MAX_CAR_HEADER_BYTES))
  let version: 1 | 2 = 1
  let left = Number.POSITIVE_INFINITY
  if (header.version === 2) {
    version = 2
    const fixed = await input.exactly(V2_HEADER_BYTES)
    const view = new DataView(fixed.buffer, fixed.byteOffset)
    const dataOffset = Number(view.getBigUint64(16, true))
    const dataSize = Number(view.getBigUint64(24, true))
    if (dataOffset < input.position || dataOffset > 2 ** 40)
      throw malformed('the CARv2 data offset lies inside the header')
    await input.skip(dataOffset - input.position)
    left = input.position + dataSize
    header = decodeHeader(await input.section(MAX_CAR_HEADER_BYTES))
    if (header.version !== 1) throw malformed('a CARv2 holds a CARv1')
  }
  const { roots } = header
  async function* blocks(): AsyncGenerator<CarBlock> {
    while (input.position < left) {
      const section = await input.section(MAX_BLOCK_BYTES + MAX_CID_BYTES, true)
      if (section === undefined) return
      if (section.length === 0) continue // zero-length padding, as some writers leave
      const { cid, bytes } = splitSection(section)
      yield { cid, bytes: await verifyBlock(crypto, cid, bytes) }
    }
  }
  return { version, roots, blocks: blocks() }
}

function decodeHeader(bytes: Uint8Array): { version: number; roots: CID[] } {
  let header: unknown
  try {
    header = dagCbor.decode(bytes)
  } catch (cause) {
    throw new StorageError('STORAGE_MALFORMED', 'Broken archive: the header is not DAG-CBOR', {}, { cause })
  }
  const { version, roots } = (header ?? {}) as { version?: unknown; roots?: unknown }
  if (version === 2) return { version, roots: [] }
  if (version !== 1 || !Array.isArray(roots) || roots.some((root) => CID.asCID(root) === null)) {
    throw malformed('the header has no version 1 and roots')
  }
  return { version, roots: roots as CID[] }
}

function splitSection(section: Uint8Array): CarBlock {
  try {
    const [cid, bytes] = CID.decodeFirst(section)
    return { cid, bytes }
  } catch (cause) {
    throw new StorageError('STORAGE_MALFORMED', 'Broken archive: a section does not start with a CID', {}, { cause })
  }
}

/** Cuts a stream into length-prefixed sections. */
class SectionReader {
  position = 0
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  readonly #signal: AbortSignal | undefined
  #held: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    this.#signal = signal
  }

  async #more(): Promise<boolean> {
    this.#signal?.throwIfAborted()
    const next = await this.#source.next()
    if (next.done) return false
    this.#held = this.#at === this.#held.length ? next.value : concat([this.#held.subarray(this.#at), next.value])
    this.#at = 0
    return true
  }

  async exactly(length: number): Promise<Uint8Array> {
    if (this.#held.length - this.#at < length) {
      const parts: Uint8Array[] = [this.#held.subarray(this.#at)]
      let have = parts[0]!.length
      this.#held = new Uint8Array(0)
      this.#at = 0
      while (have < length) {
        this.#held = new Uint8Array(0)
        if (!(await this.#more())) throw malformed('it ends inside a section')
        parts.push(this.#held)
        have += this.#held.length
      }
      this.#held = concat(parts)
    }
    const bytes = this.#held.subarray(this.#at, this.#at + length)
    this.#at += length
    this.position += length
    return bytes
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const part = Math.min(left, 65_536)
      await this.exactly(part)
      left -= part
    }
  }

  section(limit: number): Promise<Uint8Array>
  section(limit: number, orEnd: true): Promise<Uint8Array | undefined>
  async section(limit: number, orEnd = false): Promise<Uint8Array | undefined> {
    let length = decodeVarint(this.#held, this.#at)
    while (length === undefined) {
      const empty = this.#at === this.#held.length
      if (!(await this.#more())) {
        if (empty && orEnd) return undefined
        throw malformed('it ends inside a length')
      }
      length = decodeVarint(this.#held, this.#at)
    }
    if (length.value > limit)
      throw new StorageError('STORAGE_LIMIT', `A section of ${length.value} bytes is above ${limit}`, {
        length: length.value,
        limit,
      })
    this.#at += length.length
    this.position += length.length
    return this.exactly(length.value)
  }
}

function malformed(what: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `Broken archive: ${what}`)
}
