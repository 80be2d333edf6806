// Foreign DAGs end with a typed error where a documented limit is reached.
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { blockCid, codec } from '../../src/content/cid.ts'
import { listDirectory, lookup, MAX_SHARD_DEPTH } from '../../src/content/directory.ts'
import { linksOf, MAX_LINKS } from '../../src/content/links.ts'
import { MAX_PATH_SEGMENTS, resolvePath } from '../../src/content/resolve.ts'
import { encodeNode, encodeUnixfs, unixfsKind } from '../../src/content/unixfs.ts'
import { WALK_LIMITS, walk } from '../../src/content/walk.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'

const crypto = defaultCrypto()
const store = createMemoryBlockStore()
const put = async (kind: number, bytes: Uint8Array) => {
  const cid = await blockCid(crypto, kind, bytes)
  await store.put(cid, bytes)
  return cid
}
const drain = async (source: AsyncIterable<unknown>) => {
  let count = 0
  for await (const _ of source) count++
  return count
}
const limit = { code: 'STORAGE_LIMIT' }
const empty = CID.createV1(codec.raw, create(0, new Uint8Array(0)))

it('a chain of blocks is walked to the limit of depth', async () => {
  const chain = async (length: number) => {
    let cid = await put(codec.raw, Uint8Array.of(1))
    for (let i = 0; i < length; i++) cid = await put(codec.dagCbor, dagCbor.encode({ i, next: cid }))
    return cid
  }
  expect(await drain(walk(store, await chain(WALK_LIMITS.depth)))).toBe(WALK_LIMITS.depth + 1)
  await expect(drain(walk(store, await chain(WALK_LIMITS.depth + 1)))).rejects.toMatchObject(limit)
})

it('a DAG is walked to the limit of blocks', async () => {
  const leaves = await Promise.all(Array.from({ length: 20 }, (_, i) => put(codec.raw, Uint8Array.of(i, 7))))
  const root = await put(codec.dagCbor, dagCbor.encode(leaves))
  expect(await drain(walk(store, root, { maxBlocks: 21 }))).toBe(21)
  await expect(drain(walk(store, root, { maxBlocks: 20 }))).rejects.toMatchObject(limit)
})

it('a block has so many links and no more', () => {
  const bytes = (count: number) => dagCbor.encode(Array.from({ length: count }, () => empty))
  const cid = CID.createV1(codec.dagCbor, empty.multihash)
  expect(linksOf(cid, bytes(MAX_LINKS))).toHaveLength(MAX_LINKS)
  expect(() => linksOf(cid, bytes(MAX_LINKS + 1))).toThrow(expect.objectContaining(limit))
})

it('a sharded directory is as deep as its hash is long', async () => {
  // every name leads down, at every level
  const shard = encodeUnixfs({ kind: unixfsKind.hamt, data: new Uint8Array(32).fill(255), hashType: 0x22, fanout: 256 })
  const level = (below: CID, names: readonly string[]) =>
    put(
      codec.dagPb,
      encodeNode(
        shard,
        names.map((Name) => ({ Name, Tsize: 1, Hash: below })),
      ),
    )
  const all = Array.from({ length: 256 }, (_, i) => i.toString(16).toUpperCase().padStart(2, '0'))
  const build = async (depth: number) => {
    let cid = await level(empty, ['00file'])
    for (let i = 1; i < depth; i++) cid = await level(cid, all)
    return cid
  }
  const first = async (cid: CID) => {
    for await (const entry of listDirectory(store, cid)) return entry.name
    return undefined
  }
  expect(await first(await build(MAX_SHARD_DEPTH))).toBe('file')
  await expect(first(await build(MAX_SHARD_DEPTH + 1))).rejects.toMatchObject(limit)
  expect((await lookup(store, await build(MAX_SHARD_DEPTH), 'x')).entry).toBeUndefined()
  await expect(lookup(store, await build(MAX_SHARD_DEPTH + 1), 'x')).rejects.toMatchObject(limit)
})

it('a path has so many segments and no more', async () => {
  let cid = await put(codec.dagCbor, dagCbor.encode({ end: true }))
  for (let i = 0; i < MAX_PATH_SEGMENTS; i++) cid = await put(codec.dagCbor, dagCbor.encode({ a: cid, i }))
  const path = (length: number) => Array.from({ length }, () => 'a')
  expect((await resolvePath(store, cid, path(MAX_PATH_SEGMENTS))).rest).toEqual([])
  await expect(resolvePath(store, cid, path(MAX_PATH_SEGMENTS + 1))).rejects.toMatchObject(limit)
})
