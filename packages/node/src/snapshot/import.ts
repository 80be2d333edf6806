/**
 * Brings a snapshot into an empty store: checks each chunk against the manifest, rebuilds the tries from what the chunks say, and compares
 * the roots. What a chunk brings and how far the import has come are one batch, so that it goes on after a crash.
 */
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { blockChanges, HEAD_KEY } from '../chain/chain.ts'
import { isNodeError, NodeError } from '../errors.ts'
import { prunedMarkChange } from '../history/pruned-mark.ts'
import { unitHash } from '../ledger/unit-hash.ts'
import { epochChanges } from '../ledger/unit-store.ts'
import { decodeAccount, EMPTY_ROOT, type Hash, NO_CODE } from '../state/account.ts'
import { commitTrie, type TrieUpdate } from '../state/trie.ts'
import { hashedKey } from '../state/world-state.ts'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'
import { decodeChunk } from './chunks.ts'
import { installTrees, TREE_LETTER } from './ibc-trees.ts'
import { manifestId, type SnapshotManifest } from './manifest.ts'
import type { SnapshotOptions, SnapshotSource } from './source.ts'
import type { StateRecord } from './state-record.ts'

const PROGRESS_KEY = 'join'
/** What goes before an import: IBC trees, accounts, code, slots and tries, and units, blocks, transactions and their indexes of an older chain. */
const RANGES = ['I', 'S', 'T', 'a', 'c', 's', 'b', 'h', 'i', 'n', 't', 'u', 'x', TREE_LETTER] as const
/** Says that the store is being emptied: not the id of a snapshot. */
const EMPTYING: Hash = '0x'
const DELETE_BATCH = 4_096
/** Chunks on their way while one is being checked. */
const AHEAD = 4

interface Progress {
  id: Hash
  next: number
  /** The last record, after which the next chunk has to begin. */
  last: string
  bytes: number
  /** Accounts with slots, counted from either side. */
  withStorage: number
  storages: number
}

/** True while the store holds part of a snapshot: no node may run on it. */
export function isImporting(store: KeyValueStore): boolean {
  return store.get(PROGRESS_KEY) !== undefined
}

/**
 * Imports `source` into `store`, in the place of whatever chain it holds; goes on where an earlier import of the same snapshot was cut short. At the end the
 * store is that of a node that has executed the snapshot's block. Throws `NODE_SNAPSHOT_INVALID` and leaves the store empty if anything
 * does not fit, and what the signal says when it is aborted.
 */
export async function importSnapshot(
  store: KeyValueStore,
  source: SnapshotSource,
  { signal, onProgress }: SnapshotOptions = {},
): Promise<void> {
  const { manifest } = source
  const id = manifestId(manifest)
  let progress = readProgress(store)
  if (progress?.id !== id) {
    progress = { id, next: 0, last: '', bytes: 0, withStorage: 0, storages: 0 }
    await empty(store)
    await store.batch([progressChange(progress)], { sync: true })
  }
  try {
    for await (const [index, chunk] of chunksFrom(source, progress.next, signal)) {
      const changes = applyChunk(store, decodeChunk(chunk, progress.last), progress)
      progress.next = index + 1
      progress.bytes += chunk.length
      changes.push(progressChange(progress))
      await store.batch(changes)
      onProgress?.({
        chunks: manifest.chunks.length,
        chunksDone: progress.next,
        bytesDone: progress.bytes,
        bytes: manifest.bytes,
      })
    }
    finishStorage(store, progress)
    const root = store.get('T')
    const found = root ? bytesToHex(keccak256(root)) : EMPTY_ROOT
    if (found !== manifest.block.header.stateRoot)
      throw invalid(`its state has the root ${found}, the block says ${manifest.block.header.stateRoot}`)
    await checkCode(store, signal)
    if (progress.withStorage !== progress.storages) throw invalid('the slots of an account are missing')
    await installTrees(store, manifest)
  } catch (error) {
    if (!signal?.aborted && isNodeError(error, 'NODE_SNAPSHOT_INVALID')) {
      await empty(store)
      await store.batch([{ key: PROGRESS_KEY }], { sync: true })
    }
    throw error
  }
  await store.batch([...finalChanges(manifest), { key: PROGRESS_KEY }], { sync: true })
}

function finalChanges({ start, block }: SnapshotManifest): StoreChange[] {
  return [
    ...epochChanges(start),
    ...blockChanges(block),
    prunedMarkChange({ epoch: start.number, block: block.header.number + 1 }),
  ]
}

