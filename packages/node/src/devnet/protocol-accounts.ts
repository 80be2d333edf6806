import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from '../execution/system-contracts.ts'
import type { AddressHex } from '../state/account.ts'

/** True for accounts that the protocol writes by itself (0x…5a00 to 0x…5aff, block hashes): they belong to one network and one history. */
export function isProtocolAccount(address: AddressHex): boolean {
  return /^0x0{36}5a[0-9a-f]{2}$/.test(address) || address === HISTORY_ADDRESS || address === BEACON_ROOTS_ADDRESS
}
