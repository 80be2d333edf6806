/// <reference types="node" />
import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { type BlockStore, notFound, withIdentity } from '../blocks/store.ts'
import { codec, verifyBlock } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { syncFile } from './pack/recovery.ts'

/**
 * One file a block, in folders by the next-to-last two characters of its multihash in base32 (Kubo's flatfs layout). Easy to look
 * at, copy and back up; the pack store is several times faster. A block is written beside, made durable and renamed, so a stop
 * leaves at most a `.tmp` file, which opening removes.
 */
export async function openFileStore(folder: string, options: { crypto?: CryptoPort } = {}): Promise<BlockStore> {
  const crypto = options.crypto ?? defaultCrypto()
  await mkdir(folder, { recursive: true })
  for (const shard of await readdir(folder)) {
    for (const name of await readdir(join(folder, shard))) {
      if (name.endsWith('.tmp')) await unlink(join(folder, shard, name))
    }
  }
  const place = (cid: CID) => {
    const name = base32.encode(cid.multihash.bytes).slice(1).toUpperCase()
    const shard = join(folder, name.slice(-3, -1))
    return { shard, path: join(shard, `${name}.data`) }
  }
  let temporary = 0
  return withIdentity({
    async get(cid, { signal } = {}) {
      try {
        const bytes = await readFile(place(cid).path, { signal })
        return await verifyBlock(crypto, cid, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      } catch (error) {
        throw isMissing(error) ? notFound(cid) : error
      }
    },
    async has(cid) {
      return stat(place(cid).path).then(
        () => true,
        () => false,
      )
    },
    async put(cid, bytes, { durable = true } = {}) {
      const { shard, path } = place(cid)
      // A file with this name was renamed whole; only its length is worth a look.
      if ((await stat(path).catch(() => undefined))?.size === bytes.length) return
      const made = await mkdir(shard, { recursive: true })
      const beside = `${path}.${temporary++}.tmp`
      const file = await open(beside, 'w')
      try {
        await file.writeFile(bytes)
        if (durable) await file.datasync()
      } finally {
        await file.close()
      }
      await rename(beside, path)
      if (durable) {
        await syncFile(shard)
        if (made !== undefined) await syncFile(folder)
      }
    },
    async delete(cid) {
      await unlink(place(cid).path).catch((error: unknown) => {
        if (!isMissing(error)) throw error
      })
    },
    async *list({ signal } = {}) {
      for (const shard of await readdir(folder)) {
        for (const name of await readdir(join(folder, shard))) {
          signal?.throwIfAborted()
          if (!name.endsWith('.data')) continue
          const multihash = decodeMultihash(base32.decode(`b${name.slice(0, -5).toLowerCase()}`))
          yield CID.createV1(codec.raw, multihash)
        }
      }
    },
    flush: async () => undefined,
    close: async () => undefined,
  })
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
