/** State and block as a call wants them instead of as they are (`eth_call`, `eth_simulateV1`, `debug_traceCall`). */
import { type AddressHex, EMPTY_ACCOUNT, type Hash } from '../state/account.ts'
import type { StateOverlay, StateReader } from '../state/overlay.ts'
import type { BlockContext } from './block-context.ts'

export interface AccountOverride {
  nonce?: bigint
  balance?: bigint
  code?: Uint8Array
  /** All of the account's storage. Values without leading zeros. */
  state?: ReadonlyMap<Hash, Uint8Array>
  /** Slots of the account's storage. */
  stateDiff?: ReadonlyMap<Hash, Uint8Array>
  movePrecompileTo?: AddressHex
}

export type StateOverrides = ReadonlyMap<AddressHex, AccountOverride>

/** What differs in the block around a call. */
export type BlockOverrides = Partial<BlockContext> & { parentBeaconBlockRoot?: Hash }

/** Writes `overrides` into `state`, whose base has to be read through {@link withoutReplacedStorage}. */
export function applyOverrides(state: StateOverlay, overrides: StateOverrides): void {
  for (const [address, { nonce, balance, code, state: slots, stateDiff }] of overrides) {
    const account = state.account(address) ?? EMPTY_ACCOUNT
    const next = { ...account, nonce: nonce ?? account.nonce, balance: balance ?? account.balance }
    state.setAccount(address, next)
    if (code) state.setCode(address, code)
    for (const [slot, value] of slots ?? stateDiff ?? []) state.setStorage(address, slot, value)
  }
}

/** `base` without the storage of the accounts whose storage is replaced as a whole. */
export function withoutReplacedStorage(base: StateReader, overrides: StateOverrides): StateReader {
  const replaced = new Set([...overrides].flatMap(([address, { state }]) => (state ? [address] : [])))
  if (replaced.size === 0) return base
  return {
    account: (address) => base.account(address),
    storage: (address, slot) => (replaced.has(address) ? new Uint8Array() : base.storage(address, slot)),
    code: (codeHash) => base.code(codeHash),
  }
}
