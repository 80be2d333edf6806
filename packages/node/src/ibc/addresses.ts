import type { AddressHex } from '../state/account.ts'

/** The chain's IBC host: a native contract that only the gateway calls. */
export const IBC_HOST_ADDRESS: AddressHex = '0x0000000000000000000000000000000000005a10'
/** The gateway contract: what users and relayers call. It holds what is out on other chains. */
export const IBC_GATEWAY_ADDRESS: AddressHex = '0x0000000000000000000000000000000000005a11'
