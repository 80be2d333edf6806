import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'
import * as dagPb from '@ipld/dag-pb'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { concat, decodeVarint, encodeVarint, fromHex, toHex } from '../../src/content/bytes.ts'
import { encodeCarHeader, readCar, writeCar } from '../../src/content/car.ts'
import { blockCid, codec, isBlockOf, MAX_BLOCK_BYTES, parseCid } from '../../src/content/cid.ts'
import { exportFile } from '../../src/content/export-file.ts'
import { importFile } from '../../src/content/import-file.ts'
import { linksOf } from '../../src/content/links.ts'
import { resolvePath } from '../../src/content/resolve.ts'
import { encodeNode, encodeUnixfs, unixfsKind } from '../../src/content/unixfs.ts'
import { walk } from '../../src/content/walk.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'

const vectors = process.env.ZOS_VECTORS ?? new URL('../../../../../shared/vectors', import.meta.url).pathname
const crypto = defaultCrypto()
const text = (value: string) => new TextEncoder().encode(value)
const all = async <T>(source: AsyncIterable<T>) => {
  const found: T[] = []
  for await (const item of source) found.push(item)
  return found
}

describe.skipIf(!existsSync(join(vectors, 'ipld-codec-fixtures')))(
  'ipld/codec-fixtures (skipped without the vectors folder)',
  () => {
    const root = join(vectors, 'ipld-codec-fixtures')
    const codecs = { 'dag-cbor': dagCbor, 'dag-json': dagJson, 'dag-pb': dagPb } as Record<
      string,
      { code: number; encode(v: never): Uint8Array; decode(b: Uint8Array): unknown }
    >

    it('every fixture has its CID, re-encodes to itself and converts to its other forms', async () => {
      let count = 0
      for (const name of readdirSync(join(root, 'fixtures'))) {
        if (name.startsWith('.') || name.endsWith('.car')) continue
        const forms = readdirSync(join(root, 'fixtures', name)).map((file) => {
          const [cid, kind] = [file.slice(0, file.indexOf('.')), file.slice(file.indexOf('.') + 1)]
          return {
            cid: CID.parse(cid),
            form: codecs[kind]!,
            bytes: new Uint8Array(readFileSync(join(root, 'fixtures', name, file))),
          }
        })
        for (const { cid, form, bytes } of forms) {
          expect(cid.code).toBe(form.code)
          expect(await isBlockOf(crypto, cid, bytes)).toBe(true)
          linksOf(cid, bytes)
          const value = form.decode(bytes)
          for (const other of forms) {
            if (other.form === dagPb && form !== dagPb) continue
            expect(toHex(other.form.encode(value as never))).toBe(toHex(other.bytes))
            count++
          }
        }
      }
      expect(count).toBeGreaterThan(400)
    })

    it('every negative fixture is refused', () => {
      for (const [name, form] of Object.entries(codecs)) {
        const folder = join(root, 'negative-fixtures', name, 'decode')
        if (!existsSync(folder)) continue
        for (const file of readdirSync(folder)) {
          for (const { hex, name: label } of JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
            hex?: string
            name: string
          }[]) {
            if (hex === undefined) continue
            const cid = CID.createV1(form.code, create(0x12, new Uint8Array(32)))
            expect(() => linksOf(cid, fromHex(hex)!), label).toThrow()
          }
        }
      }
    })
  },
)

describe.skipIf(!existsSync(join(vectors, 'ipld/specs')))(
  'ipld/ipld archives (skipped without the vectors folder)',
  () => {
    it.each(['carv1-basic', 'carv2-basic'])('%s has the blocks of its description', async (name) => {
      const folder = join(vectors, 'ipld/specs/transport/car/fixture', name)
      const described = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as {
        blocks: { cid: { '/': string } }[]
        header: { roots: { '/': string }[] }
      }
      const car = await readCar([readFileSync(join(folder, `${name}.car`))])
      expect((await all(car.blocks)).map(({ cid }) => String(cid))).toEqual(described.blocks.map(({ cid }) => cid['/']))
      expect(car.version).toBe(name === 'carv1-basic' ? 1 : 2)
    })
  },
)

