/** How blocks and their transactions lie in the store: RLP, read back by this node alone. */
import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt } from '@ethereumjs/util'
import { type BlockHeader, decodeHeader, encodeHeader } from '../execution/header.ts'
import type { Receipt } from '../execution/receipt.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { flatHex } from '../state/hex.ts'

/** A unit of the block with its place in the ledger. */
export interface BlockUnit {
  id: Hash
  /** Main-chain index. */
  mci: number
  height: number
}

/** Coins that came out of Ethereum's consensus layer (EIP-4895): only imported blocks have them. */
export interface Withdrawal {
  index: number
  validatorIndex: number
  address: AddressHex
  /** Gwei. */
  amount: bigint
}

/** A block without its transactions' bodies. */
export interface StoredBlock {
  header: BlockHeader
  hash: Hash
  /** The committed leader unit that made the block. */
  leader: Hash
  /** Round of the leader unit. */
  round: number
  units: BlockUnit[]
  transactions: Hash[]
  /** Bytes of the block as Ethereum writes it, as `eth_getBlock` tells it. */
  size: number
  withdrawals?: Withdrawal[]
  /** Headers of uncles, RLP each: only imported blocks have them. */
  uncles?: Uint8Array[]
}

/** An executed transaction with its place. */
export interface StoredTransaction {
  raw: Uint8Array
  hash: Hash
  sender: AddressHex
  receipt: Receipt
  /** The unit that carried it first. */
  unit: Hash
  block: number
  index: number
}

export function encodeBlock(block: StoredBlock): Uint8Array {
  return RLP.encode([
    encodeHeader(block.header),
    block.hash,
    block.leader,
    block.round,
    block.units.map(({ id, mci, height }) => [id, mci, height]),
    block.transactions,
    block.size,
    ...(block.withdrawals || block.uncles
      ? [
          (block.withdrawals ?? []).map((one) => [
            one.index,
            one.validatorIndex,
            one.address,
            bigIntToUnpaddedBytes(one.amount),
          ]),
          block.uncles ?? [],
        ]
      : []),
  ])
}

export function decodeBlock(rlp: Uint8Array): StoredBlock {
  const [header, hash, leader, round, units, transactions, size, withdrawals, uncles] = RLP.decode(rlp) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    [Uint8Array, Uint8Array, Uint8Array][],
    Uint8Array[],
    Uint8Array,
    [Uint8Array, Uint8Array, Uint8Array, Uint8Array][] | undefined,
    Uint8Array[] | undefined,
  ]
  return {
    header: decodeHeader(header),
    hash: flatHex(hash),
    leader: flatHex(leader),
    round: integer(round),
    units: units.map(([id, mci, height]) => ({ id: flatHex(id), mci: integer(mci), height: integer(height) })),
    transactions: transactions.map(flatHex),
    size: integer(size),
    ...(uncles && uncles.length > 0 ? { uncles } : {}),
    ...(withdrawals && withdrawals.length > 0
      ? {
          withdrawals: withdrawals.map(([index, validatorIndex, address, amount]) => ({
            index: integer(index),
            validatorIndex: integer(validatorIndex),
            address: flatHex(address),
            amount: bytesToBigInt(amount),
          })),
        }
      : {}),
  }
}

export function encodeTransaction({ raw, sender, receipt, unit }: StoredTransaction): Uint8Array {
  return RLP.encode([
    raw,
    sender,
    unit,
    receipt.type,
    receipt.succeeded ? 1 : 0,
    bigIntToUnpaddedBytes(receipt.gasUsed),
    bigIntToUnpaddedBytes(receipt.cumulativeGasUsed),
    bigIntToUnpaddedBytes(receipt.effectiveGasPrice),
    receipt.contractAddress ?? '0x',
    receipt.logs.map(({ address, topics, data }) => [address, [...topics], data]),
    ...(receipt.stateRoot ? [receipt.stateRoot] : []),
  ])
}

export function decodeTransactionRecord(
  rlp: Uint8Array,
  place: { hash: Hash; block: number; index: number },
): StoredTransaction {
  const [raw, sender, unit, type, succeeded, gasUsed, cumulative, price, contract, logs, stateRoot] = RLP.decode(
    rlp,
  ) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    [Uint8Array, Uint8Array[], Uint8Array][],
    Uint8Array | undefined,
  ]
  return {
    ...place,
    raw,
    sender: flatHex(sender),
    unit: flatHex(unit),
    receipt: {
      type: integer(type),
      succeeded: integer(succeeded) === 1,
      gasUsed: bytesToBigInt(gasUsed),
      cumulativeGasUsed: bytesToBigInt(cumulative),
      effectiveGasPrice: bytesToBigInt(price),
      contractAddress: contract.length === 0 ? undefined : flatHex(contract),
      logs: logs.map(([address, topics, data]) => ({
        address: flatHex(address),
        topics: topics.map(flatHex),
        data,
      })),
      ...(stateRoot ? { stateRoot: flatHex(stateRoot) } : {}),
    },
  }
}

function integer(bytes: Uint8Array): number {
  return Number(bytesToBigInt(bytes))
}
