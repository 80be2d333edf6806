import type { AccountFields, StateManagerInterface } from '@ethereumjs/common'
import { Account, type Address, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { type AccountState, type AddressHex, EMPTY_ACCOUNT, EMPTY_ROOT, type Hash, NO_CODE } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import { hexAddress } from './hex-address.ts'

const MAX_HASHES = 1_024

/**
 * Lets the EVM of @ethereumjs run on a {@link StateOverlay}. No tries here: `getStateRoot` has no meaning inside a block.
 * `originalStorageCache` remembers what slots held when the transaction began, for the gas of SSTORE (EIP-2200).
 */
export class EthereumState implements StateManagerInterface {
  #overlay: StateOverlay
  readonly #originals = new Map<string, Uint8Array>()
  /** The bytes of hashes that were asked for lately: an account is read many times in a call. */
  readonly #hashes = new Map<Hash, Uint8Array>()
  #impersonated: AddressHex | undefined

  readonly originalStorageCache = {
    get: async (address: Address, key: Uint8Array): Promise<Uint8Array> => {
      const id = address.toString() + bytesToHex(key)
      let value = this.#originals.get(id)
      if (!value) {
        value = this.#overlay.storage(hexAddress(address), bytesToHex(key))
        this.#originals.set(id, value)
      }
      return value
    },
    clear: (): void => this.#originals.clear(),
  }

  constructor(overlay: StateOverlay) {
    this.#overlay = overlay
  }

  get overlay(): StateOverlay {
    return this.#overlay
  }

  /**
   * Goes on over another overlay: one EVM serves many blocks. `impersonated` may send although it is a contract: EIP-3607 lets only
   * delegations (EIP-7702) pass, so the first look at its code, which is that check, sees one.
   */
  use(overlay: StateOverlay, impersonated?: AddressHex): void {
    this.#overlay = overlay
    this.#originals.clear()
    this.#impersonated = impersonated && overlay.codeOf(impersonated).length > 0 ? impersonated : undefined
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const state = this.#overlay.account(hexAddress(address))
    return (
      state &&
      new Account(state.nonce, state.balance, this.#hashBytes(state.storageRoot), this.#hashBytes(state.codeHash))
    )
  }

  #hashBytes(hash: Hash): Uint8Array {
    if (hash === EMPTY_ROOT) return EMPTY_ROOT_BYTES
    if (hash === NO_CODE) return NO_CODE_BYTES
    let bytes = this.#hashes.get(hash)
    if (!bytes) {
      bytes = hexToBytes(hash)
      if (this.#hashes.size >= MAX_HASHES) this.#hashes.clear()
      this.#hashes.set(hash, bytes)
    }
    return bytes
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    this.#overlay.setAccount(hexAddress(address), account && fromEthereum(account))
  }

  async deleteAccount(address: Address): Promise<void> {
    this.#overlay.setAccount(hexAddress(address), undefined)
    this.#overlay.clearStorage(hexAddress(address))
  }

  async modifyAccountFields(address: Address, fields: AccountFields): Promise<void> {
    const before = this.#overlay.account(hexAddress(address)) ?? EMPTY_ACCOUNT
    this.#overlay.setAccount(hexAddress(address), {
      nonce: fields.nonce ?? before.nonce,
      balance: fields.balance ?? before.balance,
      storageRoot: fields.storageRoot ? bytesToHex(fields.storageRoot) : before.storageRoot,
      codeHash: fields.codeHash ? bytesToHex(fields.codeHash) : before.codeHash,
    })
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    this.#overlay.setCode(hexAddress(address), code)
  }

  async getCode(address: Address): Promise<Uint8Array> {
    if (this.#impersonated !== undefined && hexAddress(address) === this.#impersonated) {
      this.#impersonated = undefined
      return DELEGATION
    }
    return this.#overlay.codeOf(hexAddress(address))
  }

  async getCodeSize(address: Address): Promise<number> {
    return this.#overlay.codeOf(hexAddress(address)).length
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return this.#overlay.storage(hexAddress(address), bytesToHex(key))
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    let start = 0
    while (start < value.length && value[start] === 0) start++
    this.#overlay.setStorage(hexAddress(address), bytesToHex(key), value.slice(start))
  }

  async clearStorage(address: Address): Promise<void> {
    this.#overlay.clearStorage(hexAddress(address))
  }

  async checkpoint(): Promise<void> {
    this.#overlay.checkpoint()
  }

  async commit(): Promise<void> {
    this.#overlay.commit()
  }

  async revert(): Promise<void> {
    this.#overlay.revert()
  }

  async getStateRoot(): Promise<Uint8Array> {
    return hexToBytes(EMPTY_ROOT)
  }

  async setStateRoot(): Promise<void> {}

  async hasStateRoot(): Promise<boolean> {
    return true
  }

  clearCaches(): void {
    this.#originals.clear()
  }

  shallowCopy(): StateManagerInterface {
    return new EthereumState(this.#overlay)
  }
}

/** The code of an account that delegates to the zero address. */
const DELEGATION = hexToBytes(`0xef0100${'00'.repeat(20)}`)

/** Of most accounts: nobody writes into what is handed out. */
const EMPTY_ROOT_BYTES = hexToBytes(EMPTY_ROOT)
const NO_CODE_BYTES = hexToBytes(NO_CODE)

function hashOf(bytes: Uint8Array): Hash {
  return bytes === EMPTY_ROOT_BYTES ? EMPTY_ROOT : bytes === NO_CODE_BYTES ? NO_CODE : bytesToHex(bytes)
}

function fromEthereum(account: Account): AccountState {
  return {
    nonce: account.nonce,
    balance: account.balance,
    storageRoot: hashOf(account.storageRoot),
    codeHash: hashOf(account.codeHash),
  }
}
