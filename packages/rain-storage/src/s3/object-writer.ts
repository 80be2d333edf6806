/** Bodies into objects and objects into bodies: what puts, copies and parts share. */
import { md5 } from '@noble/hashes/legacy.js'
import { concat, toHex } from '../content/bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { decodeBody, type IncrementalHash } from './body.ts'
import { type Call, S3_LIMITS, type S3GatewayOptions } from './call.ts'
import { announcedChecksum, base64, type Checksum, createChecksum } from './checksum.ts'
import { S3Failure } from './failure.ts'
import type { ObjectRecord } from './records.ts'

/** A stored body; `release` is called when the record is written. */
export interface Stored {
  readonly record: ObjectRecord
  readonly release: () => void
}

/** Stores and reads the bytes of objects. */
export class ObjectWriter {
  readonly #options: S3GatewayOptions
  readonly #crypto: CryptoPort

  constructor(options: S3GatewayOptions, crypto: CryptoPort) {
    this.#options = options
    this.#crypto = crypto
  }

  md5(): IncrementalHash {
    return this.#options.createHash?.('md5') ?? md5.create()
  }

  /** The body of a request, as its signature has it. */
  body(call: Call, onTrailer?: (name: string, value: string) => void): AsyncGenerator<Uint8Array> {
    const { body } = call.request
    const stream: AsyncIterable<Uint8Array> = body === null ? empty() : bytesOf(body)
    const sha256 = () => createChecksum('sha256', this.#options.createHash)
    return decodeBody(stream, call.auth.payload, call.auth.seed, this.#crypto, sha256, onTrailer)
  }

  /** The document in a body. @throws S3Failure `MalformedXML`, `BadDigest`, `InvalidDigest` */
  async document(call: Call): Promise<string> {
    const wanted = contentMd5(call.request.headers)
    const parts: Uint8Array[] = []
    const hash = this.md5()
    let size = 0
    for await (const part of this.body(call)) {
      size += part.length
      if (size > S3_LIMITS.requestXmlBytes) throw new S3Failure('MalformedXML', 'The document is too large')
      hash.update(part)
      parts.push(part)
    }
    if (wanted !== undefined && wanted !== base64(hash.digest()))
      throw new S3Failure('BadDigest', 'The body does not have the given MD5')
    return new TextDecoder().decode(concat([new Uint8Array(0), ...parts]))
  }

  /** Stores the body of a request. Its checksums are checked before the record names it. */
  store(call: Call, kept: Record<string, string>): Promise<Stored> {
    let trailer: { name: string; value: string } | undefined
    const body = this.body(call, (name, value) => {
      trailer ??= { name, value }
    })
    return this.checked(body, call.request.headers, kept, call.request.signal, () => trailer)
  }

  /** Stores a stream with the checksums that headers, or a trailer behind it, give. @throws S3Failure `BadDigest`, `InvalidDigest` */
  async checked(
    body: AsyncIterable<Uint8Array>,
    headers: Headers,
    kept: Record<string, string>,
    signal: AbortSignal,
    trailer?: () => { name: string; value: string } | undefined,
  ): Promise<Stored> {
    const given = announcedChecksum(headers)
    const md5Wanted = contentMd5(headers)
    const checksum = given && createChecksum(given.name, this.#options.createHash)
    const stored = await this.keep(body, kept, signal, checksum)
    try {
      if (md5Wanted !== undefined && md5Wanted !== base64(hexBytes(stored.record.etag)))
        throw new S3Failure('BadDigest', 'The body does not have the given MD5')
      if (checksum === undefined) return stored
      const behind = trailer?.()
      const wanted = behind?.name === `x-amz-checksum-${given!.name}` ? behind.value : given!.value
      const value = base64(checksum.digest())
      if (value !== wanted) throw new S3Failure('BadDigest', `The body does not have the given ${given!.name}`)
      const known: Checksum = { name: given!.name, value, type: 'FULL_OBJECT' }
      return { ...stored, record: { ...stored.record, checksum: known } }
    } catch (error) {
      stored.release()
      throw error
    }
  }

  /** Stores a stream. */
  async keep(
    source: AsyncIterable<Uint8Array>,
    headers: Record<string, string>,
    signal: AbortSignal,
    also?: IncrementalHash,
  ): Promise<Stored> {
    const release = this.#options.content.hold()
    try {
      const hash = this.md5()
      let size = 0
      const counted = async function* () {
        for await (const part of source) {
          size += part.length
          if (size > S3_LIMITS.objectBytes) throw new S3Failure('EntityTooLarge', 'The object is too large')
          hash.update(part)
          also?.update(part)
          yield part
        }
      }
      const stored = await this.#options.content.put(counted(), signal)
      const etag = toHex(hash.digest())
      return { release, record: { parts: [stored], size, etag, modifiedMs: this.#options.nowMs(), headers } }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Bytes `start` to `end` (exclusive) of an object. */
  async *read(record: ObjectRecord, start: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let at = 0
    for (const { ref, size } of record.parts) {
      const offset = Math.max(0, start - at)
      const length = Math.min(size, end - at) - offset
      if (length > 0) yield* this.#options.content.get(ref, { offset, length }, signal)
      at += size
    }
  }
}

/** `Content-MD5`. @throws S3Failure `InvalidDigest` for one that is not the base64 of 16 bytes */
function contentMd5(headers: Headers): string | undefined {
  const text = headers.get('content-md5')
  if (text === null) return undefined
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(text)) throw new S3Failure('InvalidDigest', 'Content-MD5 is not an MD5')
  return text
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

async function* empty(): AsyncGenerator<Uint8Array> {}

async function* bytesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    reader.releaseLock()
  }
}
