import { toChecksumAddress } from '@ethereumjs/util'
import type { SignedTransaction } from '../../execution/signed-transaction.ts'
import type { AddressHex } from '../../state/account.ts'
import type { RpcContext, RpcMethod } from '../context.ts'
import { formatTransaction, quantity } from '../format.ts'
import { addressParam } from '../params.ts'

/** Transactions in one answer: some 10 MB of JSON. Beyond it senders are left out; `txpool_status` counts them all. */
const MAX_TOLD = 10_000

type Listed<T> = Record<'pending' | 'queued', Record<AddressHex, Record<string, T>>>

/** Both lists by sender and nonce. */
function listed<T>({ mempool }: RpcContext, tell: (transaction: SignedTransaction) => T): Listed<T> {
  const told: Listed<T> = { pending: {}, queued: {} }
  let left = MAX_TOLD
  for (const { sender, pending, queued } of mempool.content()) {
    left -= pending.length + queued.length
    if (left < 0) break
    const address = toChecksumAddress(sender)
    if (pending.length > 0) told.pending[address] = byNonce(pending, tell)
    if (queued.length > 0) told.queued[address] = byNonce(queued, tell)
  }
  return told
}

function byNonce<T>(
  transactions: readonly SignedTransaction[],
  tell: (one: SignedTransaction) => T,
): Record<string, T> {
  return Object.fromEntries(transactions.map((one) => [one.tx.nonce.toString(), tell(one)]))
}

function inspect({ tx }: SignedTransaction): string {
  const to = tx.to ? toChecksumAddress(`0x${Buffer.from(tx.to).toString('hex')}`) : 'contract creation'
  return `${to}: ${tx.value} wei + ${tx.gasLimit} gas \u00d7 ${tx.maxFeePerGas} wei`
}

/** What waits in the pool of this node: pending can go into its next unit, queued misses an earlier nonce. */
export const txpoolMethods: Record<string, RpcMethod> = {
  txpool_status: (_, { mempool }) => {
    const { pending, queued } = mempool.counts()
    return { pending: quantity(pending), queued: quantity(queued) }
  },
  txpool_content: (_, context) => listed(context, (one) => formatTransaction(one)),
  txpool_inspect: (_, context) => listed(context, inspect),
  txpool_contentFrom: ([value], { mempool }) => {
    const [content] = mempool.content(addressParam(value, 'address'))
    const tell = (one: SignedTransaction) => formatTransaction(one)
    return { pending: byNonce(content?.pending ?? [], tell), queued: byNonce(content?.queued ?? [], tell) }
  },
}
