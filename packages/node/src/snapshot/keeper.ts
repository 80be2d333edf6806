/**
 * The snapshots that a running node offers: the state at the beginning of the epoch that runs, and of earlier ones while somebody is
 * fetching them, so that a joiner is not overtaken by the pruning point. However late certificates are, the newest certified one stays,
 * and the one after it, whose certificate comes next: there is always one to join at. Nothing is copied: the store keeps what was overwritten.
 */
import { bytesToHex } from '@ethereumjs/util'
import type { StoredBlock } from '../chain/block-codec.ts'
import { NodeError } from '../errors.ts'
import type { EpochStart } from '../ledger/epoch.ts'
import { unitHash } from '../ledger/unit-hash.ts'
import type { Hash } from '../state/account.ts'
import type { KeyValueSnapshot, KeyValueStore } from '../store/kv.ts'
import { stateChunks } from './chunks.ts'
import { MAX_CHUNKS, type SnapshotManifest } from './manifest.ts'
import type { SnapshotSource } from './source.ts'

/** A snapshot that nobody asked for during this time, and that is not the newest, goes. */
const LEASE_MS = 60_000
/** Snapshots held at a time: each holds what the blocks since then have overwritten. */
const MAX_HELD = 4

interface Held {
  readonly epoch: number
  readonly snapshot: KeyValueSnapshot
  readonly source: () => Promise<SnapshotSource>
  usedAt: number
}

export class SnapshotKeeper {
  readonly #store: KeyValueStore
  readonly #genesisHash: Hash
  readonly #now: () => number
  readonly #record: (epoch: number) => Uint8Array | undefined
  #held: Held[] = []

  constructor(options: {
    store: KeyValueStore
    genesisHash: Hash
    now: () => number
    record: (epoch: number) => Uint8Array | undefined
  }) {
    this.#store = options.store
    this.#record = options.record
    this.#genesisHash = options.genesisHash
    this.#now = options.now
  }

  /** The first epoch that somebody may still join at: its units must stay. */
  get firstEpoch(): number {
    return this.#held[0]?.epoch ?? Number.POSITIVE_INFINITY
  }

  /** The block that an epoch begins with was executed, and nothing after it: its state is held from now on. */
  async hold(start: EpochStart, block: StoredBlock): Promise<void> {
    const entry = this.#entry(start, block)
    const now = this.#now()
    const certified = this.#held.findLastIndex((one) => this.#isCertified(one))
    const needed = this.#held.filter((_, index) => index === certified || index === certified + 1)
    const leased = this.#held
      .filter((one) => !needed.includes(one) && now - one.usedAt < LEASE_MS)
      .slice(-(MAX_HELD - needed.length - 1))
    const gone = this.#held.filter((one) => !needed.includes(one) && !leased.includes(one))
    this.#held = [...this.#held.filter((one) => !gone.includes(one)), entry]
    await Promise.all(gone.map((one) => one.snapshot.close()))
  }

  #isCertified({ epoch }: Held): boolean {
    return this.#record(epoch - 1) !== undefined
  }

  /** A method of its own: functions made in one call share what any of them uses, and this one must not keep the entry before it alive. */
  #entry(start: EpochStart, block: StoredBlock): Held {
    const snapshot = this.#store.snapshot()
    let source: Promise<SnapshotSource> | undefined
    return {
      epoch: start.number,
      snapshot,
      usedAt: Number.NEGATIVE_INFINITY,
      source: () => {
        source ??= this.#open(snapshot, start, { ...block, transactions: [] })
        return source
      },
    }
  }

  /** The snapshot of an epoch, or the newest that is certified. Undefined: there is none, or no longer. The first call for one reads the whole state. */
  async source(epoch?: number): Promise<SnapshotSource | undefined> {
    const held = this.#held.findLast((one) => (epoch === undefined ? this.#isCertified(one) : one.epoch === epoch))
    if (!held) return undefined
    held.usedAt = this.#now()
    return held.source()
  }

  async close(): Promise<void> {
    await Promise.all(this.#held.splice(0).map(({ snapshot }) => snapshot.close()))
  }

  async #open(snapshot: KeyValueSnapshot, start: EpochStart, block: StoredBlock): Promise<SnapshotSource> {
    const firsts: string[] = []
    const chunks: Hash[] = []
    let bytes = 0
    for await (const chunk of stateChunks(snapshot)) {
      firsts.push(chunk.first)
      chunks.push(bytesToHex(unitHash(chunk.bytes)))
      bytes += chunk.bytes.length
      if (chunks.length > MAX_CHUNKS)
        throw new NodeError('NODE_SNAPSHOT_INVALID', `the state has more than ${MAX_CHUNKS} chunks`, { bytes })
      // Hashing is synchronous: the node's work comes between two chunks.
      await new Promise((resolve) => setImmediate(resolve))
    }
    const manifest: SnapshotManifest = { genesisHash: this.#genesisHash, start, block, chunks, bytes }
    return {
      manifest,
      record: async (epoch) => (epoch < start.number ? this.#record(epoch) : undefined),
      async chunk(index) {
        const from = firsts[index]
        if (from !== undefined) for await (const chunk of stateChunks(snapshot, from)) return chunk.bytes
        throw new NodeError('NODE_SNAPSHOT_INVALID', `there is no chunk ${index}, only ${firsts.length}`, { index })
      },
    }
  }
}
