/**
 * The node's transaction processing unit: fetch (whoever calls {@link TransactionIntake.submit}), verify in batches, bank (the pool's
 * checks), write (the pool, and from there the node's next unit).
 */
import { bytesToHex } from '@ethereumjs/util'
import { decodeTransaction, type Transaction } from '@zos/pipeline/transaction'
import type { Verifier } from '@zos/pipeline/verify'
import type { SignedTransaction } from '../execution/execute-block.ts'
import type { Hash } from '../state/account.ts'
import { type Mempool, Rejection } from './mempool.ts'

/** Signatures checked in one go; larger batches would keep the event loop for more than some 50 ms. */
const MAX_BATCH = 512

interface Waiting {
  tx: Transaction
  done: (verdict: Hash | Rejection) => void
}

export class TransactionIntake {
  readonly #chainId: bigint
  readonly #verifier: Verifier
  readonly #mempool: Mempool
  readonly #accepted: (hash: Hash) => void
  #waiting: Waiting[] = []

  /** `accepted` is told every hash that enters the pool. */
  constructor(chainId: number, verifier: Verifier, mempool: Mempool, accepted: (hash: Hash) => void) {
    this.#chainId = BigInt(chainId)
    this.#verifier = verifier
    this.#mempool = mempool
    this.#accepted = accepted
  }

  /** Checks `raw` and puts it into the pool. Resolves with its hash, or with why not. */
  async submit(raw: Uint8Array): Promise<Hash | Rejection> {
    const decoded = decodeTransaction(raw, { chainId: this.#chainId })
    if (decoded.status === 'invalid') return new Rejection(describeFault(decoded.code, decoded.reason))
    return new Promise((done) => {
      this.#waiting.push({ tx: decoded.tx, done })
      if (this.#waiting.length === 1) setImmediate(() => this.#verify())
    })
  }

  /** All that came in since the last turn of the event loop is one batch. */
  #verify(): void {
    const batch = this.#waiting.slice(0, MAX_BATCH)
    this.#waiting = this.#waiting.slice(MAX_BATCH)
    if (this.#waiting.length > 0) setImmediate(() => this.#verify())
    const signed = recoverSenders(
      this.#verifier,
      batch.map(({ tx }) => tx),
    )
    for (const [index, { done }] of batch.entries()) {
      const transaction = signed[index]
      if (!transaction) done(new Rejection('invalid sender: the signature recovers to no address'))
      else {
        const rejection = this.#mempool.add(transaction)
        if (!rejection) this.#accepted(transaction.hash)
        done(rejection ?? transaction.hash)
      }
    }
  }
}

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

function describeFault(code: string, reason: string): string {
  if (code === 'chain-mismatch') return `invalid chain id for signer: ${reason}`
  if (code === 'replay-unprotected') return `only replay-protected (EIP-155) transactions allowed over RPC: ${reason}`
  if (code === 'type-unsupported' || code === 'blob-unsupported') return `transaction type not supported: ${reason}`
  if (code.startsWith('signature')) return `invalid transaction v, r, s values: ${reason}`
  if (code.startsWith('rlp') || code === 'empty') return `rlp: ${reason}`
  return reason
}
