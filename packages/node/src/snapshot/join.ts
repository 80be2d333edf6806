/** Joining without the past (docs/full-node.md, "Snapshots"): what a node does before it starts, if its peers no longer have what it lacks. */
import { blockChanges, Chain, HEAD_KEY } from '../chain/chain.ts'
import { isNodeError, NodeError } from '../errors.ts'
import type { Genesis } from '../genesis/genesis.ts'
import { createGenesisBlock } from '../genesis/genesis-block.ts'
import { UnitStore } from '../ledger/unit-store.ts'
import type { Logger } from '../node-api.ts'
import { WorldState } from '../state/world-state.ts'
import { createMemoryStore, type KeyValueStore, type StoreChange } from '../store/kv.ts'
import { importSnapshot, isImporting } from './import.ts'
import { connectSnapshotPeers } from './peers.ts'
import type { SnapshotOptions, SnapshotSource } from './source.ts'

/** New snapshots that are tried when the peers drop one while it is on its way. */
const MAX_ATTEMPTS = 5
export interface JoinOptions extends SnapshotOptions {
  store: KeyValueStore
  genesis: Genesis
  genesisHash: Uint8Array
  /** Multiaddrs of nodes to ask. */
  peers: readonly string[]
  logger: Logger
  /** Why the state of a snapshot is not known to be final; undefined if it is. */
  certify: (source: SnapshotSource) => Promise<string | undefined>
}

/** True if peers answer, none of them has units of `epoch`, which is the one that comes next here, and there is a snapshot of later. */
export async function isBehindPeers(options: {
  addresses: readonly string[]
  genesisHash: Uint8Array
  epoch: number
}): Promise<boolean> {
  if (options.addresses.length === 0) return false
  const peers = await connectSnapshotPeers(options)
  try {
    if (!isBehind(await peers.histories(), options.epoch)) return false
    await peers.newest()
    return true
  } catch (error) {
    // Too early: the snapshot that has to take the place of the units has no certificate yet.
    if (isNodeError(error, 'NODE_HISTORY_PRUNED')) return false
    throw error
  } finally {
    await peers.close()
  }
}

function isBehind(histories: readonly { firstEpoch: number }[], epoch: number): boolean {
  return histories.length > 0 && histories.every(({ firstEpoch }) => firstEpoch > epoch)
}

/** Imports a snapshot if no peer has the units that come next here. True if it did. */
export async function joinIfBehind(options: JoinOptions): Promise<boolean> {
  const { store, peers: addresses, genesisHash, signal, logger } = options
  if (addresses.length === 0) return false
  const own = new UnitStore(store).lastEpoch()
  const peers = await connectSnapshotPeers({ addresses, genesisHash, ...(signal ? { signal } : {}) })
  try {
    const histories = await peers.histories()
    if (!isBehind(histories, own) && !isImporting(store)) return false
    for (let attempt = 1; ; attempt++) {
      const source = await peers.newest()
      logger.info('joining from a snapshot', {
        epoch: source.manifest.start.number,
        block: source.manifest.start.block,
        bytes: source.manifest.bytes,
      })
      try {
        await replaceBySnapshot(source, options)
        return true
      } catch (error) {
        // The pruning point moved while we were fetching: there is a newer snapshot.
        if (!isNodeError(error, 'NODE_HISTORY_PRUNED') || attempt === MAX_ATTEMPTS) throw error
      }
    }
  } finally {
    await peers.close()
  }
}

/** Puts `source` in the place of whatever chain `store` holds. */
export async function replaceBySnapshot(
  source: SnapshotSource,
  options: Omit<JoinOptions, 'peers' | 'logger'>,
): Promise<void> {
  const { store, genesis, genesisHash, certify, signal, onProgress } = options
  const doubt = await certify(source)
  if (doubt !== undefined)
    throw new NodeError('NODE_SNAPSHOT_INVALID', `the snapshot cannot be used: ${doubt}`, {
      epoch: source.manifest.start.number,
    })
  await importSnapshot(store, source, { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) })
  await store.batch(await genesisRecords(genesis, genesisHash), { sync: true })
}

/** Block 0, which every node can make: its state is not needed. */
async function genesisRecords(genesis: Genesis, hash: Uint8Array): Promise<StoreChange[]> {
  const store = createMemoryStore()
  const chain = new Chain(store)
  await createGenesisBlock(genesis, hash, new WorldState(store, 0), chain)
  return blockChanges(chain.head!).filter(({ key }) => key !== HEAD_KEY)
}