/** The chunks in order, a few of them fetched ahead, each with the hash that the manifest names. */
async function* chunksFrom(
  { manifest, chunk }: SnapshotSource,
  from: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<[index: number, bytes: Uint8Array]> {
  const fetching: Promise<Uint8Array>[] = []
  const fetch = (index: number) => {
    const bytes = chunk(index, signal ? { signal } : {})
    bytes.catch(() => {}) // awaited below, perhaps after another has failed
    fetching.push(bytes)
  }
  for (let index = from; index < manifest.chunks.length; index++) {
    signal?.throwIfAborted()
    while (fetching.length < AHEAD && index + fetching.length < manifest.chunks.length) fetch(index + fetching.length)
    const bytes = await fetching.shift()!
    signal?.throwIfAborted()
    if (bytesToHex(unitHash(bytes)) !== manifest.chunks[index])
      throw invalid(`chunk ${index} does not have the hash that the manifest names`)
    yield [index, bytes]
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What `records` write, tries included. */
function applyChunk(store: KeyValueStore, records: readonly StateRecord[], progress: Progress): StoreChange[] {
  const changes: StoreChange[] = records.map(({ key, value }) => ({ key, value }))
  const accounts: TrieUpdate[] = []
  let slots: TrieUpdate[] = []
  /** Trie nodes of this chunk: the store does not have them yet. */
  const nodes = new Map<string, Uint8Array | undefined>()
  const fresh = new Map(records.map(({ key, value }) => [key, value]))
  const read = (key: string) => (nodes.has(key) ? nodes.get(key) : (fresh.get(key) ?? store.get(key)))
  const commit = (owner: string, updates: readonly TrieUpdate[]) => {
    if (updates.length === 0) return
    for (const [path, value] of commitTrie((path) => read(owner + path), updates).nodes) nodes.set(owner + path, value)
  }
  const endStorage = (owner: string) => {
    commit(storageOf(owner), slots)
    checkStorage(owner, read)
  }
  let address = progress.last.startsWith('s') ? progress.last.slice(1, 43) : undefined
  for (const { key, value } of records) {
    const kind = key[0]
    if (kind === 'a') {
      const account = decodeAccount(value)
      if (account.storageRoot !== EMPTY_ROOT) progress.withStorage++
      accounts.push([hashedKey(key.slice(1) as Hash), value])
    } else if (kind === 'c') {
      if (bytesToHex(keccak256(value)) !== key.slice(1)) throw invalid(`the code ${key.slice(1)} has another hash`)
    } else if (kind === TREE_LETTER) {
      // Checked when all of it is there.
      if (address) endStorage(address)
      address = undefined
    } else {
      const owner = key.slice(1, 43)
      if (owner !== address) {
        if (address) endStorage(address)
        slots = []
        address = owner
        progress.storages++
      }
      slots.push([hashedKey(key.slice(43) as Hash), RLP.encode(value)])
    }
    progress.last = key
  }
  commit('T', accounts)
  if (address) commit(storageOf(address), slots)
  for (const [key, value] of nodes) changes.push(value ? { key, value } : { key })
  return changes
}

function storageOf(address: string): string {
  return `S${hashedKey(address as Hash)}`
}

/** All slots of an account have come: their trie must be the account's. */
function checkStorage(address: string, read: (key: string) => Uint8Array | undefined): void {
  const account = read(`a${address}`)
  const root = read(storageOf(address))
  const found = root ? bytesToHex(keccak256(root)) : EMPTY_ROOT
  if (!account || decodeAccount(account).storageRoot !== found)
    throw invalid(`the slots of ${address} have the root ${found}, which is not the account's`)
}

function finishStorage(store: KeyValueStore, { last }: Progress): void {
  if (last.startsWith('s')) checkStorage(last.slice(1, 43), (key) => store.get(key))
}

async function checkCode(store: KeyValueStore, signal: AbortSignal | undefined): Promise<void> {
  for await (const [key, value] of store.entries('a', 'b')) {
    signal?.throwIfAborted()
    const { codeHash } = decodeAccount(value)
    if (codeHash !== NO_CODE && !store.get(`c${codeHash}`)) throw invalid(`the code of ${key.slice(1)} is missing`)
  }
}

function readProgress(store: KeyValueStore): Progress | undefined {
  const bytes = store.get(PROGRESS_KEY)
  return bytes && JSON.parse(new TextDecoder().decode(bytes))
}

function progressChange(progress: Progress): StoreChange {
  return { key: PROGRESS_KEY, value: new TextEncoder().encode(JSON.stringify(progress)) }
}

/** Drops the chain and the state, or the part of a snapshot, that the store holds. A crash in between is noticed by the next import. */
async function empty(store: KeyValueStore): Promise<void> {
  const emptying = { id: EMPTYING, next: 0, last: '', bytes: 0, withStorage: 0, storages: 0 }
  await store.batch([progressChange(emptying), { key: HEAD_KEY }], { sync: true })
  for (const letter of RANGES) {
    let changes: StoreChange[] = []
    for await (const key of store.keys(letter, String.fromCharCode(letter.charCodeAt(0) + 1))) {
      changes.push({ key })
      if (changes.length < DELETE_BATCH) continue
      await store.batch(changes)
      changes = []
    }
    await store.batch(changes)
  }
}

function invalid(reason: string): NodeError {
  return new NodeError('NODE_SNAPSHOT_INVALID', `the snapshot cannot be used: ${reason}`)
}
