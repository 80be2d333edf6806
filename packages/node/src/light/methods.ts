/** The JSON-RPC methods of a light node. Each answer is computed here from what was proved; a method that is not here is refused. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { decodeTransaction } from '@zos/pipeline/transaction'
import { TRANSFER_GAS } from '../execution/gas-limits.ts'
import { nextBaseFee } from '../execution/header.ts'
import { LAST_RESERVED_ADDRESS } from '../execution/reserved-addresses.ts'
import {
  formatBlock,
  formatHeader,
  type formatLog,
  formatReceipt,
  formatTransaction,
  quantity,
  storedParts,
} from '../rpc/format.ts'
import { bloomMatcher, matchingLogs } from '../rpc/match-logs.ts'
import {
  addressParam,
  type BlockParam,
  blockParam,
  dataParam,
  hashParam,
  logFilterParam,
  quantityParam,
  slotParam,
} from '../rpc/params.ts'
import { type AddressHex, type Hash, NO_CODE } from '../state/account.ts'
import type { Accounts } from './accounts.ts'
import { LightError, SourceFault } from './errors.ts'
import { bytesOf, type Trust, type VerifiedHeader } from './follow.ts'
import type { History, VerifiedBlock } from './history.ts'
import { senderOf } from './history.ts'
import type { LightEvm } from './light-evm.ts'
import type { Outbox } from './outbox.ts'
import type { Sources } from './sources.ts'
import { createStateProver } from './state-prover.ts'

export interface MethodContext {
  readonly chainId: number
  readonly trust: Trust
  readonly sources: Sources
  readonly history: History
  readonly accounts: Accounts
  readonly outbox: Outbox
  /** What executes calls for `method`. Errors: `LIGHT_UNVERIFIABLE` where there is none. */
  readonly evm: (method: string) => Promise<LightEvm>
}

type Method = (params: readonly unknown[], context: MethodContext) => unknown

/** Wei per gas that a sender adds when nobody competes: advice, not a fact about the chain. */
const SUGGESTED_TIP = 1_000_000_000n
const MAX_LOG_BLOCKS = 5_000
const MAX_LOGS = 20_000
const MAX_FEE_BLOCKS = 1_024
const MAX_PROOF_SLOTS = 1_024

/** The newest verified block. */
function headOf({ trust }: MethodContext): VerifiedHeader {
  if (!trust.head) throw new LightError('LIGHT_NO_SOURCE', 'no block is verified yet; wait for ready()')
  return trust.head
}

/** The verified header that `param` names; undefined if there is none yet. `finalized` is what a checkpoint holds. */
async function headerAt(param: BlockParam, context: MethodContext): Promise<VerifiedHeader | undefined> {
  if (typeof param === 'object') return headerByHash(param.hash, context)
  if (typeof param === 'number') return context.history.header(param)
  if (param === 'earliest') return context.history.header(0)
  if (param !== 'finalized') return headOf(context)
  const anchor = context.trust.anchors[0]
  if (!anchor) throw new LightError('LIGHT_UNAVAILABLE', 'no checkpoint yet: nothing is final under both signatures')
  return context.history.header(anchor.block)
}

/** Sources tell the number of a block hash; the header under that number says whether it is true. */
async function headerByHash(hash: Hash, { sources, history }: MethodContext): Promise<VerifiedHeader | undefined> {
  const { results } = await sources.all(async (ask) => {
    const block = (await ask('eth_getBlockByHash', hash, false)) as { number: string } | null
    return block === null ? undefined : Number(block.number)
  })
  for (const number of new Set(results)) {
    if (number === undefined || !Number.isSafeInteger(number)) continue
    const header = await history.header(number)
    if (header?.hash === hash) return header
  }
  return undefined
}

async function stateAt(param: unknown, context: MethodContext): Promise<VerifiedHeader> {
  const header = await headerAt(blockParam(param), context)
  if (!header) throw new LightError('LIGHT_UNAVAILABLE', 'no such block is verified', { block: param })
  return header
}

