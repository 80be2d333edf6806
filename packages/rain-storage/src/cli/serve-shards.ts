/** The storage peer of a home: its store, its key, and the node that others put shards on. */
import { join } from 'node:path'
import { openPackStore, type PackStore } from '../platform/pack/pack-store.ts'
import { createLocalNode, type StorageNode } from '../rain/node.ts'
import { peerKeyOf } from './peer-key.ts'

/** What {@link serveShards} needs. */
export interface ServeShardsOptions {
  readonly folder: string
  /** multiaddr to listen on */
  readonly listen: string
  readonly capacityBytes: number
  /** puts something around what strangers reach */
  readonly wrap?: (node: StorageNode, store: PackStore) => StorageNode
}

/** A storage peer at work. */
export interface ShardServer {
  readonly address: string | undefined
  readonly store: PackStore
  stop(): Promise<void>
}

/** Opens the store and starts the peer. @throws StorageError `STORAGE_LOCKED` while another process has the store open */
export async function serveShards({ folder, listen, capacityBytes, wrap }: ServeShardsOptions): Promise<ShardServer> {
  const { startPeer } = await import('../network/peer.ts')
  const { privateKey } = await peerKeyOf(folder)
  const store = await openPackStore(join(folder, 'blocks'))
  try {
    const own = createLocalNode({
      id: 'self',
      domain: 'self',
      weight: 1,
      store,
      leases: store,
      capacityBytes,
      heldBytes: () => store.bytes,
    })
    const node = wrap === undefined ? own : wrap(own, store)
    const peer = await startPeer({ blocks: store, node, privateKey, listen: [listen] })
    return {
      address: peer.addresses[0],
      store,
      async stop() {
        await peer.stop()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}
