/** What the explorer Otterscan asks of a node (its API level 8), so that it works on a ZOS network as it is. */
import type { StoredBlock, StoredTransaction } from '../../chain/block-codec.ts'
import { NO_CODE } from '../../state/account.ts'
import { type CallFrame, traceCalls } from '../../trace/call-frame.ts'
import { type RpcContext, type RpcMethod, resolveBlock, resolveState } from '../context.ts'
import { formatBlock, formatHeader, formatTransaction, quantity, storedParts } from '../format.ts'
import { addressParam, blockParam, hashParam } from '../params.ts'
import { invalidParams } from '../rpc-error.ts'
import { createTurns } from '../turns.ts'
import { receiptsOf } from './chain.ts'
import { replayIn } from './debug.ts'

const API_LEVEL = 8
/** Transactions of one page of a search or a block. */
const MAX_PAGE = 25
/** Blocks that one search looks through: some seconds of reading. */
const MAX_SEARCHED_BLOCKS = 20_000

function natural(value: unknown, name: string): number {
  if (typeof value === 'string' && /^0x[0-9a-f]{1,13}$/i.test(value)) return Number(value)
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalidParams(`${name} must be a whole number of 0 or more`)
  return value
}

/** Miners earn what was paid above the base fee. */
function issuanceAndFees(context: RpcContext, block: StoredBlock) {
  let fees = 0n
  for (const { receipt } of context.chain.transactionsOf(block)) fees += receipt.gasUsed * receipt.effectiveGasPrice
  return { issuance: { blockReward: '0x0', uncleReward: '0x0', issuance: '0x0' }, totalFees: quantity(fees) }
}

function blockDetails(context: RpcContext, block: StoredBlock | undefined) {
  if (!block) return null
  const { transactions, ...header } = formatBlock(block, undefined)
  return {
    block: { ...header, logsBloom: null, transactionCount: transactions.length },
    ...issuanceAndFees(context, block),
  }
}

function page(context: RpcContext, block: StoredBlock, transactions: readonly StoredTransaction[]) {
  return {
    txs: transactions.map((one) => formatTransaction(storedParts(one), block, one.index)),
    receipts: receiptsOf(block, context.chain.transactionsOf(block))
      .filter(({ transactionHash }) => transactions.some(({ hash }) => hash === transactionHash))
      .map((receipt) => ({ ...receipt, timestamp: block.header.timestamp })),
  }
}

/** Sender, recipient, contract made, and who logged: what a search by address finds. */
function concerns(transaction: StoredTransaction, address: string): boolean {
  const { sender, receipt } = transaction
  if (sender === address || receipt.contractAddress === address) return true
  if (receipt.logs.some((log) => log.address === address)) return true
  return storedParts(transaction).tx.to !== null && formatTransaction(storedParts(transaction)).to === address
}

/** Whole blocks in the direction of `step`, until a page is full. */
async function search(context: RpcContext, params: readonly unknown[], step: 1 | -1) {
  const address = addressParam(params[0], 'address')
  const from = natural(params[1], 'blockNumber')
  const size = Math.min(natural(params[2], 'pageSize'), MAX_PAGE)
  const head = context.chain.head!.header.number
  const txs: unknown[] = []
  const receipts: unknown[] = []
  let number = step === -1 ? (from === 0 ? head : Math.min(from - 1, head)) : from + (from === 0 ? 0 : 1)
  let searched = 0
  const turns = createTurns()
  for (; number >= 0 && number <= head && txs.length < size && searched < MAX_SEARCHED_BLOCKS; number += step) {
    searched++
    const pause = turns()
    if (pause) await pause
    const block = context.chain.block(number)
    if (!block || block.transactions.length === 0) continue
    const found = context.chain.transactionsOf(block).filter((one) => concerns(one, address))
    const part = page(context, block, step === -1 ? found.toReversed() : found)
    txs.push(...part.txs)
    receipts.push(...(step === -1 ? part.receipts.toReversed() : part.receipts))
  }
  const atEnd = step === -1 ? number < 0 : number > head
  const began = from === 0
  // Pages run from the newest to the oldest, in either direction of the search.
  return {
    txs: step === -1 ? txs : txs.reverse(),
    receipts: step === -1 ? receipts : receipts.reverse(),
    firstPage: step === -1 ? began : atEnd,
    lastPage: step === -1 ? atEnd : began,
  }
}

async function frameOf(context: RpcContext, value: unknown): Promise<CallFrame | undefined> {
  const transaction = context.chain.transaction(hashParam(value, 'hash'))
  if (!transaction) return undefined
  const { block, index } = transaction
  const [traced] = await replayIn(context, context.chain.block(block)!, { first: index, last: index }, traceCalls)
  return traced?.result
}

