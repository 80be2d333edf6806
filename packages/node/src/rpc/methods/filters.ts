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
/** Characters of what waits in all of them: beyond it the filter that was not polled for the longest time is dropped. */
const MAX_WAITING_CHARACTERS = 32 * 1024 * 1024
/** A log without its data. */
const LOG_CHARACTERS = 1_000

type Log = ReturnType<typeof matchingLogs>[number]

interface Filter {
  /** Hashes, or logs. */
  changes: (string | Log)[]
  polledAt: number
  logs?: LogFilter
  stop: () => void
}

/** Polling filters (`eth_newFilter` and its kin). State of one server. */
export function createFilterMethods(prepared: PreparedJson): Record<string, RpcMethod> {
  const filters = new Map<string, Filter>()
  let created = 0
  let waiting = 0

  /** Takes out the oldest `count` changes. */
  const takeOut = (filter: Filter, count: number) => {
    const taken = filter.changes.splice(0, count)
    for (const change of taken) waiting -= charactersOf(change)
    return taken
  }

  const push = (filter: Filter, changes: Filter['changes']) => {
    filter.changes.push(...changes)
    for (const change of changes) waiting += charactersOf(change)
    if (filter.changes.length > MAX_WAITING) takeOut(filter, filter.changes.length - MAX_WAITING)
    while (waiting > MAX_WAITING_CHARACTERS) {
      const [longest] = [...filters].sort(([, a], [, b]) => a.polledAt - b.polledAt)
      remove(longest![0])
    }
  }

  const install = (
    context: RpcContext,
    start: (push: (changes: Filter['changes']) => void) => () => void,
    logs?: LogFilter,
  ) => {
    for (const [id, filter] of filters) if (context.now() - filter.polledAt > FILTER_TIMEOUT_MS) remove(id)
    if (filters.size >= MAX_FILTERS) throw new RpcError(RpcCode.limitExceeded, 'too many filters')
    const id = `0x${(++created).toString(16)}`
    const filter: Filter = { changes: [], polledAt: context.now(), stop: () => {}, ...(logs ? { logs } : {}) }
    filter.stop = start((changes) => {
      if (filters.has(id)) push(filter, changes)
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
    const filter = filters.get(id)
    if (!filter) return false
    filter.stop()
    takeOut(filter, filter.changes.length)
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
    eth_getFilterChanges: ([id], context) => takeOut(find(context, id), MAX_WAITING),
    eth_getFilterLogs: ([id], context) => {
      const { logs } = find(context, id)
      if (!logs) throw new RpcError(RpcCode.rejected, 'filter not found')
      return findLogs(context, logs, prepared)
    },
    eth_uninstallFilter: ([id]) => remove(String(id)),
  }
}

const charactersOf = (change: string | Log): number =>
  typeof change === 'string' ? change.length : LOG_CHARACTERS + change.data.length
