/**
 * Finding peers by Kademlia: each node answers who is near a key, and looks up random keys while it has few connections. A node that knows one boot node finds
 * the others by it, and needs it no more. Values and provider records are not kept for anybody.
 */
import { randomBytes } from 'node:crypto'
import type { PeerInfo } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { MemoryDatastore } from 'datastore-core'

/** Connections that a node looks for; more come from those who look for it. */
const WANTED_PEERS = 24
/** How often a node looks that has some peers, but fewer than it wants, and one that has enough: peers come and go. */
const SEARCH_MS = 10_000
const LOOK_AROUND_MS = 120_000
/** The first searches come quickly: who starts knows nobody. */
const EAGER_MS = 500
const EAGER_SEARCHES = 8
const SEARCH_TIMEOUT_MS = 10_000
/** Peers dialled of one search. */
const MAX_DIALS = 8
/** Peers whose addresses libp2p remembers. */
const MAX_RECORDS = 4_096
const PREFIX = '/zos-kad'

/** The Kademlia service of a network, which only its own nodes speak. */
export function kademlia(networkName: string) {
  return kadDHT({
    protocol: `/zos/${networkName}/kad/1`,
    datastorePrefix: PREFIX,
    clientMode: false,
    // Networks of one machine or one building find each other too.
    peerInfoMapper: passthroughMapper,
    // Nothing is kept for others: a record that no validator accepts is refused.
    validators: {},
    selectors: {},
  })
}

/** What libp2p remembers of peers, bounded: the oldest goes. Provider records are dropped, which any peer could fill the memory with. */
export class BoundedDatastore extends MemoryDatastore {
  override put(...args: Parameters<MemoryDatastore['put']>): ReturnType<MemoryDatastore['put']> {
    const [key] = args
    if (key.toString().startsWith(`${PREFIX}/`)) return key
    // Anew, so that the order is that of use.
    this.delete(key)
    super.put(...args)
    // biome-ignore lint/suspicious/noExplicitAny: the parent's map is private in its types alone
    const data: Map<string, Uint8Array> = (this as any).data
    if (data.size > MAX_RECORDS) data.delete(data.keys().next().value!)
    return key
  }
}

export interface DiscoveryOptions {
  readonly dht: KadDHT
  readonly connected: () => readonly string[]
  /** True for a peer that must not be dialled. */
  readonly refused: (peer: string) => boolean
  readonly dial: (peer: PeerInfo) => Promise<unknown>
}

/** Looks for peers until it is stopped. */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #stopping = new AbortController()
  #searches = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  start(): void {
    const connected = this.#options.connected().length
    const pause = this.#searches < EAGER_SEARCHES ? EAGER_MS : connected < WANTED_PEERS ? SEARCH_MS : LOOK_AROUND_MS
    this.#timer = setTimeout(() => {
      // Without a peer there is nobody to ask: the boot nodes are redialled by the network.
      if (this.#options.connected().length === 0) return this.start()
      this.#searches++
      this.search()
        .catch(() => {})
        .finally(() => this.#stopping.signal.aborted || this.start())
    }, pause)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#stopping.abort()
  }

  /** Looks up one random key and dials some of the peers on the way that are not connected. Resolves when it is through. */
  async search(): Promise<void> {
    const { dht, connected, refused, dial } = this.#options
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(SEARCH_TIMEOUT_MS)])
    const found = new Map<string, PeerInfo>()
    for await (const event of dht.getClosestPeers(randomBytes(32), { signal })) {
      if (event.name !== 'PEER_RESPONSE') continue
      for (const peer of event.closer) if (peer.multiaddrs.length > 0) found.set(peer.id.toString(), peer)
    }
    const here = new Set(connected())
    const room = Math.max(0, WANTED_PEERS - here.size)
    const fresh = [...found].filter(([id]) => !here.has(id) && !refused(id)).slice(0, Math.min(room, MAX_DIALS))
    await Promise.allSettled(fresh.map(([, peer]) => dial(peer)))
  }
}
