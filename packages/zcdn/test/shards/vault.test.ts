import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createLocalNode, createMemoryBlockStore, createVault, placedSlots, shardPlan } from '@zos/rain-storage'
import { expect, it, onTestFinished } from 'vitest'
import { createCdnServer } from '../../src/node/server.ts'
import { downloadSegments } from '../../src/shards/download-segments.ts'
import { shardSource, wholeShardSource } from '../../src/shards/shard-source.ts'
import { httpSource } from '../../src/source/http-source.ts'
import { seeded } from '../seeded.ts'

const random = seeded(3)
const content = Uint8Array.from({ length: 700_000 }, () => random() * 256)
const read = async (source: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

async function* only<T>(value: T): AsyncGenerator<T> {
  yield value
}

/** Nodes of rain storage, each with a store of its own. */
function storage(count: number) {
  const stores = Array.from({ length: count }, () => createMemoryBlockStore())
  const nodes = stores.map((store, i) =>
    createLocalNode({ id: `node-${i}`, domain: `site-${i % 8}`, weight: 1, store }),
  )
  return { stores, nodes, shape: { nodes: () => nodes, segmentBytes: 100_000 } }
}

it('a file of rain storage over HTTP: nodes dead and lying up to n − k, ranges of shards, the vault opens it', async () => {
  const { stores, nodes, shape } = storage(16)
  const capability = await createVault(shape).put([content])
  const served = await Promise.all(
    stores.map(async (store, i) => {
      const server = createCdnServer({
        roots: () => [],
        async object(root) {
          const block = await store.get(root).catch(() => undefined)
          if (!block) return undefined
          const bytes = i === 4 ? block.map((byte) => byte ^ 8) : block
          return { size: bytes.length, read: (start, end) => only(bytes.subarray(start, end)) }
        },
        block: (cid) => store.get(cid).catch(() => undefined),
      })
      await once(server.listen(0, '127.0.0.1'), 'listening')
      onTestFinished(() => void server.close())
      const { port } = server.address() as AddressInfo
      if (i >= 11) server.close()
      return `http://127.0.0.1:${port}`
    }),
  )
  const dropped: (string | undefined)[] = []
  const vault = createVault({
    ...shape,
    async *readSegments(layout, range, { signal }) {
      const slotsOf = placedSlots(layout, nodes)
      const report = yield* downloadSegments({
        plan: shardPlan(layout),
        sources: served.map((gateway, i) =>
          shardSource(httpSource({ gateway, id: `node-${i}` }), { slots: slotsOf(`node-${i}`) }),
        ),
        ...range,
        ...(signal ? { signal } : {}),
      })
      dropped.push(...report.sources.map((source) => source.dropped))
    },
  })
  expect((await read(vault.get(capability))).equals(content)).toBe(true)
  expect(dropped[4]).toBe('lied')
  const part = await read(vault.get(capability, { offset: 345_678, length: 100 }))
  expect(part.equals(content.subarray(345_678, 345_778))).toBe(true)
})

it('nodes that give whole shards only, one never answering, and shards that a repair has moved', async () => {
  const { stores, nodes, shape } = storage(20)
  const plain = createVault(shape)
  const capability = await plain.put([content])
  // Four nodes go, and a repair brings their shards to others; of the sixteen shards eleven can be asked for, and ten come.
  const kept = nodes.slice(4)
  const repaired = createVault({ ...shape, nodes: () => kept })
  await repaired.repair(capability.root)
  const layout = await repaired.layout(capability.root)
  const slotsOf = placedSlots(layout, nodes)
  const sources = kept.slice(0, 11).map(({ id }, i) =>
    wholeShardSource({
      id,
      slots: slotsOf(id),
      get: (cid, { signal }) =>
        i === 0
          ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          : stores[i + 4]!.get(cid).catch(() => undefined),
    }),
  )
  const vault = createVault({
    ...shape,
    nodes: () => kept,
    readSegments: (each, range) => downloadSegments({ plan: shardPlan(each), sources, ...range }),
  })
  expect((await read(vault.get(capability))).equals(content)).toBe(true)
})
