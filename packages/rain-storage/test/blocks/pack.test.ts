import { spawn } from 'node:child_process'
import { appendFile, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixedChunker } from '../../src/content/chunker.ts'
import { blockCid, codec } from '../../src/content/cid.ts'
import { exportFile } from '../../src/content/export-file.ts'
import { importFile, PROFILE_2025 } from '../../src/content/import-file.ts'
import { encodeNode, encodeUnixfs, unixfsKind } from '../../src/content/unixfs.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { DigestIndex } from '../../src/platform/pack/digest-index.ts'
import { openPackStore, type PackStore } from '../../src/platform/pack/pack-store.ts'

const crypto = defaultCrypto()
const block = async (i: number, size = 500) => {
  const bytes = new Uint8Array(size).fill(i & 255)
  new DataView(bytes.buffer).setUint32(0, i)
  return { bytes, cid: await blockCid(crypto, codec.raw, bytes) }
}
const blocksOf = (count: number, size?: number) => Promise.all(Array.from({ length: count }, (_, i) => block(i, size)))

let folder: string
let store: PackStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zos-pack-'))
  store = await openPackStore(folder, { packBytes: 5000 })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})
const reopen = async () => {
  await store.close()
  store = await openPackStore(folder, { packBytes: 5000 })
}
const packs = async () => (await readdir(folder)).filter((name) => name.endsWith('.log')).sort()

