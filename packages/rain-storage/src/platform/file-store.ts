/// <reference types="node" />
import * as nodeFiles from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'
import { type BlockStore, notFound, withIdentity } from '../blocks/store.ts'
import { codec, verifyBlock } from '../content/cid.ts'
import { defaultCrypto } from '../crypto/default.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { type FileSystem, makeFolder, syncFile } from './file-system.ts'

/**
 * One file a block, in folders by the next-to-last two characters of its multihash in base32 (Kubo's flatfs layout). Easy to look
 * at, copy and back up; the pack store is several times faster. A block is written beside, made durable and renamed, so a stop
 * leaves at most a `.tmp` file, which opening removes.
 */
export async function openFileStore(
  folder: string,
  options: { crypto?: CryptoPort; files?: FileSystem } = {},
): Promise<BlockStore> {
  const crypto = options.crypto ?? defaultCrypto()
  const files = options.files ?? nodeFiles
  await makeFolder(folder, files)
  for (const shard of await files.readdir(folder)) {
    for (const name of await files.readdir(join(folder, shard))) {
      if (name.endsWith('.tmp')) await files.unlink(join(folder, shard, name))
    }
  }
  const place = (cid: CID) => {
    const name = base32.encode(cid.multihash.bytes).slice(1).toUpperCase()
    const shard = join(folder, name.slice(-3, -1))
    return { shard, path: join(shard, `${name}.data`) }
  }
  let temporary = 0
  /** Files written without waiting for the disk. */
  const unsynced = new Set<string>()
  const sizeOf = async (path: string) => {
    const file = await files.open(path, 'r').catch(() => undefined)
    try {
      return file && (await file.stat()).size
    } finally {
      await file?.close()
    }
  }
  const flush = async () => {
    const paths = [...unsynced]
    for (const path of paths) await syncFile(path, files).catch(ignoreMissing)
    for (const shard of new Set(paths.map((path) => dirname(path)))) await syncFile(shard, files)
    if (paths.length > 0) await syncFile(folder, files)
    for (const path of paths) unsynced.delete(path)
  }
  return withIdentity({
    async get(cid, { signal } = {}) {
      try {
        const bytes = await files.readFile(place(cid).path, { signal })
        return await verifyBlock(crypto, cid, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      } catch (error) {
        throw isMissing(error) ? notFound(cid) : error
      }
    },
    async has(cid) {
      return (await sizeOf(place(cid).path)) !== undefined
    },
    async put(cid, bytes, { durable = true } = {}) {
      const { shard, path } = place(cid)
      // A file with this name was renamed whole; only its length is worth a look.
      if ((await sizeOf(path)) === bytes.length) {
        if (durable && unsynced.has(path)) await flush()
        return
      }
      await files.mkdir(shard, { recursive: true })
      const beside = `${path}.${temporary++}.tmp`
      const file = await files.open(beside, 'w')
      try {
        await file.writeFile(bytes)
        if (durable) await file.datasync()
      } finally {
        await file.close()
      }
      if (!durable) unsynced.add(path)
      await files.rename(beside, path)
      if (durable) {
        await syncFile(shard, files)
        // Another put may have made the folder a moment ago and not synced it yet.
        await syncFile(folder, files)
      }
    },
    async delete(cid) {
      await files.unlink(place(cid).path).catch(ignoreMissing)
    },
    async *list({ signal } = {}) {
      for (const shard of await files.readdir(folder)) {
        for (const name of await files.readdir(join(folder, shard))) {
          signal?.throwIfAborted()
          if (!name.endsWith('.data')) continue
          const multihash = decodeMultihash(base32.decode(`b${name.slice(0, -5).toLowerCase()}`))
          yield CID.createV1(codec.raw, multihash)
        }
      }
    },
    flush,
    close: flush,
  })
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