async function block(param: BlockParam, full: unknown, context: MethodContext) {
  const header = await headerAt(param, context)
  if (!header) return null
  const { block: verified, transactions } = await context.history.block(header)
  return formatBlock(verified, full === true ? transactions : undefined)
}

/** The executed transaction with its block, wherever a source says it is; undefined if no source knows it or it is beyond the verified head. */
async function executed(hash: Hash, context: MethodContext) {
  const { sources, history } = context
  const { results } = await sources.all(async (ask) => {
    const receipt = (await ask('eth_getTransactionReceipt', hash)) as { blockNumber: string } | null
    return receipt === null ? undefined : Number(receipt.blockNumber)
  })
  for (const number of new Set(results)) {
    if (number === undefined || !Number.isSafeInteger(number)) continue
    const header = await history.header(number)
    if (!header) continue
    const verified = await history.block(header)
    const transaction = verified.transactions.find((one) => one.hash === hash)
    if (transaction) return { ...verified, transaction }
  }
  return undefined
}

function receiptAt({ block: verified, transactions }: VerifiedBlock, index: number) {
  const firstLog = transactions.slice(0, index).reduce((sum, { receipt }) => sum + receipt.logs.length, 0)
  return formatReceipt(transactions[index]!, verified, firstLog)
}

async function transactionOf(param: BlockParam, index: unknown, context: MethodContext) {
  const header = await headerAt(param, context)
  if (!header) return null
  const { block: verified, transactions } = await context.history.block(header)
  const transaction = transactions[Number(quantityParam(index, 'index'))]
  return transaction ? formatTransaction(storedParts(transaction), verified) : null
}

/** A transaction that waits: its bytes hash to its name, so they are its own. */
async function waiting(hash: Hash, { sources, chainId }: MethodContext) {
  const { results } = await sources.all(async (ask) => {
    const raw = await ask('eth_getRawTransactionByHash', hash)
    if (raw === null) return undefined
    const decoded = decodeTransaction(bytesOf(raw), { chainId: BigInt(chainId) })
    if (decoded.status !== 'ok' || `0x${bytesToHex(decoded.tx.hash)}` !== hash)
      throw new SourceFault('another transaction than the one asked for')
    return decoded.tx
  })
  const tx = results.find((result) => result !== undefined)
  return tx ? formatTransaction({ tx, hash, sender: senderOf(tx) }) : null
}

async function logs(value: unknown, context: MethodContext) {
  const filter = logFilterParam(value)
  const { history } = context
  const from = await headerAt(filter.blockHash ? { hash: filter.blockHash } : filter.fromBlock, context)
  if (!from) {
    if (filter.blockHash)
      throw new LightError('LIGHT_UNAVAILABLE', 'no such block is verified', { block: filter.blockHash })
    return []
  }
  const head = headOf(context).header.number
  const last = filter.blockHash ? from : ((await headerAt(filter.toBlock, context)) ?? headOf(context))
  const [first, end] = [from.header.number, Math.min(last.header.number, head)]
  if (end - first >= MAX_LOG_BLOCKS)
    throw new LightError('LIGHT_UNAVAILABLE', `a query may span at most ${MAX_LOG_BLOCKS} blocks`, { first, end })
  const mayMatch = bloomMatcher(filter)
  const found: ReturnType<typeof formatLog>[] = []
  // From the end down to the start in the cache, so that the headers come in long batches.
  await history.header(first)
  for (let number = first; number <= end; number++) {
    const header = await history.header(number)
    if (!header || !mayMatch(header.header.logsBloom)) continue
    const { block: verified, transactions } = await history.block(header)
    found.push(...matchingLogs(filter, verified, transactions))
    if (found.length > MAX_LOGS)
      throw new LightError('LIGHT_UNAVAILABLE', `the query has more than ${MAX_LOGS} results`, {})
  }
  return found
}

