import { bytesToHex } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { type AccountState, type AddressHex, EMPTY_ACCOUNT, type Hash, NO_CODE } from './account.ts'

/** Reads a fixed version of the state. */
export interface StateReader {
  account(address: AddressHex): AccountState | undefined
  /** The value in a storage slot without leading zeros; empty for zero. */
  storage(address: AddressHex, slot: Hash): Uint8Array
  code(codeHash: Hash): Uint8Array
}

/** What a block (or a call) changed. Accounts that are gone are undefined; slots that are zero are empty. */
export interface StateChanges {
  accounts: Map<AddressHex, AccountState | undefined>
  storage: Map<AddressHex, Map<Hash, Uint8Array>>
  code: Map<Hash, Uint8Array>
}

const NO_BYTES = new Uint8Array()

/**
 * Uncommitted changes over a {@link StateReader}, with nested checkpoints. One flat map a kind and an undo log: a checkpoint costs
 * nothing, a revert costs what it undoes.
 */
export class StateOverlay implements StateReader {
  readonly #base: StateReader
  readonly #accounts = new Map<AddressHex, AccountState | undefined>()
  readonly #storage = new Map<AddressHex, Map<Hash, Uint8Array>>()
  readonly #code = new Map<Hash, Uint8Array>()
  readonly #undo: (() => void)[] = []
  readonly #checkpoints: number[] = []

  constructor(base: StateReader) {
    this.#base = base
  }

  account(address: AddressHex): AccountState | undefined {
    return this.#accounts.has(address) ? this.#accounts.get(address) : this.#base.account(address)
  }

  storage(address: AddressHex, slot: Hash): Uint8Array {
    return this.#storage.get(address)?.get(slot) ?? this.#base.storage(address, slot)
  }

  code(codeHash: Hash): Uint8Array {
    return this.#code.get(codeHash) ?? this.#base.code(codeHash)
  }

  codeOf(address: AddressHex): Uint8Array {
    const account = this.account(address)
    return !account || account.codeHash === NO_CODE ? NO_BYTES : this.code(account.codeHash)
  }

  setAccount(address: AddressHex, account: AccountState | undefined): void {
    this.#set(this.#accounts, address, account)
  }

  setStorage(address: AddressHex, slot: Hash, value: Uint8Array): void {
    let slots = this.#storage.get(address)
    if (!slots) {
      slots = new Map()
      this.#storage.set(address, slots)
    }
    this.#set(slots, slot, value)
  }

  setCode(address: AddressHex, code: Uint8Array): void {
    const codeHash = code.length === 0 ? NO_CODE : bytesToHex(keccak256(code))
    if (codeHash !== NO_CODE) this.#set(this.#code, codeHash, code)
    this.setAccount(address, { ...(this.account(address) ?? EMPTY_ACCOUNT), codeHash })
  }

  /**
   * Zeroes what this overlay wrote into `address`'s storage. Since EIP-6780 only a contract made in the same transaction loses its
   * storage, and such a contract has none below the overlay.
   */
  clearStorage(address: AddressHex): void {
    for (const slot of this.#storage.get(address)?.keys() ?? []) this.setStorage(address, slot, NO_BYTES)
  }

  checkpoint(): void {
    this.#checkpoints.push(this.#undo.length)
  }

  commit(): void {
    this.#checkpoints.pop()
    if (this.#checkpoints.length === 0) this.#undo.length = 0
  }

  revert(): void {
    const mark = this.#checkpoints.pop() ?? 0
    while (this.#undo.length > mark) this.#undo.pop()!()
  }

  changes(): StateChanges {
    return { accounts: this.#accounts, storage: this.#storage, code: this.#code }
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    if (this.#checkpoints.length > 0) {
      const had = map.has(key)
      const before = map.get(key)
      this.#undo.push(() => (had ? map.set(key, before as V) : map.delete(key)))
    }
    map.set(key, value)
  }
}
