import { decodeBlock, decodeTransactionRecord, type StoredBlock } from '../chain/block-codec.ts'
import { HEAD_KEY } from '../chain/chain.ts'
import { headerHash } from '../execution/header.ts'
import { encodeReceipt } from '../execution/receipt.ts'
import { readPrunedMark } from '../history/pruned-mark.ts'
import { indexedRoot } from '../state/indexed-root.ts'
import { type KeyValueStore, sortable } from '../store/kv.ts'
import type { Notes } from './report.ts'

type Reader = Pick<KeyValueStore, 'get' | 'keys'>

/**
 * Blocks from the oldest that is kept to the newest: each the parent of the next, with the transactions and receipts that its header
 * names, and found through every index. Returns the newest, if it holds.
 */
export async function checkBlocks(store: Reader, notes: Pick<Notes, 'add' | 'tick'>): Promise<StoredBlock | undefined> {
  const newest = store.get(HEAD_KEY)
  if (!newest) {
    for await (const _ of store.keys('b', 'c')) {
      notes.add({ kind: 'records', key: HEAD_KEY, problem: 'missing' })
      break
    }
    return undefined
  }
  const head = Number(new TextDecoder().decode(newest))
  // A node that began with a snapshot has its block without transactions, and nothing between that and the genesis.
  const first = Math.min(Math.max(1, readPrunedMark(store).block), head)
  let previous: StoredBlock | undefined
  for (let number = first; number <= head; number++) {
    await notes.tick()
    const block = readBlock(store, number, notes)
    if (block && previous && block.header.parentHash !== previous.hash)
      notes.add({ kind: 'blocks', key: blockKey(number), problem: 'wrong' })
    if (block) checkBody(store, block, notes)
    previous = block
  }
  return previous
}

function blockKey(number: number): string {
  return `b${sortable(number)}`
}

function readBlock(store: Reader, number: number, notes: Pick<Notes, 'add'>): StoredBlock | undefined {
  const key = blockKey(number)
  const bytes = store.get(key)
  if (!bytes) {
    notes.add({ kind: 'blocks', key, problem: 'missing' })
    return undefined
  }
  try {
    const block = decodeBlock(bytes)
    if (block.header.number === number && headerHash(block.header) === block.hash) return block
  } catch {}
  notes.add({ kind: 'blocks', key, problem: 'wrong' })
  return undefined
}

function checkBody(store: Reader, block: StoredBlock, notes: Pick<Notes, 'add'>): void {
  const { number } = block.header
  const text = (key: string) => {
    const value = store.get(key)
    return value && new TextDecoder().decode(value)
  }
  const index = (
    kind: 'block index' | 'index of units in blocks' | 'transaction index',
    key: string,
    value: string,
  ) => {
    const found = text(key)
    if (found !== value) notes.add({ kind, key, problem: found === undefined ? 'missing' : 'wrong' })
  }
  index('block index', `h${block.hash}`, String(number))
  for (const { id } of block.units) index('index of units in blocks', `n${id}`, String(number))
  const raws: Uint8Array[] = []
  const receipts: Uint8Array[] = []
  for (const [place, hash] of block.transactions.entries()) {
    const key = `x${sortable(number)}${sortable(place)}`
    const record = store.get(key)
    if (!record) {
      notes.add({ kind: 'transactions', key, problem: 'missing' })
      continue
    }
    try {
      const { raw, receipt } = decodeTransactionRecord(record, { hash, block: number, index: place })
      raws.push(raw)
      receipts.push(encodeReceipt(receipt))
    } catch {
      notes.add({ kind: 'transactions', key, problem: 'wrong' })
    }
    // On a development network a revert makes a transaction unknown by hash; a later block may have it again.
    const found = text(`t${hash}`)
    if (found !== undefined && found.split(':').length !== 2)
      notes.add({ kind: 'transaction index', key: `t${hash}`, problem: 'wrong' })
  }
  if (raws.length !== block.transactions.length || raws.length === 0) return
  if (indexedRoot(raws) !== block.header.transactionsRoot || indexedRoot(receipts) !== block.header.receiptsRoot)
    notes.add({ kind: 'transactions', key: `x${sortable(number)}`, problem: 'wrong' })
}
