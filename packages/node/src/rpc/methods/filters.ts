import type { RpcContext, RpcMethod } from '../context.ts'
import { matchingLogs } from '../match-logs.ts'
import { hashParam, type LogFilter, logFilterParam } from '../params.ts'
import type { PreparedJson } from '../prepared-json.ts'
import { RpcCode, RpcError } from '../rpc-error.ts'
import { findLogs } from './logs.ts'

/** Filters that nobody polls are dropped after this, as geth does. */
const FILTER_TIMEOUT_MS = 5 * 60_000
const MAX_FILTERS = 1_024
/** What waits in one filter; older entries are dropped first. */
const MAX_WAITING = 10_000

interface Filter {
  changes: unknown[]
  polledAt: number
  logs?: LogFilter
  stop: () => void
}

/** Polling filters (`eth_newFilter` and its kin). State of one server. */
export function createFilterMethods(prepared: PreparedJson): Record<string, RpcMethod> {
  const filters = new Map<string, Filter>()
  let created = 0

  const install = (
    context: RpcContext,
    start: (push: (changes: readonly unknown[]) => void) => () => void,
    logs?: LogFilter,
  ) => {
    for (const [id, filter] of filters) if (context.now() - filter.polledAt > FILTER_TIMEOUT_MS) remove(id)
    if (filters.size >= MAX_FILTERS) throw new RpcError(RpcCode.limitExceeded, 'too many filters')
    const id = `0x${(++created).toString(16)}`
    const filter: Filter = { changes: [], polledAt: context.now(), stop: () => {}, ...(logs ? { logs } : {}) }
    filter.stop = start((changes) => {
      filter.changes.push(...changes)
      if (filter.changes.length > MAX_WAITING) filter.changes.splice(0, filter.changes.length - MAX_WAITING)
    })
    filters.set(id, filter)
    return id
  }

  const find = (context: RpcContext, id: unknown) => {
    const filter = filters.get(String(id))
    if (!filter) throw new RpcError(RpcCode.rejected, 'filter not found')
    filter.polledAt = context.now()
    return filter
  }

  const remove = (id: string) => {
    filters.get(id)?.stop()
    return filters.delete(id)
  }

  return {
    eth_newBlockFilter: (_, context) =>
      install(context, (push) => context.chain.onBlock(({ block }) => push([block.hash]))),
    eth_newPendingTransactionFilter: (_, context) =>
      install(context, (push) => context.onPending((hash) => push([hashParam(hash, 'hash')]))),
    eth_newFilter: ([param], context) => {
      const logs = logFilterParam(param)
      return install(
        context,
        (push) => context.chain.onBlock(({ block, transactions }) => push(matchingLogs(logs, block, transactions))),
        logs,
      )
    },
    eth_getFilterChanges: ([id], context) => find(context, id).changes.splice(0),
    eth_getFilterLogs: ([id], context) => {
      const { logs } = find(context, id)
      if (!logs) throw new RpcError(RpcCode.rejected, 'filter not found')
      return findLogs(context, logs, prepared)
    },
    eth_uninstallFilter: ([id]) => remove(String(id)),
  }
}
