/** Request bodies: plain, checked against their SHA-256, or `aws-chunked` with or without a signature a chunk. */
import { concat, toHex } from '../content/bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { S3Failure } from './failure.ts'
import { type ChunkSeed, chunkSignature, sameText, UNSIGNED } from './sigv4.ts'

/** Largest chunk of a chunked body; SDKs send 64 KiB to 1 MiB. */
const MAX_CHUNK_BYTES = 16 * 1024 * 1024
/** Longest line between chunks. */
const MAX_LINE_BYTES = 4096

/** An incremental hash, e.g. of `node:crypto`. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

/**
 * The content of a body as a stream. The check of a whole-body hash comes at the end: a wrong one throws `XAmzContentSHA256Mismatch` before the object is named.
 * `onTrailer` is called for what follows a chunked body, before the stream ends.
 */
export function decodeBody(
  body: AsyncIterable<Uint8Array>,
  payload: string,
  seed: ChunkSeed | undefined,
  crypto: CryptoPort,
  sha256: () => IncrementalHash,
  onTrailer?: (name: string, value: string) => void,
): AsyncGenerator<Uint8Array> {
  if (payload.startsWith('STREAMING-'))
    return chunks(body, payload.startsWith('STREAMING-AWS4') ? seed : undefined, crypto, onTrailer)
  return plain(body, payload === UNSIGNED || payload === '' ? undefined : payload, sha256)
}

async function* plain(
  body: AsyncIterable<Uint8Array>,
  expected: string | undefined,
  sha256: () => IncrementalHash,
): AsyncGenerator<Uint8Array> {
  const hash = expected === undefined ? undefined : sha256()
  for await (const part of body) {
    hash?.update(part)
    yield part
  }
  if (hash !== undefined && toHex(hash.digest()) !== expected)
    throw new S3Failure('XAmzContentSHA256Mismatch', 'The body does not have the signed hash')
}

async function* chunks(
  body: AsyncIterable<Uint8Array>,
  seed: ChunkSeed | undefined,
  crypto: CryptoPort,
  onTrailer?: (name: string, value: string) => void,
): AsyncGenerator<Uint8Array> {
  const input = new LineReader(body)
  let previous = seed?.signature ?? ''
  for (;;) {
    const line = await input.line()
    const match = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
    if (match === null) throw new S3Failure('InvalidRequest', 'The chunked body is broken')
    const size = Number.parseInt(match[1]!, 16)
    if (size > MAX_CHUNK_BYTES) throw new S3Failure('EntityTooLarge', 'A chunk of the body is too large')
    const chunk = await input.exactly(size)
    if (seed !== undefined) {
      const expected = await chunkSignature(crypto, seed, previous, chunk)
      if (!sameText(expected, match[2] ?? ''))
        throw new S3Failure('SignatureDoesNotMatch', 'A chunk has a wrong signature')
      previous = expected
    }
    if (size === 0) {
      for (let trailer = await input.line(); trailer !== ''; trailer = await input.line()) {
        const colon = trailer.indexOf(':')
        if (colon > 0) onTrailer?.(trailer.slice(0, colon).trim().toLowerCase(), trailer.slice(colon + 1).trim())
      }
      return
    }
    yield chunk
    if ((await input.line()) !== '') throw new S3Failure('InvalidRequest', 'A chunk does not end where it says')
  }
}

class LineReader {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next()
    if (next.done) {
      this.#ended = true
      return false
    }
    this.#held = this.#held.length === 0 ? next.value : concat([this.#held, next.value])
    return true
  }

  /** Up to CR LF, which is taken off. The end of the body ends a line too. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf(13)
      if (end >= 0 && (end + 1 < this.#held.length || this.#ended)) {
        const text = new TextDecoder().decode(this.#held.subarray(0, end))
        this.#held = this.#held.subarray(end + 2)
        return text
      }
      if (this.#held.length > MAX_LINE_BYTES) throw new S3Failure('InvalidRequest', 'The chunked body is broken')
      if (!(await this.#more())) {
        const text = new TextDecoder().decode(this.#held)
        this.#held = new Uint8Array(0)
        return text
      }
    }
  }

  async exactly(length: number): Promise<Uint8Array> {
    // Put together once: a body may come byte by byte.
    const parts = [this.#held]
    for (let have = this.#held.length; have < length; have += this.#held.length) {
      this.#held = new Uint8Array(0)
      if (!(await this.#more())) throw new S3Failure('IncompleteBody', 'The body ends inside a chunk')
      parts.push(this.#held)
    }
    this.#held = concat(parts)
    const bytes = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    return bytes
  }
}
