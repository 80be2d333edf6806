import type { GenesisAccount } from '../genesis/genesis.ts'
import { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from './addresses.ts'
import { GATEWAY_CODE } from './bytecode.ts'

/** What a network that speaks IBC has in its genesis: the gateway, and the host's account (its code, INVALID, never runs). */
export const ibcAccounts: readonly GenesisAccount[] = [
  { address: IBC_HOST_ADDRESS, balance: '0', nonce: 1, code: '0xfe' },
  { address: IBC_GATEWAY_ADDRESS, balance: '0', nonce: 1, code: GATEWAY_CODE },
]
