import { bytesToHex } from '@ethereumjs/util'
import { decodeTransaction } from '@zos/pipeline/transaction'
import { type TransactionRequest, Wallet } from 'ethers'
import type { SignedTransaction } from '../src/execution/signed-transaction.ts'
import { deriveAccounts, TEST_MNEMONIC } from '../src/genesis/accounts.ts'

export const CHAIN_ID = 1_337
export const accounts = deriveAccounts(TEST_MNEMONIC, 6)

/** A transaction of account `from`, signed by ethers and decoded by us. */
export async function signed(from: number, fields: TransactionRequest): Promise<SignedTransaction> {
  const wallet = new Wallet(bytesToHex(accounts[from]!.privateKey))
  const raw = await wallet.signTransaction({
    type: 2,
    chainId: CHAIN_ID,
    to: accounts[5]!.address,
    gasLimit: 21_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 10n ** 9n,
    ...fields,
    ...(fields.type === 0 || fields.type === 1 ? { maxFeePerGas: undefined, maxPriorityFeePerGas: undefined } : {}),
  } as TransactionRequest)
  const decoded = decodeTransaction(Buffer.from(raw.slice(2), 'hex'))
  if (decoded.status !== 'ok') throw new Error(decoded.reason)
  return { tx: decoded.tx, hash: bytesToHex(decoded.tx.hash), sender: accounts[from]!.address }
}
