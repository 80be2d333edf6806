/** Blocks in a bucket of an S3 service: cold data on what an operator already runs. One object a block, named by its multihash. */
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { codec, verifyBlock } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { type Credentials, signRequest } from '../s3/sigv4.ts'
import { elementsOf, textOf } from '../s3/xml.ts'
import { type FetchPort, withDeadline } from './fetch-port.ts'
import { type BlockStore, notFound, withIdentity } from './store.ts'

/** What {@link createS3Store} needs. */
export interface S3StoreOptions {
  /** e.g. `https://s3.eu-central-1.amazonaws.com` */
  readonly endpoint: string
  readonly bucket: string
  /** before every object's name, default `blocks/` */
  readonly prefix?: string
  /** what requests are signed with (AWS Signature Version 4) */
  readonly credentials: Credentials
  /** the platform's `fetch` will do */
  readonly fetch: FetchPort
  /** the time now as `20260801T120000Z` */
  readonly amzDate: () => string
  /** checks blocks and signs requests; default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
}

/** A block store over S3. Every call is one request; a failure of the service is `STORAGE_UNAVAILABLE`. */
export function createS3Store(options: S3StoreOptions): BlockStore {
  const crypto = options.crypto ?? defaultCrypto()
  const prefix = options.prefix ?? 'blocks/'
  const nameOf = (cid: CID) => prefix + base32.encode(cid.multihash.bytes)

  async function call(
    method: string,
    name: string,
    query: Record<string, string>,
    body: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const url = new URL(`${options.endpoint.replace(/\/$/, '')}/${options.bucket}${name === '' ? '' : `/${name}`}`)
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
    const headers = await signRequest(
      crypto,
      { method, path: url.pathname, query: url.searchParams, headers: new Headers({ host: url.host }) },
      options.credentials,
      body,
      options.amzDate(),
    )
    let response: Response
    try {
      response = await options.fetch(String(url), {
        method,
        headers,
        signal: withDeadline(signal),
        ...(method === 'PUT' ? { body: body as Uint8Array<ArrayBuffer> } : {}),
      })
    } catch (cause) {
      signal?.throwIfAborted()
      throw new StorageError(
        'STORAGE_UNAVAILABLE',
        `${options.endpoint} does not answer`,
        { endpoint: options.endpoint },
        { cause },
      )
    }
    if (response.ok || response.status === 404) return response
    await response.body?.cancel()
    const code = response.status === 403 ? 'STORAGE_FORBIDDEN' : 'STORAGE_UNAVAILABLE'
    throw new StorageError(code, `${options.endpoint} answers ${response.status}`, {
      method,
      name,
      status: response.status,
    })
  }
  const nothing = new Uint8Array(0)

  return withIdentity({
    async get(cid, { signal } = {}) {
      const response = await call('GET', nameOf(cid), {}, nothing, signal)
      const bytes = new Uint8Array(await response.arrayBuffer())
      if (response.status === 404) throw notFound(cid)
      return verifyBlock(crypto, cid, bytes)
    },
    async has(cid, { signal } = {}) {
      return (await call('HEAD', nameOf(cid), {}, nothing, signal)).ok
    },
    async put(cid, bytes, { signal } = {}) {
      const response = await call('PUT', nameOf(cid), {}, bytes, signal)
      await response.body?.cancel()
      if (!response.ok)
        throw new StorageError('STORAGE_NOT_FOUND', `Bucket ${options.bucket} does not exist`, {
          bucket: options.bucket,
        })
    },
    async delete(cid, { signal } = {}) {
      await (await call('DELETE', nameOf(cid), {}, nothing, signal)).body?.cancel()
    },
    async *list({ signal } = {}) {
      let token: string | undefined
      do {
        const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) }
        const page = await (await call('GET', '', query, nothing, signal)).text()
        for (const item of elementsOf(page, 'Contents')) {
          const name = textOf(item, 'Key') ?? ''
          yield CID.createV1(codec.raw, decodeMultihash(base32.decode(name.slice(prefix.length))))
        }
        token = textOf(page, 'NextContinuationToken')
      } while (token !== undefined)
    },
    flush: async () => undefined,
    close: async () => undefined,
  })
}
