/** Ethereum JSON of what the chain holds (execution-apis). Nothing of ZOS is added here: strict clients refuse unknown fields. */
import { bytesToHex, type PrefixedHexString } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { decodeTransaction, type Transaction } from '@zos/pipeline/transaction'
import type { StoredBlock, StoredTransaction } from '../chain/block-codec.ts'
import { effectiveGasPrice } from '../execution/effective-gas-price.ts'
import { type BlockHeader, constantFields } from '../execution/header.ts'
import { bloomOf, type Log } from '../execution/receipt.ts'
import type { SignedTransaction } from '../execution/signed-transaction.ts'
import type { Hash } from '../state/account.ts'

export function quantity(value: number | bigint): PrefixedHexString {
  return `0x${value.toString(16)}`
}

/** The header fields that `newHeads` and `eth_getBlock` share. */
export function formatHeader(header: BlockHeader, hash: Hash) {
  const constant = constantFields(header)
  return {
    hash,
    parentHash: header.parentHash,
    sha3Uncles: constant.ommersHash,
    miner: header.beneficiary,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: header.receiptsRoot,
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: quantity(constant.difficulty),
    number: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: header.extraData,
    mixHash: header.mixHash,
    nonce: constant.nonce,
    ...(constant.fields < 16 ? {} : { baseFeePerGas: quantity(header.baseFeePerGas) }),
    ...(constant.fields < 17 ? {} : { withdrawalsRoot: constant.withdrawalsRoot }),
    ...(constant.fields < 20
      ? {}
      : {
          blobGasUsed: quantity(constant.blobGasUsed),
          excessBlobGas: quantity(constant.excessBlobGas),
          parentBeaconBlockRoot: header.parentBeaconBlockRoot,
        }),
    ...(constant.fields < 21 ? {} : { requestsHash: constant.requestsHash }),
  }
}

export function formatBlock(block: StoredBlock, transactions: readonly StoredTransaction[] | undefined) {
  return {
    ...formatHeader(block.header, block.hash),
    size: quantity(block.size),
    uncles: (block.uncles ?? []).map((uncle) => bytesToHex(keccak256(uncle))),
    ...(constantFields(block.header).fields < 17
      ? {}
      : {
          withdrawals: (block.withdrawals ?? []).map(({ index, validatorIndex, address, amount }) => ({
            index: quantity(index),
            validatorIndex: quantity(validatorIndex),
            address,
            amount: quantity(amount),
          })),
        }),
    transactions: transactions
      ? transactions.map((transaction) => formatTransaction(storedParts(transaction), block, transaction.index))
      : block.transactions,
  }
}

/** `block` undefined: a transaction that no block holds yet. `index`: its place there, which is searched for without. */
export function formatTransaction(
  { tx, hash, sender }: SignedTransaction,
  block?: StoredBlock,
  index = block?.transactions.indexOf(hash) ?? 0,
) {
  const place = block
    ? {
        blockHash: block.hash,
        blockNumber: quantity(block.header.number),
        transactionIndex: quantity(index),
        blockTimestamp: quantity(block.header.timestamp),
      }
    : { blockHash: null, blockNumber: null, transactionIndex: null, blockTimestamp: null }
  const price = block && tx.type >= 2 ? effectiveGasPrice(tx, block.header.baseFeePerGas) : tx.maxFeePerGas
  return {
    ...place,
    hash,
    from: sender,
    to: tx.to ? bytesToHex(tx.to) : null,
    type: quantity(tx.type),
    nonce: quantity(tx.nonce),
    gas: quantity(tx.gasLimit),
    gasPrice: quantity(price),
    ...(tx.type >= 2
      ? { maxFeePerGas: quantity(tx.maxFeePerGas), maxPriorityFeePerGas: quantity(tx.maxPriorityFeePerGas) }
      : {}),
    value: quantity(tx.value),
    input: bytesToHex(tx.data),
    ...(tx.type >= 1
      ? {
          accessList: tx.accessList.map(({ address, storageKeys }) => ({
            address: bytesToHex(address),
            storageKeys: storageKeys.map((key) => bytesToHex(key)),
          })),
        }
      : {}),
    ...(tx.type === 4
      ? {
          authorizationList: tx.authorizationList.map((item) => ({
            chainId: quantity(item.chainId),
            address: bytesToHex(item.address),
            nonce: quantity(item.nonce),
            yParity: quantity(item.yParity),
            r: quantity(item.r),
            s: quantity(item.s),
          })),
        }
      : {}),
    ...(tx.chainId === undefined ? {} : { chainId: quantity(tx.chainId) }),
    ...signature(tx),
  }
}

export function formatReceipt(transaction: StoredTransaction, block: StoredBlock, firstLogIndex: number) {
  const { receipt } = transaction
  const { tx } = storedParts(transaction)
  return {
    type: quantity(receipt.type),
    ...(receipt.stateRoot ? { root: receipt.stateRoot } : { status: receipt.succeeded ? '0x1' : '0x0' }),
    transactionHash: transaction.hash,
    transactionIndex: quantity(transaction.index),
    blockHash: block.hash,
    blockNumber: quantity(block.header.number),
    from: transaction.sender,
    to: tx.to ? bytesToHex(tx.to) : null,
    contractAddress: receipt.contractAddress ?? null,
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    gasUsed: quantity(receipt.gasUsed),
    effectiveGasPrice: quantity(receipt.effectiveGasPrice),
    logs: receipt.logs.map((log, index) => formatLog(log, transaction, block, firstLogIndex + index)),
    logsBloom: bytesToHex(bloomOf(receipt.logs)),
  }
}

export function formatLog(log: Log, transaction: { hash: Hash; index: number }, block: StoredBlock, logIndex: number) {
  return {
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
    blockNumber: quantity(block.header.number),
    transactionHash: transaction.hash,
    transactionIndex: quantity(transaction.index),
    blockHash: block.hash,
    blockTimestamp: quantity(block.header.timestamp),
    logIndex: quantity(logIndex),
    removed: false,
  }
}

/** Decodes what this node stored: it was valid when it was executed. */
export function storedParts({
  raw,
  hash,
  sender,
}: Pick<StoredTransaction, 'raw' | 'hash' | 'sender'>): SignedTransaction {
  const decoded = decodeTransaction(raw)
  if (decoded.status !== 'ok') throw new Error(`the stored transaction ${hash} does not decode: ${decoded.reason}`)
  return { tx: decoded.tx, hash, sender }
}

function signature({ type, chainId, signature: { r, s, yParity } }: Transaction) {
  const common = { r: quantity(r), s: quantity(s) }
  if (type !== 0) return { v: quantity(yParity), yParity: quantity(yParity), ...common }
  return { v: quantity(chainId === undefined ? 27 + yParity : chainId * 2n + 35n + BigInt(yParity)), ...common }
}
