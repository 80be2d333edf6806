/**
 * The state stands in the database twice: flat, and in tries whose root the newest block names. What is damaged on one side can be made
 * again from the other, and the root says whether that worked.
 */
import { RLP } from '@ethereumjs/rlp'
import type { Hash } from '../state/account.ts'
import { commitTrie, type TrieUpdate, trieValue } from '../state/trie.ts'
import { hashedKey } from '../state/world-state.ts'
import { rangeOf } from '../store/kinds.ts'
import type { KeyValueStore } from '../store/kv.ts'
import type { Finding } from './report.ts'

const SLOT_AT = 43
/** A trie with more leaves is not rebuilt in memory: a snapshot does it chunk by chunk. */
const MAX_LEAVES = 1_000_000
const STATE_KINDS = new Set(['accounts', 'slots', 'account trie', 'slot tries'])

/** Mends what can be mended. Check the state afterwards: this does not. */
export async function mendState(store: KeyValueStore, findings: readonly Finding[]): Promise<void> {
  const relevant = findings.filter(({ kind }) => STATE_KINDS.has(kind))
  if (relevant.length === 0) return
  const damaged = new Set(findings.filter(({ problem }) => problem === 'damaged').map(({ key }) => key))
  const read = (key: string) => (damaged.has(key) ? undefined : store.get(key))
  // Leaves are exact: a value of the flat side is taken from them first.
  for (const { kind, key, problem } of relevant) {
    if (problem === 'missing') continue
    if (kind === 'accounts') {
      const value = trieValue((path) => read(`T${path}`), hashedKey(key.slice(1) as Hash))
      if (value) await put(store, damaged, key, value)
    } else if (kind === 'slots') {
      const trie = `S${hashedKey(key.slice(1, SLOT_AT) as Hash)}`
      const value = trieValue((path) => read(trie + path), hashedKey(key.slice(SLOT_AT) as Hash))
      if (value) await put(store, damaged, key, RLP.decode(value) as Uint8Array)
    }
  }
  const broken = new Set(relevant.flatMap(({ kind, key }) => (kind === 'slot tries' ? [key.slice(0, 65)] : [])))
  for (const trie of broken) await rebuildSlots(store, trie, read)
  if (relevant.some(({ kind }) => kind === 'account trie')) await rebuildAccounts(store, read)
}

async function put(store: KeyValueStore, damaged: Set<string>, key: string, value: Uint8Array): Promise<void> {
  await store.batch([{ key, value }])
  damaged.delete(key)
}

type Read = (key: string) => Uint8Array | undefined

async function rebuildAccounts(store: KeyValueStore, read: Read): Promise<void> {
  const updates: TrieUpdate[] = []
  for await (const key of store.keys(...rangeOf('accounts'))) {
    const value = read(key)
    if (value) updates.push([hashedKey(key.slice(1) as Hash), value])
    if (updates.length > MAX_LEAVES) return
  }
  await replaceTrie(store, 'T', updates)
}

/** `trie`: the prefix of its nodes, which has the hash of the address; the address itself is that of an account with slots. */
async function rebuildSlots(store: KeyValueStore, trie: string, read: Read): Promise<void> {
  const updates: TrieUpdate[] = []
  for await (const key of store.keys(...rangeOf('accounts'))) {
    if (`S${hashedKey(key.slice(1) as Hash)}` !== trie || !read(key)) continue
    const address = key.slice(1)
    for await (const slot of store.keys(`s${address}`, `s${address}~`)) {
      const value = read(slot)
      if (value) updates.push([hashedKey(slot.slice(SLOT_AT) as Hash), RLP.encode(value)])
      if (updates.length > MAX_LEAVES) return
    }
    break
  }
  await replaceTrie(store, trie, updates)
}

async function replaceTrie(store: KeyValueStore, prefix: string, updates: readonly TrieUpdate[]): Promise<void> {
  const { nodes } = commitTrie(() => undefined, updates)
  const changes = []
  for await (const key of store.keys(prefix, `${prefix}~`))
    if (!nodes.has(key.slice(prefix.length))) changes.push({ key })
  for (const [path, value] of nodes) changes.push(value ? { key: prefix + path, value } : { key: prefix + path })
  await store.batch(changes, { sync: true })
}