/** Runs a call here, on state that is proved piece by piece as it is read. */
async function ethCall([transaction, at, ...overrides]: readonly unknown[], context: MethodContext): Promise<string> {
  refuseOverrides('eth_call', overrides)
  const block = await stateAt(at, context)
  const evm = await context.evm('eth_call')
  return evm.call(transaction, block.header, createStateProver(block, context))
}

/** Exact without the EVM for a transfer to an account without code; anything else is executed. */
async function estimateGas(
  [transaction, at, ...overrides]: readonly unknown[],
  context: MethodContext,
): Promise<string> {
  if (typeof transaction !== 'object' || transaction === null)
    throw new LightError('LIGHT_INVALID_ARGUMENT', 'the transaction must be an object')
  refuseOverrides('eth_estimateGas', overrides)
  const { to, input, data, accessList, authorizationList } = transaction as Record<string, unknown>
  const isBare = (bytes: unknown) => bytes === undefined || bytes === null || bytes === '0x'
  const block = await stateAt(at, context)
  if (to && isBare(input) && isBare(data) && !accessList && !authorizationList) {
    const address = addressParam(to, 'to')
    const { account } = await context.accounts.prove(block, address)
    if (account.codeHash === NO_CODE && address > LAST_RESERVED_ADDRESS) return quantity(TRANSFER_GAS)
  }
  const evm = await context.evm('eth_estimateGas')
  const { header } = block
  const next = { ...header, number: header.number + 1, baseFeePerGas: nextBaseFee(header) }
  return evm.estimateGas(transaction, next, createStateProver(block, context))
}

function refuseOverrides(method: string, overrides: readonly unknown[]): void {
  if (overrides.some((given) => given !== undefined && given !== null))
    throw unverifiable(method, 'it takes no state or block overrides')
}

export function unverifiable(method: string, why: string): LightError {
  return new LightError('LIGHT_UNVERIFIABLE', `the light node refuses ${method}: ${why}`, { method })
}

async function pendingNonce(address: AddressHex, context: MethodContext): Promise<bigint> {
  const { account } = await context.accounts.prove(headOf(context), address)
  return context.outbox.nextNonce(address, account.nonce)
}

async function feeHistory(count: unknown, newest: unknown, percentiles: unknown, context: MethodContext) {
  if (Array.isArray(percentiles) && percentiles.length > 0)
    throw unverifiable('eth_feeHistory with percentiles', 'it would need every transaction of every block')
  const wanted = typeof count === 'number' ? count : Number(quantityParam(count, 'blockCount'))
  const last = await stateAt(newest, context)
  const first = Math.max(0, last.header.number - Math.min(Math.max(1, wanted), MAX_FEE_BLOCKS) + 1)
  const headers: VerifiedHeader[] = []
  for (let number = first; number < last.header.number; number++) headers.push((await context.history.header(number))!)
  headers.push(last)
  return {
    oldestBlock: quantity(first),
    baseFeePerGas: [...headers.map(({ header }) => quantity(header.baseFeePerGas)), quantity(nextBaseFee(last.header))],
    gasUsedRatio: headers.map(({ header }) => Number((header.gasUsed * 1_000_000n) / header.gasLimit) / 1_000_000),
  }
}

