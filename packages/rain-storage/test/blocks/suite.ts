import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlockStore } from '../../src/blocks/store.ts'
import { blake3Cid, blockCid, codec, MAX_BLOCK_BYTES } from '../../src/content/cid.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'

/** What every block store must do. */
export function blockStoreSuite(
  name: string,
  make: () => Promise<{
    store: BlockStore
    reopen?: () => Promise<BlockStore>
    end?: () => Promise<void>
    /** the service names blocks itself: one cannot be put under a wrong name */
    namesBlocks?: boolean
  }>,
): void {
  describe(name, () => {
    let made: Awaited<ReturnType<typeof make>>
    let store: BlockStore
    const crypto = defaultCrypto()
    const block = async (text: string, kind: number = codec.raw) => {
      const bytes = new TextEncoder().encode(text)
      return { bytes, cid: await blockCid(crypto, kind, bytes) }
    }

    beforeEach(async () => {
      made = await make()
      store = made.store
    })
    afterEach(async () => {
      await store.close()
      await made.end?.()
    })

    it('gives back what was put, whichever codec asks', async () => {
      const { cid, bytes } = await block('hello')
      expect(await store.has(cid)).toBe(false)
      await expect(store.get(cid)).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
      await store.put(cid, bytes)
      await store.put(cid, bytes)
      expect(await store.has(cid)).toBe(true)
      expect(await store.get(cid)).toEqual(bytes)
      expect(await store.get(CID.createV1(codec.dagPb, cid.multihash))).toEqual(bytes)
      expect(await store.get(CID.createV1(codec.dagPb, cid.multihash).toV0())).toEqual(bytes)
    })

    it('lists, deletes, and takes a deleted block again', async () => {
      const blocks = await Promise.all(Array.from({ length: 50 }, (_, i) => block(`block ${i}`)))
      await Promise.all(blocks.map(({ cid, bytes }) => store.put(cid, bytes)))
      const listed = async () => {
        const found: string[] = []
        for await (const cid of store.list()) found.push(String(cid))
        return found.sort()
      }
      expect(await listed()).toEqual(blocks.map(({ cid }) => String(cid)).sort())
      await store.delete(blocks[7]!.cid)
      await store.delete(blocks[7]!.cid)
      expect(await store.has(blocks[7]!.cid)).toBe(false)
      expect(await listed()).toHaveLength(49)
      await store.put(blocks[7]!.cid, blocks[7]!.bytes)
      expect(await store.get(blocks[7]!.cid)).toEqual(blocks[7]!.bytes)
    })

    it('answers identity CIDs without storing them', async () => {
      const cid = CID.createV1(codec.raw, create(0, Uint8Array.of(1, 2, 3)))
      await store.put(cid, Uint8Array.of(1, 2, 3))
      expect(await store.get(cid)).toEqual(Uint8Array.of(1, 2, 3))
      expect(await store.has(cid)).toBe(true)
      for await (const found of store.list()) throw new Error(`${found} was stored`)
    })

    it('refuses blocks above the limit and digests that can be collided', async () => {
      const { cid } = await block('x')
      await expect(store.put(cid, new Uint8Array(MAX_BLOCK_BYTES + 1))).rejects.toMatchObject({ code: 'STORAGE_LIMIT' })
      const long = CID.createV1(codec.raw, create(0, new Uint8Array(129)))
      await expect(store.put(long, new Uint8Array(129))).rejects.toMatchObject({ code: 'STORAGE_LIMIT' })
      const short = CID.createV1(codec.raw, create(0x12, new Uint8Array(8)))
      await expect(store.put(short, new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE_INVALID_ARGUMENT' })
    })

    it('keeps what was put when the caller writes over its bytes', async () => {
      const { cid, bytes } = await block('to be used again')
      await store.put(cid, bytes)
      bytes.fill(0)
      expect(new TextDecoder().decode(await store.get(cid))).toBe('to be used again')
    })

    it('puts a block into given memory or gives its own', async () => {
      const { cid, bytes } = await block('into the memory of the caller')
      await store.put(cid, bytes)
      for (const length of [0, bytes.length - 1, bytes.length, 100]) {
        const into = new Uint8Array(length)
        const got = await store.get(cid, { into })
        expect(got).toEqual(bytes)
        if (got.buffer !== into.buffer) expect(into).toEqual(new Uint8Array(length))
      }
      expect(await store.get(cid)).toEqual(bytes)
    })

    it('takes a shard, which is named by BLAKE3', async () => {
      const bytes = new Uint8Array(5000).fill(3)
      const cid = blake3Cid(crypto, codec.raw, bytes)
      await store.put(cid, bytes)
      expect(await store.get(cid)).toEqual(bytes)
    })

    it('never gives out bytes that are not what their name says', async () => {
      if (made.namesBlocks) return
      const { cid } = await block('right')
      await store.put(cid, new TextEncoder().encode('wrong'))
      await expect(store.get(cid)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    })

    it('stops when aborted', async () => {
      const { cid, bytes } = await block('y')
      await store.put(cid, bytes)
      await expect(store.get(cid, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
    })

    it('finds everything after closing and opening again', async () => {
      if (made.reopen === undefined) return
      const blocks = await Promise.all(Array.from({ length: 20 }, (_, i) => block(`kept ${i}`)))
      for (const { cid, bytes } of blocks) await store.put(cid, bytes, { durable: false })
      await store.delete(blocks[3]!.cid)
      await store.flush()
      await store.close()
      store = await made.reopen()
      for (const [i, { cid, bytes }] of blocks.entries()) {
        expect(await store.has(cid)).toBe(i !== 3)
        if (i !== 3) expect(await store.get(cid)).toEqual(bytes)
      }
    })
  })
}
