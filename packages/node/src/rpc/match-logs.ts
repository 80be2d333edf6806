import { hexToBytes } from '@ethereumjs/util'
import type { StoredBlock, StoredTransaction } from '../chain/block-codec.ts'
import { bloomMayHave } from '../execution/receipt.ts'
import { formatLog } from './format.ts'
import type { LogFilter } from './params.ts'

/** The logs of one block that `filter` lets through. */
export function matchingLogs(filter: LogFilter, block: StoredBlock, transactions: readonly StoredTransaction[]) {
  let logIndex = 0
  return transactions.flatMap((transaction) =>
    transaction.receipt.logs.flatMap((log) => {
      const index = logIndex++
      if (filter.addresses.length > 0 && !filter.addresses.includes(log.address)) return []
      if (filter.topics.length > log.topics.length) return []
      if (!filter.topics.every((choice, position) => choice.length === 0 || choice.includes(log.topics[position]!)))
        return []
      return [formatLog(log, transaction, block, index)]
    }),
  )
}

/** True unless the block certainly has no log for `filter`. */
export function mayMatch(filter: LogFilter, bloom: Uint8Array): boolean {
  const anyOf = (values: readonly `0x${string}`[]) =>
    values.length === 0 || values.some((value) => bloomMayHave(bloom, hexToBytes(value)))
  return anyOf(filter.addresses) && filter.topics.every(anyOf)
}
