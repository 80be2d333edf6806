/**
 * What other chains prove against: the host's records once more, as versioned IAVL trees under one app hash a block. Each block's changes
 * become part of the batch that makes the block durable, so trees and chain never differ after a crash.
 */
import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt } from '@ethereumjs/util'
import { type IavlStore, MerkleProof, multiStore, openIavlStore } from '@zos/hub-ibc'
import { NodeError } from '../errors.ts'
import type { Hash } from '../state/account.ts'
import { type KeyValueStore, type StoreChange, sortable } from '../store/kv.ts'
import type { StoreName } from './host-records.ts'

/** Blocks whose state can be proved: at two blocks a second more than half an hour, at the default pace four and a half. */
export const PROVABLE_BLOCKS = 4_096

/** What a checkpoint says of a block. */
export interface BlockFacts {
  readonly height: number
  /** Nanoseconds since 1970. */
  readonly time: bigint
  readonly appHash: Uint8Array
  /** The committed leader unit and its main-chain index. */
  readonly unit: Hash
  readonly mci: number
}

/** The same with what makes it provable. */
export interface BlockRecord extends BlockFacts {
  readonly versions: Readonly<Record<StoreName, number>>
}

export interface RecordChange {
  readonly store: StoreName
  readonly key: Uint8Array
  /** Undefined where the record is gone. */
  readonly value: Uint8Array | undefined
}

const CHAIN_KEY = new TextEncoder().encode('chain')
const blockKey = (height: number) => `Ib${sortable(height)}`

/** Letters of the trees in the node's store. */
export const TREE_LETTERS: Readonly<Record<StoreName, string>> = { ibc: 'i', zones: 'z' }
/** Where a record of a tree's store lies in the node's store. */
export const treeKey = (letter: string, key: Uint8Array): string => `I${letter}${Buffer.from(key).toString('hex')}`

/** What makes a block provable, beside the trees. */
export const blockRecordChange = (record: BlockRecord): StoreChange => ({
  key: blockKey(record.height),
  value: encodeRecord(record),
})

export class IbcLedger {
  readonly #store: KeyValueStore
  readonly #chainId: string
  readonly #trees: Readonly<Record<StoreName, IavlStore>>
  /** Written but not yet in the store. */
  readonly #pending = new Map<string, Uint8Array | undefined>()
  #last: BlockRecord | undefined

  constructor(store: KeyValueStore, chainId: string, head: number) {
    this.#store = store
    this.#chainId = chainId
    this.#trees = { ibc: this.#openTree(TREE_LETTERS.ibc), zones: this.#openTree(TREE_LETTERS.zones) }
    this.#last = this.#record(head)
  }

  /** The newest block; undefined before the first. */
  get last(): BlockFacts | undefined {
    return this.#last
  }

  facts(height: number): BlockFacts | undefined {
    return this.#record(height)
  }

