/**
 * S3 over HTTP: buckets and objects with ranges, conditions, copies, multipart uploads, batch deletion and presigned URLs, signed with
 * Signature Version 4. A handler from `Request` to `Response`. Path style (`/bucket/key`).
 */
import { toHex } from '../content/bytes.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError } from '../errors.ts'
import { streamOf } from '../gateway/http.ts'
import { parseRange } from '../gateway/ranges.ts'
import { Buckets, type ObjectRecord } from './buckets.ts'
import {
  type Call,
  KEPT,
  keptHeaders,
  OWNER,
  partNumberOf,
  refuseGrants,
  refuseUnsupported,
  S3_LIMITS,
  type S3GatewayOptions,
  xml,
  xmlAnswer,
} from './call.ts'
import { checksumElements, checksumHeaders } from './checksum.ts'
import { checkRead, checkWrite } from './conditions.ts'
import { corsDocument, corsHeaders, parseCors } from './cors.ts'
import { type S3Code, S3Failure, s3Status } from './failure.ts'
import { Listings } from './listings.ts'
import { Multipart } from './multipart.ts'
import { ObjectWriter } from './object-writer.ts'
import { checkSignature } from './sigv4.ts'
import { elementsOf, escapeXml, textOf, type XmlValue, xmlDocument } from './xml.ts'

export { S3_LIMITS, type S3GatewayOptions } from './call.ts'

/** Makes the handler. */
export function createS3Gateway(options: S3GatewayOptions): (request: Request) => Promise<Response> {
  const gateway = new Gateway(options)
  return (request) => gateway.answer(request)
}

/** What a bucket does not have, and the code that says so to who asks for it. Setting it is refused. */
const ABSENT_OF_BUCKET: Readonly<Record<string, S3Code | undefined>> = {
  accelerate: undefined,
  analytics: undefined,
  encryption: 'ServerSideEncryptionConfigurationNotFoundError',
  'intelligent-tiering': undefined,
  inventory: undefined,
  lifecycle: 'NoSuchLifecycleConfiguration',
  logging: undefined,
  metrics: undefined,
  notification: undefined,
  'object-lock': 'ObjectLockConfigurationNotFoundError',
  ownershipControls: undefined,
  policy: 'NoSuchBucketPolicy',
  publicAccessBlock: 'NoSuchPublicAccessBlockConfiguration',
  replication: 'ReplicationConfigurationNotFoundError',
  requestPayment: undefined,
  tagging: 'NoSuchTagSet',
  website: 'NoSuchWebsiteConfiguration',
}

const ABSENT_OF_OBJECT = ['append', 'tagging', 'retention', 'legal-hold', 'torrent', 'select', 'restore']

class Gateway {
  readonly #options: S3GatewayOptions
  readonly #crypto: CryptoPort
  readonly #buckets: Buckets
  readonly #writer: ObjectWriter
  readonly #listings: Listings
  readonly #uploads: Multipart

  constructor(options: S3GatewayOptions) {
    this.#options = options
    this.#crypto = options.crypto ?? defaultCrypto()
    this.#buckets = new Buckets(options.index, options.content)
    this.#writer = new ObjectWriter(options, this.#crypto, this.#buckets)
    this.#listings = new Listings(this.#buckets, options)
    this.#uploads = new Multipart(options, this.#buckets, this.#writer, () => toHex(this.#crypto.randomBytes(16)))
  }

  async answer(request: Request): Promise<Response> {
    const requestId = toHex(this.#crypto.randomBytes(8))
    let response: Response
    try {
      response =
        request.method === 'OPTIONS'
          ? await this.#preflight(request)
          : await this.#route(await this.#authenticate(request))
    } catch (error) {
      if (request.signal.aborted) throw error
      response = failed(error, request.method === 'HEAD', requestId)
    }
    response.headers.set('x-amz-request-id', requestId)
    const origin = request.headers.get('origin')
    if (origin !== null && request.method !== 'OPTIONS') await this.#allow(request, origin, response.headers)
    return response
  }

  /** Headers for the page of another origin that asks. */
  async #allow(request: Request, origin: string, headers: Headers): Promise<void> {
    const bucket = new URL(request.url).pathname.split('/')[1] ?? ''
    const record = await this.#buckets.need(bucket).catch(() => undefined)
    const allowed = corsHeaders(record?.cors ?? [], origin, request.method) ?? {}
    for (const [name, value] of Object.entries(allowed)) headers.set(name, value)
  }

