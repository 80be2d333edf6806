import type { RpcContext } from './context.ts'
import { formatHeader } from './format.ts'
import { matchingLogs } from './match-logs.ts'
import { logFilterParam } from './params.ts'
import type { Intercept } from './router.ts'
import { invalidParams, RpcCode, RpcError } from './rpc-error.ts'

const MAX_SUBSCRIPTIONS = 256

/** The `eth_subscribe` of one WebSocket connection. */
export interface Subscriptions {
  intercept: Intercept
  close(): void
}

let created = 0

/** `send` writes one notification to the client. Topics: `newHeads`, `logs`, `newPendingTransactions`. */
export function createSubscriptions(context: RpcContext, send: (text: string) => void): Subscriptions {
  const active = new Map<string, () => void>()

  const subscribe = (params: readonly unknown[]): string => {
    if (active.size >= MAX_SUBSCRIPTIONS)
      throw new RpcError(RpcCode.limitExceeded, `at most ${MAX_SUBSCRIPTIONS} subscriptions a connection`)
    const id = `0x${(++created).toString(16).padStart(32, '0')}`
    const notify = (result: unknown) =>
      send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription: id, result } }))
    active.set(id, start(context, params, notify))
    return id
  }

  return {
    intercept({ method, params }) {
      if (method === 'eth_subscribe') return { result: subscribe(params) }
      if (method !== 'eth_unsubscribe') return undefined
      const id = String(params[0])
      active.get(id)?.()
      return { result: active.delete(id) }
    },
    close() {
      for (const stop of active.values()) stop()
      active.clear()
    },
  }
}

function start(
  context: RpcContext,
  [topic, option]: readonly unknown[],
  notify: (result: unknown) => void,
): () => void {
  if (topic === 'newHeads') return context.chain.onBlock(({ block }) => notify(formatHeader(block.header, block.hash)))
  if (topic === 'newPendingTransactions') return context.onPending(notify)
  if (topic === 'logs') {
    const filter = logFilterParam(option ?? {})
    return context.chain.onBlock(({ block, transactions }) => {
      for (const log of matchingLogs(filter, block, transactions)) notify(log)
    })
  }
  throw invalidParams(`no subscription named ${String(topic).slice(0, 32)}`)
}
