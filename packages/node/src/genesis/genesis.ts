import { hexToBytes, type PrefixedHexString, unpadBytes } from '@ethereumjs/util'
import { blake2b } from '@noble/hashes/blake2.js'
import { placeSystemContracts } from '../execution/system-contracts.ts'
import { IBC_HOST_ADDRESS } from '../ibc/addresses.ts'
import { writeGenesisVoteKeys } from '../ibc/vote-keys.ts'
import { systemStorage } from '../native/native-storage.ts'
import { EMPTY_ACCOUNT } from '../state/account.ts'
import { StateOverlay, type StateReader } from '../state/overlay.ts'
import { writeConsensusGenesis } from './consensus-genesis.ts'
import type { Genesis, GenesisAccount } from './genesis-file.ts'

export type { Genesis, GenesisAccount, GenesisConsensus, GenesisValidator } from './genesis-file.ts'

/** The factory that deploys by CREATE2 at the same address on every chain; tools expect it (its code is 69 bytes of EVM). */
export const CREATE2_FACTORY: GenesisAccount = {
  address: '0x4e59b44847b379578588920ca78fbf26c0b4956c',
  balance: '0',
  nonce: 1,
  code: '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3',
}

/** BLAKE2b-256 of the genesis in one canonical JSON form: two nodes with another genesis are in two networks. */
export function genesisHash(genesis: Genesis): Uint8Array {
  return blake2b(new TextEncoder().encode(canonicalJson(genesis)), { dkLen: 32 })
}

/** The state before block 1. */
export function genesisState(genesis: Genesis): StateOverlay {
  const empty: StateReader = { account: () => undefined, storage: () => new Uint8Array(), code: () => new Uint8Array() }
  const state = new StateOverlay(empty)
  for (const { address, balance, code, nonce, storage } of genesis.accounts) {
    state.setAccount(address, { ...EMPTY_ACCOUNT, balance: BigInt(balance), nonce: BigInt(nonce ?? 0) })
    if (code) state.setCode(address, hexToBytes(code))
    for (const [slot, word] of Object.entries(storage ?? {}))
      state.setStorage(address, slot as PrefixedHexString, unpadBytes(hexToBytes(word as PrefixedHexString)))
  }
  placeSystemContracts(state)
  writeConsensusGenesis(state, genesis)
  if (genesis.ibc) writeGenesisVoteKeys(systemStorage(state, IBC_HOST_ADDRESS), genesis.ibc)
  return state
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  fields.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`
}
