import { type RpcContext, type RpcMethod, resolveBlock } from '../context.ts'
import type { formatLog } from '../format.ts'
import { bloomMatcher, matchingLogs } from '../match-logs.ts'
import { type LogFilter, logFilterParam } from '../params.ts'
import { pruned, RpcCode, RpcError } from '../rpc-error.ts'

const MAX_BLOCK_RANGE = 10_000
const MAX_LOGS = 20_000

/** All logs of `filter`. Cost: a header a block, and every transaction of the blocks whose bloom matches. */
export function findLogs(context: RpcContext, filter: LogFilter) {
  const { chain } = context
  const from = resolveBlock(context, filter.blockHash ? { hash: filter.blockHash } : filter.fromBlock)
  if (filter.blockHash && !from) throw new RpcError(RpcCode.rejected, 'unknown block')
  const head = chain.head!.header.number
  for (const bound of [filter.fromBlock, filter.toBlock])
    if (typeof bound === 'number' && bound > head)
      throw new RpcError(RpcCode.invalidParams, 'block range extends beyond current head block')
  const first = from?.header.number ?? head + 1
  const last = filter.blockHash ? first : (resolveBlock(context, filter.toBlock)?.header.number ?? head)
  if (typeof filter.fromBlock === 'number' && typeof filter.toBlock === 'number' && filter.fromBlock > filter.toBlock)
    throw new RpcError(RpcCode.invalidParams, 'invalid block range params')
  if (last - first >= MAX_BLOCK_RANGE)
    throw new RpcError(RpcCode.limitExceeded, `a query may span at most ${MAX_BLOCK_RANGE} blocks`)
  if (first > 0 && first < chain.firstBlock) throw pruned(first, chain.firstBlock)
  const mayMatch = bloomMatcher(filter)
  const logs: ReturnType<typeof formatLog>[] = []
  for (let number = first; number <= last; number++) {
    const block = chain.block(number)
    if (!block || block.transactions.length === 0 || !mayMatch(block.header.logsBloom)) continue
    logs.push(...matchingLogs(filter, block, chain.transactionsOf(block)))
    if (logs.length > MAX_LOGS)
      throw new RpcError(RpcCode.limitExceeded, `query returned more than ${MAX_LOGS} results`)
  }
  return logs
}

export const logMethods: Record<string, RpcMethod> = {
  eth_getLogs: ([filter], context) => findLogs(context, logFilterParam(filter)),
}
