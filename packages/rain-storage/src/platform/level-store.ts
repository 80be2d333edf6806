/// <reference types="node" />
import { ClassicLevel } from 'classic-level'
import { CID } from 'multiformats/cid'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { type BlockStore, notFound, withIdentity } from '../blocks/store.ts'
import { codec, verifyBlock } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'

/**
 * Blocks in LevelDB, for operators who have one already. Every block written once costs several writes there (compaction).
 * @throws StorageError `STORAGE_LOCKED` while another process has it open
 */
export async function openLevelStore(folder: string, options: { crypto?: CryptoPort } = {}): Promise<BlockStore> {
  const crypto = options.crypto ?? defaultCrypto()
  const level = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
  })
  try {
    await level.open()
  } catch (cause) {
    throw new StorageError('STORAGE_LOCKED', `${folder} cannot be opened`, { folder }, { cause })
  }
  return withIdentity({
    async get(cid) {
      const bytes = await level.get(cid.multihash.bytes)
      if (bytes === undefined) throw notFound(cid)
      return verifyBlock(crypto, cid, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    },
    has: (cid) => level.has(cid.multihash.bytes),
    async put(cid, bytes, { durable = true } = {}) {
      await level.put(cid.multihash.bytes, bytes, { sync: durable })
    },
    async delete(cid) {
      await level.del(cid.multihash.bytes, { sync: true })
    },
    async *list({ signal } = {}) {
      for await (const key of level.keys()) {
        signal?.throwIfAborted()
        yield CID.createV1(codec.raw, decodeMultihash(key))
      }
    },
    async flush() {
      // An empty synchronous batch writes LevelDB's log through.
      await level.batch([{ type: 'del', key: new Uint8Array([0]) }], { sync: true })
    },
    close: () => level.close(),
  })
}
