/** Blocks on a Kubo node through its RPC (`/api/v0/block/*`). Source: docs.ipfs.tech/reference/kubo/rpc. */
import { CID } from 'multiformats/cid'
import { codec, hash, verifyBlock } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { type FetchPort, withDeadline } from './fetch-port.ts'
import { type BlockStore, notFound, withIdentity } from './store.ts'

/** What {@link createKuboStore} needs. */
export interface KuboStoreOptions {
  /** e.g. `http://127.0.0.1:5001` */
  readonly endpoint: string
  /** the platform's `fetch` will do */
  readonly fetch: FetchPort
  /** value of the `authorization` header, where the RPC asks for one */
  readonly authorization?: string
  /** checks blocks; default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
}

const CODECS: Readonly<Record<number, string>> = {
  [codec.raw]: 'raw',
  [codec.dagPb]: 'dag-pb',
  [codec.dagCbor]: 'dag-cbor',
  [codec.dagJson]: 'dag-json',
}
const HASHES: Readonly<Record<number, string>> = {
  [hash.sha256]: 'sha2-256',
  [hash.sha512]: 'sha2-512',
  [hash.blake2b256]: 'blake2b-256',
  [hash.blake3]: 'blake3',
}

/** A block store over a Kubo node. Reads are answered from its own store only (`offline`), never by a search. */
export function createKuboStore(options: KuboStoreOptions): BlockStore {
  const crypto = options.crypto ?? defaultCrypto()

  async function call(
    command: string,
    query: Record<string, string>,
    signal: AbortSignal | undefined,
    body?: FormData,
  ): Promise<Response> {
    const url = `${options.endpoint.replace(/\/$/, '')}/api/v0/${command}?${new URLSearchParams(query)}`
    const headers = new Headers(options.authorization === undefined ? {} : { authorization: options.authorization })
    try {
      return await options.fetch(url, {
        method: 'POST',
        headers,
        signal: withDeadline(signal),
        ...(body === undefined ? {} : { body }),
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
  }
  /** Kubo answers 500 with a text; "not found" stands in it. */
  async function failure(response: Response, cid: CID | undefined): Promise<StorageError> {
    const text = await response.text()
    if (cid !== undefined && /not found/i.test(text)) return notFound(cid)
    return new StorageError(
      response.status === 403 ? 'STORAGE_FORBIDDEN' : 'STORAGE_UNAVAILABLE',
      `Kubo answers ${response.status}`,
      { status: response.status, text: text.slice(0, 200) },
    )
  }

  return withIdentity({
    async get(cid, { signal } = {}) {
      const response = await call('block/get', { arg: `${cid}`, offline: 'true' }, signal)
      if (!response.ok) throw await failure(response, cid)
      return verifyBlock(crypto, cid, new Uint8Array(await response.arrayBuffer()))
    },
    async has(cid, { signal } = {}) {
      const response = await call('block/stat', { arg: `${cid}`, offline: 'true' }, signal)
      if (response.ok) {
        await response.body?.cancel()
        return true
      }
      const error = await failure(response, cid)
      if (error.code === 'STORAGE_NOT_FOUND') return false
      throw error
    },
    async put(cid, bytes, { signal } = {}) {
      const name = CODECS[cid.code]
      const mhtype = HASHES[cid.multihash.code]
      if (name === undefined || mhtype === undefined)
        throw new StorageError('STORAGE_INVALID_ARGUMENT', `Kubo does not take the codec or hash of ${cid}`, {
          cid: `${cid}`,
        })
      const form = new FormData()
      form.append('data', new Blob([bytes as Uint8Array<ArrayBuffer>]))
      const response = await call('block/put', { 'cid-codec': name, mhtype, 'allow-big-block': 'true' }, signal, form)
      if (!response.ok) throw await failure(response, undefined)
      await response.body?.cancel()
    },
    async delete(cid, { signal } = {}) {
      const response = await call('block/rm', { arg: `${cid}`, force: 'true' }, signal)
      if (!response.ok) throw await failure(response, cid)
      await response.body?.cancel()
    },
    async *list({ signal } = {}) {
      const response = await call('refs/local', {}, signal)
      if (!response.ok) throw await failure(response, undefined)
      for (const line of (await response.text()).split('\n')) {
        const ref = line === '' ? undefined : (JSON.parse(line) as { Ref?: string }).Ref
        if (ref !== undefined) yield CID.createV1(codec.raw, CID.parse(ref).multihash)
      }
    },
    flush: async () => undefined,
    close: async () => undefined,
  })
}
