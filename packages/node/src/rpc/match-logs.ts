import { hexToBytes } from '@ethereumjs/util'
import type { StoredBlock, StoredTransaction } from '../chain/block-codec.ts'
import { bloomBits, bloomMayHave } from '../execution/receipt.ts'
import { formatLog } from './format.ts'
import { jsonOf } from './json-text.ts'
import type { LogFilter } from './params.ts'
import type { PreparedJson } from './prepared-json.ts'

/** The logs of one block that `filter` lets through. */
export function matchingLogs(filter: LogFilter, block: StoredBlock, transactions: readonly StoredTransaction[]) {
  return [...matches(filter, transactions)].map(({ log, transaction, index }) =>
    formatLog(log, transaction, block, index),
  )
}

/** The same as JSON, a text a log. */
export function matchingLogTexts(
  filter: LogFilter,
  block: StoredBlock,
  transactions: readonly StoredTransaction[],
  prepared: PreparedJson,
): string[] {
  return [...matches(filter, transactions)].map(({ log, transaction, index }) =>
    prepared.of(`${block.hash}:${index}`, () => jsonOf(formatLog(log, transaction, block, index))),
  )
}

function* matches({ addresses, topics }: LogFilter, transactions: readonly StoredTransaction[]) {
  let index = 0
  for (const transaction of transactions)
    for (const log of transaction.receipt.logs) {
      const match = { log, transaction, index: index++ }
      if (addresses.length > 0 && !addresses.includes(log.address)) continue
      if (topics.length > log.topics.length) continue
      if (topics.every((choice, position) => choice.length === 0 || choice.includes(log.topics[position]!))) yield match
    }
}

/** Tells of the bloom of a block whether the block may have a log for `filter`. Made once a query: it hashes what is looked for. */
export function bloomMatcher(filter: LogFilter): (bloom: Uint8Array) => boolean {
  const choices = [filter.addresses, ...filter.topics]
    .filter(({ length }) => length > 0)
    .map((values) => values.map((value) => bloomBits(hexToBytes(value))))
  return (bloom) => choices.every((bits) => bits.some((one) => bloomMayHave(bloom, one)))
}
