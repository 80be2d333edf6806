import { expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { isStorageError } from '../../src/errors.ts'
import { createLocalNode } from '../../src/rain/node.ts'
import { placedSlots, shardPlan } from '../../src/rain/shard-plan.ts'
import { createVault, type ReadSegments } from '../../src/rain/vault.ts'

const SEGMENT = 10_000
const nodes = Array.from({ length: 9 }, (_, i) =>
  createLocalNode({ id: `node-${i}`, domain: `site-${i}`, weight: 1, store: createMemoryBlockStore() }),
)
const shape = { dataShards: 4, totalShards: 7, segmentBytes: SEGMENT, padding: 'none' as const }
const content = Uint8Array.from({ length: 3 * SEGMENT + 5 }, (_, i) => (i * i) >> 3)
const read = async (source: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

it('says what a layout needs, where it should be, and how any k shards become data', async () => {
  const vault = createVault({ nodes: () => nodes, ...shape })
  const { root } = await vault.put([content])
  const layout = await vault.layout(root)
  const plan = shardPlan(layout)
  expect(plan).toMatchObject({ dataShards: 4, alignBytes: 128 })
  const slotsOf = placedSlots(layout, nodes)
  for (const [index, { length, shardBytes, shards }] of plan.segments.entries()) {
    expect(length).toBe(layout.segments[index]!.length)
    const found = new Map<number, Uint8Array>()
    for (const node of nodes) {
      for (const slot of slotsOf(node.id)(index)) found.set(slot, await node.get(shards[slot]!))
    }
    expect([...found.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
    // A stretch of any four, without the rest of their bytes.
    const stretch = (slot: number) => found.get(slot)!.subarray(shardBytes - 128, shardBytes)
    const given = shards.map((_, slot) => (slot >= 3 ? stretch(slot) : undefined))
    const data = [0, 1, 2].map(() => new Uint8Array(128))
    plan.code.reconstruct(given, [0, 1, 2], (slot) => data[slot]!)
    for (const slot of [0, 1, 2]) expect(data[slot]).toEqual(stretch(slot))
    expect(found.get(0)!.length).toBe(shardBytes)
  }
  expect(placedSlots(layout, nodes.slice(0, 5))('node-1')(0)).toEqual([])
})

it('a vault reads through another reader of segments, and opens what that gives itself', async () => {
  const asked: unknown[] = []
  const plain = createVault({ nodes: () => nodes, ...shape })
  const capability = await plain.put([content])
  let spoil = false
  const readSegments: ReadSegments = async function* (layout, range) {
    asked.push(range)
    const { code, segments, dataShards } = shardPlan(layout)
    for (const { length, shardBytes, shards } of segments.slice(range.first, range.end)) {
      const given = await Promise.all(
        shards.map(async (cid, slot) => {
          for (const node of nodes) if (slot > 2 && (await node.has(cid))) return node.get(cid)
          return undefined
        }),
      )
      const data = new Uint8Array(dataShards * shardBytes)
      code.reconstruct(given, [0, 1, 2], (slot) => data.subarray(slot * shardBytes, (slot + 1) * shardBytes))
      data.set(given[3]!, 3 * shardBytes)
      if (spoil) data[0]! ^= 1
      yield data.subarray(0, length)
    }
  }
  const vault = createVault({ nodes: () => nodes, ...shape, readSegments })
  expect((await read(vault.get(capability))).equals(content)).toBe(true)
  const part = await read(vault.get(capability, { offset: SEGMENT + 1, length: SEGMENT }))
  expect(part.equals(content.subarray(SEGMENT + 1, 2 * SEGMENT + 1))).toBe(true)
  expect(await read(vault.get(capability, { offset: 10 * SEGMENT }))).toHaveLength(0)
  expect(asked).toEqual([
    { first: 0, end: 4 },
    { first: 1, end: 3 },
  ])
  spoil = true
  const error = await read(vault.get(capability)).catch((e) => e)
  expect(isStorageError(error, 'STORAGE_UNAUTHENTIC')).toBe(true)
})
