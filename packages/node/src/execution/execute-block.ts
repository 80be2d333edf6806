/**
 * One Ethereum block from one committed leader: its transactions in the ledger's order under one block context.
 * A transaction that cannot run at its turn (nonce, balance, fee, room) is left out; it never makes the block invalid, because the
 * units that carry it are already final.
 */

import { bytesToHex } from '@ethereumjs/util'
import type { Transaction } from '@zos/pipeline/transaction'
import { isNodeError } from '../errors.ts'
import { type AddressHex, EMPTY_ACCOUNT, type Hash, NO_CODE } from '../state/account.ts'
import { indexedRoot } from '../state/indexed-root.ts'
import { type StateChanges, StateOverlay, type StateReader } from '../state/overlay.ts'
import type { BlockContext } from './block-context.ts'
import { effectiveGasPrice } from './effective-gas-price.ts'
import type { Evm } from './evm.ts'
import { MAX_TRANSACTION_GAS, TRANSFER_GAS } from './gas-limits.ts'
import { bloomOf, EMPTY_BLOOM, encodeReceipt, type Log, type Receipt } from './receipt.ts'
import { LAST_RESERVED_ADDRESS } from './reserved-addresses.ts'
import type { SignedTransaction } from './signed-transaction.ts'

/** Why a transaction was left out of the block. */
export type SkipReason =
  | 'nonce-too-low'
  | 'nonce-too-high'
  | 'insufficient-funds'
  | 'fee-too-low'
  | 'block-full'
  | 'gas-limit'
  | 'sender-is-contract'
  | 'refused-by-evm'

export interface ExecutedBlock {
  readonly included: { transaction: SignedTransaction; receipt: Receipt }[]
  readonly skipped: { transaction: SignedTransaction; reason: SkipReason }[]
  readonly gasUsed: bigint
  readonly logsBloom: Uint8Array
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  readonly changes: StateChanges
}

/** The executor gives way to consensus at least this often. */
const YIELD_EVERY = 64

/** What the protocol itself does to the state around the transactions of a block. */
export interface BlockSystem {
  before(state: StateOverlay): void
  after(state: StateOverlay, block: { gasUsed: bigint }): void | Promise<void>
}

export async function executeBlock(
  evm: Evm,
  base: StateReader,
  context: BlockContext,
  transactions: readonly SignedTransaction[],
  system?: BlockSystem,
): Promise<ExecutedBlock> {
  const state = new StateOverlay(base)
  system?.before(state)
  const included: ExecutedBlock['included'] = []
  const skipped: ExecutedBlock['skipped'] = []
  const seen = new Set<Hash>()
  let gasUsed = 0n
  let bloom: Uint8Array = EMPTY_BLOOM

  for (const [position, transaction] of transactions.entries()) {
    if (seen.has(transaction.hash)) continue
    seen.add(transaction.hash)
    if (position % YIELD_EVERY === YIELD_EVERY - 1) await new Promise((resolve) => setImmediate(resolve))
    const skip = whyNotNow(state, context, gasUsed, transaction)
    const outcome =
      skip ??
      (isPlainTransfer(state, transaction.tx)
        ? transfer(state, context, transaction)
        : await contractCall(evm, state, context, transaction))
    if (typeof outcome === 'string') {
      skipped.push({ transaction, reason: outcome })
      continue
    }
    gasUsed += outcome.gasUsed
    const receipt: Receipt = {
      type: transaction.tx.type,
      cumulativeGasUsed: gasUsed,
      effectiveGasPrice: effectiveGasPrice(transaction.tx, context.baseFeePerGas),
      ...outcome,
    }
    if (receipt.logs.length > 0) bloom = union(bloom, bloomOf(receipt.logs))
    included.push({ transaction, receipt })
  }

  await system?.after(state, { gasUsed })
  return {
    included,
    skipped,
    gasUsed,
    logsBloom: bloom,
    transactionsRoot: indexedRoot(included.map(({ transaction }) => transaction.tx.raw)),
    receiptsRoot: indexedRoot(included.map(({ receipt }) => encodeReceipt(receipt))),
    changes: state.changes(),
  }
}

interface Outcome {
  succeeded: boolean
  gasUsed: bigint
  logs: readonly Log[]
  contractAddress: AddressHex | undefined
}

function whyNotNow(
  state: StateOverlay,
  context: BlockContext,
  gasUsed: bigint,
  { tx, sender, impersonated }: SignedTransaction,
): SkipReason | undefined {
  const account = state.account(sender) ?? EMPTY_ACCOUNT
  if (tx.nonce < account.nonce) return 'nonce-too-low'
  if (tx.nonce > account.nonce) return 'nonce-too-high'
  if (tx.maxFeePerGas < context.baseFeePerGas) return 'fee-too-low'
  if (account.balance < tx.gasLimit * tx.maxFeePerGas + tx.value) return 'insufficient-funds'
  if (tx.gasLimit > MAX_TRANSACTION_GAS || tx.gasLimit < TRANSFER_GAS) return 'gas-limit'
  if (gasUsed + tx.gasLimit > context.gasLimit) return 'block-full'
  if (!impersonated && account.codeHash !== NO_CODE && !isDelegation(state.code(account.codeHash)))
    return 'sender-is-contract'
  return undefined
}

/** EIP-7702: code that only points elsewhere does not make an account a contract. */
function isDelegation(code: Uint8Array): boolean {
  return code.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00
}

/** Value to an account without code: nothing for the EVM to do. */
function isPlainTransfer(state: StateOverlay, tx: Transaction): boolean {
  if (!tx.to || tx.data.length > 0 || tx.accessList.length > 0 || tx.type === 4) return false
  const to = bytesToHex(tx.to)
  return to > LAST_RESERVED_ADDRESS && (state.account(to)?.codeHash ?? NO_CODE) === NO_CODE
}

function transfer(state: StateOverlay, context: BlockContext, { tx, sender }: SignedTransaction): Outcome {
  const price = effectiveGasPrice(tx, context.baseFeePerGas)
  const account = state.account(sender)!
  state.setAccount(sender, {
    ...account,
    nonce: account.nonce + 1n,
    balance: account.balance - tx.value - TRANSFER_GAS * price,
  })
  credit(state, bytesToHex(tx.to!), tx.value)
  credit(state, context.beneficiary, TRANSFER_GAS * (price - context.baseFeePerGas))
  return { succeeded: true, gasUsed: TRANSFER_GAS, logs: [], contractAddress: undefined }
}

/** EIP-161: nothing is credited to an account that does not exist when there is nothing to credit. */
function credit(state: StateOverlay, address: AddressHex, amount: bigint): void {
  if (amount === 0n) return
  const account = state.account(address) ?? EMPTY_ACCOUNT
  state.setAccount(address, { ...account, balance: account.balance + amount })
}

async function contractCall(
  evm: Evm,
  state: StateOverlay,
  context: BlockContext,
  { tx, sender, impersonated }: SignedTransaction,
): Promise<Outcome | SkipReason> {
  state.checkpoint()
  try {
    const { succeeded, gasUsed, logs, contractAddress } = await evm.transact(
      state,
      context,
      tx.raw,
      sender,
      impersonated,
    )
    state.commit()
    return { succeeded, gasUsed, logs, contractAddress: tx.to ? undefined : contractAddress }
  } catch (error) {
    // Damage that this node alone has must not become a block of its own.
    if (isNodeError(error)) throw error
    state.revert()
    return 'refused-by-evm'
  }
}

function union(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte | b[index]!)
}
