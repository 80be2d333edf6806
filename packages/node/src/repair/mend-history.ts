/** Blocks and units that are damaged: indexes are made again, what is needed no more is dropped, and the rest comes from peers. */
import { EPOCH_ROUNDS, epochOfRound } from '@zos/zpos'
import { decodeBlock } from '../chain/block-codec.ts'
import { HEAD_KEY } from '../chain/chain.ts'
import { prunedMarkChange, readPrunedMark } from '../history/pruned-mark.ts'
import { type KeyValueStore, type StoreChange, sortable } from '../store/kv.ts'
import type { Finding } from './report.ts'

/** What a node makes or fetches again by itself: its own peers, ticket hashes, checkpoints, undo records, and the unit that it was about to send. */
const EXPENDABLE = new Set(['peers', 'draft'])
const EXPENDABLE_KINDS = new Set(['ticket hashes', 'checkpoints', 'undo records', 'unknown'])
const INDEXES = new Set(['unit index', 'block index', 'index of units in blocks', 'transaction index'])

/**
 * Mends what of the history can be mended, without peers. A damaged unit of the running epoch is forgotten: the ledger asks for it like
 * for any that it missed. A damaged block or unit that is older takes what is before it along, as pruning does; `from` the first block
 * and epoch that are whole. Check the store afterwards.
 */
export async function mendHistory(store: KeyValueStore, findings: readonly Finding[]): Promise<void> {
  const changes: StoreChange[] = []
  const numberOf = (value: Uint8Array | undefined) => value && Number(new TextDecoder().decode(value))
  const readable = (key: string) => findings.every((one) => one.key !== key || one.problem !== 'damaged')
  const head = readable(HEAD_KEY) ? numberOf(store.get(HEAD_KEY)) : undefined
  const running = readable('epoch') ? (numberOf(store.get('epoch')) ?? 0) : 0
  const text = (value: string | number) => new TextEncoder().encode(String(value))
  let { epoch, block } = readable('pruned') ? readPrunedMark(store) : { epoch: 0, block: 0 }
  for (const { kind, key, problem } of findings) {
    if (EXPENDABLE.has(key) || EXPENDABLE_KINDS.has(kind)) changes.push({ key })
    else if (kind === 'units') {
      if (problem === 'missing') continue
      changes.push({ key }, { key: `i${key.slice(13)}` })
      const of = epochOfRound(Number(key.slice(1, 13)))
      if (of < running) epoch = Math.max(epoch, of + 1)
    } else if (kind === 'blocks' || kind === 'transactions') {
      const number = Number(key.slice(1, 13))
      if (number >= (head ?? 0)) continue
      block = Math.max(block, number + 1)
      changes.push({ key })
    } else if (INDEXES.has(kind) && problem !== 'missing') changes.push({ key })
  }
  changes.push(prunedMarkChange({ epoch, block }))
  await store.batch(changes, { sync: true })
  if (findings.some(({ key }) => key === HEAD_KEY)) await findHead(store)
  if (findings.some(({ key }) => key === 'epoch')) await findEpoch(store)
  if (findings.some(({ kind }) => INDEXES.has(kind))) await makeIndexes(store, block)

  async function findHead(store: KeyValueStore): Promise<void> {
    let newest: string | undefined
    for await (const key of store.keys('b', 'c')) newest = key
    if (newest) await store.batch([{ key: HEAD_KEY, value: text(Number(newest.slice(1))) }], { sync: true })
  }

  async function findEpoch(store: KeyValueStore): Promise<void> {
    let newest = 0
    for await (const key of store.keys('E', 'F')) newest = Number(key.slice(1))
    if (newest > 0) await store.batch([{ key: 'epoch', value: text(newest) }], { sync: true })
  }

  async function makeIndexes(store: KeyValueStore, first: number): Promise<void> {
    let batch: StoreChange[] = []
    const flush = async () => {
      await store.batch(batch)
      batch = []
    }
    for await (const key of store.keys(`u${sortable(epoch * EPOCH_ROUNDS)}`, 'v')) {
      batch.push({ key: `i${key.slice(13)}`, value: text(Number(key.slice(1, 13))) })
      if (batch.length > 4_096) await flush()
    }
    for await (const key of store.keys(`b${sortable(first)}`, 'c')) {
      const bytes = readable(key) ? store.get(key) : undefined
      if (!bytes) continue
      const { hash, units, transactions, header } = decodeBlock(bytes)
      batch.push(
        { key: `h${hash}`, value: text(header.number) },
        ...units.map(({ id }) => ({ key: `n${id}`, value: text(header.number) })),
        ...transactions.map((transaction, index) => ({
          key: `t${transaction}`,
          value: text(`${header.number}:${index}`),
        })),
      )
      if (batch.length > 4_096) await flush()
    }
    await flush()
  }
}
