import { describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { concat } from '../../src/content/bytes.ts'
import { blockCid, codec } from '../../src/content/cid.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { isStorageError, StorageError } from '../../src/errors.ts'
import { answerChallenge, auditTreeOf, checkAnswer, merkleRoot } from '../../src/rain/audit.ts'
import { formatCapability, parseCapability } from '../../src/rain/capability.ts'
import { decodeLayout, encodeLayout } from '../../src/rain/layout.ts'
import { createLocalNode, type StorageNode } from '../../src/rain/node.ts'
import { paddedSize } from '../../src/rain/padding.ts'
import { createPlacement } from '../../src/rain/placement.ts'
import { readPrivateDirectory, writePrivateDirectory } from '../../src/rain/private-directory.ts'
import { identityFromSeed, openShare, readShare, revoke, rotateKey, share } from '../../src/rain/sharing.ts'
import { createVault, type VaultOptions } from '../../src/rain/vault.ts'

const crypto = defaultCrypto()
const text = (value: string) => new TextEncoder().encode(value)
const collect = async (source: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.from(concat([new Uint8Array(0), ...parts]))
}

/** Nodes over memory that can be killed and rotted. */
function cluster(count: number, options: Partial<VaultOptions> = {}) {
  const dead = new Set<string>()
  const stores = Array.from({ length: count }, () => createMemoryBlockStore())
  const nodes = stores.map((store, i): StorageNode => {
    const id = `node-${i}`
    const node = createLocalNode({ id, domain: `site-${i % 8}`, weight: 1, store })
    const alive =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A) => {
        if (dead.has(id)) throw new StorageError('STORAGE_UNAVAILABLE', `${id} is down`)
        return call(...args)
      }
    return { ...node, put: alive(node.put), get: alive(node.get), has: alive(node.has), audit: alive(node.audit) }
  })
  const vault = createVault({ nodes: () => nodes, segmentBytes: 10_000, ...options })
  return { nodes, stores, dead, vault }
}

