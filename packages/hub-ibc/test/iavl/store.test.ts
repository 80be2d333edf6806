import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/encoding/bytes.ts'
import { ProtoWriter } from '../../src/encoding/protobuf-wire.ts'
import { openRecord, readNode, sealRecord } from '../../src/iavl/records.ts'
import { createMemoryDatabase, type NodeDatabase, openIavlStore } from '../../src/iavl/store.ts'
import { iavlSpec } from '../../src/ics23/specs.ts'
import { verifyMembership } from '../../src/ics23/verify.ts'
import { openLevelDatabase } from '../../src/platform/level.ts'
import { createRandom } from '../random.ts'

async function fill(database: NodeDatabase, versions: number, maxCachedNodes?: number) {
  const random = createRandom(7)
  const store = openIavlStore(maxCachedNodes ? { database, maxCachedNodes } : { database })
  const roots: string[] = []
  for (let version = 1; version <= versions; version++) {
    for (let i = 0; i < 40; i++) {
      const key = utf8(`k${random.below(200)}`)
      if (random.below(4) === 0) store.tree.delete(key)
      else store.tree.set(key, random.bytes(20))
    }
    roots.push(toHex((await store.commit()).hash))
  }
  return { store, roots }
}

describe('durable IAVL store', () => {
  it('reopens at its last version with every kept version provable', async () => {
    const database = createMemoryDatabase()
    const { store, roots } = await fill(database, 8)
    const again = openIavlStore({ database })
    expect(again.tree.version).toBe(8)
    for (let version = 1; version <= 8; version++) {
      expect(toHex(again.tree.hashOf(version))).toBe(roots[version - 1])
      const [[key, value] = [undefined, undefined]] = [...again.tree.entries({ version })]
      expect(
        verifyMembership(iavlSpec, again.tree.hashOf(version), again.tree.prove(key!, version), key!, value!).status,
      ).toBe('valid')
    }
    again.tree.set(utf8('k1'), utf8('same'))
    store.tree.set(utf8('k1'), utf8('same'))
    expect(toHex((await again.commit()).hash)).toBe(toHex((await store.commit()).hash))
  })

  it('a record that was written anew, checksum and all, is seen by its hash', async () => {
    const database = createMemoryDatabase()
    await fill(database, 3)
    let changed = 0
    for (const [name, record] of [...database.records].filter(([key]) => key.startsWith('6e'))) {
      const node = readNode(openRecord(record, 'node'))
      if (node.value === undefined) continue
      const writer = new ProtoWriter()
      writer.uint(0)
      writer.uint(1)
      writer.bytes(node.key)
      writer.bytes(utf8('forged'))
      database.records.set(name, sealRecord(writer))
      changed++
    }
    expect(changed).toBeGreaterThan(10)
    const again = openIavlStore({ database })
    expect(() => [...again.tree.entries()]).toThrow(expect.objectContaining({ code: 'HUB_STORE_DAMAGED' }))
    expect(() => again.tree.get(utf8('k1'))).toThrow(/another hash than its parent says/)
  })

  it('drops its memory when it grows and goes on from the disk with the same roots', async () => {
    const { roots } = await fill(createMemoryDatabase(), 10)
    const { roots: tight } = await fill(createMemoryDatabase(), 10, 50)
    expect(tight).toEqual(roots)
  })

  it('after pruning holds exactly the nodes of the kept versions', async () => {
    const database = createMemoryDatabase()
    const { store } = await fill(database, 10)
    await store.prune(9)
    expect(store.oldest).toBe(10)
    const nodes = [...database.records.keys()].filter((key) => key.startsWith('6e'))
    expect(nodes.length).toBe(2 * store.tree.size - 1)
    const again = openIavlStore({ database })
    expect([...again.tree.entries()].length).toBe(store.tree.size)
    expect(() => again.tree.get(utf8('k1'), 5)).toThrow(expect.objectContaining({ code: 'HUB_VERSION_UNKNOWN' }))
    await expect(again.prune(10)).rejects.toMatchObject({ code: 'HUB_INVALID_ARGUMENT' })
  })

  it('a write that fails leaves the last version, and the store accepts nothing more', async () => {
    const database = createMemoryDatabase()
    const { roots } = await fill(database, 3)
    const broken = openIavlStore({
      database: { get: database.get, write: async () => Promise.reject(new Error('disk full')) },
    })
    broken.tree.set(utf8('x'), utf8('y'))
    await expect(broken.commit()).rejects.toMatchObject({ code: 'HUB_STORE_DAMAGED' })
    await expect(broken.commit()).rejects.toMatchObject({ code: 'HUB_STORE_DAMAGED' })
    const again = openIavlStore({ database })
    expect([again.tree.version, toHex(again.tree.hashOf(3))]).toEqual([3, roots[2]])
  })

  it('damage to any record is an error and never a wrong value', async () => {
    const database = createMemoryDatabase()
    await fill(database, 2)
    const expected = [...openIavlStore({ database }).tree.entries()].map(([k, v]) => toHex(k) + toHex(v)).join()
    let caught = 0
    for (const [key, record] of database.records) {
      const damaged = record.slice()
      damaged[damaged.length >> 1]! ^= 4
      const read = (k: Uint8Array) => (toHex(k) === key ? damaged : database.get(k))
      try {
        const { tree } = openIavlStore({ database: { get: read, write: async () => {} } })
        expect([...tree.entries()].map(([k, v]) => toHex(k) + toHex(v)).join()).toBe(expected)
      } catch (error) {
        expect(error).toMatchObject({ code: 'HUB_STORE_DAMAGED' })
        caught++
      }
    }
    expect(caught).toBeGreaterThan(100)
  })

  it('lives in a classic-level folder across openings', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zos-iavl-'))
    try {
      const first = await openLevelDatabase(folder)
      const { roots } = await fill(first, 4)
      await first.close()
      const second = await openLevelDatabase(folder)
      expect(toHex(openIavlStore({ database: second }).tree.hashOf(4))).toBe(roots[3])
      await second.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
