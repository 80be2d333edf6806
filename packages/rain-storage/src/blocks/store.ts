/**
 * The block store port: where blocks live. Every implementation checks the hash of what it gives out and passes one suite
 * (`test/blocks/suite.ts`).
 */
import type { CID } from 'multiformats/cid'
import { hash, identityBytes, MAX_BLOCK_BYTES, MAX_IDENTITY_BYTES } from '../content/cid.ts'
import { StorageError } from '../errors.ts'

/** Options of a read or a write. */
export interface BlockOptions {
  readonly signal?: AbortSignal | undefined
}

/** Options of reading a block. */
export interface GetOptions extends BlockOptions {
  /** Memory that the store may put the block in, when it fits: then what it gives is a view of it. A store may as well give memory of its own. */
  readonly into?: Uint8Array | undefined
}

/** Options of a write. */
export interface PutOptions extends BlockOptions {
  /** false: acknowledge before the disk has it; {@link BlockStore.flush} makes it durable. Default true. */
  readonly durable?: boolean | undefined
}

/** Content-addressed storage. Blocks are keyed by multihash: one digest under two codecs is one block. */
export interface BlockStore {
  /**
   * The bytes of a block, verified.
   * @throws StorageError `STORAGE_NOT_FOUND`; `STORAGE_CORRUPT` when the stored bytes are damaged
   */
  get(cid: CID, options?: GetOptions): Promise<Uint8Array>
  /** True when the block is there. Does not check its bytes. */
  has(cid: CID, options?: BlockOptions): Promise<boolean>
  /**
   * Stores a block; resolves when it is durable. Storing one that is there is free. The caller vouches for the hash
   * (foreign bytes are checked where they enter), and may write over them after the answer: what is kept is a copy.
   * @throws StorageError `STORAGE_LIMIT` above {@link MAX_BLOCK_BYTES}
   */
  put(cid: CID, bytes: Uint8Array, options?: PutOptions): Promise<void>
  /** Removes a block; no error when it is not there. */
  delete(cid: CID, options?: BlockOptions): Promise<void>
  /** The CIDs of all blocks, in no order. Codecs may have been normalised to raw. */
  list(options?: BlockOptions): AsyncIterable<CID>
  /** Makes all earlier writes durable. */
  flush(): Promise<void>
  /** Flushes and releases files and connections. */
  close(): Promise<void>
}

/** The key under which stores keep a block: the multihash as a latin-1 string, one character a byte. */
export function blockKey(cid: CID): string {
  return String.fromCharCode(...cid.multihash.bytes)
}

/** Checks that a block may be stored. @throws StorageError `STORAGE_LIMIT`, `STORAGE_INVALID_ARGUMENT` */
export function checkStorable(cid: CID, bytes: Uint8Array): void {
  if (bytes.length > MAX_BLOCK_BYTES) {
    throw new StorageError('STORAGE_LIMIT', `${cid} has ${bytes.length} bytes, more than ${MAX_BLOCK_BYTES}`, {
      cid: `${cid}`,
      length: bytes.length,
    })
  }
  if (cid.multihash.code === hash.identity && cid.multihash.digest.length > MAX_IDENTITY_BYTES) {
    throw new StorageError('STORAGE_LIMIT', `An identity CID holds at most ${MAX_IDENTITY_BYTES} bytes`, {
      cid: `${cid}`,
    })
  }
  // Digests below 20 bytes can be collided at will, and a block store must not mix up two blocks.
  if (cid.multihash.code !== hash.identity && cid.multihash.digest.length < 20) {
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `The digest of ${cid} is too short to name a block`, {
      cid: `${cid}`,
    })
  }
}

/** The error for a block that is not there. */
export function notFound(cid: CID): StorageError {
  return new StorageError('STORAGE_NOT_FOUND', `Block ${cid} is not in this store`, { cid: `${cid}` })
}

/** Wraps a store so that identity CIDs are answered from the CID itself. All stores of the package do this. */
export function withIdentity(store: BlockStore): BlockStore {
  return {
    ...store,
    async get(cid, options) {
      options?.signal?.throwIfAborted()
      return identityBytes(cid) ?? store.get(cid, options)
    },
    async has(cid, options) {
      options?.signal?.throwIfAborted()
      return identityBytes(cid) !== undefined || store.has(cid, options)
    },
    async put(cid, bytes, options) {
      options?.signal?.throwIfAborted()
      checkStorable(cid, bytes)
      if (identityBytes(cid) === undefined) await store.put(cid, bytes, options)
    },
    async delete(cid, options) {
      options?.signal?.throwIfAborted()
      if (identityBytes(cid) === undefined) await store.delete(cid, options)
    },
  }
}