describe('a vault', () => {
  const data = Buffer.from(crypto.randomBytes(35_000))

  it('gives back what was put, whole and by range', async () => {
    const { vault } = cluster(20)
    const capability = await vault.put([data.subarray(0, 7), data.subarray(7)], {
      name: 'plans.txt',
      type: 'text/plain',
    })
    expect(await collect(vault.get(capability))).toEqual(data)
    for (const [offset, length] of [
      [0, 1],
      [9_999, 2],
      [34_999, 100],
      [12_345, 15_000],
    ] as const) {
      expect(await collect(vault.get(capability, { offset, length }))).toEqual(data.subarray(offset, offset + length))
    }
    expect(await vault.facts(parseCapability(formatCapability(capability)))).toEqual({
      size: 35_000,
      name: 'plans.txt',
      type: 'text/plain',
    })
    const empty = await vault.put([])
    expect(await collect(vault.get(empty))).toHaveLength(0)
  })

  it('loses nothing when n − k nodes die, and repairs with the least traffic', async () => {
    const { vault, dead, nodes } = cluster(34)
    const capability = await vault.put([data])
    const layout = await vault.layout(capability.root)
    // kill six of the sixteen that hold the first segment
    const holders: string[] = []
    for (const node of nodes) {
      for (const cid of layout.segments[0]!.shards) if (await node.has(cid)) holders.push(node.id)
    }
    expect(holders).toHaveLength(16)
    for (const id of holders.slice(0, 6)) dead.add(id)
    expect(await collect(vault.get(capability))).toEqual(data)
    const before = []
    for await (const health of vault.inspect(capability.root)) before.push(health)
    expect(before[0]!.margin).toBe(0)
    const lost = before.reduce((sum, { lost }) => sum + lost.length, 0)
    const damagedSegments = before.filter(({ lost }) => lost.length > 0)
    const report = await vault.repair(capability.root)
    expect(report.rebuilt).toBe(lost)
    const shard = (length: number) => Math.ceil(length / 10 / 32) * 32
    const least = damagedSegments.reduce(
      (sum, { index, lost }) => sum + shard(layout.segments[index]!.length) * (10 + lost.length),
      0,
    )
    expect(report.bytesRead + report.bytesWritten).toBeLessThanOrEqual(least * 1.05)
    for await (const { margin } of vault.inspect(capability.root)) expect(margin).toBe(6)
    for (const id of holders.slice(6, 12)) dead.add(id)
    expect(await collect(vault.get(capability))).toEqual(data)
    expect((await vault.repair(capability.root)).rebuilt).toBeGreaterThan(0)
  })

  it('reads and repairs files of the first layout version, which is coded otherwise', async () => {
    const old = cluster(34, { construction: 'cauchy' })
    const { root, key } = await old.vault.put([data])
    const vault = createVault({ nodes: () => old.nodes, segmentBytes: 10_000 })
    expect((await vault.layout(root)).construction).toBe('cauchy')
    for (const { id } of old.nodes.slice(0, 6)) old.dead.add(id)
    await vault.repair(root)
    for (const { id } of old.nodes.slice(0, 6)) old.dead.delete(id)
    for (const { id } of old.nodes.slice(6, 12)) old.dead.add(id)
    expect(await collect(vault.get({ root, key }))).toEqual(data)
    expect((await vault.layout((await vault.put([data])).root)).construction).toBe('transform')
  })

  it('reads and repairs files of the second layout version, whose shards are named by SHA-256', async () => {
    const old = cluster(34, { shardHash: 'sha2-256' })
    const { root, key } = await old.vault.put([data])
    const vault = createVault({ nodes: () => old.nodes, segmentBytes: 10_000 })
    const layout = await vault.layout(root)
    expect(layout).toMatchObject({ construction: 'transform', shardHash: 'sha2-256' })
    const holders = await Promise.all(old.nodes.map(async (node) => ((await node.has(root)) ? node : undefined)))
    expect(encodeLayout(layout)).toEqual(await holders.find((node) => node !== undefined)!.get(root))
    expect(auditTreeOf(layout.segments[0]!.shards[0]!)).toBe('rfc6962')
    for (const { id } of old.nodes.slice(0, 6)) old.dead.add(id)
    await vault.repair(root)
    for (const { id } of old.nodes.slice(0, 6)) old.dead.delete(id)
    for (const { id } of old.nodes.slice(6, 12)) old.dead.add(id)
    expect(await collect(vault.get({ root, key }))).toEqual(data)
    // a new file: the CID of a shard is the root of its audit tree, and the layout carries no roots
    const fresh = await vault.layout((await vault.put([data])).root)
    expect(fresh.shardHash).toBe('blake3')
    expect(fresh.segments[0]!.roots).toBeUndefined()
    expect(auditTreeOf(fresh.segments[0]!.shards[0]!)).toBe('blake3')
    expect(() => createVault({ nodes: () => [], construction: 'cauchy', shardHash: 'blake3' })).toThrow(/No layout/)
    // shards of a version-3 layout must be named by the hash that its audits rely on
    const mixed = { ...fresh, segments: layout.segments.map(({ length, shards }) => ({ length, shards })) }
    expect(() => decodeLayout(encodeLayout(mixed))).toThrow(/blake3/)
  })

  it('says so when more than n − k are gone', async () => {
    const { vault, dead } = cluster(20)
    const capability = await vault.put([data])
    for (let i = 0; i < 15; i++) dead.add(`node-${i}`)
    await expect(collect(vault.get(capability))).rejects.toSatisfy(
      (error) => isStorageError(error, 'STORAGE_TOO_FEW_SHARDS') || isStorageError(error, 'STORAGE_NOT_FOUND'),
    )
  })

  it('treats rotten shards as lost and repairs them in place', async () => {
    const { vault, stores } = cluster(16)
    const capability = await vault.put([data.subarray(0, 5000)])
    const { segments } = await vault.layout(capability.root)
    let rotted = 0
    for (const store of stores) {
      for (const cid of segments[0]!.shards.slice(0, 6)) {
        if (!(await store.has(cid))) continue
        const bytes = await store.get(cid)
        bytes[100]! ^= 0xff // the memory store keeps this very array
        rotted++
      }
    }
    expect(rotted).toBe(6)
    expect(await collect(vault.get(capability))).toEqual(data.subarray(0, 5000))
    expect((await vault.repair(capability.root)).rebuilt).toBe(6)
    for await (const { lost } of vault.inspect(capability.root)) expect(lost).toEqual([])
  })

  it('treats what a lying node gives as lost', async () => {
    const { nodes } = cluster(16)
    const liars = new Set(nodes.slice(0, 6).map(({ id }) => id))
    const lying = nodes.map((node): StorageNode => {
      if (!liars.has(node.id)) return node
      return {
        ...node,
        get: async (cid, options) => {
          const bytes = Uint8Array.from(await node.get(cid, options))
          bytes[bytes.length >> 1]! ^= 1
          return bytes
        },
      }
    })
    const vault = createVault({ nodes: () => lying, segmentBytes: 10_000 })
    const capability = await vault.put([data])
    expect(await collect(vault.get(capability))).toEqual(data)
  })

  it('rebuilds the shards of a node that claims them and proves other bytes', async () => {
    const { nodes } = cluster(17)
    const liar = nodes[0]!
    const honest = createVault({ nodes: () => nodes.slice(0, 16), segmentBytes: 10_000 })
    const { root, key } = await honest.put([data.subarray(0, 5000)])
    // Not zeros: the last data shard of so short a file is all padding.
    const other = new Uint8Array(640).fill(7)
    const forged: StorageNode = {
      ...liar,
      has: async () => true,
      get: async () => other,
      put: () => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'no room')),
      audit: async (cid, challenge) => answerChallenge(crypto, other, challenge, auditTreeOf(cid)),
    }
    const vault = createVault({ nodes: () => [forged, ...nodes.slice(1)], segmentBytes: 10_000 })
    expect((await vault.repair(root)).rebuilt).toBe(1)
    const without = createVault({ nodes: () => nodes.slice(1), segmentBytes: 10_000 })
    for await (const { lost } of without.inspect(root)) expect(lost).toEqual([])
    expect(await collect(without.get({ root, key }))).toEqual(data.subarray(0, 5000))
  })

  it('stores on nodes that check what they are given, and writes the lease that they are asked for', async () => {
    const store = createMemoryBlockStore()
    const leases: [string, number][] = []
    const node = createLocalNode({
      id: 'n',
      domain: 'd',
      weight: 1,
      store,
      leases: { pin: async (cid, { expiresAtS }) => void leases.push([String(cid), expiresAtS]) },
    })
    const cid = await blockCid(crypto, codec.raw, text('shard'))
    await expect(node.put(cid, text('other'), 0)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    expect(await store.has(cid)).toBe(false)
    await node.put(cid, text('shard'), 1234)
    expect(leases).toEqual([[String(cid), 1234]])
  })

  it('gives nothing from segments that are not in their places', async () => {
    const { vault, nodes } = cluster(16)
    const { root, key } = await vault.put([data])
    const layout = await vault.layout(root)
    const [first, second, ...rest] = layout.segments
    const forged = encodeLayout({ ...layout, segments: [second!, first!, ...rest] })
    const cid = await blockCid(crypto, codec.dagCbor, forged)
    for (const node of nodes) await node.put(cid, forged, 0)
    await expect(collect(vault.get({ root: cid, key }))).rejects.toMatchObject({ code: 'STORAGE_UNAUTHENTIC' })
  })

  it('puts around nodes that fail or are full', async () => {
    const { vault, dead, nodes } = cluster(20)
    dead.add('node-3')
    dead.add('node-11')
    const full = createLocalNode({
      id: 'full',
      domain: 'x',
      weight: 1,
      store: createMemoryBlockStore(),
      capacityBytes: 10,
    })
    nodes.push(full)
    const capability = await vault.put([data])
    for await (const { margin } of vault.inspect(capability.root)) expect(margin).toBe(6)
    expect(await collect(vault.get(capability))).toEqual(data)
    const small = cluster(15)
    await expect(small.vault.put([data])).rejects.toMatchObject({ code: 'STORAGE_PLACEMENT' })
  })

  it('counts what its store holds already against the capacity of a node', async () => {
    const stored = { held: 90 }
    const node = createLocalNode({
      id: 'again',
      domain: 'x',
      weight: 1,
      store: createMemoryBlockStore(),
      capacityBytes: 100,
      heldBytes: () => stored.held,
    })
    const bytes = new Uint8Array(20)
    const cid = await blockCid(crypto, codec.raw, bytes)
    await expect(node.put(cid, bytes, 0)).rejects.toMatchObject({ code: 'STORAGE_LIMIT' })
    stored.held = 80
    await node.put(cid, bytes, 0)
    expect(await node.has(cid)).toBe(true)
  })

  it('lets nothing out in clear: no content, no name, no exact size', async () => {
    const { vault, stores } = cluster(16, { padding: 'padme' })
    const secret = Buffer.concat([Buffer.from('SECRET-MARKER'.repeat(100)), data.subarray(0, 33)])
    await vault.put([secret], { name: 'NAME-MARKER.txt', type: 'TYPE-MARKER' })
    for (const store of stores) {
      for await (const cid of store.list()) {
        const bytes = Buffer.from(await store.get(cid))
        for (const marker of ['SECRET', 'NAME-MARKER', 'TYPE-MARKER']) expect(bytes.includes(marker)).toBe(false)
      }
    }
    const a = await vault.layout((await vault.put([new Uint8Array(20_001)], { name: 'a' })).root)
    const b = await vault.layout((await vault.put([new Uint8Array(20_400)], { name: 'bb' })).root)
    expect(a.segments.map(({ length }) => length)).toEqual(b.segments.map(({ length }) => length))
    expect(a.facts.length).toBe(b.facts.length)
    for (let size = 1; size < 100_000; size = Math.ceil(size * 1.3)) {
      expect(paddedSize(size, 'padme')).toBeGreaterThanOrEqual(size)
      expect(paddedSize(size, 'padme')).toBeLessThanOrEqual(size * 1.13 + 1)
      expect(paddedSize(size, 'power2')).toBe(2 ** Math.ceil(Math.log2(size)))
      expect(paddedSize(size, 'none')).toBe(size)
    }
  })

  it('refuses a wrong key and a broken layout', async () => {
    const { vault } = cluster(16)
    const { root } = await vault.put([data])
    await expect(collect(vault.get({ root, key: new Uint8Array(32) }))).rejects.toMatchObject({
      code: 'STORAGE_UNAUTHENTIC',
    })
    expect(() => decodeLayout(text('x'))).toThrow(/layout/)
    expect(() => decodeLayout(Uint8Array.of(0xa0))).toThrow(/layout/)
    expect(() => parseCapability('zos1!!')).toThrow(/capability/)
    expect(() => parseCapability('hello')).toThrow(/capability/)
    await expect(
      collect(vault.get({ root, key: new Uint8Array(32) }, { signal: AbortSignal.abort() })),
    ).rejects.toThrow(/abort/i)
  })

  it('keeps a private directory', async () => {
    const { vault } = cluster(16)
    const capability = await vault.put([data])
    const directory = await writePrivateDirectory(vault, [{ name: 'd/Ж.bin', size: 35_000, capability }])
    const [entry] = await readPrivateDirectory(vault, directory)
    expect(entry).toMatchObject({ name: 'd/Ж.bin', size: 35_000 })
    expect(await collect(vault.get(entry!.capability))).toEqual(data)
  })
})

