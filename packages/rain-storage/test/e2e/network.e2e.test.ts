import { createHash } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { ed25519 } from '@noble/curves/ed25519.js'
import { CID } from 'multiformats/cid'
import { afterEach, describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { concat, encodeVarint } from '../../src/content/bytes.ts'
import { blockCid, codec } from '../../src/content/cid.ts'
import { exportFile } from '../../src/content/export-file.ts'
import { importFile, PROFILE_2015 } from '../../src/content/import-file.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { nameOfKey } from '../../src/ipns/name.ts'
import { createRecord, readRecord } from '../../src/ipns/record.ts'
import { type Peer, type PeerOptions, startPeer } from '../../src/network/peer.ts'
import { createLocalNode } from '../../src/rain/node.ts'
import { type Spoken, start } from './processes.ts'

const crypto = defaultCrypto()
const peers: Peer[] = []
const children: Spoken[] = []
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()))
  await Promise.all(peers.splice(0).map((peer) => peer.stop()))
})
const peerWith = async (options: Partial<PeerOptions> = {}) => {
  const blocks = options.blocks ?? createMemoryBlockStore()
  const peer = await startPeer({ ...options, blocks })
  peers.push(peer)
  return { peer, blocks }
}
const sha = async (source: AsyncIterable<Uint8Array>) => {
  const hash = createHash('sha256')
  for await (const part of source) hash.update(part)
  return hash.digest('hex')
}

describe('Helia in another process', () => {
  it('reads what we wrote, and we read what it wrote, over Bitswap', async () => {
    const helia = await start('./helia-process.ts')
    children.push(helia)
    const { peer, blocks } = await peerWith({ findProviders: false })
    await peer.connect(helia.ready.address!)

    const [cid, expected] = (await helia.ask('add 3500000')).split(' ')
    expect(await sha(exportFile(peer, CID.parse(cid!)))).toBe(expected)

    for (const profile of [undefined, PROFILE_2015]) {
      const data = Buffer.alloc(2_500_000, 'ours ')
      const mine = await importFile(blocks, [data], profile && { profile })
      expect(await helia.ask(`sha ${mine.cid}`)).toBe(createHash('sha256').update(data).digest('hex'))
    }
    const missing = await blockCid(crypto, codec.raw, Uint8Array.of(1, 2, 3))
    await expect(peer.get(missing)).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  })
})

describe('peers', () => {
  it('find the newest IPNS record of a name in the DHT, and keep none that does not count', async () => {
    const nowMs = Date.now
    const { peer: hub } = await peerWith({ nowMs })
    const bootstrap = [hub.addresses[0]!]
    const { peer: writer } = await peerWith({ bootstrap, nowMs })
    const { peer: reader } = await peerWith({ bootstrap, nowMs })
    const secretKey = crypto.randomBytes(32)
    const name = nameOfKey(ed25519.getPublicKey(secretKey))
    const record = (sequence: bigint, key = secretKey) =>
      createRecord({
        secretKey: key,
        value: `/ipfs/bafkqaddwgevxmmraojswg33smq/${sequence}`,
        sequence,
        validUntilMs: nowMs() + 60_000,
        ttlS: 1,
      })
    expect(await reader.findName(name)).toBeUndefined()
    await writer.publishName(name, record(1n))
    await writer.publishName(name, record(2n))
    const found = await reader.findName(name)
    expect(await readRecord(crypto, name, found!, nowMs())).toMatchObject({ sequence: 2n })
    await expect(writer.publishName(name, record(3n, crypto.randomBytes(32)))).rejects.toMatchObject({
      code: 'STORAGE_UNAUTHENTIC',
    })
  })

  it('find a file by its provider record in the DHT and fetch it verified', async () => {
    const { peer: hub } = await peerWith()
    const bootstrap = [hub.addresses[0]!]
    const { peer: holder, blocks } = await peerWith({ bootstrap })
    const { peer: reader } = await peerWith({ bootstrap })
    const { cid } = await importFile(blocks, [Buffer.alloc(1_200_000, 'dht ')])
    // the DHT takes a peer into its table when identify is through
    await expect
      .poll(
        async () => {
          await holder.provide(cid)
          for await (const found of reader.providers(cid, { signal: AbortSignal.timeout(2000) })) return String(found)
          return ''
        },
        { timeout: 20_000 },
      )
      .toBe(holder.id)
    expect(await sha(exportFile(reader, cid))).toBe(
      createHash('sha256').update(Buffer.alloc(1_200_000, 'dht ')).digest('hex'),
    )
  })

  it('store, fetch, prove and refuse over the rain protocol', async () => {
    const store = createMemoryBlockStore()
    const place = { id: 'far', domain: 'd', weight: 1 }
    const { peer: server } = await peerWith({ node: createLocalNode({ ...place, store }) })
    const { peer: client } = await peerWith()
    const far = client.remoteNode(server.addresses[0]!, place)
    const bytes = crypto.randomBytes(200_000)
    const cid = await blockCid(crypto, codec.raw, bytes)
    expect(await far.has(cid)).toBe(false)
    await expect(far.get(cid)).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
    await far.put(cid, bytes, 0)
    expect(await far.get(cid)).toEqual(bytes)
    expect(await far.audit(cid, { nonce: crypto.randomBytes(8), leaves: 3 })).toHaveLength(3)
    await server.stop()
    await expect(far.get(cid)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })

  it('ban a node that answers with other bytes, and one that sends garbage', async () => {
    const liar = createLocalNode({ id: 'liar', domain: 'd', weight: 1, store: createMemoryBlockStore() })
    const { peer: server } = await peerWith({ node: { ...liar, get: async () => Uint8Array.of(6, 6, 6) } })
    const { peer: client } = await peerWith()
    const far = client.remoteNode(server.addresses[0]!, liar)
    const cid = await blockCid(crypto, codec.raw, Uint8Array.of(1))
    await expect(far.get(cid)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' })
    await expect(far.get(cid)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(client.isBanned('liar')).toBe(true)

    const id = client.id
    for (const protocol of ['/zos/rain/1.0.0', '/ipfs/bitswap/1.2.0', '/ipfs/bitswap/1.2.0']) {
      const stream = await client.libp2p.dialProtocol(multiaddr(server.addresses[0]!), protocol)
      stream.send(concat([encodeVarint(9), new Uint8Array(9).fill(255)]))
      await stream.close().catch(() => undefined)
      await new Promise<void>((resolve) => {
        stream.addEventListener('close', () => resolve())
        if (stream.status !== 'open' && stream.status !== 'closing') resolve()
      })
    }
    await expect.poll(() => server.isBanned(id), { timeout: 10_000 }).toBe(true)
    await expect.poll(() => server.libp2p.getConnections().length, { timeout: 10_000 }).toBe(0)
  })

  it('end a request at the caller’s deadline', async () => {
    const slow = createLocalNode({ id: 'slow', domain: 'd', weight: 1, store: createMemoryBlockStore() })
    const { peer: server } = await peerWith({ node: { ...slow, get: () => new Promise(() => undefined) } })
    const { peer: client } = await peerWith()
    const cid = await blockCid(crypto, codec.raw, Uint8Array.of(1))
    await expect(
      client.remoteNode(server.addresses[0]!, slow).get(cid, { signal: AbortSignal.timeout(300) }),
    ).rejects.toThrow(/timeout/i)
  })
})
