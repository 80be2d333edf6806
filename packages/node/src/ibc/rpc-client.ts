/** JSON-RPC over HTTP, as much as a relayer's endpoint needs. */
import { type CancelSignal, HubError } from '@zos/hub-ibc'

export type RpcClient = <T>(method: string, params: readonly unknown[], signal?: CancelSignal) => Promise<T>

/** A call that has not been answered by then has failed. */
const TIMEOUT_MS = 30_000

/** A client of the node at `url`. Calls reject with `HUB_RELAY` when the node does not answer or refuses (`context.refused`), and `HUB_ABORTED`. */
export function createRpcClient(url: string): RpcClient {
  let id = 0
  return async (method, params, signal) => {
    const aborted = () => new HubError('HUB_ABORTED', `${method} was aborted`, { method }, { cause: signal?.reason })
    if (signal?.aborted) throw aborted()
    let body: { result?: unknown; error?: { message: string; data?: unknown } }
    const request = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })
    try {
      body = (await post(url, request, signal)) as typeof body
    } catch (cause) {
      if (signal?.aborted) throw aborted()
      throw new HubError('HUB_RELAY', `${url} does not answer ${method}`, { url, method }, { cause })
    }
    if (body.error)
      throw new HubError('HUB_RELAY', `${url} refuses ${method}: ${body.error.message}`, {
        method,
        refused: true,
        data: body.error.data,
      })
    return body.result as never
  }
}

/** A connection that the node closed because it was idle shows only when it is used again: then it is tried once more, on a new one. */
async function post(url: string, body: string, stop?: CancelSignal): Promise<unknown> {
  const attempt = async () => {
    const headers = { 'content-type': 'application/json' }
    const deadline = AbortSignal.timeout(TIMEOUT_MS)
    const signal = stop instanceof AbortSignal ? AbortSignal.any([deadline, stop]) : deadline
    return (await fetch(url, { method: 'POST', headers, body, signal })).json()
  }
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof TypeError) || stop?.aborted) throw error
    return attempt()
  }
}
