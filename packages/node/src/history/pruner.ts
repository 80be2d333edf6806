/**
 * Pruning (docs/full-node.md): drops the units, blocks, transactions and receipts of epochs that are further back than a full node keeps. Of
 * each epoch its start stays: the header of its first unit, its committee, and the accumulator that proves older main-chain units.
 *
 * What is going is written down first and then deleted from the oldest on, a batch at a time, each batch whole. A crash in the middle
 * leaves a beginning that is gone and an end that is not; the next start goes on from there.
 */
import { EPOCH_ROUNDS } from '@zos/zpos'
import { decodeBlock } from '../chain/block-codec.ts'
import { NodeError } from '../errors.ts'
import type { EpochStart } from '../ledger/epoch.ts'
import { roundKey } from '../ledger/unit-store.ts'
import type { PruningOptions } from '../node-api.ts'
import { type KeyValueStore, type StoreChange, sortable } from '../store/kv.ts'
import { type PrunedMark, prunedMarkChange, readPrunedMark } from './pruned-mark.ts'

/** A day at rounds of a second and epochs of an hour. */
const DEFAULT_KEEP_EPOCHS = 24
/** Blocks below the first that is kept whose records stay: what BLOCKHASH can name. */
const BLOCK_HASHES = 256
/** Entries deleted in one batch: a few milliseconds of the event loop. */
const BATCH = 512

export interface HistoryPrunerOptions extends PruningOptions {
  store: KeyValueStore
  /** How an epoch began; undefined for one that this node has not reached. */
  epochStart: (number: number) => EpochStart | undefined
  /** The first epoch that a joiner may still need. Default: none does. */
  held?: () => number
  /** What is going from now on: told before the first of it is gone. */
  onMark?: (mark: PrunedMark) => void
  onFault: (error: unknown) => void
}

export class HistoryPruner {
  readonly #options: HistoryPrunerOptions
  readonly #keepEpochs: number
  readonly #stopping = new AbortController()
  #mark: PrunedMark
  #running: Promise<void> | undefined

  /** Throws `NODE_INVALID_ARGUMENT`. */
  constructor(options: HistoryPrunerOptions) {
    const { mode = 'full', keepEpochs = DEFAULT_KEEP_EPOCHS } = options
    if (!Number.isSafeInteger(keepEpochs) || keepEpochs < 1)
      throw new NodeError('NODE_INVALID_ARGUMENT', `keepEpochs is ${keepEpochs}; it must be a whole number above 0`, {
        keepEpochs,
      })
    this.#options = options
    this.#keepEpochs = mode === 'archive' ? Number.POSITIVE_INFINITY : keepEpochs
    this.#mark = readPrunedMark(options.store)
  }

  /** The first epoch whose units are all kept. */
  get firstEpoch(): number {
    return this.#mark.epoch
  }

  /**
   * Drops in the background what is too old by now. `epoch`: the last one that began with an executed block, so that nothing goes
   * which a restart would need. Also goes on where a crash cut the last run short.
   */
  advance(epoch: number): void {
    const previous = this.#running
    const run = async () => {
      await previous
      if (!this.#stopping.signal.aborted) await this.#prune(epoch - this.#keepEpochs)
    }
    this.#running = run().catch((error) => this.#options.onFault(error))
  }

  /** Resolves when nothing is being dropped. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Finishes the batch in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #prune(target: number): Promise<void> {
    const { store, epochStart, held } = this.#options
    const first = Math.min(target, held?.() ?? target)
    const start = first > this.#mark.epoch ? epochStart(first) : undefined
    if (start) {
      const mark = { epoch: start.number, block: Math.max(this.#mark.block, start.block - BLOCK_HASHES) }
      await store.batch([prunedMarkChange(mark)], { sync: true })
      this.#mark = mark
      this.#options.onMark?.(mark)
    }
    await deleteHistory(store, this.#mark, this.#stopping.signal)
  }
}

/** Deletes everything below `mark`, oldest first. */
async function deleteHistory(store: KeyValueStore, mark: PrunedMark, signal: AbortSignal): Promise<void> {
  const units = { from: roundKey(0), to: roundKey(mark.epoch * EPOCH_ROUNDS + 1) }
  await deleteRange(store, units, signal, (key) => [{ key }, { key: `i${key.slice(units.from.length)}` }])
  const blocks = { from: `b${sortable(1)}`, to: `b${sortable(mark.block)}` }
  await deleteRange(store, blocks, signal, (key) => {
    const { hash, units, transactions, header } = decodeBlock(store.get(key)!)
    return [
      { key },
      { key: `h${hash}` },
      ...units.map(({ id }) => ({ key: `n${id}` })),
      ...transactions.flatMap((transaction, index) => [
        { key: `t${transaction}` },
        { key: `x${sortable(header.number)}${sortable(index)}` },
      ]),
    ]
  })
}

async function deleteRange(
  store: KeyValueStore,
  { from, to }: { from: string; to: string },
  signal: AbortSignal,
  changesOf: (key: string) => StoreChange[],
): Promise<void> {
  let changes: StoreChange[] = []
  let found = false
  for await (const key of store.keys(from, to)) {
    if (signal.aborted) return
    found = true
    changes.push(...changesOf(key))
    if (changes.length < BATCH) continue
    await store.batch(changes)
    changes = []
  }
  await store.batch(changes)
  if (found) await store.compact(from, to)
}
