import { CID } from 'multiformats/cid'
import { codec, verifyBlock } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { type BlockStore, blockKey, notFound, withIdentity } from './store.ts'

/** Blocks in memory, for tests, browsers and caches. No limit: bound it by what is put in. */
export function createMemoryBlockStore(options: { crypto?: CryptoPort } = {}): BlockStore {
  const crypto = options.crypto ?? defaultCrypto()
  const blocks = new Map<string, { cid: CID; bytes: Uint8Array }>()
  return withIdentity({
    async get(cid) {
      const block = blocks.get(blockKey(cid))
      if (block === undefined) throw notFound(cid)
      return verifyBlock(crypto, cid, block.bytes)
    },
    has: async (cid) => blocks.has(blockKey(cid)),
    async put(cid, bytes) {
      const key = blockKey(cid)
      if (!blocks.has(key)) blocks.set(key, { cid: CID.createV1(codec.raw, cid.multihash), bytes: bytes.slice() })
    },
    async delete(cid) {
      blocks.delete(blockKey(cid))
    },
    async *list() {
      for (const { cid } of blocks.values()) yield cid
    },
    flush: async () => undefined,
    close: async () => undefined,
  })
}
