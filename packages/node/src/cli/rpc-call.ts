import { NodeError } from '../errors.ts'

/** A node that does not answer within this is not waited for. */
const TIMEOUT_MS = 10_000

/** One JSON-RPC call over HTTP. Errors: `NODE_UNREACHABLE`, `NODE_RPC_REFUSED`. */
export async function rpcCall<T>(url: string, method: string, ...params: unknown[]): Promise<T> {
  let answer: { result?: T; error?: { message: string; data?: unknown } }
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    answer = (await response.json()) as typeof answer
  } catch (cause) {
    const reason = (cause as { cause?: Error }).cause?.message ?? (cause as Error).message
    throw new NodeError('NODE_UNREACHABLE', `no node answers at ${url}: ${reason}`, { url }, { cause })
  }
  if (answer.error) {
    const { message, data } = answer.error
    throw new NodeError('NODE_RPC_REFUSED', `${method}: ${message}`, { url, method, data })
  }
  return answer.result as T
}
