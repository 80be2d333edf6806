import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BlockStore } from '../../src/blocks/store.ts'
import { concat } from '../../src/content/bytes.ts'
import { blockCid, codec } from '../../src/content/cid.ts'
import { linksOf } from '../../src/content/links.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { createImage, openImage } from '../../src/nbd/image.ts'
import { openFileStore } from '../../src/platform/file-store.ts'
import { writeWhole } from '../../src/platform/file-system.ts'
import { openPackStore } from '../../src/platform/pack/pack-store.ts'
import { createLocalNode } from '../../src/rain/node.ts'
import { createVault } from '../../src/rain/vault.ts'
import { createVolatileDisk, type DiskImageAtFailure, type VolatileDisk } from './volatile-disk.ts'

const crypto = defaultCrypto()
let root: string
let disk: VolatileDisk
const folders: string[] = []
const fresh = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zos-power-'))
  folders.push(folder)
  return folder
}
beforeEach(async () => {
  root = await fresh()
  disk = createVolatileDisk(root)
})
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})
const block = async (i: number, size = 400) => {
  const bytes = new Uint8Array(size).fill(i & 255)
  new DataView(bytes.buffer).setUint32(0, i)
  return { bytes, cid: await blockCid(crypto, codec.raw, bytes) }
}
/** What the disk has after the failure, in a folder of its own. */
const after = async (failure: DiskImageAtFailure, torn?: (path: string) => number) => {
  const folder = await fresh()
  await failure.restore(folder, torn)
  return folder
}

it.each([
  ['nothing', undefined],
  ['a torn part', () => 0.7],
] as const)('the pack store keeps what it acknowledged when of the rest %s reaches the disk', async (_, torn) => {
  const store = await openPackStore(join(root, 'made', 'anew'), { packBytes: 4000, files: disk })
  const acknowledged: { cid: CID; bytes: Uint8Array; pinned: boolean }[] = []
  const failures: { failure: DiskImageAtFailure; count: number }[] = []
  const one = async (i: number) => {
    const made = await block(i)
    const pinned = i % 5 === 0
    await store.put(made.cid, made.bytes)
    if (pinned) await store.pin(made.cid)
    acknowledged.push({ ...made, pinned })
    if (i % 6 === 1) failures.push({ failure: disk.fail(), count: acknowledged.length })
  }
  for (let i = 0; i < 60; i += 4) await Promise.all([one(i), one(i + 1), one(i + 2), one(i + 3)])
  await store.close()
  expect(failures.length).toBeGreaterThan(8)
  for (const { failure, count } of failures) {
    const left = await openPackStore(join(await after(failure, torn), 'made', 'anew'), { packBytes: 4000 })
    const pins = new Set(left.pins().map(({ cid }) => String(cid)))
    for (const { cid, bytes, pinned } of acknowledged.slice(0, count)) {
      expect(await left.get(cid)).toEqual(bytes)
      expect(pins.has(String(cid))).toBe(pinned)
    }
    await left.close()
  }
})