  /** Browsers ask without a signature whether a page of another origin may. */
  async #preflight(request: Request): Promise<Response> {
    const bucket = new URL(request.url).pathname.split('/')[1] ?? ''
    const origin = request.headers.get('origin')
    const method = request.headers.get('access-control-request-method')
    if (origin === null || method === null)
      throw new S3Failure('InvalidRequest', 'A preflight has an origin and the method that is to come')
    const asked = (request.headers.get('access-control-request-headers') ?? '').split(',').map((name) => name.trim())
    const { cors } = await this.#buckets.need(bucket)
    const allowed = corsHeaders(
      cors ?? [],
      origin,
      method,
      asked.filter((name) => name !== ''),
    )
    if (allowed === undefined) throw new S3Failure('AccessForbidden', 'No rule of the bucket allows this')
    return new Response(null, { headers: allowed })
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
    if (auth.status === 'invalid')
      throw new S3Failure(auth.reason, 'The request is not signed as it should be with AWS4-HMAC-SHA256')
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
    const owner = request.headers.get('x-amz-expected-bucket-owner')
    if (owner !== null && owner !== OWNER.ID) throw new S3Failure('AccessDenied', 'The bucket has another owner')
    return { request, url, query: url.searchParams, bucket, key, auth }
  }

  async #route(call: Call): Promise<Response> {
    const { bucket, key, query } = call
    const { method } = call.request
    refuseUnsupported(call.request.headers)
    if (bucket === '') {
      if (method === 'GET') return this.#listings.buckets(call)
      throw new S3Failure('MethodNotAllowed', 'Not here')
    }
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
      throw new S3Failure('InvalidBucketName', 'Bucket names have 3 … 63 small letters, digits, dots and hyphens')
    if (query.has('acl')) return this.#acl(call)
    if (key === '') return this.#routeBucket(call)
    for (const absent of ABSENT_OF_OBJECT) {
      if (!query.has(absent)) continue
      if (method === 'GET') await this.#buckets.get(bucket, key)
      throw new S3Failure('NotImplemented', `${absent} is not supported`)
    }
    const version = query.get('versionId')
    if (version !== null && version !== 'null') throw new S3Failure('NoSuchVersion', 'Objects have no versions')
    const upload = query.get('uploadId')
    if (method === 'POST' && query.has('uploads')) return this.#uploads.start(call)
    if (method === 'POST' && upload !== null) return this.#uploads.complete(call, upload)
    if (method === 'PUT' && upload !== null) return this.#uploads.putPart(call, upload)
    if (method === 'GET' && upload !== null) return this.#listings.parts(call, upload)
    if (method === 'DELETE' && upload !== null) {
      await this.#buckets.abort(bucket, key, upload)
      return new Response(null, { status: 204 })
    }
    if (method === 'PUT') return call.request.headers.has('x-amz-copy-source') ? this.#copy(call) : this.#put(call)
    if (method === 'GET' && query.has('attributes')) return this.#attributes(call)
    if (method === 'GET' || method === 'HEAD') return this.#get(call)
    if (method === 'DELETE') {
      await this.#buckets.delete(bucket, key, (now) => checkWrite(call.request.headers, now))
      return new Response(null, { status: 204 })
    }
    throw new S3Failure('MethodNotAllowed', 'Not on an object')
  }

  async #routeBucket(call: Call): Promise<Response> {
    const { bucket, query, request } = call
    const { method } = request
    if (method === 'POST' && query.has('delete')) return this.#deleteMany(call)
    if (method === 'GET' && query.has('location'))
      return xml('LocationConstraint', (await this.#buckets.need(bucket)).location ?? '')
    if (query.has('uploads')) return this.#listings.uploads(call)
    if (query.has('cors')) return this.#cors(call)
    if (method === 'GET' && query.has('versions')) return this.#listings.versions(call)
    if (method === 'GET' && query.has('versioning')) {
      await this.#buckets.need(bucket)
      return xml('VersioningConfiguration', {})
    }
    if (method === 'GET' && query.has('policyStatus')) {
      await this.#buckets.need(bucket)
      return xml('PolicyStatus', { IsPublic: false })
    }
    for (const [name, code] of Object.entries({ ...ABSENT_OF_BUCKET, versioning: undefined })) {
      if (!query.has(name)) continue
      await this.#buckets.need(bucket)
      if (method === 'GET' && code !== undefined) throw new S3Failure(code, `The bucket has no ${name}`)
      throw new S3Failure('NotImplemented', `${name} is not supported`)
    }
    if (method === 'GET') return this.#listings.objects(call)
    if (method === 'PUT') return this.#createBucket(call)
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

  async #createBucket(call: Call): Promise<Response> {
    const { headers } = call.request
    refuseGrants(headers)
    if (headers.get('x-amz-bucket-object-lock-enabled') === 'true')
      throw new S3Failure('NotImplemented', 'Objects are not locked')
    const location = textOf(await this.#writer.document(call), 'LocationConstraint')
    const record = { createdMs: this.#options.nowMs() }
    await this.#buckets.create(call.bucket, location === undefined ? record : { ...record, location })
    return new Response(null, { headers: { location: `/${call.bucket}` } })
  }

  /** The owner may do all, and nobody else anything: that is what the list says, and what it stays. */
  async #acl(call: Call): Promise<Response> {
    const { bucket, key, request } = call
    if (key === '') await this.#buckets.need(bucket)
    else await this.#buckets.get(bucket, key)
    if (request.method === 'GET') {
      const list = { Owner: OWNER, AccessControlList: { Grant: { Grantee: OWNER, Permission: 'FULL_CONTROL' } } }
      const typed = '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">'
      return xmlAnswer(xmlDocument('AccessControlPolicy', list).replace('<Grantee>', typed))
    }
    if (request.method !== 'PUT') throw new S3Failure('MethodNotAllowed', 'Not on an access list')
    refuseGrants(request.headers)
    if (!request.headers.has('x-amz-acl'))
      throw new S3Failure('AccessControlListNotSupported', 'Buckets have one owner and no grants')
    return new Response(null)
  }

  async #cors(call: Call): Promise<Response> {
    const { bucket, request } = call
    if (request.method === 'PUT') {
      await this.#buckets.setCors(bucket, parseCors(await this.#writer.document(call)))
      return new Response(null)
    }
    if (request.method === 'DELETE') {
      await this.#buckets.setCors(bucket, undefined)
      return new Response(null, { status: 204 })
    }
    const { cors } = await this.#buckets.need(bucket)
    if (cors === undefined) throw new S3Failure('NoSuchCORSConfiguration', 'The bucket has no rules')
    return xml('CORSConfiguration', corsDocument(cors))
  }

  async #put(call: Call): Promise<Response> {
    const { headers } = call.request
    refuseGrants(headers)
    // before the body, so that a refused request need not send it, and again when it is named
    checkWrite(headers, await this.#buckets.find(call.bucket, call.key))
    const { record, release } = await this.#writer.store(call, keptHeaders(headers))
    try {
      await this.#buckets.put(call.bucket, call.key, record, [], (now) => checkWrite(headers, now))
    } finally {
      release()
    }
    return new Response(null, { headers: { etag: `"${record.etag}"`, ...checksumHeaders(record.checksum) } })
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
    if (checkRead(request.headers, record) === 'not modified') return new Response(null, { status: 304, headers })
    const { start, end, status } = this.#part(call, record, headers)
    headers['content-length'] = String(end - start)
    // a checksum is of the whole, so it is not said of a range
    if (status === 200 && request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED')
      Object.assign(headers, checksumHeaders(record.checksum))
    if (status === 206) headers['content-range'] = `bytes ${start}-${end - 1}/${record.size}`
    const body = request.method === 'HEAD' ? null : streamOf(this.#writer.read(record, start, end, request.signal))
    return new Response(body, { status, headers })
  }

  /** What of an object a request wants: a part of an upload, a range, or all. */
  #part({ request, query }: Call, record: ObjectRecord, headers: Record<string, string>) {
    if (query.has('partNumber')) {
      const number = partNumberOf(query)
      const parts = partsOf(record)
      if (number > (parts?.length ?? 1)) throw new S3Failure('InvalidPart', `The object has no part ${number}`)
      if (parts === undefined) return { start: 0, end: record.size, status: 200 }
      headers['x-amz-mp-parts-count'] = String(parts.length)
      const start = parts.slice(0, number - 1).reduce((sum, { size }) => sum + size, 0)
      return { start, end: start + parts[number - 1]!.size, status: 206 }
    }
    const range = parseRange(request.headers.get('range'), record.size)
    if (range === 'unsatisfiable') throw new S3Failure('InvalidRange', 'The range lies beyond the object')
    return range === 'none' ? { start: 0, end: record.size, status: 200 } : { ...range, status: 206 }
  }

  /** Facts of an object without its headers. */
  async #attributes({ bucket, key, request }: Call): Promise<Response> {
    const record = await this.#buckets.get(bucket, key)
    const wanted = (request.headers.get('x-amz-object-attributes') ?? '').split(',').map((name) => name.trim())
    if (wanted.join('') === '') throw new S3Failure('InvalidArgument', 'Which attributes?')
    const want = (name: string, value: XmlValue) => (wanted.includes(name) ? { [name]: value } : {})
    const parts = partsOf(record)
    const number = (name: string, otherwise: number) => {
      const text = request.headers.get(name)
      if (text !== null && !/^\d{1,5}$/.test(text)) throw new S3Failure('InvalidArgument', `${name} is a number`)
      return text === null ? otherwise : Number(text)
    }
    const max = Math.min(number('x-amz-max-parts', S3_LIMITS.listed), S3_LIMITS.listed)
    const marker = number('x-amz-part-number-marker', 0)
    const shown = parts?.slice(marker, marker + max)
    const list = parts && {
      TotalPartsCount: parts.length,
      PartsCount: parts.length,
      PartNumberMarker: marker,
      NextPartNumberMarker: marker + shown!.length,
      MaxParts: max,
      IsTruncated: marker + max < parts.length,
      Part: shown!.map(({ size }, i) => ({
        PartNumber: marker + i + 1,
        Size: size,
        ...checksumElements(record.partChecksums?.[marker + i]),
      })),
    }
    const checksum = record.checksum && {
      ...checksumElements(record.checksum),
      ChecksumType: record.checksum.type,
    }
    return xml(
      'GetObjectAttributesResponse',
      {
        ...want('ETag', record.etag),
        ...want('Checksum', checksum),
        ...want('ObjectParts', list),
        ...want('StorageClass', 'STANDARD'),
        ...want('ObjectSize', record.size),
      },
      { 'last-modified': this.#options.formatDate(record.modifiedMs).http },
    )
  }

  async #copy(call: Call): Promise<Response> {
    const { headers } = call.request
    refuseGrants(headers)
    const source = await this.#writer.source(call)
    const replace = headers.get('x-amz-metadata-directive') === 'REPLACE'
    if (!replace && source.bucket === call.bucket && source.key === call.key)
      throw new S3Failure('InvalidRequest', 'A copy onto itself changes the metadata')
    const { upload: _, ...kept } = source.record
    const record = {
      ...kept,
      modifiedMs: this.#options.nowMs(),
      headers: replace ? keptHeaders(headers) : kept.headers,
    }
    await this.#buckets.put(call.bucket, call.key, record, [], (now) => checkWrite(headers, now))
    return xml('CopyObjectResult', {
      ETag: `"${record.etag}"`,
      LastModified: this.#options.formatDate(record.modifiedMs).iso,
      ...checksumElements(record.checksum),
    })
  }

  async #deleteMany(call: Call): Promise<Response> {
    await this.#buckets.need(call.bucket)
    const document = await this.#writer.document(call)
    const wanted = elementsOf(document, 'Object').map((object) => ({
      key: textOf(object, 'Key'),
      version: textOf(object, 'VersionId'),
      tag: textOf(object, 'ETag'),
    }))
    if (wanted.length === 0 || wanted.length > S3_LIMITS.listed || wanted.some(({ key }) => key === undefined))
      throw new S3Failure('MalformedXML', 'One to a thousand keys')
    const Deleted: XmlValue[] = []
    const errors: XmlValue[] = []
    for (const { key, version, tag } of wanted) {
      try {
        if (version !== undefined && version !== 'null')
          throw new S3Failure('NoSuchVersion', 'Objects have no versions')
        const conditions = new Headers(tag === undefined ? {} : { 'if-match': tag })
        await this.#buckets.delete(call.bucket, key!, (now) => checkWrite(conditions, now))
      } catch (error) {
        if (!(error instanceof S3Failure)) throw error
        errors.push({ Key: key!, VersionId: version, Code: error.code, Message: error.message })
        continue
      }
      Deleted.push(version === undefined ? { Key: key! } : { Key: key!, VersionId: version })
    }
    const quiet = textOf(document, 'Quiet') === 'true'
    return xml('DeleteResult', { Deleted: quiet ? [] : Deleted, Error: errors })
  }
}

/** The parts of an object that was made by an upload. */
function partsOf(record: ObjectRecord): ObjectRecord['parts'] | undefined {
  return record.etag.includes('-') ? record.parts : undefined
}

function failed(error: unknown, head: boolean, requestId: string): Response {
  const code: S3Code = error instanceof S3Failure ? error.code : 'InternalError'
  const message = error instanceof S3Failure || isStorageError(error) ? error.message : 'An internal error'
  const fields = { Code: code, Message: message, RequestId: requestId }
  const text = Object.entries(fields).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`)
  return new Response(head ? null : `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${text.join('')}</Error>`, {
    status: s3Status[code],
    headers: { 'content-type': 'application/xml' },
  })
}
