/** Blocks from a trustless HTTP gateway, any one: what it gives is hashed, so it need not be trusted. */
import { MAX_BLOCK_BYTES, verifyBlock } from '../content/cid.ts'
import type { BlockSource } from '../content/export-file.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { type FetchPort, withDeadline } from './fetch-port.ts'
import { notFound } from './store.ts'

/** What {@link createGatewaySource} needs. */
export interface GatewaySourceOptions {
  /** e.g. `https://gateway.example`, without `/ipfs` */
  readonly url: string
  readonly fetch: FetchPort
  /** value of the `authorization` header for private paths */
  readonly authorization?: string
  readonly crypto?: CryptoPort
}

/** A block source over `GET /ipfs/{cid}?format=raw`. @throws StorageError `STORAGE_NOT_FOUND`, `STORAGE_CORRUPT`, `STORAGE_FORBIDDEN`, `STORAGE_UNAVAILABLE` */
export function createGatewaySource(options: GatewaySourceOptions): BlockSource {
  const crypto = options.crypto ?? defaultCrypto()
  const base = options.url.replace(/\/$/, '')
  return {
    async get(cid, { signal } = {}) {
      const headers = new Headers({ accept: 'application/vnd.ipld.raw' })
      if (options.authorization !== undefined) headers.set('authorization', options.authorization)
      let response: Response
      let bytes: Uint8Array
      try {
        response = await options.fetch(`${base}/ipfs/${cid}?format=raw`, {
          method: 'GET',
          headers,
          signal: withDeadline(signal),
        })
        const length = Number(response.headers.get('content-length') ?? 0)
        if (length > MAX_BLOCK_BYTES) {
          await response.body?.cancel()
          throw new StorageError('STORAGE_LIMIT', `${base} gives ${length} bytes for a block`, {
            cid: `${cid}`,
            length,
          })
        }
        bytes = new Uint8Array(await response.arrayBuffer())
      } catch (cause) {
        signal?.throwIfAborted()
        if (cause instanceof StorageError) throw cause
        throw new StorageError('STORAGE_UNAVAILABLE', `${base} does not answer`, { url: base }, { cause })
      }
      if (response.status === 404 || response.status === 410) throw notFound(cid)
      if (response.status === 401 || response.status === 403)
        throw new StorageError('STORAGE_FORBIDDEN', `${base} refuses ${cid}`, { cid: `${cid}` })
      if (!response.ok)
        throw new StorageError('STORAGE_UNAVAILABLE', `${base} answers ${response.status}`, { status: response.status })
      return verifyBlock(crypto, cid, bytes)
    },
  }
}
