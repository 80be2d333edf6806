/** Blocks from a trustless HTTP gateway, any one: what it gives is hashed, so it need not be trusted. */
import { MAX_BLOCK_BYTES, verifyBlock } from '../content/cid.ts'
import type { BlockSource } from '../content/export-file.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { type FetchPort, withDeadline } from './fetch-port.ts'
import { notFound } from './store.ts'

/** A GET whose whole body comes as bytes. @throws StorageError `STORAGE_LIMIT` for a body above `maxBytes` */
export type GetBytesPort = (
  url: string,
  /** `into`: memory that the body may be put in when it fits */
  init: { headers: Record<string, string>; maxBytes: number; signal: AbortSignal; into?: Uint8Array | undefined },
) => Promise<{ status: number; bytes: Uint8Array }>

/** The port by the platform's `fetch`. */
export function getBytesBy(fetch: FetchPort): GetBytesPort {
  return async (url, { headers, maxBytes, signal }) => {
    const response = await fetch(url, { method: 'GET', headers: new Headers(headers), signal })
    const length = Number(response.headers.get('content-length') ?? 0)
    if (length > maxBytes) {
      await response.body?.cancel()
      throw new StorageError('STORAGE_LIMIT', `${url} gives ${length} bytes`, { url, length, maxBytes })
    }
    const bytes = new Uint8Array(await response.arrayBuffer())
    if (bytes.length > maxBytes)
      throw new StorageError('STORAGE_LIMIT', `${url} gives ${bytes.length} bytes`, { url, maxBytes })
    return { status: response.status, bytes }
  }
}

/** What {@link createGatewaySource} needs. */
export interface GatewaySourceOptions {
  /** e.g. `https://gateway.example`, without `/ipfs` */
  readonly url: string
  /** {@link getBytesBy}, or `createHttpGet` of `@zos/rain-storage/node`, which takes a third of the CPU time */
  readonly getBytes: GetBytesPort
  /** value of the `authorization` header for private paths */
  readonly authorization?: string
  /** checks blocks; default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
}

/** A block source over `GET /ipfs/{cid}?format=raw`. @throws StorageError `STORAGE_NOT_FOUND`, `STORAGE_CORRUPT`, `STORAGE_FORBIDDEN`, `STORAGE_UNAVAILABLE` */
export function createGatewaySource(options: GatewaySourceOptions): BlockSource {
  const crypto = options.crypto ?? defaultCrypto()
  const base = options.url.replace(/\/$/, '')
  return {
    async get(cid, { signal, into } = {}) {
      const headers: Record<string, string> = { accept: 'application/vnd.ipld.raw' }
      if (options.authorization !== undefined) headers.authorization = options.authorization
      let answer: { status: number; bytes: Uint8Array }
      try {
        answer = await options.getBytes(`${base}/ipfs/${cid}?format=raw`, {
          headers,
          maxBytes: MAX_BLOCK_BYTES,
          signal: withDeadline(signal),
          into,
        })
      } catch (cause) {
        signal?.throwIfAborted()
        if (cause instanceof StorageError) throw cause
        throw new StorageError('STORAGE_UNAVAILABLE', `${base} does not answer`, { url: base }, { cause })
      }
      const { status, bytes } = answer
      if (status === 404 || status === 410) throw notFound(cid)
      if (status === 401 || status === 403)
        throw new StorageError('STORAGE_FORBIDDEN', `${base} refuses ${cid}`, { cid: `${cid}` })
      if (status !== 200) throw new StorageError('STORAGE_UNAVAILABLE', `${base} answers ${status}`, { status })
      return verifyBlock(crypto, cid, bytes)
    },
  }
}
