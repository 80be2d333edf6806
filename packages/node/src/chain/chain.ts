import type { SkipReason } from '../execution/execute-block.ts'
import { readPrunedMark } from '../history/pruned-mark.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { type KeyValueStore, type StoreChange, sortable } from '../store/kv.ts'
import {
  decodeBlock,
  decodeTransactionRecord,
  encodeBlock,
  encodeTransaction,
  type StoredBlock,
  type StoredTransaction,
} from './block-codec.ts'
import { DecodedCache } from './decoded-cache.ts'

function text(value: string | number): Uint8Array {
  return new TextEncoder().encode(String(value))
}

/** Makes `block` the head of a store, without its transactions. */
export function blockChanges(block: StoredBlock): StoreChange[] {
  const number = text(block.header.number)
  return [
    { key: `b${sortable(block.header.number)}`, value: encodeBlock(block) },
    { key: `h${block.hash}`, value: number },
    { key: HEAD_KEY, value: number },
    ...block.units.map(({ id }) => ({ key: `n${id}`, value: number })),
  ]
}

/** Told once a block is executed and durable. */
export interface BlockEvent {
  block: StoredBlock
  transactions: StoredTransaction[]
  skipped: SkippedTransaction[]
}

/** A transaction that a final unit carried and its block left out. */
export interface SkippedTransaction {
  hash: Hash
  reason: SkipReason
  sender: AddressHex
  nonce: bigint
  unit: Hash
}

/** Blocks kept decoded in memory: what clients ask for again and again. */
const RECENT_BLOCKS = 64
/** Memory for older ones, and for transactions. */
const BLOCK_CACHE_BYTES = 4 * 1024 * 1024
const TRANSACTION_CACHE_BYTES = 16 * 1024 * 1024
/** Transactions of whole blocks, of which each is small: a query for logs spent half its time on reading them one by one. */
const MAX_LISTS = 16
const MAX_LIST_BYTES = 64 * 1024
/** Names the newest block of a store. */
export const HEAD_KEY = 'head'

/** About; a log has some 200 bytes beside its data. */
function sizeOf(transactions: readonly StoredTransaction[]): number {
  const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0)
  return sum(
    transactions.map(({ raw, receipt }) => raw.length + sum(receipt.logs.map(({ data }) => 200 + data.length))),
  )
}

/** The executed blocks, their transactions and the indexes to find them. */
export class Chain {
  readonly #store: KeyValueStore
  readonly #recent = new Map<number, StoredBlock>()
  readonly #blocks = new DecodedCache<StoredBlock>(BLOCK_CACHE_BYTES)
  readonly #transactions = new DecodedCache<StoredTransaction>(TRANSACTION_CACHE_BYTES)
  /** By the block as it was decoded: another content is another object. */
  readonly #lists = new Map<StoredBlock, readonly StoredTransaction[]>()
  readonly #listeners = new Set<(event: BlockEvent) => void>()
  #head: StoredBlock | undefined

  constructor(store: KeyValueStore) {
    this.#store = store
    const head = store.get(HEAD_KEY)
    if (head) this.#head = this.block(Number(new TextDecoder().decode(head)))
  }

  /** The newest executed and durable block. A new store has none until the genesis block is added. */
  get head(): StoredBlock | undefined {
    return this.#head
  }

  /** The oldest block but the genesis that is kept; 0: all are. */
  get firstBlock(): number {
    return readPrunedMark(this.#store).block
  }

  block(number: number): StoredBlock | undefined {
    const recent = this.#recent.get(number)
    if (recent) return recent
    const key = `b${sortable(number)}`
    const rlp = this.#store.get(key)
    return rlp && this.#blocks.decoded(key, rlp, decodeBlock)
  }

  blockByHash(hash: Hash): StoredBlock | undefined {
    const number = this.#store.get(`h${hash}`)
    return number && this.block(Number(new TextDecoder().decode(number)))
  }

  transaction(hash: Hash): StoredTransaction | undefined {
    const place = this.#store.get(`t${hash}`)
    if (!place) return undefined
    const [block, index] = new TextDecoder().decode(place).split(':').map(Number) as [number, number]
    return this.transactionAt(block, index, hash)
  }

  transactionAt(block: number, index: number, hash: Hash): StoredTransaction | undefined {
    const key = `x${sortable(block)}${sortable(index)}`
    const rlp = this.#store.get(key)
    return (
      rlp && this.#transactions.decoded(key, rlp, (bytes) => decodeTransactionRecord(bytes, { hash, block, index }))
    )
  }

  /** All transactions of a block, in order. Cost: one read each; none for a small block that was asked for lately. */
  transactionsOf(block: StoredBlock): readonly StoredTransaction[] {
    const known = this.#lists.get(block)
    if (known) return known
    const list = block.transactions.map((hash, index) => this.transactionAt(block.header.number, index, hash)!)
    if (sizeOf(list) <= MAX_LIST_BYTES) {
      this.#lists.set(block, list)
      for (const [oldest] of this.#lists) {
        if (this.#lists.size <= MAX_LISTS) break
        this.#lists.delete(oldest)
      }
    }
    return list
  }

  /** What makes transactions of blocks `from` to `to` unknown by hash: on a development network they were undone and may come again. */
  forgetting(from: number, to: number): StoreChange[] {
    const changes: StoreChange[] = []
    for (let number = from; number <= to; number++)
      for (const hash of this.block(number)?.transactions ?? []) changes.push({ key: `t${hash}` })
    return changes
  }

  /** The number of the block that holds the unit `id`. */
  blockOfUnit(id: Hash): number | undefined {
    const number = this.#store.get(`n${id}`)
    return number && Number(new TextDecoder().decode(number))
  }

  /** Makes `block` durable together with `state`, then tells the listeners. */
  async append(event: BlockEvent, state: readonly StoreChange[]): Promise<void> {
    const { block, transactions } = event
    const { number } = block.header
    const changes: StoreChange[] = [...state, ...blockChanges(block)]
    for (const transaction of transactions) {
      changes.push({ key: `x${sortable(number)}${sortable(transaction.index)}`, value: encodeTransaction(transaction) })
      changes.push({ key: `t${transaction.hash}`, value: text(`${number}:${transaction.index}`) })
    }
    await this.#store.batch(changes, { sync: true })
    this.#recent.set(number, block)
    this.#recent.delete(number - RECENT_BLOCKS)
    this.#head = block
    for (const listener of this.#listeners) listener(event)
  }

  /** Calls `listener` after every block; returns how to stop that. */
  onBlock(listener: (event: BlockEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
