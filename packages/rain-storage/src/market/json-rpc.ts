/** A node's JSON-RPC over HTTP as an EIP-1193 provider. */
import type { FetchPort } from '../blocks/fetch-port.ts'
import { StorageError } from '../errors.ts'
import type { Eip1193Port } from './chain.ts'

/** A call without an answer ends after this time. */
const DEADLINE_MS = 30_000

/** What {@link createRpcProvider} is made of. */
export interface RpcProviderOptions {
  /** of HTTP */
  readonly url: string
  /** the platform's `fetch` */
  readonly fetch: FetchPort
}

/**
 * A provider over the JSON-RPC at `url`; the node signs for the accounts that it holds itself. Errors of the node come with their `code` and `data`.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` for what is no URL of HTTP
 */
export function createRpcProvider({ url, fetch }: RpcProviderOptions): Eip1193Port {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new StorageError(
      'STORAGE_INVALID_ARGUMENT',
      `"${url}" is not an address of JSON-RPC: http://… or https://…`,
      {
        url,
      },
    )
  let id = 0
  return {
    async request({ method, params = [] }) {
      const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }))
      const signal = AbortSignal.timeout(DEADLINE_MS)
      const headers = new Headers({ 'content-type': 'application/json' })
      const response = await fetch(url, { method: 'POST', headers, body, signal }).catch((cause: unknown) => {
        throw new StorageError('STORAGE_UNAVAILABLE', `${new URL(url).origin} does not answer`, { url }, { cause })
      })
      const answer = (await response.json().catch(() => undefined)) as
        | { result?: unknown; error?: { message?: unknown; code?: unknown; data?: unknown } }
        | undefined
      // Some nodes send errors of a call with a status of their own: what is in the body counts.
      if (answer?.error)
        throw Object.assign(new Error(String(answer.error.message)), {
          code: answer.error.code,
          data: answer.error.data,
        })
      if (!response.ok || answer === undefined || !('result' in answer))
        throw new StorageError(
          'STORAGE_UNAVAILABLE',
          `${new URL(url).origin} answers ${response.status}, no JSON-RPC`,
          {
            url,
            status: response.status,
          },
        )
      return answer.result
    },
  }
}