export const lightMethods: Readonly<Record<string, Method>> = {
  web3_clientVersion: () => 'zos-light',
  net_version: (_, { chainId }) => String(chainId),
  eth_chainId: (_, { chainId }) => quantity(chainId),
  eth_accounts: () => [],
  eth_syncing: () => false,
  eth_blockNumber: (_, context) => quantity(headOf(context).header.number),

  eth_getBalance: async ([address, at], context) =>
    quantity(
      (await context.accounts.prove(await stateAt(at, context), addressParam(address, 'address'))).account.balance,
    ),
  eth_getTransactionCount: async ([address, at], context) => {
    const target = addressParam(address, 'address')
    if (at === 'pending') return quantity(await pendingNonce(target, context))
    return quantity((await context.accounts.prove(await stateAt(at, context), target)).account.nonce)
  },
  eth_getCode: async ([address, at], context) =>
    `0x${bytesToHex(await context.accounts.code(await stateAt(at, context), addressParam(address, 'address')))}`,
  eth_getStorageAt: async ([address, slot, at], context) => {
    const key = slotParam(slot, 'slot')
    const { slots } = await context.accounts.prove(await stateAt(at, context), addressParam(address, 'address'), [key])
    return `0x${slots[0]!.value.toString(16).padStart(64, '0')}`
  },
  eth_getProof: async ([address, slots, at], context) => {
    if (!Array.isArray(slots) || slots.length > MAX_PROOF_SLOTS)
      throw new LightError('LIGHT_INVALID_ARGUMENT', `slots must be a list of at most ${MAX_PROOF_SLOTS}`)
    const target = addressParam(address, 'address')
    const keys = slots.map((slot) => slotParam(slot, 'slot'))
    const {
      account,
      accountProof,
      slots: proved,
    } = await context.accounts.prove(await stateAt(at, context), target, keys)
    return {
      address: target,
      balance: quantity(account.balance),
      codeHash: account.codeHash,
      nonce: quantity(account.nonce),
      storageHash: account.storageRoot,
      accountProof,
      storageProof: proved.map(({ value, proof }, index) => ({ key: slots[index], value: quantity(value), proof })),
    }
  },

  eth_getBlockByNumber: ([number, full], context) => block(blockParam(number), full, context),
  eth_getBlockByHash: ([hash, full], context) => block({ hash: hashParam(hash, 'hash') }, full, context),
  eth_getBlockTransactionCountByNumber: async ([number], context) => {
    const found = await block(blockParam(number), false, context)
    return found && quantity(found.transactions.length)
  },
  eth_getBlockTransactionCountByHash: async ([hash], context) => {
    const found = await block({ hash: hashParam(hash, 'hash') }, false, context)
    return found && quantity(found.transactions.length)
  },
  eth_getUncleCountByBlockNumber: () => '0x0',
  eth_getUncleCountByBlockHash: () => '0x0',
  eth_getTransactionByBlockNumberAndIndex: ([number, index], context) =>
    transactionOf(blockParam(number), index, context),
  eth_getTransactionByBlockHashAndIndex: ([hash, index], context) =>
    transactionOf({ hash: hashParam(hash, 'hash') }, index, context),
  eth_getTransactionByHash: async ([value], context) => {
    const hash = hashParam(value, 'hash')
    const found = await executed(hash, context)
    return found ? formatTransaction(storedParts(found.transaction), found.block) : waiting(hash, context)
  },
  eth_getTransactionReceipt: async ([hash], context) => {
    const found = await executed(hashParam(hash, 'hash'), context)
    return found ? receiptAt(found, found.transaction.index) : null
  },
  eth_getBlockReceipts: async ([number], context) => {
    const header = await headerAt(blockParam(number), context)
    if (!header) return null
    const verified = await context.history.block(header)
    return verified.transactions.map((_, index) => receiptAt(verified, index))
  },
  eth_getLogs: ([filter], context) => logs(filter, context),

  eth_gasPrice: (_, context) => quantity(nextBaseFee(headOf(context).header) + SUGGESTED_TIP),
  eth_maxPriorityFeePerGas: () => quantity(SUGGESTED_TIP),
  eth_feeHistory: ([count, newest, percentiles], context) => feeHistory(count, newest, percentiles, context),
  eth_call: ethCall,
  eth_estimateGas: estimateGas,
  eth_sendRawTransaction: ([raw], context) => context.outbox.send(dataParam(raw, 'transaction')),

  /** Header fields alone, as `newHeads` tells them: nothing but the verified header is needed. */
  zos_getVerifiedHeader: async ([at], context) => {
    const header = await headerAt(blockParam(at), context)
    return header ? formatHeader(header.header, header.hash) : null
  },
}
