/**
 * S3 over HTTP: buckets and objects with ranges, conditions, copies, multipart uploads, batch deletion and presigned URLs, signed with
 * Signature Version 4. A handler from `Request` to `Response`. Path style (`/bucket/key`).
 */
import { md5 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, fromHex, toHex } from '../content/bytes.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError } from '../errors.ts'
import { streamOf } from '../gateway/http.ts'
import { parseRange } from '../gateway/ranges.ts'
import { decodeBody, type IncrementalHash } from './body.ts'
import { Buckets, type ObjectRecord } from './buckets.ts'
import { type S3Code, S3Failure, s3Status } from './failure.ts'
import type { ObjectContent } from './object-content.ts'
import type { ObjectIndex } from './object-index.ts'
import { checkSignature, type SignatureCheck } from './sigv4.ts'
import { elementsOf, textOf, type XmlValue, xmlDocument } from './xml.ts'

/** Limits of the protocol. */
export const S3_LIMITS = {
  objectBytes: 5 * 1024 ** 4,
  parts: 10_000,
  keyBytes: 1024,
  listed: 1000,
  requestXmlBytes: 2 * 1024 * 1024,
  minPartBytes: 5 * 1024 * 1024,
} as const

/** What {@link createS3Gateway} needs. */
export interface S3GatewayOptions {
  readonly content: ObjectContent
  readonly index: ObjectIndex
  /** secret keys by access key */
  readonly credentials: ReadonlyMap<string, string>
  /** milliseconds since 1970 */
  readonly nowMs: () => number
  /** text of milliseconds since 1970 as ISO 8601 and as HTTP date: `Date` of the platform */
  readonly formatDate: (ms: number) => { iso: string; http: string }
  readonly crypto?: CryptoPort
  /** MD5 and SHA-256 as a stream; default noble, `node:crypto` is 10× faster */
  readonly createHash?: (name: 'md5' | 'sha256') => IncrementalHash
}

/** Headers of an object that are kept and given back. */
const KEPT = ['content-type', 'cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires']

/** Makes the handler. */
export function createS3Gateway(options: S3GatewayOptions): (request: Request) => Promise<Response> {
  const gateway = new Gateway(options)
  return (request) => gateway.answer(request)
}

interface Call {
  readonly request: Request
  readonly url: URL
  readonly query: URLSearchParams
  readonly bucket: string
  readonly key: string
  readonly auth: Extract<SignatureCheck, { status: 'valid' }>
}

class Gateway {
  readonly #options: S3GatewayOptions
  readonly #crypto: CryptoPort
  readonly #buckets: Buckets

  constructor(options: S3GatewayOptions) {
    this.#options = options
    this.#crypto = options.crypto ?? defaultCrypto()
    this.#buckets = new Buckets(options.index, options.content)
  }

