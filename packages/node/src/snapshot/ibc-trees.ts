/**
 * The IBC trees in a snapshot. Their shape follows from their history, so they can't be rebuilt from the state: their nodes come along, the newest version of
 * each. The state, which is certified, says which root, versions and time they must have.
 */
import { setLengthLeft } from '@ethereumjs/util'
import { copyLatestVersion, isHubError, multiStore, type NodeDatabase, takeVersion } from '@zos/hub-ibc'
import { NodeError } from '../errors.ts'
import { IBC_HOST_ADDRESS } from '../ibc/addresses.ts'
import type { StoreName } from '../ibc/host-records.ts'
import { blockRecordChange, TREE_LETTERS, treeKey } from '../ibc/ibc-ledger.ts'
import { APP_HASH_SLOT, decodeTreeFacts, TREES_SLOT } from '../ibc/tree-facts.ts'
import { reignChanges, voterSetOf } from '../ibc/voter-sets.ts'
import type { Hash } from '../state/account.ts'
import type { KeyValueSnapshot, KeyValueStore, StoreChange } from '../store/kv.ts'
import type { SnapshotManifest } from './manifest.ts'
import type { StateRecord } from './state-record.ts'

/** First letter of a tree's records on their way: behind all of the state's. */
export const TREE_LETTER = 'y'
const NAMES = Object.keys(TREE_LETTERS) as StoreName[]
const BATCH = 1_024

/** The records of both trees under `y`, tree and path, from the key `from` on; none on a network that speaks no IBC. */
export async function* treeRecords(snapshot: KeyValueSnapshot, from: string): AsyncGenerator<StateRecord> {
  for (const name of NAMES) {
    const letter = TREE_LETTERS[name]
    const prefix = `${TREE_LETTER}${letter}`
    if (from >= `${TREE_LETTER}${after(letter)}`) continue
    const get = async (key: Uint8Array) => {
      const place = treeKey(letter, key)
      for await (const [, value] of snapshot.entries(place, `${place}\0`)) return value
      return undefined
    }
    let isThere = false
    for await (const _ of snapshot.entries(`I${letter}`, `I${after(letter)}`)) {
      isThere = true
      break
    }
    if (!isThere) continue
    const path = from.startsWith(prefix) ? from.slice(prefix.length) : ''
    for await (const { path: place, record } of copyLatestVersion(get, path))
      yield { key: prefix + place, value: record }
  }
}

/**
 * Checks the trees whose records an import has put into `store` against the state there, and makes them the node's. Throws `NODE_SNAPSHOT_INVALID`. A
 * crash in between is mended by running it again.
 */
export async function installTrees(store: KeyValueStore, { start, block }: SnapshotManifest): Promise<void> {
  const storage = {
    get: (slot: Hash) => store.get(`s${IBC_HOST_ADDRESS}${slot}`) ?? new Uint8Array(),
    set: () => undefined,
  }
  const slot = storage.get(TREES_SLOT)
  if (slot.length === 0) return
  const facts = decodeTreeFacts(slot)
  const appHash = setLengthLeft(storage.get(APP_HASH_SLOT), 32)
  const roots = new Map<StoreName, Uint8Array>()
  for (const name of NAMES) {
    const { version, hash } = await install(store, TREE_LETTERS[name])
    if (version !== facts[name]) throw invalid(`the tree ${name} has version ${version}, the state says ${facts[name]}`)
    roots.set(name, hash)
  }
  const found = multiStore(Object.fromEntries(roots)).hash
  if (Buffer.compare(found, appHash) !== 0) throw invalid('the IBC trees have another root than the state says')
  const { number } = block.header
  const versions = { ibc: facts.ibc, zones: facts.zones }
  const changes: StoreChange[] = [
    blockRecordChange({ height: number, time: facts.time, appHash, unit: block.leader, mci: start.mci, versions }),
    ...reignChanges({ first: number + 1, set: voterSetOf(start.members, storage), previous: 0 }),
  ]
  for await (const key of store.keys(TREE_LETTER, after(TREE_LETTER))) changes.push({ key })
  await store.batch(changes)
}

async function install(store: KeyValueStore, letter: string) {
  const prefix = `${TREE_LETTER}${letter}`
  let puts: StoreChange[] = []
  const flush = async () => {
    await store.batch(puts)
    puts = []
  }
  async function* records() {
    for await (const [key, record] of store.entries(prefix, `${TREE_LETTER}${after(letter)}`))
      yield { path: key.slice(prefix.length), record }
  }
  const write = async (...[key, value]: Parameters<NodeDatabase['write']>[0][number]) => {
    puts.push({ key: treeKey(letter, key), value })
    if (puts.length >= BATCH) await flush()
  }
  try {
    const copy = await takeVersion(records(), write)
    await flush()
    return copy
  } catch (error) {
    if (isHubError(error, 'HUB_STORE_DAMAGED')) throw invalid(error.message)
    throw error
  }
}

const after = (letter: string): string => String.fromCharCode(letter.charCodeAt(0) + 1)

function invalid(reason: string): NodeError {
  return new NodeError('NODE_SNAPSHOT_INVALID', `the snapshot cannot be used: ${reason}`)
}