describe('archives', () => {
  const archive = async () => {
    const store = createMemoryBlockStore()
    const { cid } = await importFile(store, [new Uint8Array(3_000_000).fill(7), text('end')])
    return { cid, store, bytes: concat(await all(writeCar([cid], walk(store, cid)))) }
  }

  it('carry a DAG from one store to another, in pieces of any size', async () => {
    const { cid, store, bytes } = await archive()
    for (const piece of [100_000, 777]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, i) =>
        bytes.subarray(i * piece, (i + 1) * piece),
      )
      const car = await readCar(pieces)
      expect(car.roots.map(String)).toEqual([String(cid)])
      const copy = createMemoryBlockStore()
      for await (const block of car.blocks) await copy.put(block.cid, block.bytes)
      expect(concat(await all(exportFile(copy, cid)))).toEqual(concat(await all(exportFile(store, cid))))
    }
  })

  it('that are cut, altered or hostile are refused with a typed error', async () => {
    const { bytes } = await archive()
    const read = async (input: Uint8Array) => all((await readCar([input])).blocks)
    await expect(read(bytes.subarray(0, bytes.length - 1))).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
    await expect(read(new Uint8Array(0))).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
    await expect(read(concat([encodeVarint(5), text('hello')]))).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
    await expect(read(encodeVarint(2 ** 40))).rejects.toMatchObject({ code: 'STORAGE_LIMIT' })
    await expect(read(concat([encodeCarHeader([]), encodeVarint(MAX_BLOCK_BYTES * 2)]))).rejects.toMatchObject({
      code: 'STORAGE_LIMIT',
    })
    const altered = bytes.slice()
    altered[altered.length - 1]! ^= 1
    await expect(read(altered)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
  })

  it('never make the reader throw anything but its own errors', async () => {
    const { bytes } = await archive()
    const start = bytes.subarray(0, 400)
    await fc.assert(
      fc.asyncProperty(fc.nat(399), fc.nat(255), fc.nat(400), async (at, value, length) => {
        const input = start.slice(0, length)
        if (at < input.length) input[at] = value
        try {
          await all((await readCar([input])).blocks)
        } catch (error) {
          expect(error).toMatchObject({ name: 'StorageError' })
        }
      }),
      { numRuns: 500, seed: Number(process.env.ZOS_SEED ?? 20_260_801) },
    )
  })
})

describe('hostile DAGs', () => {
  const put = async (store: ReturnType<typeof createMemoryBlockStore>, code: number, bytes: Uint8Array) => {
    const cid = await blockCid(crypto, code, bytes)
    await store.put(cid, bytes)
    return cid
  }
  const fileOver = (cid: CID, copies: number, size: number) =>
    encodeNode(
      encodeUnixfs({
        kind: unixfsKind.file,
        fileSize: copies * size,
        blockSizes: Array.from({ length: copies }, () => size),
      }),
      Array.from({ length: copies }, () => ({ Name: '', Tsize: size, Hash: cid })),
    )

  it('a file deeper than any real one ends with a typed error', async () => {
    const store = createMemoryBlockStore()
    let cid = await put(store, codec.raw, text('x'))
    for (let i = 0; i < 20; i++) cid = await put(store, codec.dagPb, fileOver(cid, 1, 1))
    await expect(all(exportFile(store, cid))).rejects.toMatchObject({ code: 'STORAGE_LIMIT' })
  })

  it('a bomb of repeated links is read a piece at a time and walked once', async () => {
    const store = createMemoryBlockStore()
    let cid = await put(store, codec.raw, new Uint8Array(1000))
    for (let i = 0, size = 1000; i < 4; i++, size *= 1000)
      cid = await put(store, codec.dagPb, fileOver(cid, 1000, size))
    expect(concat(await all(exportFile(store, cid, { offset: 5e14, length: 3000 })))).toEqual(new Uint8Array(3000))
    expect(await all(walk(store, cid))).toHaveLength(5)
    await expect(all(walk(store, cid, { duplicates: true, maxBlocks: 10_000 }))).rejects.toMatchObject({
      code: 'STORAGE_LIMIT',
    })
  })

  it('a block that lies about its size is found', async () => {
    const store = createMemoryBlockStore()
    const leaf = await put(store, codec.raw, text('four'))
    const lie = await put(store, codec.dagPb, fileOver(leaf, 1, 5))
    await expect(all(exportFile(store, lie))).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
    const mismatch = encodeNode(encodeUnixfs({ kind: unixfsKind.file, fileSize: 4, blockSizes: [] }), [
      { Name: '', Tsize: 4, Hash: leaf },
    ])
    await expect(all(exportFile(store, await put(store, codec.dagPb, mismatch)))).rejects.toMatchObject({
      code: 'STORAGE_MALFORMED',
    })
  })

  it('documents nested without end do not end the process', async () => {
    const store = createMemoryBlockStore()
    const bytes = new Uint8Array(500_000).fill(0x81)
    const cid = await put(store, codec.dagCbor, bytes)
    await expect(all(walk(store, cid))).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
  })

  it('a missing block is named at once', async () => {
    const cid = await blockCid(crypto, codec.raw, text('nowhere'))
    await expect(all(exportFile(createMemoryBlockStore(), cid))).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  })
})

it('paths go through documents and directories', async () => {
  const store = createMemoryBlockStore()
  const leaf = await importFile(store, [text('deep')])
  const document = dagCbor.encode({ a: { list: [1, leaf.cid] }, n: 5 })
  const cid = await blockCid(crypto, codec.dagCbor, document)
  await store.put(cid, document)
  expect(String((await resolvePath(store, cid, ['a', 'list', '1'])).cid)).toBe(String(leaf.cid))
  expect((await resolvePath(store, cid, ['n'])).rest).toEqual(['n'])
  await expect(resolvePath(store, cid, ['a', 'nothing'])).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  await expect(resolvePath(store, cid, ['toString'])).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  expect(() => parseCid('not a cid')).toThrow(/not a CID/)
})

it('varints go round and refuse what is too long', () => {
  for (const value of [0, 1, 127, 128, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    expect(decodeVarint(encodeVarint(value), 0)).toEqual({ value, length: encodeVarint(value).length })
  }
  expect(decodeVarint(Uint8Array.of(128), 0)).toBeUndefined()
  expect(() => decodeVarint(new Uint8Array(12).fill(255), 0)).toThrow(/varint/)
})
