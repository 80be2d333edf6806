/** The storage node port: who holds shards, in this process, another, or across the network. */
import type { CID } from 'multiformats/cid'
import type { BlockStore } from '../blocks/store.ts'
import { verifyBlock } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { isStorageError, StorageError } from '../errors.ts'
import { answerChallenge, auditTreeOf, type Challenge, type LeafProof } from './audit.ts'
import type { PlacementNode } from './placement.ts'

/** Options of a call to a node. */
export interface NodeOptions {
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link StorageNode.put}. */
export interface NodePutOptions extends NodeOptions {
  /** the caller has just made the CID from these very bytes: a node in the same process need not hash them again. Not sent over the network */
  readonly hashed?: boolean
}

/** A node that keeps blocks for others. Every call may fail with `STORAGE_UNAVAILABLE`; callers verify what they are given. */
export interface StorageNode extends PlacementNode {
  /**
   * Keeps a block until `expiresAtS` (seconds since 1970, 0 = for ever); the node checks its hash. Doing it again prolongs the lease. The caller may write over
   * `bytes` after the answer: what is kept must be a copy.
   */
  put(cid: CID, bytes: Uint8Array, expiresAtS: number, options?: NodePutOptions): Promise<void>
  get(cid: CID, options?: NodeOptions): Promise<Uint8Array>
  has(cid: CID, options?: NodeOptions): Promise<boolean>
  /** Proves possession of a block. */
  audit(cid: CID, challenge: Challenge, options?: NodeOptions): Promise<LeafProof[]>
}

/** Leases of a node; the pack store's pins are ones. */
export interface Leases {
  pin(cid: CID, options: { expiresAtS: number }): Promise<void>
}

/** What {@link createLocalNode} is made of. */
export interface LocalNodeOptions extends PlacementNode {
  /** where blocks are kept */
  readonly store: BlockStore
  /** where leases are kept; without it blocks stay for ever */
  readonly leases?: Leases
  /** checks blocks; default {@link defaultCrypto} */
  readonly crypto?: CryptoPort
  /** bytes that the node takes before it answers with `STORAGE_LIMIT` */
  readonly capacityBytes?: number
  /** bytes that the store holds now; without it the node counts what it has taken since it was made */
  readonly heldBytes?: () => number
}

/** A node over a block store of this process: what a server runs, and what tests use. */
export function createLocalNode(options: LocalNodeOptions): StorageNode {
  const { store, leases } = options
  const crypto = options.crypto ?? defaultCrypto()
  const capacity = options.capacityBytes ?? Number.POSITIVE_INFINITY
  let taken = 0
  return {
    id: options.id,
    domain: options.domain,
    weight: options.weight,
    async put(cid, bytes, expiresAtS, { signal, hashed } = {}) {
      if (!hashed) await verifyBlock(crypto, cid, bytes)
      if (await store.has(cid, { signal })) {
        // A repair may be bringing back what rotted here.
        const whole = await store.get(cid, { signal }).then(
          () => true,
          (error: unknown) => !isStorageError(error, 'STORAGE_CORRUPT'),
        )
        if (!whole) {
          await store.delete(cid, { signal })
          await store.put(cid, bytes, { signal })
        }
      } else {
        if ((options.heldBytes?.() ?? taken) + bytes.length > capacity)
          throw new StorageError('STORAGE_LIMIT', `Node ${options.id} is full`, { node: options.id, capacity })
        taken += bytes.length
        await store.put(cid, bytes, { signal })
      }
      await leases?.pin(cid, { expiresAtS })
    },
    get: (cid, { signal } = {}) => store.get(cid, { signal }),
    has: (cid, { signal } = {}) => store.has(cid, { signal }),
    async audit(cid, challenge, { signal } = {}) {
      return answerChallenge(crypto, await store.get(cid, { signal }), challenge, auditTreeOf(cid))
    },
  }
}