describe('sharing', () => {
  it('lets readers in, takes one off, and rotates the key', async () => {
    const { vault } = cluster(16)
    const [owner, anna, bert] = await Promise.all(
      [1, 2, 3].map((i) => identityFromSeed(crypto, new Uint8Array(32).fill(i))),
    )
    const capability = await vault.put([text('shared')], { name: 's' })
    const record = await share(crypto, capability, [owner!.publicKey, anna!.publicKey, bert!.publicKey])
    expect(await collect(vault.get(await openShare(crypto, record, anna!)))).toEqual(Buffer.from('shared'))
    const without = await revoke(crypto, record, owner!, [bert!.publicKey])
    expect(readShare(without)).toMatchObject({ epoch: 1 })
    await expect(openShare(crypto, without, bert!)).rejects.toMatchObject({ code: 'STORAGE_FORBIDDEN' })
    const old = await openShare(crypto, record, bert!)
    const rotated = await rotateKey(crypto, vault, without, owner!)
    const fresh = await openShare(crypto, rotated, anna!)
    expect(await collect(vault.get(fresh))).toEqual(Buffer.from('shared'))
    await expect(collect(vault.get({ root: fresh.root, key: old.key }))).rejects.toMatchObject({
      code: 'STORAGE_UNAUTHENTIC',
    })
    await expect(identityFromSeed(crypto, new Uint8Array(3))).rejects.toMatchObject({
      code: 'STORAGE_INVALID_ARGUMENT',
    })
    expect(() => readShare(text('junk'))).toThrow(/share/)
  })
})

