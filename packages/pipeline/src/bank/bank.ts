import { Accounts } from './accounts.ts'

/** A plain transfer, whatever it was encoded in; its sender is already proven. */
export interface Transfer {
  /** 20 bytes each. */
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly nonce: bigint
  /** Wei. */
  readonly amount: bigint
  /** Wei, on top of the amount. */
  readonly fee: bigint
  /** Last index at which it is valid; 0: no limit. */
  readonly validUntil?: number
}

/**
 * What became of a transfer: `ok`, or why nothing changed. `nonce-gap` may become right later, `nonce-used` never;
 * `overflow` would put the receiver at 2^128 wei or more.
 */
export type TransferVerdict = 'ok' | 'expired' | 'nonce-used' | 'nonce-gap' | 'insufficient-funds' | 'overflow'

/** What a {@link Bank} does with fees. */
export interface BankOptions {
  /** Who gets the fees, 20 bytes. Not given: fees are burnt. */
  readonly feeCollector?: Uint8Array
}

/**
 * Applies plain transfers one after the other: a pure function of the accounts and the order, cheap enough (under 1 µs each) that
 * running it on several threads would cost more than it saves.
 */
export class Bank {
  readonly accounts: Accounts
  readonly #feeCollector: Uint8Array | undefined

  constructor(accounts = new Accounts(), options: BankOptions = {}) {
    this.accounts = accounts
    this.#feeCollector = options.feeCollector
  }

  /** Applies a transfer as of main-chain index `index`, or says why not and changes nothing. */
  apply(transfer: Transfer, index = 0): TransferVerdict {
    const { accounts } = this
    const { from, to, nonce, amount, fee, validUntil = 0 } = transfer
    if (validUntil !== 0 && index > validUntil) return 'expired'
    const payer = accounts.find(from)
    const expected = payer < 0 ? 0n : accounts.nonceAt(payer)
    if (nonce !== expected) return nonce < expected ? 'nonce-used' : 'nonce-gap'
    const total = amount + fee
    const funds = payer < 0 ? 0n : accounts.balanceAt(payer)
    if (total > funds) return 'insufficient-funds'
    // Sums stay below the supply in honest use; a mint without bounds must not wrap silently.
    const target = accounts.find(to)
    if (target >= 0 && target !== payer && accounts.balanceAt(target) + amount >= LIMIT) return 'overflow'
    const place = payer < 0 ? accounts.open(from) : payer
    accounts.setNonceAt(place, expected + 1n)
    accounts.setBalanceAt(place, funds - total)
    if (amount > 0n) this.#credit(to, amount)
    if (fee > 0n && this.#feeCollector) this.#credit(this.#feeCollector, fee)
    return 'ok'
  }

  #credit(address: Uint8Array, amount: bigint): void {
    const place = this.accounts.open(address)
    this.accounts.setBalanceAt(place, this.accounts.balanceAt(place) + amount)
  }
}

const LIMIT = 1n << 128n
