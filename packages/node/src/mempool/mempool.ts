/**
 * Transactions that this node was given and no block holds yet. Each sender's run in nonce order; those without a gap before them are
 * ready for the node's next unit. Nothing is gossiped: a transaction enters the ledger through the node that received it.
 */

import type { SkipReason } from '../execution/execute-block.ts'
import { MAX_TRANSACTION_GAS } from '../execution/gas-limits.ts'
import type { SignedTransaction } from '../execution/signed-transaction.ts'
import { type AccountState, type AddressHex, EMPTY_ACCOUNT, type Hash } from '../state/account.ts'
import { floorGas, intrinsicGas } from './intrinsic-gas.ts'

/** Bounds what a flood can make the node hold: about 100 MB of plain transfers. */
const MAX_TRANSACTIONS = 100_000
/** The same of large ones, of which each may have 128 KiB. */
const MAX_BYTES = 256 * 1024 * 1024
/** Of one sender, so that one cannot fill the pool. */
const MAX_PER_SENDER = 4_096
const MAX_BYTES_PER_SENDER = 16 * 1024 * 1024
/** Of one sender behind a nonce gap. */
const MAX_QUEUED_PER_SENDER = 64
/** A replacement pays at least this much more, in percent, as Ethereum clients ask. */
const REPLACEMENT_PERCENT = 10n
/** A proposed transaction that no block took within so many blocks is proposed again. */
const REPROPOSE_AFTER_BLOCKS = 20

/** What the pool reads of the chain when it judges a transaction. */
export interface PoolView {
  account(address: AddressHex): AccountState | undefined
  /** Wei per gas of the next block. */
  nextBaseFee: bigint
  blockGasLimit: bigint
}

/** What is wrong, for programs: the words of the TPU's receipts. */
export type RejectionCode =
  | 'duplicate'
  | 'nonce-used'
  | 'nonce-gap'
  | 'insufficient-funds'
  | 'fee-too-low'
  | 'gas-limit'
  | 'busy'
  | 'malformed'

/** Why a transaction was not taken; `message` in the words that Ethereum clients look for. */
export class Rejection {
  readonly code: RejectionCode
  readonly message: string

  constructor(code: RejectionCode, message: string) {
    this.code = code
    this.message = message
  }
}

interface Entry extends SignedTransaction {
  /** What it can cost at most, wei. */
  cost: bigint
  /** The block number at which it was last put into a unit. */
  proposedAt: number | undefined
  /** The epoch of that unit. */
  epoch: number
}

interface SenderQueue {
  entries: Map<bigint, Entry>
  /** The first nonce that is not ready. */
  next: bigint
  cost: bigint
  bytes: number
}

export class Mempool {
  readonly #view: () => PoolView
  readonly #entries = new Map<Hash, Entry>()
  readonly #senders = new Map<AddressHex, SenderQueue>()
  /** In order of arrival: what the next unit takes from. */
  #ready: Entry[] = []
  /** Of all raw transactions. */
  #bytes = 0

  constructor(view: () => PoolView) {
    this.#view = view
  }

  get size(): number {
    return this.#entries.size
  }

  /** How many could go into a unit now. */
  get ready(): number {
    return this.#ready.length
  }