  async answer(request: Request): Promise<Response> {
    const requestId = toHex(this.#crypto.randomBytes(8))
    try {
      const response = await this.#route(await this.#authenticate(request))
      response.headers.set('x-amz-request-id', requestId)
      return response
    } catch (error) {
      if (request.signal.aborted) throw error
      const code: S3Code = error instanceof S3Failure ? error.code : 'InternalError'
      const message =
        error instanceof S3Failure ? error.message : isStorageError(error) ? error.message : 'An internal error'
      const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${['Code', 'Message', 'RequestId'].map((name, i) => `<${name}>${[code, message.replace(/[<&>]/g, ' '), requestId][i]}</${name}>`).join('')}</Error>`
      const head = request.method === 'HEAD'
      return new Response(head ? null : body, {
        status: s3Status[code],
        headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
      })
    }
  }

  async #authenticate(request: Request): Promise<Call> {
    const url = new URL(request.url)
    const headers = new Headers(request.headers)
    if (!headers.has('host')) headers.set('host', url.host)
    const auth = await checkSignature(
      this.#crypto,
      { method: request.method, path: url.pathname, query: url.searchParams, headers },
      (accessKey) => this.#options.credentials.get(accessKey),
      this.#options.nowMs(),
    )
    if (auth.status === 'anonymous') throw new S3Failure('AccessDenied', 'Anonymous requests are not allowed')
    if (auth.status === 'invalid') throw new S3Failure(auth.reason, 'The request is not signed as it should')
    const [, bucket = '', ...rest] = url.pathname.split('/')
    let key: string
    try {
      key = decodeURIComponent(rest.join('/'))
    } catch {
      throw new S3Failure('InvalidArgument', 'The key is not percent-encoded UTF-8')
    }
    if (new TextEncoder().encode(key).length > S3_LIMITS.keyBytes)
      throw new S3Failure('KeyTooLongError', 'The key is too long')
    if (key.includes('\0')) throw new S3Failure('InvalidArgument', 'A key has no NUL')
    return { request, url, query: url.searchParams, bucket, key, auth }
  }

  async #route(call: Call): Promise<Response> {
    const { bucket, key, query } = call
    const { method } = call.request
    if (bucket === '') {
      if (method === 'GET') return this.#listBuckets()
      throw new S3Failure('MethodNotAllowed', 'Not here')
    }
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
      throw new S3Failure('InvalidBucketName', 'Bucket names have 3 … 63 small letters, digits, dots and hyphens')
    if (key === '') {
      if (method === 'POST' && query.has('delete')) return this.#deleteMany(call)
      if (method === 'GET' && query.has('location')) {
        await this.#buckets.need(bucket)
        return xml('LocationConstraint', '')
      }
      if (method === 'GET' && query.has('uploads')) return this.#listUploads(call)
      if (method === 'GET' && query.has('versioning')) return xml('VersioningConfiguration', {})
      for (const absent of [
        'acl',
        'policy',
        'lifecycle',
        'cors',
        'tagging',
        'versions',
        'encryption',
        'object-lock',
        'website',
        'logging',
        'notification',
        'replication',
      ]) {
        if (query.has(absent)) throw new S3Failure('NotImplemented', `${absent} is not supported`)
      }
      if (method === 'GET') return this.#list(call)
      if (method === 'PUT') {
        await this.#buckets.create(bucket, this.#options.nowMs())
        return new Response(null, { headers: { location: `/${bucket}` } })
      }
      if (method === 'HEAD') {
        await this.#buckets.need(bucket)
        return new Response(null)
      }
      if (method === 'DELETE') {
        await this.#buckets.remove(bucket)
        return new Response(null, { status: 204 })
      }
      throw new S3Failure('MethodNotAllowed', 'Not on a bucket')
    }
    for (const absent of ['acl', 'tagging', 'retention', 'legal-hold', 'torrent', 'select', 'restore']) {
      if (query.has(absent)) throw new S3Failure('NotImplemented', `${absent} is not supported`)
    }
    const upload = query.get('uploadId')
    if (method === 'POST' && query.has('uploads')) return this.#startUpload(call)
    if (method === 'POST' && upload !== null) return this.#completeUpload(call, upload)
    if (method === 'PUT' && upload !== null) return this.#putPart(call, upload)
    if (method === 'GET' && upload !== null) return this.#listParts(call, upload)
    if (method === 'DELETE' && upload !== null) {
      await this.#buckets.abort(bucket, key, upload)
      return new Response(null, { status: 204 })
    }
    if (method === 'PUT') return call.request.headers.has('x-amz-copy-source') ? this.#copy(call) : this.#put(call)
    if (method === 'GET' || method === 'HEAD') return this.#get(call)
    if (method === 'DELETE') {
      await this.#buckets.delete(bucket, key)
      return new Response(null, { status: 204 })
    }
    throw new S3Failure('MethodNotAllowed', 'Not on an object')
  }

  #hash(name: 'md5' | 'sha256'): IncrementalHash {
    return this.#options.createHash?.(name) ?? (name === 'md5' ? md5.create() : sha256.create())
  }

  #body(call: Call): AsyncGenerator<Uint8Array> {
    const body = call.request.body
    const stream: AsyncIterable<Uint8Array> = body === null ? empty() : bytesOf(body)
    return decodeBody(stream, call.auth.payload, call.auth.seed, this.#crypto, () => this.#hash('sha256'))
  }

  /** Stores a body; the record names it. The caller releases the hold when the record is written. */
  async #store(
    call: Call,
    source: AsyncIterable<Uint8Array>,
    headers: Record<string, string>,
  ): Promise<{ record: ObjectRecord; release: () => void }> {
    const release = this.#options.content.hold()
    try {
      const hash = this.#hash('md5')
      let size = 0
      const counted = async function* () {
        for await (const part of source) {
          size += part.length
          if (size > S3_LIMITS.objectBytes) throw new S3Failure('EntityTooLarge', 'The object is too large')
          hash.update(part)
          yield part
        }
      }
      const stored = await this.#options.content.put(counted(), call.request.signal)
      const digest = hash.digest()
      const expected = call.request.headers.get('content-md5')
      if (expected !== null && expected !== btoa(String.fromCharCode(...digest)))
        throw new S3Failure('BadDigest', 'The body does not have the given MD5')
      return {
        release,
        record: { parts: [stored], size, etag: toHex(digest), modifiedMs: this.#options.nowMs(), headers },
      }
    } catch (error) {
      release()
      throw error
    }
  }

  async #put(call: Call): Promise<Response> {
    await this.#buckets.need(call.bucket)
    if (call.request.headers.get('if-none-match') === '*') {
      const exists = await this.#buckets.get(call.bucket, call.key).then(
        () => true,
        () => false,
      )
      if (exists) throw new S3Failure('PreconditionFailed', 'The object exists')
    }
    const { record, release } = await this.#store(call, this.#body(call), keptHeaders(call.request.headers))
    try {
      await this.#buckets.put(call.bucket, call.key, record)
    } finally {
      release()
    }
    return new Response(null, { headers: { etag: `"${record.etag}"` } })
  }

  async #get(call: Call): Promise<Response> {
    const { request, query } = call
    const record = await this.#buckets.get(call.bucket, call.key)
    const etag = `"${record.etag}"`
    const headers: Record<string, string> = {
      'content-type': 'binary/octet-stream',
      ...record.headers,
      etag,
      'last-modified': this.#options.formatDate(record.modifiedMs).http,
      'accept-ranges': 'bytes',
    }
    for (const name of KEPT) {
      const wanted = query.get(`response-${name}`)
      if (wanted !== null) headers[name] = wanted
    }
    const match = request.headers.get('if-match')
    if (match !== null && match !== '*' && !match.includes(record.etag))
      throw new S3Failure('PreconditionFailed', 'The object has another tag')
    if (request.headers.get('if-none-match')?.includes(record.etag)) return new Response(null, { status: 304, headers })
    const range = parseRange(request.headers.get('range'), record.size)
    if (range === 'unsatisfiable') throw new S3Failure('InvalidRange', 'The range lies beyond the object')
    const { start, end } = range === 'none' ? { start: 0, end: record.size } : range
    headers['content-length'] = String(end - start)
    if (range !== 'none') headers['content-range'] = `bytes ${start}-${end - 1}/${record.size}`
    const body = request.method === 'HEAD' ? null : streamOf(this.#read(record, start, end, request.signal))
    return new Response(body, { status: range === 'none' ? 200 : 206, headers })
  }

  async *#read(record: ObjectRecord, start: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let at = 0
    for (const { ref, size } of record.parts) {
      const offset = Math.max(0, start - at)
      const length = Math.min(size, end - at) - offset
      if (length > 0) yield* this.#options.content.get(ref, { offset, length }, signal)
      at += size
    }
  }

  async #source(call: Call): Promise<ObjectRecord> {
    const header = decodeURIComponent(call.request.headers.get('x-amz-copy-source')!)
      .replace(/^\//, '')
      .replace(/\?versionId=.*$/, '')
    const slash = header.indexOf('/')
    if (slash < 1) throw new S3Failure('InvalidArgument', 'The copy source is bucket/key')
    return this.#buckets.get(header.slice(0, slash), header.slice(slash + 1))
  }

  async #copy(call: Call): Promise<Response> {
    const source = await this.#source(call)
    const replace = call.request.headers.get('x-amz-metadata-directive') === 'REPLACE'
    const record = {
      ...source,
      modifiedMs: this.#options.nowMs(),
      headers: replace ? keptHeaders(call.request.headers) : source.headers,
    }
    await this.#buckets.put(call.bucket, call.key, record)
    return xml('CopyObjectResult', {
      ETag: `"${record.etag}"`,
      LastModified: this.#options.formatDate(record.modifiedMs).iso,
    })
  }

  async #listBuckets(): Promise<Response> {
    const list: XmlValue[] = []
    for await (const { name, createdMs } of this.#buckets.buckets())
      list.push({ Name: name, CreationDate: this.#options.formatDate(createdMs).iso })
    return xml('ListAllMyBucketsResult', { Owner: { ID: 'zos', DisplayName: 'zos' }, Buckets: { Bucket: list } })
  }

  async #list({ bucket, query }: Call): Promise<Response> {
    const v2 = query.get('list-type') === '2'
    const prefix = query.get('prefix') ?? ''
    const delimiter = query.get('delimiter') ?? ''
    const maxText = query.get('max-keys')
    const max = Math.min(maxText === null ? S3_LIMITS.listed : Number(maxText), S3_LIMITS.listed)
    if (!(Number.isInteger(max) && max >= 0)) throw new S3Failure('InvalidArgument', 'max-keys is a number')
    const token = query.get('continuation-token')
    const after = v2
      ? token === null
        ? (query.get('start-after') ?? '')
        : decodeToken(token)
      : (query.get('marker') ?? '')
    const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text
    const page = await this.#buckets.list(bucket, { prefix, delimiter, after, max })
    const common = {
      Name: bucket,
      Prefix: encode(prefix),
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      MaxKeys: max,
      EncodingType: query.get('encoding-type') ?? undefined,
      IsTruncated: page.next !== undefined,
      Contents: page.objects.map(({ key, record }) => ({
        Key: encode(key),
        LastModified: this.#options.formatDate(record.modifiedMs).iso,
        ETag: `"${record.etag}"`,
        Size: record.size,
        StorageClass: 'STANDARD',
      })),
      CommonPrefixes: page.prefixes.map((text) => ({ Prefix: encode(text) })),
    }
    const paging = v2
      ? {
          KeyCount: page.objects.length + page.prefixes.length,
          ContinuationToken: token ?? undefined,
          StartAfter: query.get('start-after') ?? undefined,
          NextContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
        }
      : { Marker: encode(after), NextMarker: page.next === undefined ? undefined : encode(page.next) }
    return xml('ListBucketResult', { ...common, ...paging })
  }

  async #xmlBody(call: Call): Promise<string> {
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of this.#body(call)) {
      size += part.length
      if (size > S3_LIMITS.requestXmlBytes) throw new S3Failure('MalformedXML', 'The document is too large')
      parts.push(part)
    }
    return new TextDecoder().decode(concat([new Uint8Array(0), ...parts]))
  }

  async #deleteMany(call: Call): Promise<Response> {
    const document = await this.#xmlBody(call)
    const keys = elementsOf(document, 'Object').map((object) => textOf(object, 'Key'))
    if (keys.length === 0 || keys.length > 1000 || keys.includes(undefined))
      throw new S3Failure('MalformedXML', 'One to a thousand keys')
    for (const key of keys) await this.#buckets.delete(call.bucket, key!)
    const quiet = textOf(document, 'Quiet') === 'true'
    return xml('DeleteResult', { Deleted: quiet ? [] : keys.map((key) => ({ Key: key! })) })
  }

  async #startUpload(call: Call): Promise<Response> {
    const id = toHex(this.#crypto.randomBytes(16))
    await this.#buckets.startUpload(call.bucket, id, {
      key: call.key,
      startedMs: this.#options.nowMs(),
      headers: keptHeaders(call.request.headers),
    })
    return xml('InitiateMultipartUploadResult', { Bucket: call.bucket, Key: call.key, UploadId: id })
  }

  async #putPart(call: Call, upload: string): Promise<Response> {
    const number = Number(call.query.get('partNumber'))
    if (!Number.isInteger(number) || number < 1 || number > S3_LIMITS.parts)
      throw new S3Failure('InvalidArgument', `Parts have numbers 1 … ${S3_LIMITS.parts}`)
    await this.#buckets.upload(call.bucket, call.key, upload)
    const copied = call.request.headers.has('x-amz-copy-source')
    let source = this.#body(call)
    if (copied) {
      const from = await this.#source(call)
      const range = parseRange(call.request.headers.get('x-amz-copy-source-range'), from.size)
      if (range === 'unsatisfiable') throw new S3Failure('InvalidRange', 'The range lies beyond the source')
      source = this.#read(
        from,
        range === 'none' ? 0 : range.start,
        range === 'none' ? from.size : range.end,
        call.request.signal,
      )
    }
    const { record, release } = await this.#store(call, source, {})
    try {
      await this.#buckets.putPart(call.bucket, call.key, upload, number, record)
    } finally {
      release()
    }
    if (copied)
      return xml('CopyPartResult', {
        ETag: `"${record.etag}"`,
        LastModified: this.#options.formatDate(record.modifiedMs).iso,
      })
    return new Response(null, { headers: { etag: `"${record.etag}"` } })
  }

  async #completeUpload(call: Call, upload: string): Promise<Response> {
    const { bucket, key } = call
    const { headers } = await this.#buckets.upload(bucket, key, upload)
    const wanted = elementsOf(await this.#xmlBody(call), 'Part').map((part) => ({
      number: Number(textOf(part, 'PartNumber')),
      etag: textOf(part, 'ETag')?.replaceAll('"', ''),
    }))
    if (wanted.length === 0) throw new S3Failure('MalformedXML', 'The list of parts is empty')
    const have = new Map<number, ObjectRecord>()
    for await (const { part, record } of this.#buckets.parts(upload)) have.set(part, record)
    const parts: { ref: string; size: number }[] = []
    const digests: Uint8Array[] = []
    for (const [i, { number, etag }] of wanted.entries()) {
      const record = have.get(number)
      if (record === undefined || record.etag !== etag)
        throw new S3Failure('InvalidPart', `Part ${number} is not there, or has another tag`)
      if (i > 0 && wanted[i - 1]!.number >= number) throw new S3Failure('InvalidPartOrder', 'Parts ascend')
      if (i < wanted.length - 1 && record.size < S3_LIMITS.minPartBytes)
        throw new S3Failure('EntityTooSmall', 'Only the last part may have less than 5 MiB')
      parts.push(...record.parts)
      digests.push(fromHex(record.etag)!)
    }
    const hash = this.#hash('md5')
    hash.update(concat(digests))
    const etag = `${toHex(hash.digest())}-${wanted.length}`
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    await this.#buckets.put(
      bucket,
      key,
      { parts, size, etag, modifiedMs: this.#options.nowMs(), headers },
      await this.#buckets.endOfUpload(bucket, upload),
    )
    return xml('CompleteMultipartUploadResult', {
      Location: `/${bucket}/${key}`,
      Bucket: bucket,
      Key: key,
      ETag: `"${etag}"`,
    })
  }

  async #listParts({ bucket, key }: Call, upload: string): Promise<Response> {
    await this.#buckets.upload(bucket, key, upload)
    const list: XmlValue[] = []
    for await (const { part, record } of this.#buckets.parts(upload)) {
      list.push({
        PartNumber: part,
        LastModified: this.#options.formatDate(record.modifiedMs).iso,
        ETag: `"${record.etag}"`,
        Size: record.size,
      })
    }
    return xml('ListPartsResult', { Bucket: bucket, Key: key, UploadId: upload, IsTruncated: false, Part: list })
  }

  async #listUploads({ bucket }: Call): Promise<Response> {
    await this.#buckets.need(bucket)
    const list: XmlValue[] = []
    for await (const { id, record } of this.#buckets.uploads(bucket)) {
      list.push({ Key: record.key, UploadId: id, Initiated: this.#options.formatDate(record.startedMs).iso })
    }
    return xml('ListMultipartUploadsResult', { Bucket: bucket, IsTruncated: false, Upload: list })
  }
}

function keptHeaders(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (!KEPT.includes(name) && !name.startsWith('x-amz-meta-')) continue
    // aws-chunked is how the body came, not what it is
    const clean =
      name === 'content-encoding'
        ? value
            .split(',')
            .filter((part) => part.trim() !== 'aws-chunked')
            .join(',')
        : value
    if (clean !== '') kept[name] = clean
  }
  return kept
}

function xml(root: string, value: XmlValue): Response {
  return new Response(xmlDocument(root, value), { headers: { 'content-type': 'application/xml' } })
}

function encodeToken(key: string): string {
  return toHex(new TextEncoder().encode(key))
}

function decodeToken(token: string): string {
  const bytes = fromHex(token)
  if (bytes === undefined) throw new S3Failure('InvalidArgument', 'The continuation token is broken')
  return new TextDecoder().decode(bytes)
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