it('a collection loses nothing that is pinned, wherever the power fails in it', async () => {
  const failures: DiskImageAtFailure[] = []
  disk = createVolatileDisk(root, { onUnlink: (now) => failures.push(now.fail()) })
  const store = await openPackStore(join(root, 'blocks'), { packBytes: 4000, files: disk })
  const blocks = await Promise.all(Array.from({ length: 60 }, (_, i) => block(i)))
  for (const { cid, bytes } of blocks) await store.put(cid, bytes)
  const kept = blocks.filter((_, i) => i % 4 === 0)
  for (const { cid } of kept) await store.pin(cid)
  const collecting = store.collect(linksOf)
  let over = false
  void collecting.finally(() => {
    over = true
  })
  while (!over) {
    failures.push(disk.fail())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect((await collecting).packsRewritten).toBeGreaterThan(3)
  await store.close()
  expect(failures.length).toBeGreaterThan(2)
  for (const failure of failures) {
    const left = await openPackStore(join(await after(failure), 'blocks'), { packBytes: 4000 })
    for (const { cid, bytes } of kept) expect(await left.get(cid)).toEqual(bytes)
    expect(left.pins()).toHaveLength(kept.length)
    await left.close()
  }
})

const createSlow = () => {
  disk = createVolatileDisk(root, { syncMs: 20 })
  return disk
}
const stores: [string, (folder: string, files?: VolatileDisk) => Promise<BlockStore>][] = [
  ['pack', (folder, files) => openPackStore(folder, files === undefined ? {} : { files })],
  ['file', (folder, files) => openFileStore(folder, files === undefined ? {} : { files })],
]
it.each(stores)(
  'a flush of the %s store covers what was written while another flush was at work',
  async (_, openStore) => {
    const store = await openStore(join(root, 'blocks'), createSlow())
    const [first, second, third] = [await block(1), await block(2), await block(3)]
    await store.put(first.cid, first.bytes, { durable: false })
    const one = store.flush()
    await store.put(second.cid, second.bytes, { durable: false })
    await one
    await store.flush()
    const flushed = disk.fail()
    // put durably while the same block is on its way without
    const way = store.put(third.cid, third.bytes, { durable: false })
    await store.put(third.cid, third.bytes)
    const put = disk.fail()
    await way
    await store.close()
    for (const [failure, kept] of [
      [flushed, [first, second]],
      [put, [first, second, third]],
    ] as const) {
      const left = await openStore(join(await after(failure), 'blocks'))
      for (const { cid, bytes } of kept) expect(await left.get(cid)).toEqual(bytes)
      await left.close()
    }
  },
)

it('a file put into a vault is whole when the power of every node fails after the put', async () => {
  const open = (folder: string, files?: VolatileDisk) =>
    Promise.all(
      Array.from({ length: 16 }, async (_, i) => {
        const store = await openPackStore(join(folder, `node-${i}`), files === undefined ? {} : { files })
        return { store, node: createLocalNode({ id: `n${i}`, domain: `d${i}`, weight: 1, store, leases: store }) }
      }),
    )
  const nodes = await open(root, disk)
  const data = Buffer.from(crypto.randomBytes(30_000))
  const vault = createVault({ nodes: () => nodes.map(({ node }) => node), segmentBytes: 10_000 })
  const capability = await vault.put([data], { name: 'kept' })
  await writeWholeOf(capability.root.bytes)
  const failure = disk.fail()
  for (const { store } of nodes) await store.close()
  const folder = await after(failure)
  expect(await readFile(join(folder, 'root'))).toEqual(Buffer.from(capability.root.bytes))
  const left = await open(folder)
  const again = createVault({ nodes: () => left.map(({ node }) => node), segmentBytes: 10_000 })
  for await (const { lost } of again.inspect(capability.root)) expect(lost).toEqual([])
  const parts: Uint8Array[] = []
  for await (const part of again.get(capability)) parts.push(part)
  expect(Buffer.from(concat(parts))).toEqual(data)
  for (const { store } of left) await store.close()
})
const writeWholeOf = async (bytes: Uint8Array) => {
  await writeWhole(join(root, 'root'), Uint8Array.of(1), disk)
  await writeWhole(join(root, 'root'), bytes, disk)
}

it('a committed disk image is whole after a power failure', async () => {
  const store = await openPackStore(join(root, 'images'), { files: disk })
  const image = await createImage(store, 1024 * 1024)
  await image.write(70_000, new Uint8Array(1000).fill(7))
  const first = await image.commit()
  await image.write(70_500, new Uint8Array(1000).fill(9)) // never committed
  const failure = disk.fail()
  await store.close()
  const left = await openPackStore(join(await after(failure), 'images'))
  const again = await openImage(left, first)
  expect(await again.read(70_400, 700)).toEqual(Uint8Array.from({ length: 700 }, (_, i) => (i < 600 ? 7 : 0)))
  await left.close()
})
