import type { Eip1193Port } from '@zos/rain-storage/market'

/** A node's JSON-RPC as an EIP-1193 provider. */
export function rpcPort(url: string): Eip1193Port {
  let id = 0
  return {
    async request({ method, params = [] }) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
      if (error) throw Object.assign(new Error(error.message), error)
      return result
    },
  }
}
