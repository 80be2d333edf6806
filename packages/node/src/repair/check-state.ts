import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { decodeAccount, EMPTY_ROOT, type Hash, NO_CODE } from '../state/account.ts'
import { trieValue, walkTrie } from '../state/trie.ts'
import { hashedKey } from '../state/world-state.ts'
import { rangeOf } from '../store/kinds.ts'
import type { KeyValueStore } from '../store/kv.ts'
import type { Notes } from './report.ts'

type Reader = Pick<KeyValueStore, 'get' | 'keys'>
/** Where an address ends in the key of a slot. */
const SLOT_AT = 43

/**
 * The state against the root of the newest block: every trie node by its hash, every account and slot by its leaf, and no leaf without
 * one. What is wrong in accounts and slots can be told from what is wrong in tries.
 */
export async function checkState(store: Reader, stateRoot: Hash, notes: Pick<Notes, 'add' | 'tick'>): Promise<void> {
  const leaves = await checkTrie(store, 'T', stateRoot, notes)
  let accounts = 0
  for await (const key of store.keys(...rangeOf('accounts'))) {
    await notes.tick()
    accounts++
    const value = store.get(key)
    const leaf = trieValue((path) => store.get(`T${path}`), hashedKey(key.slice(1) as Hash))
    if (!value || !leaf || Buffer.compare(value, leaf) !== 0) notes.add({ kind: 'accounts', key, problem: 'wrong' })
    if (!value) continue
    const { storageRoot, codeHash } = decodeAccount(value)
    if (codeHash !== NO_CODE) checkCode(store, codeHash, notes)
    if (storageRoot !== EMPTY_ROOT) await checkSlots(store, key.slice(1), storageRoot, notes)
  }
  // Which one is missing, only its address would tell: the trie has the hash of it.
  if (leaves !== undefined && leaves !== accounts) notes.add({ kind: 'accounts', key: 'a', problem: 'missing' })
}

/** How many leaves a trie has; undefined when part of it is not whole. */
async function checkTrie(
  store: Reader,
  prefix: string,
  root: Hash,
  notes: Pick<Notes, 'add' | 'tick'>,
): Promise<number | undefined> {
  let leaves = 0
  let isWhole = true
  for (const { position, whole, leaf } of walkTrie((path) => store.get(prefix + path), hexToBytes(root))) {
    await notes.tick()
    if (leaf) leaves++
    if (whole) continue
    isWhole = false
    const key = prefix + position
    const kind = prefix === 'T' ? 'account trie' : 'slot tries'
    notes.add({ kind, key, problem: store.get(key) ? 'wrong' : 'missing' })
  }
  return isWhole ? leaves : undefined
}

function checkCode(store: Reader, codeHash: Hash, notes: Pick<Notes, 'add'>): void {
  const key = `c${codeHash}`
  const code = store.get(key)
  if (!code || bytesToHex(keccak256(code)) !== codeHash)
    notes.add({ kind: 'code', key, problem: code ? 'wrong' : 'missing' })
}

async function checkSlots(
  store: Reader,
  address: string,
  root: Hash,
  notes: Pick<Notes, 'add' | 'tick'>,
): Promise<void> {
  const trie = `S${hashedKey(address as Hash)}`
  const leaves = await checkTrie(store, trie, root, notes)
  let slots = 0
  for await (const key of store.keys(`s${address}`, `s${address}~`)) {
    await notes.tick()
    slots++
    const value = store.get(key)
    const leaf = trieValue((path) => store.get(trie + path), hashedKey(key.slice(SLOT_AT) as Hash))
    if (!value || !leaf || Buffer.compare(RLP.encode(value), leaf) !== 0)
      notes.add({ kind: 'slots', key, problem: 'wrong' })
  }
  if (leaves !== undefined && leaves !== slots) notes.add({ kind: 'slots', key: `s${address}`, problem: 'missing' })
}