  /** True while something waits that a unit could carry, or is in a unit that no block holds yet. */
  get hasWork(): boolean {
    for (const { proposedAt, tx, sender } of this.#entries.values())
      if (proposedAt !== undefined || tx.nonce < this.#senders.get(sender)!.next) return true
    return false
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear()
    this.#senders.clear()
    this.#ready = []
    this.#bytes = 0
  }

  get(hash: Hash): SignedTransaction | undefined {
    return this.#entries.get(hash)
  }

  /** The nonce after the last of `address` that is ready or executed: what `pending` means to a client. */
  pendingNonce(address: AddressHex): bigint {
    const executed = (this.#view().account(address) ?? EMPTY_ACCOUNT).nonce
    const next = this.#senders.get(address)?.next ?? executed
    return next > executed ? next : executed
  }

  counts(): { pending: number; queued: number } {
    let queued = 0
    for (const { entries, next } of this.#senders.values())
      for (const nonce of entries.keys()) if (nonce >= next) queued++
    return { pending: this.#entries.size - queued, queued }
  }

  /** What waits of each sender, or of `only` one, in nonce order. */
  *content(
    only?: AddressHex,
  ): Generator<{ sender: AddressHex; pending: SignedTransaction[]; queued: SignedTransaction[] }> {
    for (const sender of only ? [only] : this.#senders.keys()) {
      const queue = this.#senders.get(sender)
      if (!queue) continue
      const sorted = [...queue.entries.values()].sort((a, b) => (a.tx.nonce < b.tx.nonce ? -1 : 1))
      const isPending = ({ tx }: Entry) => tx.nonce < queue.next
      yield { sender, pending: sorted.filter(isPending), queued: sorted.filter((entry) => !isPending(entry)) }
    }
  }

  /** Takes `transaction`, or says why not. Cost: O(1), plus what a filled gap makes ready. */
  add(transaction: SignedTransaction): Rejection | undefined {
    const { tx, hash, sender } = transaction
    if (this.#entries.has(hash)) return new Rejection('duplicate', 'already known')
    const view = this.#view()
    const account = view.account(sender) ?? EMPTY_ACCOUNT
    const refused = refuse(transaction, view, account)
    if (refused) return refused
    const bytes = tx.raw.length
    if (this.#entries.size >= MAX_TRANSACTIONS || this.#bytes + bytes > MAX_BYTES)
      return new Rejection('busy', 'txpool is full')

    const queue = this.#senders.get(sender) ?? { entries: new Map(), next: account.nonce, cost: 0n, bytes: 0 }
    if (queue.next < account.nonce) queue.next = account.nonce
    const cost = tx.gasLimit * tx.maxFeePerGas + tx.value
    const rival = queue.entries.get(tx.nonce)
    if (rival && !outbids(transaction, rival))
      return new Rejection('fee-too-low', 'replacement transaction underpriced')
    if (rival?.proposedAt !== undefined)
      return new Rejection('nonce-used', 'nonce already used by a transaction that is in a unit')
    const room = MAX_BYTES_PER_SENDER - queue.bytes + (rival?.tx.raw.length ?? 0)
    if ((!rival && queue.entries.size >= MAX_PER_SENDER) || bytes > room)
      return new Rejection('busy', 'account limit exceeded: too many transactions in the txpool')
    if (tx.nonce > queue.next + BigInt(MAX_QUEUED_PER_SENDER))
      return new Rejection('nonce-gap', 'nonce too high: gap too large')
    const total = queue.cost - (rival?.cost ?? 0n) + cost
    if (total > account.balance)
      return new Rejection(
        'insufficient-funds',
        `insufficient funds for gas * price + value: address ${sender} have ${account.balance} want ${total}`,
      )

    if (rival) this.#forget(queue, rival)
    const entry: Entry = { ...transaction, cost, proposedAt: undefined, epoch: 0 }
    queue.entries.set(tx.nonce, entry)
    queue.cost += cost
    queue.bytes += bytes
    this.#bytes += bytes
    this.#senders.set(sender, queue)
    this.#entries.set(hash, entry)
    if (rival && tx.nonce < queue.next) this.#ready.push(entry)
    this.#advance(queue)
    return undefined
  }

  /** Takes transactions for one unit, oldest first, until `maxBytes` or `maxGas` is reached. They stay known until a block has them. */
  take(limits: { maxBytes: number; maxGas: bigint; block: number; epoch: number }): SignedTransaction[] {
    const taken: Entry[] = []
    let bytes = 0
    let gas = 0n
    let used = 0
    for (const entry of this.#ready) {
      if (!this.#isCurrent(entry) || entry.proposedAt !== undefined) {
        used++
        continue
      }
      bytes += entry.tx.raw.length
      gas += entry.tx.gasLimit
      if (taken.length > 0 && (bytes > limits.maxBytes || gas > limits.maxGas)) break
      entry.proposedAt = limits.block
      entry.epoch = limits.epoch
      taken.push(entry)
      used++
    }
    this.#ready = this.#ready.slice(used)
    return taken
  }

  /** A block was executed: forgets what it holds, offers again what was left out and can still run. */
  settle(
    block: number,
    included: readonly { hash: Hash; sender: AddressHex }[],
    skipped: readonly { hash: Hash; reason: SkipReason }[],
  ): void {
    const touched = new Set<AddressHex>()
    for (const { hash, sender } of included) {
      touched.add(sender)
      const entry = this.#entries.get(hash)
      if (entry) this.#forget(this.#senders.get(sender)!, entry)
    }
    for (const { hash, reason } of skipped) {
      const entry = this.#entries.get(hash)
      if (!entry) continue
      const queue = this.#senders.get(entry.sender)!
      if (reason === 'nonce-too-high' || reason === 'block-full' || reason === 'fee-too-low') this.#offerAgain(entry)
      else {
        this.#forget(queue, entry)
        if (queue.next > entry.tx.nonce) queue.next = entry.tx.nonce
      }
    }
    for (const sender of touched) this.#prune(sender)
    if (block % REPROPOSE_AFTER_BLOCKS === 0) {
      for (const entry of this.#entries.values())
        if (entry.proposedAt !== undefined && entry.proposedAt < block - REPROPOSE_AFTER_BLOCKS) this.#offerAgain(entry)
    }
  }

  /** The last block of `epoch` was executed: what its units carried and no block took has to go into units of the next one. */
  endEpoch(epoch: number): void {
    for (const entry of this.#entries.values())
      if (entry.proposedAt !== undefined && entry.epoch <= epoch) this.#offerAgain(entry)
  }

  /** Drops what the executed nonce has overtaken. */
  #prune(sender: AddressHex): void {
    const queue = this.#senders.get(sender)
    if (!queue) return
    const { nonce } = this.#view().account(sender) ?? EMPTY_ACCOUNT
    for (const entry of queue.entries.values()) if (entry.tx.nonce < nonce) this.#forget(queue, entry)
    if (queue.next < nonce) queue.next = nonce
    this.#advance(queue)
    if (queue.entries.size === 0) this.#senders.delete(sender)
  }

  #advance(queue: SenderQueue): void {
    for (let entry = queue.entries.get(queue.next); entry; entry = queue.entries.get(queue.next)) {
      this.#ready.push(entry)
      queue.next++
    }
  }

  #offerAgain(entry: Entry): void {
    entry.proposedAt = undefined
    this.#ready.push(entry)
  }

  #forget(queue: SenderQueue, entry: Entry): void {
    queue.entries.delete(entry.tx.nonce)
    queue.cost -= entry.cost
    queue.bytes -= entry.tx.raw.length
    this.#bytes -= entry.tx.raw.length
    this.#entries.delete(entry.hash)
  }

  #isCurrent(entry: Entry): boolean {
    return this.#entries.get(entry.hash) === entry
  }
}

function outbids({ tx }: SignedTransaction, rival: Entry): boolean {
  const enough = (offer: bigint, before: bigint) => offer * 100n >= before * (100n + REPLACEMENT_PERCENT)
  return (
    enough(tx.maxFeePerGas, rival.tx.maxFeePerGas) && enough(tx.maxPriorityFeePerGas, rival.tx.maxPriorityFeePerGas)
  )
}

function refuse({ tx, sender }: SignedTransaction, view: PoolView, account: AccountState): Rejection | undefined {
  if (tx.gasLimit > MAX_TRANSACTION_GAS)
    return new Rejection(
      'gas-limit',
      `transaction gas limit too high (cap: ${MAX_TRANSACTION_GAS}, tx: ${tx.gasLimit})`,
    )
  if (tx.gasLimit > view.blockGasLimit) return new Rejection('gas-limit', 'exceeds block gas limit')
  const least = intrinsicGas(tx)
  if (tx.gasLimit < least)
    return new Rejection('gas-limit', `intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${least}`)
  if (tx.gasLimit < floorGas(tx))
    return new Rejection('gas-limit', `intrinsic gas too low: gas ${tx.gasLimit}, minimum needed ${floorGas(tx)}`)
  if (tx.nonce < account.nonce)
    return new Rejection('nonce-used', `nonce too low: address ${sender}, tx: ${tx.nonce} state: ${account.nonce}`)
  if (tx.maxFeePerGas < view.nextBaseFee)
    return new Rejection(
      'fee-too-low',
      `max fee per gas less than block base fee: address ${sender}, maxFeePerGas: ${tx.maxFeePerGas}, baseFee: ${view.nextBaseFee}`,
    )
  return undefined
}
