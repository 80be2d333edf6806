/**
 * S3 over HTTP: buckets and objects with versions, locks, access lists and policies, signed with Signature Version 4. A handler from `Request` to
 * `Response`. Buckets stand in the path or, under the gateway's own domains, in the host.
 */
import { isStorageError } from '../errors.ts'
import { s3Address } from './address.ts'
import { authenticate } from './authenticate.ts'
import { bucketSetting, createBucket } from './bucket-settings.ts'
import { type Call, refuseUnsupported, type S3GatewayOptions } from './call.ts'
import { corsHeaders } from './cors.ts'
import { checkEncryption, encryptionHeaders } from './encryption.ts'
import { type S3Code, S3Failure, s3Status } from './failure.ts'
import { Listings } from './listings.ts'
import { Multipart } from './multipart.ts'
import { objectSettings } from './object-settings.ts'
import { createParts, type GatewayParts } from './parts.ts'
import { postObject } from './post-object.ts'
import { getObject, objectAttributes } from './read-object.ts'
import { copyObject, deleteObject, deleteObjects, putObject } from './write-object.ts'
import { escapeXml } from './xml.ts'

export { S3_LIMITS, type S3GatewayOptions } from './call.ts'
export type { Owner, S3Credential } from './owners.ts'
export type { Ownership } from './ownership.ts'

/** Makes the handler. */
export function createS3Gateway(options: S3GatewayOptions): (request: Request) => Promise<Response> {
  const gateway = new Gateway(createParts(options))
  return (request) => gateway.answer(request)
}

const ABSENT_OF_OBJECT = ['append', 'torrent', 'select', 'restore']
const REQUEST_ID_BYTES = 8

class Gateway {
  readonly #parts: GatewayParts
  readonly #listings: Listings
  readonly #uploads: Multipart

  constructor(parts: GatewayParts) {
    this.#parts = parts
    this.#listings = new Listings(parts)
    this.#uploads = new Multipart(parts)
  }