  /** The time of the block after the last one: `timeMs`, or a nanosecond later than the last if that is not later. */
  nextTime(timeMs: number): bigint {
    const time = BigInt(timeMs) * 1_000_000n
    const earliest = (this.#last?.time ?? 0n) + 1n
    return time > earliest ? time : earliest
  }

  /** True if a block's contents can be taken back to: only development networks do. */
  canUndoTo(height: number): boolean {
    return this.#record(height) !== undefined
  }

  /**
   * Takes a block's changes in, after the trees went back to what they held before block `undoneFrom`, and returns what to store in the block's batch; call {@link settled} when that is done. Cost: the hashes of
   * the changed paths.
   */
  async apply(
    block: Omit<BlockFacts, 'appHash'>,
    changes: readonly RecordChange[],
    { undoneFrom }: { undoneFrom?: number | undefined } = {},
  ): Promise<{ facts: BlockRecord; stored: StoreChange[] }> {
    for (const { tree } of Object.values(this.#trees))
      if (tree.version === 0) tree.set(CHAIN_KEY, new TextEncoder().encode(this.#chainId))
    if (undoneFrom !== undefined) this.#rewind(undoneFrom - 1)
    for (const { store, key, value } of changes) {
      const { tree } = this.#trees[store]
      const before = tree.get(key)
      if (value === undefined) tree.delete(key)
      else if (!before || Buffer.compare(before, value) !== 0) tree.set(key, value)
    }
    for (const store of Object.values(this.#trees)) if (!store.tree.clean) await store.commit()
    const versions = { ibc: this.#trees.ibc.tree.version, zones: this.#trees.zones.tree.version }
    const record: BlockRecord = { ...block, appHash: this.#multi(versions).hash, versions }
    this.#pending.set(blockKey(block.height), encodeRecord(record))
    await this.#prune(block.height - PROVABLE_BLOCKS)
    this.#last = record
    return { facts: record, stored: [...this.#pending].map(([key, value]) => (value ? { key, value } : { key })) }
  }

  /** The store has everything that {@link apply} returned. */
  settled(): void {
    this.#pending.clear()
  }

  /** Proof of what the `ibc` store holds at `key` after block `height`, under its app hash. Errors: `NODE_INVALID_ARGUMENT`. */
  prove(key: Uint8Array, height: number): Uint8Array {
    const record = this.#record(height)
    if (!record)
      throw new NodeError(
        'NODE_INVALID_ARGUMENT',
        `block ${height} cannot be proved: it is not among the last ${PROVABLE_BLOCKS}`,
        {
          height,
        },
      )
    const proof = this.#trees.ibc.tree.prove(key, record.versions.ibc)
    return MerkleProof.encode({ proofs: [proof, this.#multi(record.versions).prove('ibc')] })
  }

  /** What the `ibc` store holds at `key` after the newest block. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#trees.ibc.tree.get(key)
  }

  /** Gives the trees the contents that they had after block `height`; cost: all pairs of both. */
  #rewind(height: number): void {
    const { versions } = this.#record(height)!
    for (const [name, { tree }] of Object.entries(this.#trees) as [StoreName, IavlStore][]) {
      const before = [...tree.entries({ version: versions[name] })]
      const kept = new Set(before.map(([key]) => Buffer.from(key).toString('latin1')))
      for (const [key] of [...tree.entries()]) if (!kept.has(Buffer.from(key).toString('latin1'))) tree.delete(key)
      for (const [key, value] of before) {
        const now = tree.get(key)
        if (!now || Buffer.compare(now, value) !== 0) tree.set(key, value)
      }
    }
  }

  #multi(versions: Readonly<Record<StoreName, number>>) {
    return multiStore({
      ibc: this.#trees.ibc.tree.hashOf(versions.ibc),
      zones: this.#trees.zones.tree.hashOf(versions.zones),
    })
  }

  async #prune(height: number): Promise<void> {
    const oldest = this.#record(height)
    if (!oldest) return
    this.#pending.set(blockKey(height), undefined)
    const next = this.#record(height + 1)!
    for (const [name, store] of Object.entries(this.#trees) as [StoreName, IavlStore][])
      if (next.versions[name] > oldest.versions[name]) await store.prune(next.versions[name] - 1)
  }

  #record(height: number): BlockRecord | undefined {
    if (this.#last?.height === height) return this.#last
    const bytes = this.#read(blockKey(height))
    return bytes && decodeRecord(height, bytes)
  }

  #read(key: string): Uint8Array | undefined {
    return this.#pending.has(key) ? this.#pending.get(key) : this.#store.get(key)
  }

  #openTree(letter: string): IavlStore {
    return openIavlStore({
      database: {
        get: (key) => this.#read(treeKey(letter, key)),
        // Held back for the block's batch.
        write: async (puts, deletes) => {
          for (const [key, value] of puts) this.#pending.set(treeKey(letter, key), value)
          for (const key of deletes) this.#pending.set(treeKey(letter, key), undefined)
        },
      },
    })
  }
}

function encodeRecord({ time, appHash, unit, mci, versions }: BlockRecord): Uint8Array {
  return RLP.encode([bigIntToUnpaddedBytes(time), appHash, unit, mci, versions.ibc, versions.zones])
}

function decodeRecord(height: number, bytes: Uint8Array): BlockRecord {
  const [time, appHash, unit, mci, ibc, zones] = RLP.decode(bytes) as Uint8Array[] as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const number = (value: Uint8Array) => Number(bytesToBigInt(value))
  return {
    height,
    time: bytesToBigInt(time),
    appHash,
    unit: `0x${Buffer.from(unit).toString('hex')}`,
    mci: number(mci),
    versions: { ibc: number(ibc), zones: number(zones) },
  }
}
