/**
 * A peer of the storage network: js-libp2p over TCP with Noise and Yamux, Kademlia DHT, Bitswap for the IPFS world and the rain protocol among
 * storage nodes. Bounded connections; peers that send garbage are cut off and stay off.
 */
import { identify } from '@libp2p/identify'
import type { Libp2p, PeerId, PrivateKey } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/store.ts'
import { verifyBlock } from '../content/cid.ts'
import type { BlockSource } from '../content/export-file.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { nameOfRoutingKey, routingKey } from '../ipns/name.ts'
import { newestRecord, readRecord } from '../ipns/record.ts'
import type { StorageNode } from '../rain/node.ts'
import type { PlacementNode } from '../rain/placement.ts'
import { createBans } from './bans.ts'
import { startBitswap } from './bitswap.ts'
import { createRemoteNode, serveRain } from './rain-protocol.ts'

/** Connections that a peer keeps. */
export const MAX_CONNECTIONS = 300
/** A block that no peer gives within this time is an error; the caller's signal may end it sooner. */
export const FETCH_DEADLINE_MS = 20_000
/** Providers that are asked for one block. */
const MAX_PROVIDERS = 10

/** Options of {@link startPeer}. */
export interface PeerOptions {
  /** what this peer serves and where fetched blocks go */
  readonly blocks: BlockStore
  /** multiaddrs, default `/ip4/127.0.0.1/tcp/0` */
  readonly listen?: readonly string[]
  /** multiaddrs of peers to join by */
  readonly bootstrap?: readonly string[]
  /** the peer's identity; default a new one at each start */
  readonly privateKey?: PrivateKey
  /** default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
  /** shards kept for others over the rain protocol */
  readonly node?: StorageNode
  /** the DHT of the public IPFS network, or (default) a private one that takes local addresses */
  readonly dht?: 'private' | 'public'
  /** providers in the DHT are looked up when no connected peer has a block; default true */
  readonly findProviders?: boolean
  /** milliseconds since 1970, for the validity of IPNS records; without it this peer neither keeps nor finds names */
  readonly nowMs?: () => number
}