describe('audits', () => {
  const sizes = [1, 1023, 1024, 1025, 3000, 5000, 100_000]
  const cases = sizes.flatMap((length) => [['blake3', length] as const, ['rfc6962', length] as const])
  it.each(cases)('by %s prove %i bytes and catch any change', async (tree, length) => {
    const bytes = crypto.randomBytes(length)
    const root = await merkleRoot(crypto, bytes, tree)
    for (let i = 0; i < 5; i++) {
      const challenge = { nonce: crypto.randomBytes(16), leaves: 8 }
      const proofs = await answerChallenge(crypto, bytes, challenge, tree)
      expect(await checkAnswer(crypto, root, length, challenge, proofs, tree)).toBe(true)
      expect(await checkAnswer(crypto, root, length, challenge, proofs, tree === 'blake3' ? 'rfc6962' : 'blake3')).toBe(
        false,
      )
      const other = { ...challenge, nonce: crypto.randomBytes(16) }
      // One leaf answers every nonce; of two or three leaves another nonce may draw the same ones by chance.
      if (length <= 1024 || length >= 5000)
        expect(await checkAnswer(crypto, root, length, other, proofs, tree)).toBe(length <= 1024)
      expect(await checkAnswer(crypto, root, length, challenge, proofs.slice(1), tree)).toBe(false)
      proofs[0]!.leaf[0]! ^= 1
      expect(await checkAnswer(crypto, root, length, challenge, proofs, tree)).toBe(false)
    }
  })
})

