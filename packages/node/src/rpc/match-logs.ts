import { hexToBytes } from '@ethereumjs/util'
import type { StoredBlock, StoredTransaction } from '../chain/block-codec.ts'
import { bloomBits, bloomMayHave } from '../execution/receipt.ts'
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

/** Tells of the bloom of a block whether the block may have a log for `filter`. Made once a query: it hashes what is looked for. */
export function bloomMatcher(filter: LogFilter): (bloom: Uint8Array) => boolean {
  const choices = [filter.addresses, ...filter.topics]
    .filter(({ length }) => length > 0)
    .map((values) => values.map((value) => bloomBits(hexToBytes(value))))
  return (bloom) => choices.every((bits) => bits.some((one) => bloomMayHave(bloom, one)))
}