describe('recovery', () => {
  it('cuts a torn record off the end, whatever its length, and keeps all before', async () => {
    const blocks = await blocksOf(5)
    for (const { cid, bytes } of blocks) await store.put(cid, bytes)
    await store.close()
    const path = join(folder, (await packs()).at(-1)!)
    const whole = await readFile(path)
    for (let cut = whole.length - 1; cut > whole.length - 560; cut -= 37) {
      await writeFile(path, whole.subarray(0, cut))
      store = await openPackStore(folder)
      expect(store.size).toBe(cut >= whole.length - 552 ? 4 : 3)
      expect(await store.get(blocks[2]!.cid)).toEqual(blocks[2]!.bytes)
      await store.close()
    }
    await writeFile(path, whole)
    await appendFile(path, new Uint8Array(1000)) // zeros, as ext4 leaves after a power loss
    store = await openPackStore(folder)
    expect(store.size).toBe(5)
    expect((await stat(path)).size).toBe(whole.length)
  })

  it('never gives out a block whose bytes were torn behind a good header', async () => {
    const blocks = await blocksOf(3)
    for (const { cid, bytes } of blocks) await store.put(cid, bytes)
    await store.close()
    const path = join(folder, (await packs())[0]!)
    const whole = await readFile(path)
    whole.fill(0, whole.length - 100)
    await writeFile(path, whole)
    store = await openPackStore(folder)
    expect(await store.has(blocks[2]!.cid)).toBe(false)
    expect(store.size).toBe(2)
  })

  it('reports rot in the middle of a pack and finds the records behind it', async () => {
    const blocks = await blocksOf(6)
    for (const { cid, bytes } of blocks) await store.put(cid, bytes)
    await store.close()
    const path = join(folder, (await packs())[0]!)
    const whole = await readFile(path)
    whole[552 * 2 + 3]! ^= 0xff // magic of the third record
    whole[552 * 4 + 200]! ^= 0xff // data of the fifth
    await writeFile(path, whole)
    store = await openPackStore(folder)
    expect(store.size).toBe(4)
    expect(store.damaged.map(({ offset, length }) => ({ offset, length }))).toEqual([
      { offset: 552 * 2, length: 552 },
      { offset: 552 * 4, length: 552 },
    ])
    await store.put(blocks[2]!.cid, blocks[2]!.bytes)
    expect(await store.get(blocks[2]!.cid)).toEqual(blocks[2]!.bytes)
  })

  it('takes no record for another whose header rotted', async () => {
    const { cid, bytes } = await block(1)
    await store.put(cid, bytes)
    await store.pin(cid)
    const second = await block(2)
    await store.put(second.cid, second.bytes)
    await store.close()
    const path = join(folder, (await packs())[0]!)
    const whole = await readFile(path)
    expect(whole[552 + 4]).toBe(3) // a pin
    whole[552 + 8 + 8]! ^= 1 // its expiry
    await writeFile(path, whole)
    store = await openPackStore(folder)
    expect(store.pins()).toEqual([])
    expect(store.damaged).toMatchObject([{ offset: 552 }])
    expect(await store.get(second.cid)).toEqual(second.bytes)
  })

  it('falls back to scanning when a side file is damaged', async () => {
    const blocks = await blocksOf(30)
    for (const { cid, bytes } of blocks) await store.put(cid, bytes)
    await store.close()
    expect((await packs()).length).toBeGreaterThan(2)
    const side = join(folder, `${(await packs())[0]}.idx`)
    const bytes = await readFile(side)
    bytes[40]! ^= 1
    await writeFile(side, bytes)
    store = await openPackStore(folder)
    expect(store.size).toBe(30)
    for (const { cid, bytes } of blocks) expect(await store.get(cid)).toEqual(bytes)
  })

  it('finds rot on reading and by scrubbing', async () => {
    const { cid, bytes } = await block(1)
    await store.put(cid, bytes)
    const file = await open(join(folder, (await packs())[0]!), 'r+')
    await file.write(Uint8Array.of(0xee), 0, 1, 300)
    await file.close()
    await expect(store.get(cid)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    const found: CID[] = []
    for await (const bad of store.scrub()) found.push(bad)
    expect(found.map(String)).toEqual([String(cid)])
    await store.delete(cid)
    await store.put(cid, bytes)
    expect(await store.get(cid)).toEqual(bytes)
  })

  it('is locked against a second opening and taken over from a dead process', async () => {
    await expect(openPackStore(folder)).rejects.toMatchObject({ code: 'STORAGE_LOCKED' })
    await store.close()
    await expect(store.put((await block(1)).cid, new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
    const child = spawn('true')
    await new Promise((resolve) => child.on('exit', resolve))
    await writeFile(join(folder, 'lock'), String(child.pid))
    store = await openPackStore(folder)
    // after a power failure the number may be that of a process which lives
    expect(await readFile(join(folder, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
    await store.close()
    await writeFile(join(folder, 'lock'), `${process.pid} a-boot-before-this-one`)
    store = await openPackStore(folder)
  })
})

describe('pins and collection', () => {
  // Links of test blocks: a dag-pb coded list of CIDs is not needed; a table will do.
  const children = new Map<string, CID[]>()
  const links = (cid: CID) => children.get(String(cid)) ?? []
  const node = async (i: number, below: CID[]) => {
    const bytes = new Uint8Array(300).fill(i)
    const cid = await blockCid(crypto, codec.dagPb, bytes)
    children.set(String(cid), below)
    await store.put(cid, bytes)
    return cid
  }

  it('removes what no pin reaches and gives the space back', async () => {
    const blocks = await blocksOf(40)
    for (const { cid, bytes } of blocks) await store.put(cid, bytes)
    const inner = await node(
      201,
      blocks.slice(0, 5).map(({ cid }) => cid),
    )
    const root = await node(202, [inner])
    await store.pin(root)
    const report = await store.collect(links)
    expect(report.removedBlocks).toBe(35)
    expect(report.bytesReclaimed).toBeGreaterThan(15_000)
    expect(store.size).toBe(7)
    await reopen()
    expect(store.size).toBe(7)
    expect(await store.get(blocks[4]!.cid)).toEqual(blocks[4]!.bytes)
    expect(await store.has(blocks[5]!.cid)).toBe(false)
    await store.unpin(root)
    await reopen()
    expect(store.pins()).toEqual([])
    await store.collect(links)
    await reopen()
    expect(store.size).toBe(0)
  })

  it('lets a lease run out', async () => {
    await store.close()
    let now = 1000
    store = await openPackStore(folder, { nowS: () => now })
    const root = await node(7, [])
    await store.pin(root, { expiresAtS: 2000 })
    expect((await store.collect(links)).removedBlocks).toBe(0)
    now = 2001
    expect(store.pins()).toEqual([])
    expect((await store.collect(links)).removedBlocks).toBe(1)
  })

  it('shortens no lease but by unpinning, also when both are asked for at once', async () => {
    await store.close()
    let now = 1000
    store = await openPackStore(folder, { nowS: () => now })
    const [late, early] = [await node(8, []), await node(9, [])]
    await Promise.all([store.pin(late, { expiresAtS: 3000 }), store.pin(late, { expiresAtS: 2000 })])
    await store.pin(late, { expiresAtS: 1001 })
    await store.pin(early, { expiresAtS: 3000 })
    await store.unpin(early)
    await store.pin(early, { expiresAtS: 2000 })
    await store.close()
    store = await openPackStore(folder, { nowS: () => now })
    const leases = () => new Map(store.pins().map(({ cid, expiresAtS }) => [`${cid}`, expiresAtS]))
    expect(leases()).toEqual(
      new Map([
        [`${late}`, 3000],
        [`${early}`, 2000],
      ]),
    )
    await store.pin(early)
    await store.pin(early, { expiresAtS: 4000 })
    now = 1e9
    expect(leases()).toEqual(new Map([[`${early}`, 0]]))
  })

  it('says how many bytes it holds', async () => {
    expect(store.bytes).toBe(0)
    const [one, two] = [await block(10), await block(11)]
    const putting = [store.put(one.cid, one.bytes), store.put(two.cid, two.bytes)]
    expect(store.bytes).toBe(one.bytes.length + two.bytes.length)
    await Promise.all(putting)
    await store.put(one.cid, one.bytes)
    expect(store.bytes).toBe(one.bytes.length + two.bytes.length)
    await store.delete(two.cid)
    expect(store.bytes).toBe(one.bytes.length)
  })

  it('spares blocks of a put in progress, also those that were garbage already', async () => {
    const old = await block(1)
    await store.put(old.cid, old.bytes)
    const release = store.hold()
    const fresh = await block(2)
    await store.put(fresh.cid, fresh.bytes)
    await store.put(old.cid, old.bytes)
    expect((await store.collect(links)).removedBlocks).toBe(0)
    release()
    expect((await store.collect(links)).removedBlocks).toBe(2)
  })

  it('keeps reads and writes right while it runs', async () => {
    const blocks = await blocksOf(200)
    for (const { cid, bytes } of blocks) await store.put(cid, bytes, { durable: false })
    const root = await node(
      203,
      blocks.filter((_, i) => i % 4 === 0).map(({ cid }) => cid),
    )
    await store.pin(root)
    const collecting = store.collect(links)
    const again = blocks.filter((_, i) => i % 4 === 1)
    const work = again.map(async ({ cid, bytes }) => {
      await store.put(cid, bytes)
      expect(await store.get(cid)).toEqual(bytes)
    })
    for (const { cid, bytes } of blocks.filter((_, i) => i % 4 === 0)) expect(await store.get(cid)).toEqual(bytes)
    await Promise.all(work)
    await collecting
    await reopen()
    for (const [i, { cid, bytes }] of blocks.entries()) {
      if (i % 4 < 2) expect(await store.get(cid)).toEqual(bytes)
      else expect(await store.has(cid)).toBe(false)
    }
  })

  it('does not bring a deleted block back when packs are rewritten', async () => {
    const blocks = await blocksOf(60)
    for (const { cid, bytes } of blocks) await store.put(cid, bytes)
    const root = await node(
      204,
      blocks.slice(0, 30).map(({ cid }) => cid),
    )
    await store.pin(root)
    await store.delete(blocks[3]!.cid)
    for (let i = 0; i < 3; i++) await store.collect(links)
    await reopen()
    expect(await store.has(blocks[3]!.cid)).toBe(false)
    expect(store.size).toBe(30)
  })
})

it.each([false, true])(
  'reads a file into the same memory again when its pieces are borrowed (blocking reads: %s)',
  async (blockingReads) => {
    await store.close()
    store = await openPackStore(folder, { blockingReads })
    const data = new Uint8Array(100_000).map((_, i) => (i * i) >> 7)
    const profile = { ...PROFILE_2025, chunker: fixedChunker(4096), width: 6 } // several levels, and a short end
    const { cid } = await importFile(store, [data], { profile })
    const read = async (borrow: boolean) => {
      const parts: Uint8Array[] = []
      const memories = new Set<ArrayBufferLike>()
      for await (const part of exportFile(store, cid, { borrow, offset: 10 })) {
        memories.add(part.buffer)
        parts.push(part.slice())
      }
      expect(Buffer.compare(Buffer.concat(parts), data.subarray(10))).toBe(0)
      return memories.size
    }
    expect(await read(false)).toBe(25)
    expect(await read(true)).toBeLessThan(10)
  },
)

it('believes no size that a block cannot have', async () => {
  const leaf = await block(1)
  await store.put(leaf.cid, leaf.bytes)
  const size = 2 ** 50
  const node = encodeNode(encodeUnixfs({ kind: unixfsKind.file, fileSize: size, blockSizes: [size] }), [
    { Name: '', Tsize: size, Hash: leaf.cid },
  ])
  const root = await blockCid(crypto, codec.dagPb, node)
  await store.put(root, node)
  await expect(
    (async () => {
      for await (const part of exportFile(store, root, { borrow: true })) void part
    })(),
  ).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
})

it('keeps 5,000 digests apart through growth and deletion', () => {
  const index = new DigestIndex()
  const digest = (i: number) => crypto.sha256(Uint8Array.of(i & 255, i >> 8)) as Uint8Array
  for (let i = 0; i < 5000; i++) index.set(digest(i), { pack: 1, offset: i, length: i, metaLength: 36 })
  for (let i = 0; i < 5000; i += 2) index.delete(digest(i))
  for (let i = 0; i < 5000; i++) expect(index.get(digest(i))?.offset).toBe(i % 2 ? i : undefined)
  expect(index.size).toBe(2500)
  expect([...index.places()]).toHaveLength(2500)
})
