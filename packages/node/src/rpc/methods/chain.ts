import type { StoredBlock, StoredTransaction } from '../../chain/block-codec.ts'
import { type RpcContext, type RpcMethod, resolveBlock } from '../context.ts'
import { formatBlock, formatReceipt, formatTransaction, quantity, storedParts } from '../format.ts'
import { JsonText, jsonOf } from '../json-text.ts'
import type { BlockParam } from '../params.ts'
import { blockParam, hashParam, quantityParam } from '../params.ts'
import type { PreparedJson } from '../prepared-json.ts'

function block(context: RpcContext, param: BlockParam, full: unknown, prepared: PreparedJson) {
  const found = resolveBlock(context, param)
  if (!found) return null
  const text =
    full === true
      ? prepared.of(`${found.hash}:full`, () => jsonOf(formatBlock(found, context.chain.transactionsOf(found))))
      : prepared.of(found.hash, () => jsonOf(formatBlock(found, undefined)))
  return new JsonText(text)
}

function count(context: RpcContext, param: BlockParam) {
  const found = resolveBlock(context, param)
  return found ? quantity(found.transactions.length) : null
}

function transactionAt(context: RpcContext, param: BlockParam, index: unknown) {
  const found = resolveBlock(context, param)
  const position = Number(quantityParam(index, 'index'))
  const hash = found?.transactions[position]
  const transaction = hash && context.chain.transactionAt(found.header.number, position, hash)
  return transaction ? formatTransaction(storedParts(transaction), found, position) : null
}

/** Receipts with the index of each one's first log in the block. Cost: a read for each earlier transaction with logs. */
export function receiptsOf(block: StoredBlock, transactions: readonly StoredTransaction[]) {
  let logIndex = 0
  return transactions.map((transaction) => {
    const receipt = formatReceipt(transaction, block, logIndex)
    logIndex += transaction.receipt.logs.length
    return receipt
  })
}

/** Blocks, which are asked for again and again. */
export function createBlockMethods(prepared: PreparedJson): Record<string, RpcMethod> {
  return {
    eth_getBlockByNumber: ([number, full], context) => block(context, blockParam(number), full, prepared),
    eth_getBlockByHash: ([hash, full], context) => block(context, { hash: hashParam(hash, 'hash') }, full, prepared),
  }
}

/** Transactions and receipts, and what there is of them in a block. */
export const chainMethods: Record<string, RpcMethod> = {
  eth_blockNumber: (_, { chain }) => quantity(chain.head!.header.number),
  eth_getBlockTransactionCountByNumber: ([number], context) => count(context, blockParam(number)),
  eth_getBlockTransactionCountByHash: ([hash], context) => count(context, { hash: hashParam(hash, 'hash') }),
  eth_getUncleCountByBlockNumber: ([number], context) => (resolveBlock(context, blockParam(number)) ? '0x0' : null),
  eth_getUncleCountByBlockHash: ([hash], context) =>
    resolveBlock(context, { hash: hashParam(hash, 'hash') }) ? '0x0' : null,
  eth_getUncleByBlockNumberAndIndex: () => null,
  eth_getUncleByBlockHashAndIndex: () => null,
  eth_getTransactionByBlockNumberAndIndex: ([number, index], context) =>
    transactionAt(context, blockParam(number), index),
  eth_getTransactionByBlockHashAndIndex: ([hash, index], context) =>
    transactionAt(context, { hash: hashParam(hash, 'hash') }, index),

  eth_getTransactionByHash: ([value], context) => {
    const hash = hashParam(value, 'hash')
    const stored = context.chain.transaction(hash)
    if (stored) return formatTransaction(storedParts(stored), context.chain.block(stored.block), stored.index)
    const pending = context.mempool.get(hash)
    return pending ? formatTransaction(pending) : null
  },

  eth_getRawTransactionByHash: ([value], { chain, mempool }) => {
    const hash = hashParam(value, 'hash')
    const raw = chain.transaction(hash)?.raw ?? mempool.get(hash)?.tx.raw
    return raw ? `0x${Buffer.from(raw).toString('hex')}` : null
  },

  eth_getTransactionReceipt: ([value], { chain }) => {
    const transaction = chain.transaction(hashParam(value, 'hash'))
    if (!transaction) return null
    const found = chain.block(transaction.block)!
    let logsBefore = 0
    if (transaction.receipt.logs.length > 0) {
      for (let index = 0; index < transaction.index; index++)
        logsBefore += chain.transactionAt(transaction.block, index, found.transactions[index]!)!.receipt.logs.length
    }
    return formatReceipt(transaction, found, logsBefore)
  },

  eth_getBlockReceipts: ([param], context) => {
    const found = resolveBlock(context, blockParam(param))
    return found ? receiptsOf(found, context.chain.transactionsOf(found)) : null
  },
}
