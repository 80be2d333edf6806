import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { blockCid, codec } from '../../src/content/cid.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { CHUNK_BYTES, createImage, openImage } from '../../src/nbd/image.ts'
import { createVaultBase } from '../../src/nbd/vault-base.ts'
import { createLocalNode } from '../../src/rain/node.ts'
import { createVault } from '../../src/rain/vault.ts'

describe('a disk image', () => {
  it('gives pieces that later writes do not change', async () => {
    const image = await createImage(createMemoryBlockStore(), 4 * CHUNK_BYTES)
    await image.write(0, new Uint8Array(CHUNK_BYTES).fill(1))
    await image.commit()
    await image.write(CHUNK_BYTES, new Uint8Array(CHUNK_BYTES).fill(2))
    const pieces = await image.readPieces(10, 3 * CHUNK_BYTES)
    await image.write(0, new Uint8Array(4 * CHUNK_BYTES).fill(9))
    expect(pieces.map((piece) => [piece.length, ...new Set(piece)])).toEqual([
      [CHUNK_BYTES - 10, 1],
      [CHUNK_BYTES, 2],
      [CHUNK_BYTES, 0],
      [10, 0],
    ])
    await expect(async () => image.readPieces(4 * CHUNK_BYTES, 1)).rejects.toMatchObject({
      code: 'STORAGE_INVALID_ARGUMENT',
    })
  })

  it('does what an array does, through commits and reopening', async () => {
    const size = 5 * CHUNK_BYTES
    const operation = fc.record({
      kind: fc.constantFrom('write', 'zero', 'commit', 'reopen', 'read'),
      offset: fc.oneof(
        fc.nat(size),
        fc.constantFrom(0, 1, 2, 3, 4).map((chunk) => chunk * CHUNK_BYTES),
      ),
      length: fc.nat(2 * CHUNK_BYTES),
      value: fc.nat(255),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
        const store = createMemoryBlockStore()
        const model = new Uint8Array(size)
        let image = await createImage(store, size)
        for (const { kind, offset, length, value } of operations) {
          const end = Math.min(size, offset + length)
          if (kind === 'write') {
            const bytes = new Uint8Array(end - offset).fill(value)
            await image.write(offset, bytes)
            model.set(bytes, offset)
          } else if (kind === 'zero') {
            await image.zero(offset, end - offset)
            model.fill(0, offset, end)
          } else if (kind === 'commit') await image.commit()
          else if (kind === 'reopen') image = await openImage(store, await image.commit())
          expect(Buffer.compare(await image.read(offset, end - offset), model.subarray(offset, end))).toBe(0)
        }
        expect(Buffer.compare(await image.read(0, size), model)).toBe(0)
      }),
      { numRuns: 40, seed: Number(process.env.ZOS_SEED ?? 3) },
    )
  })

  it('keeps snapshots and shares what is equal', async () => {
    const store = createMemoryBlockStore()
    const image = await createImage(store, 1024 * CHUNK_BYTES)
    await image.write(10, new Uint8Array(100).fill(1))
    const first = await image.commit()
    await image.write(10, new Uint8Array(100).fill(2))
    // concurrent writes to one chunk, and a write during a commit, lose nothing
    await Promise.all([
      image.write(CHUNK_BYTES, Uint8Array.of(5)),
      image.write(CHUNK_BYTES + 9, Uint8Array.of(6)),
      image.commit(),
      image.write(CHUNK_BYTES + 1, Uint8Array.of(7)),
    ])
    const second = await image.commit()
    expect((await (await openImage(store, first)).read(10, 1))[0]).toBe(1)
    const latest = await openImage(store, second)
    expect((await latest.read(10, 1))[0]).toBe(2)
    expect([...(await latest.read(CHUNK_BYTES, 10))]).toEqual([5, 7, 0, 0, 0, 0, 0, 0, 0, 6])
    expect(await image.commit()).toBe(second)
  })

  it('refuses what lies outside and what is not an image', async () => {
    const store = createMemoryBlockStore()
    const image = await createImage(store, 1024)
    expect(() => image.read(1000, 25)).toThrow(/beyond/)
    await expect(async () => image.write(1020, new Uint8Array(5))).rejects.toMatchObject({
      code: 'STORAGE_INVALID_ARGUMENT',
    })
    await expect(createImage(store, 1000)).rejects.toMatchObject({ code: 'STORAGE_INVALID_ARGUMENT' })
    const cid = await blockCid(defaultCrypto(), codec.dagCbor, Uint8Array.of(0xa0))
    await store.put(cid, Uint8Array.of(0xa0))
    await expect(openImage(store, cid)).rejects.toMatchObject({ code: 'STORAGE_MALFORMED' })
  })

  it('keeps writes dirty when the store fails', async () => {
    const memory = createMemoryBlockStore()
    let broken = false
    const image = await createImage(
      { ...memory, put: async (...args) => (broken ? Promise.reject(new Error('disk full')) : memory.put(...args)) },
      CHUNK_BYTES,
    )
    await image.write(0, Uint8Array.of(9))
    broken = true
    await expect(image.commit()).rejects.toThrow('disk full')
    broken = false
    expect((await (await openImage(memory, await image.commit())).read(0, 1))[0]).toBe(9)
  })
})

describe('an overlay over a vault', () => {
  it('reads the base until it is written, keeps zeros as zeros, and reopens', async () => {
    const nodes = Array.from({ length: 5 }, (_, i) =>
      createLocalNode({ id: `n${i}`, domain: `d${i}`, weight: 1, store: createMemoryBlockStore() }),
    )
    let alive = nodes
    const vault = createVault({ nodes: () => alive, dataShards: 3, totalShards: 5, segmentBytes: 100_000 })
    const disk = defaultCrypto().randomBytes(5 * CHUNK_BYTES + 1024)
    const capability = await vault.put([disk])
    alive = nodes.slice(2)
    const base = await createVaultBase(vault, capability)
    const store = createMemoryBlockStore()
    const image = await createImage(store, base.size, { base })
    expect(Buffer.compare(await image.read(0, base.size), disk)).toBe(0)
    await image.write(CHUNK_BYTES + 5, Uint8Array.of(1, 2, 3))
    await image.zero(2 * CHUNK_BYTES, CHUNK_BYTES)
    const expected = disk.slice()
    expected.set([1, 2, 3], CHUNK_BYTES + 5)
    expected.fill(0, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES)
    expect(Buffer.compare(await image.read(0, base.size), expected)).toBe(0)
    const again = await openImage(store, await image.commit(), { base })
    expect(Buffer.compare(await again.read(0, base.size), expected)).toBe(0)
  })
})
