import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from '../execution/system-contracts.ts'
import { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from '../ibc/addresses.ts'
import type { AddressHex } from '../state/account.ts'

/** True for accounts that the protocol writes by itself (0x…5a00 to 0x…5aff, block hashes): they belong to one network and one history. */
export function isProtocolAccount(address: AddressHex): boolean {
  return /^0x0{36}5a[0-9a-f]{2}$/.test(address) || address === HISTORY_ADDRESS || address === BEACON_ROOTS_ADDRESS
}

/**
 * True for accounts that keep what they hold when blocks are undone: neither the clock nor the ledger goes back. IBC does, or its books would not fit the
 * balances any more.
 */
export function survivesUndo(address: AddressHex): boolean {
  return isProtocolAccount(address) && address !== IBC_HOST_ADDRESS && address !== IBC_GATEWAY_ADDRESS
}
