/** What a node does with its database before it reads a chain from it. */
import { bytesToHex } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { decodeBlock } from '../chain/block-codec.ts'
import { HEAD_KEY } from '../chain/chain.ts'
import { isNodeError, NodeError } from '../errors.ts'
import { readPrunedMark } from '../history/pruned-mark.ts'
import type { Logger } from '../node-api.ts'
import { isImporting } from '../snapshot/import.ts'
import { connectSnapshotPeers } from '../snapshot/peers.ts'
import { EMPTY_ROOT } from '../state/account.ts'
import { claimStore } from '../store/claim.ts'
import { type KeyValueStore, sortable } from '../store/kv.ts'
import { openLevelStore, salvageLevelStore } from '../store/level.ts'
import { isWiping, repairStore, wipeStore } from './repair-store.ts'

/** Blocks below the newest that a start looks for: more than fit into a log that LevelDB has not sorted away yet. */
const RECENT_BLOCKS = 16_384

export interface PrepareOptions {
  genesisHash: Uint8Array
  dataDir: string | undefined
  /** Check all of it and mend what does not hold. */
  repair: boolean
  /** Who may have what is lost here. */
  peers: readonly string[]
  logger: Logger
  signal?: AbortSignal
}

/** Opens the database; one whose own files are damaged is made readable first, if it is to be repaired. */
export async function openDatabase(directory: string, repair: boolean): Promise<KeyValueStore> {
  try {
    return await openLevelStore(directory)
  } catch (error) {
    if (!repair || !isNodeError(error, 'NODE_STORE_CORRUPT')) throw error
    await salvageLevelStore(directory)
    return openLevelStore(directory)
  }
}

/**
 * Claims the store for its network and makes sure that it can be built upon. Errors: `NODE_STORE_CORRUPT` when it cannot; with `repair`
 * only when nobody has what is lost. `NODE_GENESIS_MISMATCH`, `NODE_DATA_DIR`.
 */
export async function prepareStore(store: KeyValueStore, options: PrepareOptions): Promise<void> {
  const { genesisHash, dataDir, repair } = options
  try {
    await claimStore(store, genesisHash, dataDir)
  } catch (error) {
    if (!repair || !isNodeError(error, 'NODE_STORE_CORRUPT')) throw error
  }
  if (repair) await mend(store, options)
  else if (isWiping(store)) await wipeStore(store)
  if (!isImporting(store)) await assertWhole(store)
}

async function mend(store: KeyValueStore, options: PrepareOptions): Promise<void> {
  const { logger, signal, genesisHash, dataDir, peers } = options
  const { found, left } = await repairStore(store, { logger, ...(signal ? { signal } : {}) })
  if (found.length === 0) return
  if (left.length === 0) return logger.info('the database is mended', { findings: found.length })
  const reason = await noPeer(peers, genesisHash, signal)
  if (reason)
    throw new NodeError(
      'NODE_STORE_CORRUPT',
      `the data directory is damaged at "${left[0]!.key}" and ${left.length - 1} other places, and ${reason}; start it with peers, or put back a copy`,
      { findings: left.slice(0, 16) },
    )
  logger.warn('the database is beyond mending: the node begins anew from its peers', { findings: left.length })
  await wipeStore(store)
  await store.batch([{ key: 'genesis' }, { key: 'layout' }])
  await claimStore(store, genesisHash, dataDir)
}

async function noPeer(
  addresses: readonly string[],
  genesisHash: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const peers = await connectSnapshotPeers({ addresses, genesisHash, ...(signal ? { signal } : {}) })
  try {
    return (await peers.histories()).length === 0 ? 'no peer answers' : undefined
  } finally {
    await peers.close()
  }
}

/**
 * LevelDB drops what it cannot read of its log without a word. Each block is one batch with its state, so a hole among the blocks, or a
 * state of another block, says that a batch is gone.
 */
async function assertWhole(store: KeyValueStore): Promise<void> {
  const newest = store.get(HEAD_KEY)
  if (!newest) return
  const head = Number(new TextDecoder().decode(newest))
  const first = Math.max(Math.min(Math.max(1, readPrunedMark(store).block), head), head - RECENT_BLOCKS)
  let expected = first
  for await (const key of store.keys(`b${sortable(first)}`, 'c')) {
    if (key !== `b${sortable(expected)}`) throw missing(`b${sortable(expected)}`)
    expected++
  }
  if (expected <= head) throw missing(`b${sortable(expected)}`)
  const { stateRoot } = decodeBlock(store.get(`b${sortable(head)}`)!).header
  const root = store.get('T')
  if ((root ? bytesToHex(keccak256(root)) : EMPTY_ROOT) !== stateRoot) throw missing('T')
}

function missing(key: string): NodeError {
  return new NodeError('NODE_STORE_CORRUPT', `the stored value of "${key}" is missing or of another block`, { key })
}
