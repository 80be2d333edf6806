import type { KeyValueStore } from '../store/kv.ts'

const KEY = 'peers'
/** Addresses that are remembered; the oldest go first. */
const MAX_ADDRESSES = 64
/** A multiaddr with a peer id has some 80 characters. */
const MAX_ADDRESS_LENGTH = 256

/** The addresses in a store that may be damaged. */
export function readablePeers(store: KeyValueStore): string[] {
  try {
    return new PeerBook(store).addresses()
  } catch {
    return []
  }
}

/** The addresses of peers that this node was told of, so that it finds the network again after a restart. */
export class PeerBook {
  readonly #store: KeyValueStore

  constructor(store: KeyValueStore) {
    this.#store = store
  }

  addresses(): string[] {
    const bytes = this.#store.get(KEY)
    return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : []
  }

  async add(addresses: readonly string[]): Promise<void> {
    const known = this.addresses()
    const fresh = addresses.filter((address) => address.length <= MAX_ADDRESS_LENGTH && !known.includes(address))
    if (fresh.length === 0) return
    const all = [...known, ...fresh].slice(-MAX_ADDRESSES)
    await this.#store.batch([{ key: KEY, value: new TextEncoder().encode(JSON.stringify(all)) }])
  }
}
