import type { Transaction } from '@zos/pipeline/transaction'
import type { AddressHex, Hash } from '../state/account.ts'

/** A transaction with its verified sender. */
export interface SignedTransaction {
  readonly tx: Transaction
  readonly hash: Hash
  readonly sender: AddressHex
  /** On development networks: nobody signed it, and its sender may be a contract. */
  readonly impersonated?: true
}