/** A running peer. */
export interface Peer extends BlockSource {
  readonly libp2p: Libp2p
  readonly id: string
  /** dialable addresses with the peer id */
  readonly addresses: readonly string[]
  connect(address: string, options?: { signal?: AbortSignal }): Promise<void>
  /** Writes a provider record for `cid` into the DHT: roots only, never every block. */
  provide(cid: CID, options?: { signal?: AbortSignal }): Promise<void>
  /** Peers that say to have `cid`. */
  providers(cid: CID, options?: { signal?: AbortSignal }): AsyncIterable<PeerId>
  /** Writes an IPNS record into the DHT. @throws StorageError `STORAGE_UNAVAILABLE` when no peer took it */
  publishName(name: CID, record: Uint8Array, options?: { signal?: AbortSignal }): Promise<void>
  /** The newest record of an IPNS name that the DHT has, checked; `undefined` when there is none. */
  findName(name: CID, options?: { signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined>
  /** Another peer's storage node. */
  remoteNode(address: string, node: PlacementNode): StorageNode
  /** True when the peer is banned for garbage. */
  isBanned(peer: string): boolean
  stop(): Promise<void>
}

/** Starts a peer. */
export async function startPeer(options: PeerOptions): Promise<Peer> {
  const { blocks } = options
  const crypto = options.crypto ?? defaultCrypto()
  const bans = createBans()
  const now = () => {
    if (options.nowMs === undefined)
      throw new StorageError('STORAGE_INVALID_ARGUMENT', 'IPNS needs a peer with a clock: nowMs')
    return options.nowMs()
  }
  const open = options.dht !== 'public'
  const isBanned = (peer: PeerId) => bans.isBanned(String(peer))
  const libp2p = await createLibp2p({
    ...(options.privateKey === undefined ? {} : { privateKey: options.privateKey }),
    addresses: { listen: [...(options.listen ?? ['/ip4/127.0.0.1/tcp/0'])] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: 50,
      maxIncomingPendingConnections: 50,
    },
    connectionGater: {
      denyDialPeer: isBanned,
      denyInboundEncryptedConnection: isBanned,
      denyDialMultiaddr: () => false, // loopback and private addresses are welcome
    },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: open ? '/zos/kad/1.0.0' : '/ipfs/kad/1.0.0',
        clientMode: !open,
        peerInfoMapper: open ? passthroughMapper : removePrivateAddressesMapper,
        validators: {
          async ipns(key, value) {
            const name = nameOfRoutingKey(key)
            if (name === undefined) throw new StorageError('STORAGE_MALFORMED', 'The key is not that of an IPNS name')
            await readRecord(crypto, name, value, now())
          },
        },
        selectors: { ipns: (_, records) => newestRecord(records) },
      }),
    },
  })
  const dht = libp2p.services.dht as KadDHT
  const onGarbage = (peer: PeerId) => void libp2p.hangUp(peer).catch(() => undefined)
  const bitswap = await startBitswap(libp2p, blocks, crypto, bans, onGarbage)
  const stopRain = options.node && (await serveRain(libp2p, options.node, bans, onGarbage))
  for (const address of options.bootstrap ?? [])
    await libp2p.dial(multiaddr(address), { signal: AbortSignal.timeout(FETCH_DEADLINE_MS) })

  async function* providers(cid: CID, signal: AbortSignal): AsyncGenerator<PeerId> {
    try {
      for await (const event of dht.findProviders(cid, { signal })) {
        if (event.name !== 'PROVIDER') continue
        for (const provider of event.providers) {
          if (provider.id.equals(libp2p.peerId)) continue
          if (provider.multiaddrs.length > 0)
            await libp2p.peerStore.merge(provider.id, { multiaddrs: provider.multiaddrs })
          yield provider.id
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async function fetchFrom(peer: PeerId, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    try {
      return await verifyBlock(crypto, cid, await bitswap.fetch(peer, cid, signal))
    } catch (error) {
      if (isStorageError(error, 'STORAGE_CORRUPT') && bans.strike(String(peer), 3)) onGarbage(peer)
      throw error
    }
  }

  return {
    libp2p,
    id: String(libp2p.peerId),
    get addresses() {
      return libp2p.getMultiaddrs().map(String)
    },
    async get(cid, { signal } = {}) {
      const local = await blocks.get(cid, { signal }).catch((error: unknown) => {
        if (!isStorageError(error)) throw error
        return undefined
      })
      if (local !== undefined) return local
      const deadline = AbortSignal.timeout(FETCH_DEADLINE_MS)
      const both = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
      const asked = new Set<string>()
      const keep = async (bytes: Uint8Array) => {
        await blocks.put(cid, bytes, { durable: false })
        return bytes
      }
      const connected = libp2p
        .getPeers()
        .filter((peer) => !isBanned(peer))
        .slice(0, MAX_PROVIDERS)
      for (const peer of connected) asked.add(String(peer))
      try {
        return await keep(await Promise.any(connected.map((peer) => fetchFrom(peer, cid, both))))
      } catch {
        signal?.throwIfAborted() // else nobody connected has it
      }
      if (options.findProviders ?? true) {
        for await (const peer of providers(cid, both)) {
          if (asked.has(String(peer)) || isBanned(peer)) continue
          if (asked.size > 2 * MAX_PROVIDERS) break
          asked.add(String(peer))
          const bytes = await fetchFrom(peer, cid, both).catch(() => undefined)
          if (bytes !== undefined) return keep(bytes)
        }
        signal?.throwIfAborted()
      }
      throw new StorageError('STORAGE_NOT_FOUND', `No peer gave ${cid}`, { cid: `${cid}`, asked: asked.size })
    },
    async connect(address, { signal } = {}) {
      await libp2p.dial(multiaddr(address), { signal: signal ?? AbortSignal.timeout(FETCH_DEADLINE_MS) })
    },
    async provide(cid, { signal } = {}) {
      for await (const _ of dht.provide(cid, { signal: signal ?? AbortSignal.timeout(FETCH_DEADLINE_MS) })) void _
    },
    providers: (cid, { signal } = {}) => providers(cid, signal ?? AbortSignal.timeout(FETCH_DEADLINE_MS)),
    async publishName(name, record, { signal } = {}) {
      await readRecord(crypto, name, record, now())
      let taken = 0
      const both = signal ?? AbortSignal.timeout(FETCH_DEADLINE_MS)
      for await (const event of dht.put(routingKey(name), record, { signal: both }))
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') taken++
      if (taken === 0)
        throw new StorageError('STORAGE_UNAVAILABLE', 'No peer took the IPNS record', { name: String(name) })
    },
    async findName(name, { signal } = {}) {
      const both = signal ?? AbortSignal.timeout(FETCH_DEADLINE_MS)
      const found: Uint8Array[] = []
      try {
        for await (const event of dht.get(routingKey(name), { signal: both })) {
          if (event.name !== 'VALUE') continue
          const valid = await readRecord(crypto, name, event.value, now()).then(
            () => true,
            (error: unknown) => {
              if (!isStorageError(error)) throw error
              return false
            },
          )
          if (valid) found.push(event.value)
        }
      } catch (error) {
        // The DHT throws when nobody has the key.
        if ((error as Error).name !== 'NotFoundError' && !both.aborted) throw error
        signal?.throwIfAborted()
      }
      return found[newestRecord(found)]
    },
    remoteNode: (address, node) => createRemoteNode(libp2p, multiaddr(address) as Multiaddr, node, crypto, bans),
    isBanned: (peer) => bans.isBanned(peer),
    async stop() {
      await bitswap.stop()
      await stopRain?.()
      await libp2p.stop()
    },
  }
}
