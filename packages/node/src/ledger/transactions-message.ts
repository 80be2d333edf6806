/** The body of a `transactions` message: an RLP list of raw EIP-2718 transactions. */
import { RLP } from '@ethereumjs/rlp'
import { type Message, MessageKind, type Unit } from '@zos/dag'
import { decodeTransaction, type Transaction } from '@zos/pipeline/transaction'

/** Version of the body's format. */
const VERSION = 1
/** The smallest transaction has some 100 bytes, a payload at most a megabyte. */
const MAX_TRANSACTIONS = 16_384

export function transactionsMessage(transactions: readonly Transaction[]): Message {
  return { kind: MessageKind.transactions, version: VERSION, body: RLP.encode(transactions.map(({ raw }) => raw)) }
}

/** The well-formed transactions of a unit for this chain, in order. What does not decode is left out: the unit is paid for all the same. */
export function transactionsOf(unit: Unit, chainId: number): Transaction[] {
  const transactions: Transaction[] = []
  for (const { kind, version, body } of unit.messages) {
    if (kind !== MessageKind.transactions || version !== VERSION) continue
    for (const raw of rawTransactions(body)) {
      const decoded = decodeTransaction(raw, { chainId: BigInt(chainId) })
      if (decoded.status === 'ok') transactions.push(decoded.tx)
      if (transactions.length === MAX_TRANSACTIONS) return transactions
    }
  }
  return transactions
}

function rawTransactions(body: Uint8Array): Uint8Array[] {
  try {
    const list = RLP.decode(body)
    return Array.isArray(list) ? list.filter((item): item is Uint8Array => item instanceof Uint8Array) : []
  } catch {
    return []
  }
}
