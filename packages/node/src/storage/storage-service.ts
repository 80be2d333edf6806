/** A storage node of `@zos/rain-storage` beside a full node: keeps shards for others, in a folder of its own, over a port of its own. */
import { join } from 'node:path'
import { createLocalNode, linksOf } from '@zos/rain-storage'
import { startPeer } from '@zos/rain-storage/libp2p'
import { openPackStore } from '@zos/rain-storage/node'
import type { Logger } from '../node-api.ts'
import { keptKey } from '../p2p/network-key.ts'
import { makeDirectory } from '../store/directory.ts'

/** How often blocks whose lease has ended are removed. */
const COLLECT_MS = 3_600_000

export interface StorageOptions {
  /** Blocks and the peer's key. */
  readonly folder: string
  /** Multiaddrs. */
  readonly listen: readonly string[]
  /** Multiaddrs of storage nodes to join by. */
  readonly bootstrap?: readonly string[]
  /** Bytes that are taken for others. */
  readonly capacityBytes: number
  readonly logger: Logger
}

export interface StorageService {
  /** Dialable addresses with the peer id: what `zos-store add-node` takes. */
  readonly addresses: readonly string[]
  readonly blocks: number
  stop(): Promise<void>
}

/** Starts it. Errors: `STORAGE_LOCKED` (of `@zos/rain-storage`) while another process has the folder open. */
export async function startStorage(options: StorageOptions): Promise<StorageService> {
  const { folder, listen, bootstrap = [], capacityBytes, logger } = options
  makeDirectory(folder)
  const store = await openPackStore(join(folder, 'blocks'))
  const node = createLocalNode({ id: 'self', domain: 'self', weight: 1, store, leases: store, capacityBytes })
  const privateKey = await keptKey(join(folder, 'peer-key'))
  const peer = await startPeer({ blocks: store, node, privateKey, listen, bootstrap })
  const stopping = new AbortController()
  let collecting: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    collecting = store.collect(linksOf, { signal: stopping.signal }).then(
      ({ removedBlocks, bytesReclaimed }) => logger.info('collected storage', { removedBlocks, bytesReclaimed }),
      (error) => {
        if (!stopping.signal.aborted) logger.error('cannot collect storage', { message: (error as Error).message })
      },
    )
  }, COLLECT_MS)
  timer.unref()
  return {
    addresses: peer.addresses,
    get blocks() {
      return store.size
    },
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await peer.stop()
      await collecting
      await store.close()
    },
  }
}
