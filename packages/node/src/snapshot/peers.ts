/** Snapshots from peers: asked by a node that has no network of its own yet, because it has no ledger. */
import { bytesToHex } from '@ethereumjs/util'
import type { Connection } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { NodeError } from '../errors.ts'
import { unitHash } from '../ledger/unit-hash.ts'
import {
  askChunk,
  askHistory,
  askManifest,
  askRecord,
  type HistoryRange,
  snapshotProtocol,
} from '../p2p/snapshot-protocol.ts'
import { MAX_CHUNK_BYTES } from './chunks.ts'
import { decodeManifest, manifestId, type SnapshotManifest } from './manifest.ts'
import type { SnapshotSource } from './source.ts'

const DIAL_TIMEOUT_MS = 10_000
/** Peers that are asked: a few agree, more only cost time. */
const MAX_PEERS = 16
/** Times that a chunk is asked for, of one peer after the other. */
const MAX_TRIES = 8

export interface SnapshotPeers {
  /** What the peers that answer still have; empty: none answers. */
  histories(): Promise<HistoryRange[]>
  /** The newest snapshot that most peers offer, from all of them. Throws `NODE_HISTORY_PRUNED` if none offers one. */
  newest(): Promise<SnapshotSource>
  close(): Promise<void>
}

/** Connects to those of `addresses` that answer. */
export async function connectSnapshotPeers(options: {
  addresses: readonly string[]
  genesisHash: Uint8Array
  signal?: AbortSignal
}): Promise<SnapshotPeers> {
  const { addresses, genesisHash, signal } = options
  const protocol = snapshotProtocol(genesisHash)
  const node = await createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  const limit = () => AbortSignal.any([AbortSignal.timeout(DIAL_TIMEOUT_MS), ...(signal ? [signal] : [])])
  const dialled = await Promise.all(
    [...new Set(addresses)].slice(0, MAX_PEERS).map(async (address) => {
      try {
        return await node.dial(multiaddr(address), { signal: limit() })
      } catch {
        return undefined
      }
    }),
  )
  const connections = dialled.filter((connection): connection is Connection => connection !== undefined)
  /** The answers of the peers that give one. */
  const each = async <T>(question: (connection: Connection) => Promise<T>): Promise<[Connection, T][]> => {
    const answers = await Promise.all(
      connections.map(async (connection) => {
        try {
          return [[connection, await question(connection)] as [Connection, T]]
        } catch {
          return []
        }
      }),
    )
    signal?.throwIfAborted()
    return answers.flat()
  }

  return {
    histories: async () =>
      (await each((connection) => askHistory(connection, protocol, signal))).map(([, range]) => range),
    async newest() {
      const offers = new Map<string, { manifest: SnapshotManifest; peers: Connection[] }>()
      const answers = await each(async (connection) => {
        const bytes = await askManifest(connection, protocol, signal)
        return bytes && decodeManifest(bytes, bytesToHex(genesisHash))
      })
      for (const [connection, manifest] of answers) {
        if (!manifest) continue
        const id = manifestId(manifest)
        const offer = offers.get(id) ?? { manifest, peers: [] }
        offer.peers.push(connection)
        offers.set(id, offer)
      }
      const [best] = [...offers.values()].sort(
        (a, b) => b.peers.length - a.peers.length || b.manifest.start.number - a.manifest.start.number,
      )
      if (!best)
        throw new NodeError(
          'NODE_HISTORY_PRUNED',
          `no peer has the history that this node lacks, and none of ${connections.length} offers a snapshot`,
          { peers: connections.length },
        )
      return sourceOf(best.manifest, best.peers, protocol)
    },
    close: async () => node.stop(),
  }
}

function sourceOf(manifest: SnapshotManifest, peers: readonly Connection[], protocol: string): SnapshotSource {
  const epoch = manifest.start.number
  /** Peers that sent something else than they had announced. */
  const liars = new Set<Connection>()
  let turn = 0
  return {
    manifest,
    async record(epoch, { signal } = {}) {
      for (const peer of peers) {
        signal?.throwIfAborted()
        const bytes = await askRecord(peer, protocol, epoch, signal).catch(() => undefined)
        if (bytes) return bytes
      }
      return undefined
    },
    async chunk(index, { signal } = {}) {
      for (let attempt = 0; attempt < MAX_TRIES && liars.size < peers.length; attempt++) {
        const peer = peers[turn++ % peers.length]!
        if (liars.has(peer)) continue
        signal?.throwIfAborted()
        try {
          const bytes = await askChunk(peer, protocol, { epoch, index, maxBytes: MAX_CHUNK_BYTES }, signal)
          if (bytes && bytesToHex(unitHash(bytes)) === manifest.chunks[index]) return bytes
          if (bytes) liars.add(peer)
        } catch {
          signal?.throwIfAborted()
        }
      }
      throw new NodeError(
        'NODE_HISTORY_PRUNED',
        `no peer has chunk ${index} of the snapshot of epoch ${epoch} any more`,
        {
          epoch,
          index,
        },
      )
    },
  }
}