  async answer(request: Request): Promise<Response> {
    const { options, owners, crypto, random } = this.#parts
    const requestId = random(REQUEST_ID_BYTES)
    let response: Response
    try {
      response =
        request.method === 'OPTIONS'
          ? await this.#preflight(request)
          : await this.#route(await authenticate(request, owners, crypto, options))
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
    const { bucket } = s3Address(new URL(request.url), this.#parts.options.domains)
    const record = await this.#parts.buckets.need(bucket).catch(() => undefined)
    const method = request.headers.get('access-control-request-method') ?? request.method
    const allowed = corsHeaders(record?.cors ?? [], origin, method) ?? {}
    for (const [name, value] of Object.entries(allowed)) headers.set(name, value)
  }

  /** Browsers ask without a signature whether a page of another origin may. */
  async #preflight(request: Request): Promise<Response> {
    const { bucket } = s3Address(new URL(request.url), this.#parts.options.domains)
    const origin = request.headers.get('origin')
    const method = request.headers.get('access-control-request-method')
    if (origin === null || method === null)
      throw new S3Failure('InvalidRequest', 'A preflight has an origin and the method that is to come')
    const asked = (request.headers.get('access-control-request-headers') ?? '').split(',').map((name) => name.trim())
    const { cors } = await this.#parts.buckets.need(bucket)
    const allowed = corsHeaders(
      cors ?? [],
      origin,
      method,
      asked.filter((name) => name !== ''),
    )
    if (allowed === undefined) throw new S3Failure('AccessForbidden', 'No rule of the bucket allows this')
    return new Response(null, { headers: allowed })
  }

  async #route(call: Call): Promise<Response> {
    const { bucket, key } = call
    const { method, headers } = call.request
    refuseUnsupported(headers)
    checkEncryption(headers, this.#parts.options.content)
    if (bucket === '') {
      if (method === 'GET') return this.#listings.buckets(call)
      throw new S3Failure('MethodNotAllowed', 'Not here')
    }
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
      throw new S3Failure('InvalidBucketName', 'Bucket names have 3 … 63 small letters, digits, dots and hyphens')
    await this.#parts.access.expectOwner(headers.get('x-amz-expected-bucket-owner'), bucket)
    return key === '' ? this.#routeBucket(call) : this.#routeObject(call)
  }

  async #routeBucket(call: Call): Promise<Response> {
    const { bucket, query, request } = call
    const { method } = request
    if (method === 'POST' && query.has('delete')) return deleteObjects(this.#parts, call)
    if (query.has('uploads')) return this.#listings.uploads(call)
    if (method === 'GET' && query.has('versions')) return this.#listings.versions(call)
    const setting = await bucketSetting(this.#parts, call)
    if (setting !== undefined) return setting
    if (method === 'GET') return this.#listings.objects(call)
    if (method === 'PUT') return createBucket(this.#parts, call)
    if (method === 'HEAD') {
      await this.#parts.access.bucket(call, 's3:ListBucket')
      return new Response(null)
    }
    if (method === 'DELETE') {
      await this.#parts.access.bucket(call, 's3:DeleteBucket')
      await this.#parts.buckets.remove(bucket)
      return new Response(null, { status: 204 })
    }
    if (method === 'POST') return postObject(this.#parts, call)
    throw new S3Failure('MethodNotAllowed', 'Not on a bucket')
  }

  async #routeObject(call: Call): Promise<Response> {
    const { query, request } = call
    const { method } = request
    for (const [name, answers] of Object.entries(objectSettings)) {
      if (!query.has(name)) continue
      const answer = answers[method]
      if (answer === undefined) throw new S3Failure('MethodNotAllowed', `Not on ${name}`)
      return answer(this.#parts, call)
    }
    const response = await this.#answerObject(call)
    if (response.ok && method !== 'DELETE')
      for (const [name, value] of Object.entries(encryptionHeaders(this.#parts.options.content)))
        response.headers.set(name, value)
    return response
  }

  async #answerObject(call: Call): Promise<Response> {
    const { query, request } = call
    const { method } = request
    for (const absent of ABSENT_OF_OBJECT) {
      if (!query.has(absent)) continue
      await this.#parts.lookup.need(call, 's3:GetObject', undefined)
      throw new S3Failure('NotImplemented', `${absent} is not supported`)
    }
    const upload = query.get('uploadId')
    if (method === 'POST' && query.has('uploads')) return this.#uploads.start(call)
    if (method === 'POST' && upload !== null) return this.#uploads.complete(call, upload)
    if (method === 'PUT' && upload !== null) return this.#uploads.putPart(call, upload)
    if (method === 'GET' && upload !== null) return this.#listings.parts(call, upload)
    if (method === 'DELETE' && upload !== null) return this.#uploads.abort(call, upload)
    if (method === 'PUT' && request.headers.has('x-amz-copy-source')) return copyObject(this.#parts, call)
    if (method === 'PUT') return putObject(this.#parts, call)
    if (method === 'GET' && query.has('attributes')) return objectAttributes(this.#parts, call)
    if (method === 'GET' || method === 'HEAD') return getObject(this.#parts, call)
    if (method === 'DELETE') return deleteObject(this.#parts, call)
    throw new S3Failure('MethodNotAllowed', 'Not on an object')
  }
}

function failed(error: unknown, head: boolean, requestId: string): Response {
  const code: S3Code = error instanceof S3Failure ? error.code : 'InternalError'
  const message = error instanceof S3Failure || isStorageError(error) ? error.message : 'An internal error'
  const fields = { Code: code, Message: message, RequestId: requestId }
  const text = Object.entries(fields).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`)
  return new Response(head ? null : `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${text.join('')}</Error>`, {
    status: s3Status[code],
    headers: { ...(error instanceof S3Failure ? error.headers : {}), 'content-type': 'application/xml' },
  })
}
