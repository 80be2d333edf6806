/** The body of a `transactions` message: an RLP list of raw EIP-2718 transactions. */
import { RLP } from '@ethereumjs/rlp'
import { type Message, MessageKind, type Unit } from '@zos/dag'
import type { Transaction } from '@zos/pipeline/transaction'

/** Version of the body's format. */
const VERSION = 1
/** The smallest transaction has some 100 bytes, a payload at most a megabyte. */
const MAX_TRANSACTIONS = 16_384

export function transactionsMessage(transactions: readonly Transaction[]): Message {
  return { kind: MessageKind.transactions, version: VERSION, body: RLP.encode(transactions.map(({ raw }) => raw)) }
}

/** The raw transactions that a unit carries, in order. Nothing of them is checked: the unit is paid for in any case. */
export function rawTransactionsOf(unit: Unit): Uint8Array[] {
  return unit.messages
    .filter(({ kind, version }) => kind === MessageKind.transactions && version === VERSION)
    .flatMap(({ body }) => rawTransactions(body))
    .slice(0, MAX_TRANSACTIONS)
}

function rawTransactions(body: Uint8Array): Uint8Array[] {
  try {
    const list = RLP.decode(body)
    return Array.isArray(list) ? list.filter((item): item is Uint8Array => item instanceof Uint8Array) : []
  } catch {
    return []
  }
}
