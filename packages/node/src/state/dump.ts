import { bytesToHex, setLengthLeft } from '@ethereumjs/util'
import { NodeError } from '../errors.ts'
import type { GenesisAccount } from '../genesis/genesis.ts'
import type { KeyValueStore } from '../store/kv.ts'
import { type AddressHex, decodeAccount, type Hash, NO_CODE } from './account.ts'

/** Characters of an address with its 0x. */
const ADDRESS_CHARACTERS = 42
const ATTEMPTS = 20

/** Every account of the state in `store` (the layout of WorldState), in the form that a genesis has. Cost: reads all of it. */
export async function dumpAccounts(store: KeyValueStore): Promise<GenesisAccount[]> {
  const storage = new Map<AddressHex, Record<Hash, Hash>>()
  for await (const [key, value] of store.entries('s0x', 's0y')) {
    const address = key.slice(1, 1 + ADDRESS_CHARACTERS) as AddressHex
    const slots = storage.get(address) ?? {}
    slots[key.slice(1 + ADDRESS_CHARACTERS) as Hash] = bytesToHex(setLengthLeft(value, 32))
    storage.set(address, slots)
  }
  const accounts: GenesisAccount[] = []
  for await (const [key, value] of store.entries('a0x', 'a0y')) {
    const address = key.slice(1) as AddressHex
    const { nonce, balance, codeHash } = decodeAccount(value)
    const slots = storage.get(address)
    const code = codeHash === NO_CODE ? undefined : store.get(`c${codeHash}`)
    accounts.push({
      address,
      balance: balance.toString(),
      ...(nonce === 0n ? {} : { nonce: Number(nonce) }),
      ...(code ? { code: bytesToHex(code) } : {}),
      ...(slots ? { storage: slots } : {}),
    })
  }
  return accounts
}

/**
 * As {@link dumpAccounts}, of a node that runs: again when a block came between, for its accounts and its storage would not fit together.
 * Throws `NODE_STOPPED` when blocks come faster than the state can be read.
 */
export async function dumpBetweenBlocks(
  store: KeyValueStore,
  chain: { idle(): Promise<void>; head(): unknown },
): Promise<GenesisAccount[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await chain.idle()
    const before = chain.head()
    const accounts = await dumpAccounts(store)
    if (chain.head() === before) return accounts
  }
  throw new NodeError('NODE_STOPPED', 'blocks come faster than the state can be read', {})
}
