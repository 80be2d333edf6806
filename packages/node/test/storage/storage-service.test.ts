import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryBlockStore, createVault, type StorageNode } from '@zos/rain-storage'
import { startPeer } from '@zos/rain-storage/libp2p'
import { afterAll, expect, test } from 'vitest'
import { type StorageService, startStorage } from '../../src/storage/storage-service.ts'

const folder = mkdtempSync(join(tmpdir(), 'zos-storage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const logger = { debug() {}, info() {}, warn() {}, error() {} } as never

const start = (index: number, capacityBytes = 1e9) =>
  startStorage({ folder: join(folder, `${index}`), listen: ['/ip4/127.0.0.1/tcp/0'], capacityBytes, logger })

test('nodes keep shards of a vault; one that starts again has its blocks and its name', async () => {
  const services: StorageService[] = await Promise.all([0, 1, 2, 3].map((index) => start(index)))
  const peer = await startPeer({ blocks: createMemoryBlockStore() })
  try {
    const remote = (service: StorageService, index: number): StorageNode =>
      peer.remoteNode(service.addresses[0]!, { id: `node-${index}`, domain: `site-${index}`, weight: 1 })
    let nodes = services.map(remote)
    const vault = createVault({ nodes: () => nodes, dataShards: 2, totalShards: 4 })
    const letter = new TextEncoder().encode('kept by guardians')
    const capability = await vault.put([letter], { name: 'letter.txt' })
    expect(services.every(({ blocks }) => blocks > 0)).toBe(true)

    const { addresses, blocks } = services[3]!
    await services[3]!.stop()
    services[3] = await start(3)
    expect(services[3].blocks).toBe(blocks)
    expect(services[3].addresses[0]!.split('/p2p/')[1]).toBe(addresses[0]!.split('/p2p/')[1])

    // Two of four are gone.
    nodes = [remote(services[2]!, 2), remote(services[3], 3)]
    const parts: Uint8Array[] = []
    for await (const part of vault.get(capability)) parts.push(part)
    expect(Buffer.concat(parts).toString()).toBe('kept by guardians')
  } finally {
    await peer.stop()
    await Promise.all(services.map((service) => service.stop()))
  }
})

test('a node takes no more than it was given room for, and no folder twice', async () => {
  const service = await start(9, 1_000)
  const peer = await startPeer({ blocks: createMemoryBlockStore() })
  try {
    await expect(start(9)).rejects.toMatchObject({ code: 'STORAGE_LOCKED' })
    const nodes = [peer.remoteNode(service.addresses[0]!, { id: 'a', domain: 'a', weight: 1 })]
    const vault = createVault({ nodes: () => nodes, dataShards: 1, totalShards: 1 })
    await expect(vault.put([new Uint8Array(100_000)], { name: 'large' })).rejects.toThrow()
    expect(service.blocks).toBe(0)
  } finally {
    await peer.stop()
    await service.stop()
  }
})