function* flat(frame: CallFrame, depth = 0): Generator<{ frame: CallFrame; depth: number }> {
  yield { frame, depth }
  for (const call of frame.calls) yield* flat(call, depth + 1)
}

/** Numbers of Otterscan's internal operations. */
const OPERATION = { CALL: 0, CREATE: 2, CREATE2: 3 } as const

export const otterscanMethods: Record<string, RpcMethod> = {
  erigon_getHeaderByNumber: ([number], context) => {
    const block = resolveBlock(context, blockParam(number))
    return block ? formatHeader(block.header, block.hash) : null
  },
  ots_getApiLevel: () => API_LEVEL,
  ots_hasCode: ([address, block], context) => {
    const { state } = resolveState(context, blockParam(block))
    return (state.account(addressParam(address, 'address'))?.codeHash ?? NO_CODE) !== NO_CODE
  },
  ots_getBlockDetails: ([number], context) =>
    blockDetails(context, resolveBlock(context, blockParam(typeof number === 'number' ? quantity(number) : number))),
  ots_getBlockDetailsByHash: ([hash], context) =>
    blockDetails(context, resolveBlock(context, { hash: hashParam(hash, 'hash') })),
  ots_getBlockTransactions: ([number, pageNumber, pageSize], context) => {
    const block = resolveBlock(context, blockParam(typeof number === 'number' ? quantity(number) : number))
    if (!block) return null
    const size = Math.min(natural(pageSize, 'pageSize'), MAX_PAGE)
    const all = context.chain.transactionsOf(block)
    const end = Math.max(0, all.length - natural(pageNumber, 'pageNumber') * size)
    const { txs, receipts } = page(context, block, all.slice(Math.max(0, end - size), end))
    const { transactions, ...header } = formatBlock(block, undefined)
    return {
      fullblock: { ...header, transactionCount: transactions.length, transactions: txs.toReversed() },
      receipts: receipts.toReversed().map((receipt) => ({ ...receipt, logs: null, logsBloom: null })),
    }
  },
  ots_searchTransactionsBefore: (params, context) => search(context, params, -1),
  ots_searchTransactionsAfter: (params, context) => search(context, params, 1),

  /** Nonces of a sender rise with the blocks: the newest block is searched first. */
  ots_getTransactionBySenderAndNonce: async ([address, value], context) => {
    const sender = addressParam(address, 'address')
    const nonce = natural(value, 'nonce')
    const { chain } = context
    const head = chain.head!.header.number
    const turns = createTurns()
    for (let number = head; number > Math.max(0, head - MAX_SEARCHED_BLOCKS); number--) {
      const pause = turns()
      if (pause) await pause
      const block = chain.block(number)
      if (!block) break
      for (const transaction of chain.transactionsOf(block)) {
        if (transaction.sender !== sender) continue
        const found = Number(storedParts(transaction).tx.nonce)
        if (found === nonce) return transaction.hash
        if (found < nonce) return null
      }
    }
    return null
  },
  ots_getTransactionError: async ([value], context) => {
    const frame = await frameOf(context, value)
    return frame?.error === 'execution reverted' ? frame.output : '0x'
  },
  ots_traceTransaction: async ([value], context) => {
    const root = await frameOf(context, value)
    if (!root) return null
    return [...flat(root)].map(({ frame: { type, from, to, value: wei, input, output }, depth }) => ({
      type,
      depth,
      from,
      to: to ?? null,
      value: type === 'STATICCALL' || type === 'DELEGATECALL' ? null : quantity(wei),
      input,
      output,
    }))
  },
  ots_getInternalOperations: async ([value], context) => {
    const root = await frameOf(context, value)
    if (!root) return null
    return [...flat(root)].flatMap(({ frame: { type, from, to, value: wei, error }, depth }) => {
      if (depth === 0 || error || !(type in OPERATION) || (type === 'CALL' && wei === 0n)) return []
      return [{ type: OPERATION[type as keyof typeof OPERATION], from, to: to ?? null, value: quantity(wei) }]
    })
  },
  /** Of contracts that a transaction made itself; null for those that a contract made. */
  ots_getContractCreator: async ([value], context) => {
    const address = addressParam(value, 'address')
    const { chain } = context
    const head = chain.head!.header.number
    const turns = createTurns()
    for (let number = head; number > Math.max(0, head - MAX_SEARCHED_BLOCKS); number--) {
      const pause = turns()
      if (pause) await pause
      const block = chain.block(number)
      if (!block) break
      const made = chain.transactionsOf(block).find(({ receipt }) => receipt.contractAddress === address)
      if (made) return { hash: made.hash, creator: made.sender }
    }
    return null
  },
}
