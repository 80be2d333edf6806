import { bytesToHex } from '@ethereumjs/util'
import type { Transaction } from '@zos/pipeline/transaction'
import type { Verifier } from '@zos/pipeline/verify'
import type { SignedTransaction } from '../execution/execute-block.ts'
import type { Hash } from '../state/account.ts'

/** The transactions with their senders; undefined where the signature fits nobody. `known` saves checking a signature twice. */
export function recoverSenders(
  verifier: Verifier,
  transactions: readonly Transaction[],
  known: (hash: Hash) => SignedTransaction | undefined = () => undefined,
): (SignedTransaction | undefined)[] {
  const signed = transactions.map((tx) => known(bytesToHex(tx.hash)))
  const unknown = transactions.filter((_, index) => !signed[index])
  const senders = verifier.recoverMany(
    unknown.map(({ signingHash, signature }) => ({ hash: signingHash, ...signature })),
  )
  let next = 0
  return transactions.map((tx, index) => {
    if (signed[index]) return signed[index]
    const sender = senders[next++]
    return sender ? { tx, hash: bytesToHex(tx.hash), sender: bytesToHex(sender) } : undefined
  })
}
