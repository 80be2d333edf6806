import { type RpcContext, type RpcMethod, resolveBlock } from '../context.ts'
import { JsonText } from '../json-text.ts'
import { bloomMatcher, matchingLogTexts } from '../match-logs.ts'
import { type LogFilter, logFilterParam } from '../params.ts'
import type { PreparedJson } from '../prepared-json.ts'
import { pruned, RpcCode, RpcError } from '../rpc-error.ts'
import { createTurns } from '../turns.ts'

const MAX_BLOCK_RANGE = 10_000
const MAX_LOGS = 20_000
/** Of one answer, a byte each: contracts choose how long the data of a log is. */
const MAX_CHARACTERS = 32 * 1024 * 1024

/**
 * All logs of `filter`. Cost: a header a block, and every transaction of the blocks whose bloom matches; others have their turn meanwhile.
 * Errors: `invalidParams`, `limitExceeded`, `historyPruned`.
 */
export async function findLogs(context: RpcContext, filter: LogFilter, prepared: PreparedJson): Promise<JsonText> {
  const { chain } = context
  const { first, last } = rangeOf(context, filter)
  const mayMatch = bloomMatcher(filter)
  const turns = createTurns()
  const logs: string[] = []
  let characters = 0
  for (let number = first; number <= last; number++) {
    const pause = turns()
    if (pause) {
      await pause
      if (number > 0 && number < chain.firstBlock) throw pruned(number, chain.firstBlock)
    }
    const block = chain.block(number)
    if (!block || block.transactions.length === 0 || !mayMatch(block.header.logsBloom)) continue
    for (const text of matchingLogTexts(filter, block, chain.transactionsOf(block), prepared)) {
      logs.push(text)
      characters += text.length
    }
    if (logs.length > MAX_LOGS)
      throw new RpcError(RpcCode.limitExceeded, `query returned more than ${MAX_LOGS} results`)
    if (characters > MAX_CHARACTERS)
      throw new RpcError(RpcCode.limitExceeded, `query returned more than ${MAX_CHARACTERS} bytes`)
  }
  return new JsonText(`[${logs.join(',')}]`)
}

function rangeOf(context: RpcContext, filter: LogFilter): { first: number; last: number } {
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
  return { first, last }
}

export function createLogMethods(prepared: PreparedJson): Record<string, RpcMethod> {
  return { eth_getLogs: ([filter], context) => findLogs(context, logFilterParam(filter), prepared) }
}
