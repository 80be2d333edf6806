import type { Address } from '@ethereumjs/util'
import type { AddressHex } from '../state/account.ts'

/** `address` in hex, found out once: state and journal ask for that of a frame's account many times. */
export function hexAddress(address: Address & { hex?: AddressHex }): AddressHex {
  address.hex ??= address.toString()
  return address.hex
}
