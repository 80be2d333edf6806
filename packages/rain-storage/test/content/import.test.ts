import { MemoryBlockstore } from 'blockstore-core/memory'
import fc from 'fast-check'
import { exporter } from 'ipfs-unixfs-exporter'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { createCutWindow, DEFAULT_GEAR, fixedChunker, gearChunker } from '../../src/content/chunker.ts'
import { listDirectory, lookup, writeDirectory } from '../../src/content/directory.ts'
import { exportFile, stat } from '../../src/content/export-file.ts'
import { type FileProfile, importFile, PROFILE_2015, PROFILE_2025 } from '../../src/content/import-file.ts'

const seed = Number(process.env.ZOS_SEED ?? 20_260_801)

function pseudo(length: number, start = 1): Uint8Array {
  let x = start | 1
  return Uint8Array.from({ length }, () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x & 255
  })
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

/** What Helia's importer gives. */
async function peerCid(data: Uint8Array, options: object): Promise<string> {
  let last = ''
  for await (const entry of importer([{ content: data }], new MemoryBlockstore(), options)) last = String(entry.cid)
  return last
}

describe('UnixFS files', () => {
  // ipfs/specs, IPIP-499 and unixfs.md "Well-Known UnixFS CIDs"
  it.each([
    ['hello world', PROFILE_2025, 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'],
    ['hello world', PROFILE_2015, 'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD'],
    ['hello world\n', PROFILE_2025, 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4'],
    ['', PROFILE_2015, 'QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH'],
    ['', PROFILE_2025, 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'],
  ] as const)('has the published CID of %j', async (text, profile, expected) => {
    const store = createMemoryBlockStore()
    const { cid, size } = await importFile(store, [new TextEncoder().encode(text)], { profile })
    expect(String(cid)).toBe(expected)
    expect(size).toBe(text.length)
    expect(String(await collect(exportFile(store, cid)))).toBe(text)
  })

  it('has the CIDs of Helia at every boundary of chunk and width', async () => {
    const small: [FileProfile, object][] = [
      [
        { chunker: fixedChunker(10), width: 3, rawLeaves: true, cidVersion: 1 },
        {
          cidVersion: 1,
          rawLeaves: true,
          chunker: fixedSize({ chunkSize: 10 }),
          layout: balanced({ maxChildrenPerNode: 3 }),
        },
      ],
      [
        { chunker: fixedChunker(10), width: 3, rawLeaves: false, cidVersion: 0 },
        {
          cidVersion: 0,
          rawLeaves: false,
          chunker: fixedSize({ chunkSize: 10 }),
          layout: balanced({ maxChildrenPerNode: 3 }),
        },
      ],
    ]
    for (const [profile, options] of small) {
      for (const length of [0, 1, 9, 10, 11, 20, 29, 30, 31, 60, 89, 90, 91, 100, 270, 271, 300, 812]) {
        const store = createMemoryBlockStore()
        const data = pseudo(length, length + 7)
        const { cid } = await importFile(store, [data], { profile })
        expect(`${length} ${cid}`).toBe(`${length} ${await peerCid(data, options)}`)
        expect(Buffer.compare(await collect(exportFile(store, cid)), data)).toBe(0)
        expect(await stat(store, cid)).toMatchObject({ kind: 'file', size: length })
      }
    }
    const data = pseudo(1024 * 1024 + 1)
    expect(String((await importFile(createMemoryBlockStore(), [data])).cid)).toBe(
      await peerCid(data, { profile: 'unixfs-v1-2025' }),
    )
    expect(String((await importFile(createMemoryBlockStore(), [data], { profile: PROFILE_2015 })).cid)).toBe(
      await peerCid(data, { profile: 'unixfs-v0-2015' }),
    )
  })

  it('gives any range of any file, reading only its blocks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2000),
        fc.nat(2100),
        fc.nat(2100),
        fc.integer({ min: 2, max: 5 }),
        fc.boolean(),
        async (size, offset, length, width, rawLeaves) => {
          const store = createMemoryBlockStore()
          const data = pseudo(size, size)
          const { cid } = await importFile(store, [data], {
            profile: { chunker: fixedChunker(16), width, rawLeaves, cidVersion: 1 },
          })
          let reads = 0
          const counted = {
            get: (...args: Parameters<typeof store.get>) => {
              reads++
              return store.get(...args)
            },
          }
          const part = await collect(exportFile(counted, cid, { offset, length }))
          expect(Buffer.compare(part, data.subarray(offset, offset + length))).toBe(0)
          const leaves = Math.ceil(part.length / 16) + 1
          expect(reads).toBeLessThanOrEqual(leaves + 14 * Math.ceil(Math.log(size + 2) / Math.log(width)))
        },
      ),
      { numRuns: 60, seed },
    )
  })

  it('keeps mode and time, and reports progress', async () => {
    const store = createMemoryBlockStore()
    const seen: number[] = []
    const { cid } = await importFile(store, [pseudo(100)], {
      mode: 0o755,
      mtimeS: 1_700_000_000,
      onProgress: (n) => seen.push(n),
    })
    expect(await stat(store, cid)).toMatchObject({ kind: 'file', size: 100, mode: 0o755, mtimeS: 1_700_000_000 })
    expect(seen).toEqual([100])
    await expect(importFile(store, [pseudo(1)], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })

  it('reports a write that fails', async () => {
    const store = { ...createMemoryBlockStore(), put: async () => Promise.reject(new Error('disk full')) }
    await expect(importFile(store, [pseudo(3_000_000)])).rejects.toThrow('disk full')
  })

  it('is read by the exporter of Helia', async () => {
    const store = createMemoryBlockStore()
    const data = pseudo(5000)
    const { cid } = await importFile(store, [data], {
      profile: { chunker: fixedChunker(64), width: 4, rawLeaves: true, cidVersion: 1 },
    })
    const peer = new MemoryBlockstore()
    for await (const found of store.list()) await peer.put(found, await store.get(found))
    const entry = await exporter(cid.toString(), {
      get: async function* (c: never) {
        yield await store.get(c)
      },
    } as never)
    expect(
      Buffer.compare(await collect((entry as unknown as { content(): AsyncIterable<Uint8Array> }).content()), data),
    ).toBe(0)
  })
})

describe('content-defined chunks', () => {
  const options = { min: 256, average: 1024, max: 4096 }

  it('join to the stream and keep their limits, however the stream comes', async () => {
    const data = pseudo(100_000)
    const cuts = async (piece: number) => {
      const lengths: number[] = []
      const pieces = Array.from({ length: Math.ceil(data.length / piece) }, (_, i) =>
        data.subarray(i * piece, (i + 1) * piece),
      )
      const parts: Uint8Array[] = []
      for await (const chunk of gearChunker(options)(pieces)) {
        lengths.push(chunk.length)
        parts.push(chunk)
      }
      expect(Buffer.compare(Buffer.concat(parts), data)).toBe(0)
      return lengths
    }
    const lengths = await cuts(100_000)
    expect(await cuts(77)).toEqual(lengths)
    expect(await cuts(5000)).toEqual(lengths)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(4096)
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThan(256)
    expect(data.length / lengths.length).toBeGreaterThan(800)
    expect(data.length / lengths.length).toBeLessThan(2000)
  })

  it('are cut alike by WebAssembly and TypeScript', () => {
    const data = pseudo(200_000, 42)
    const fast = createCutWindow(options, data.length)
    const plain = createCutWindow(options, data.length, true)
    fast.bytes.set(data)
    plain.bytes.set(data)
    for (let from = 0; from < data.length; ) {
      const length = fast.cut(from, data.length, true)
      expect(plain.cut(from, data.length, true)).toBe(length)
      from += length
    }
  })

  it('are cut alike by streams side by side and byte after byte, wherever a cut lies', () => {
    const sizes = { min: 8192, average: 32_768, max: 131_072 }
    const fast = createCutWindow(sizes, 600_000)
    const plain = createCutWindow(sizes, 600_000, true)
    const few = pseudo(600_000, 7).map((byte) => byte & 1)
    const cuts = new Set<number>()
    for (const data of [pseudo(600_000, 3), pseudo(600_000, 4), few, new Uint8Array(600_000)]) {
      fast.bytes.set(data)
      plain.bytes.set(data)
      for (let from = 0; from < data.length; ) {
        const length = plain.cut(from, data.length, true)
        // what comes later changes nothing
        for (let to = from + (from % 9999); to < from + length; to += 9999) expect(fast.cut(from, to, false)).toBe(0)
        expect(fast.cut(from, data.length, true)).toBe(length)
        cuts.add(Math.floor(((length - sizes.min) % 4096) / 1024))
        from += length
      }
    }
    expect(cuts.size).toBe(4) // in each of the four streams
  })

  it('are where the first version cut them', () => {
    const data = pseudo(1_000_000, 11)
    const window = createCutWindow({ min: 8192, average: 32_768, max: 131_072 }, data.length)
    window.bytes.set(data)
    const lengths: number[] = []
    for (let from = 0; from < data.length; from += lengths.at(-1)!) lengths.push(window.cut(from, data.length, true))
    expect(lengths).toEqual([
      58572, 54127, 12161, 14445, 82974, 39314, 40806, 14128, 20084, 42821, 29864, 73200, 59086, 43224, 67370, 32872,
      49392, 39017, 18605, 62603, 58601, 21027, 33113, 21770, 10824,
    ])
  })

  it('are views when they are borrowed, equal to those that are not', async () => {
    const pieces = Array.from({ length: 90 }, (_, i) => pseudo(3000, i + 1))
    const own: Uint8Array[] = []
    for await (const chunk of gearChunker(options)(pieces)) own.push(chunk)
    let i = 0
    const memories = new Set<ArrayBufferLike>()
    for await (const chunk of gearChunker(options, { borrow: true })(pieces)) {
      expect(Buffer.compare(chunk, own[i++]!)).toBe(0)
      memories.add(chunk.buffer)
    }
    expect([i, memories.size]).toEqual([own.length, 1])
    expect(new Set(own.map((chunk) => chunk.buffer)).size).toBe(own.length)
  })

  it('survive an insertion: most chunks stay', async () => {
    const data = pseudo(300_000, 9)
    const set = async (bytes: Uint8Array) => {
      const found = new Set<string>()
      for await (const chunk of gearChunker(options)([bytes])) found.add(Buffer.from(chunk).toString('base64'))
      return found
    }
    const before = await set(data)
    const after = await set(Buffer.concat([data.subarray(0, 1000), Buffer.from('inserted'), data.subarray(1000)]))
    expect([...after].filter((chunk) => before.has(chunk)).length / before.size).toBeGreaterThan(0.95)
  })

  it('refuse impossible sizes', () => {
    expect(() => gearChunker({ ...DEFAULT_GEAR, min: DEFAULT_GEAR.max })).toThrow(/min/)
    expect(() => fixedChunker(0)).toThrow(/byte/)
  })
})

describe('UnixFS directories', () => {
  const entriesOf = async (store: ReturnType<typeof createMemoryBlockStore>, count: number, pad = 0) => {
    const { cid, dagSize } = await importFile(store, [new TextEncoder().encode('x')])
    return Array.from({ length: count }, (_, i) => ({ name: `file-${String(i).padStart(pad, '0')}.txt`, cid, dagSize }))
  }

  it('have the published CID when empty', async () => {
    const store = createMemoryBlockStore()
    expect(String((await writeDirectory(store, [])).cid)).toBe(
      'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354',
    )
    expect(String((await writeDirectory(store, [], { profile: PROFILE_2015 })).cid)).toBe(
      'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn',
    )
  })

  it.each([1, 50, 3900, 6000])('with %i entries have the CID of Helia, list and look up', async (count) => {
    const store = createMemoryBlockStore()
    const entries = await entriesOf(store, count)
    const { cid, dagSize } = await writeDirectory(store, entries)
    let peer: { cid: unknown; size: bigint } | undefined
    const files = entries.map(({ name }) => ({ path: `d/${name}`, content: new TextEncoder().encode('x') }))
    for await (const entry of importer(files, new MemoryBlockstore(), { profile: 'unixfs-v1-2025' }))
      peer = entry as never
    expect(String(cid)).toBe(String(peer!.cid))
    expect(dagSize).toBe(Number(peer!.size))
    const listed: string[] = []
    for await (const entry of listDirectory(store, cid)) listed.push(entry.name)
    expect(listed.sort()).toEqual(entries.map(({ name }) => name).sort())
    for (const i of [0, count >> 1, count - 1])
      expect((await lookup(store, cid, entries[i]!.name)).entry?.name).toBe(entries[i]!.name)
    expect((await lookup(store, cid, 'missing')).entry).toBeUndefined()
  })

  it('refuse bad names and give up beyond the wanted number of entries', async () => {
    const store = createMemoryBlockStore()
    const entries = await entriesOf(store, 10)
    for (const name of ['', '.', '..', 'a/b', 'a\0']) {
      await expect(writeDirectory(store, [{ ...entries[0]!, name }])).rejects.toMatchObject({
        code: 'STORAGE_INVALID_ARGUMENT',
      })
    }
    const { cid } = await writeDirectory(store, entries)
    await expect(collectNames(listDirectory(store, cid, { maxEntries: 9 }))).rejects.toMatchObject({
      code: 'STORAGE_LIMIT',
    })
    await expect(collectNames(listDirectory(store, entries[0]!.cid))).rejects.toMatchObject({
      code: 'STORAGE_MALFORMED',
    })
  })

  async function collectNames(source: AsyncIterable<{ name: string }>): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of source) names.push(name)
    return names
  }
})