/** Straw2 as it is written down: for every slot the best of all nodes that may still be drawn. */
function plainPlacement(
  list: readonly { id: string; domain: string; weight: number }[],
  key: Uint8Array,
  count: number,
  maxPerDomain: number,
): string[] {
  const mix = (value: number) => {
    let h = value
    h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
    return (h ^ (h >>> 16)) >>> 0
  }
  const fnv = (bytes: Uint8Array) => mix(bytes.reduce((h, byte) => Math.imul(h ^ byte, 0x0100_0193), 0x811c_9dc5))
  const chosen: (typeof list)[number][] = []
  for (let slot = 0; slot < count; slot++) {
    const salt = mix(fnv(key) ^ Math.imul(slot + 1, 0x9e37_79b1))
    const scores = list
      .filter((node) => !chosen.includes(node))
      .filter((node) => chosen.filter(({ domain }) => domain === node.domain).length < maxPerDomain)
      .map((node) => ({ node, score: Math.log((mix(salt ^ fnv(text(node.id))) + 0.5) / 2 ** 32) / node.weight }))
    chosen.push(scores.reduce((best, other) => (other.score > best.score ? other : best)).node)
  }
  return chosen.map(({ id }) => id)
}

describe('placement', () => {
  const nodes = (count: number, domains = 50) =>
    Array.from({ length: count }, (_, i) => ({ id: `n${i}`, domain: `d${i % domains}`, weight: 1 }))
  const keys = Array.from({ length: 400 }, (_, i) => crypto.sha256(Uint8Array.of(i & 255, i >> 8)) as Uint8Array)

  it('draws distinct nodes within the domain cap, by weight', () => {
    const list = nodes(200).map((node, i) => ({ ...node, weight: i < 100 ? 1 : 3 }))
    const placement = createPlacement(list)
    let heavy = 0
    for (const key of keys) {
      const placed = placement.place(key, 16, 2)
      expect(new Set(placed.map(({ id }) => id)).size).toBe(16)
      const perDomain = Map.groupBy(placed, ({ domain }) => domain)
      expect(Math.max(...[...perDomain.values()].map((group) => group.length))).toBeLessThanOrEqual(2)
      heavy += placed.filter(({ weight }) => weight === 3).length
    }
    expect(heavy / (keys.length * 16)).toBeGreaterThan(0.7)
    expect(heavy / (keys.length * 16)).toBeLessThan(0.8)
    expect(() => createPlacement(nodes(40, 4)).place(keys[0]!, 16, 3)).toThrow(/16 shards need/)
    const avoided = placement.place(keys[0]!, 16, 2, new Set(['n5', 'n6']))
    expect(avoided.some(({ id }) => id === 'n5' || id === 'n6')).toBe(false)
  })

  it('moves little when a node comes or goes: what the new node takes, and hardly more', () => {
    const before = createPlacement(nodes(200))
    const after = createPlacement(nodes(201))
    let moved = 0
    let taken = 0
    for (const key of keys) {
      const old = before.place(key, 16, 6)
      const now = after.place(key, 16, 6)
      moved += now.filter(({ id }, slot) => id !== old[slot]!.id).length
      taken += now.filter(({ id }) => id === 'n200').length
    }
    const share = (keys.length * 16) / 201
    expect(taken / share).toBeLessThan(1.4)
    expect(taken / share).toBeGreaterThan(0.6)
    expect(moved / taken).toBeLessThanOrEqual(1.1)
  })

  it.each([['of one weight'], ['of many weights']])(
    'places on nodes %s where the plain form of the rule does',
    (kind) => {
      const list = nodes(300, 40).map((node, i) => ({
        ...node,
        weight: kind === 'of one weight' ? 2 : 1 + ((i * 37) % 90) / 7,
      }))
      const placement = createPlacement(list)
      for (const key of keys.slice(0, 150)) {
        expect(placement.place(key, 16, 1).map(({ id }) => id)).toEqual(plainPlacement(list, key, 16, 1))
      }
    },
  )
})
