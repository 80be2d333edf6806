// Sources over WebSocket and libp2p, with real sockets and the real libraries, found through Happy Eyeballs.
import { randomBytes } from 'node:crypto'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type ContentMap,
  channelSource,
  describe as describeContent,
  downloadStream,
  isCdnError,
  type Provider,
  type Source,
  serveChannel,
  webSocketChannel,
} from '../../src/index.ts'
import { dialLibp2p, libp2pSource, serveLibp2p } from '../../src/libp2p/index.ts'
import { dialWebSocket, nodeHasher } from '../../src/node/index.ts'

const content = new Uint8Array(randomBytes(3_000_001))
let map: ContentMap
let provider: Provider
const closers: (() => unknown)[] = []

beforeAll(async () => {
  const described = await describeContent([content], { leafBytes: 65_536 })
  map = described.map
  provider = {
    read: async (root, start, end) => (root.equals(map.root) ? content.subarray(start, end) : undefined),
    block: async (cid) => described.nodes.find((node) => node.cid.equals(cid))?.bytes,
  }
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

async function fetchFrom(sources: Source[]) {
  const { stream, finished } = downloadStream({ content: map.root, sources, hasher: nodeHasher })
  expect(
    Buffer.compare(
      Buffer.from(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer()),
      content,
    ),
  ).toBe(0)
  return finished
}

/** An address of the range for documentation (RFC 5737, RFC 3849): nothing answers there. */
const NOWHERE = { 4: '192.0.2.1', 6: '2001:db8::1' } as const

describe('WebSocket', () => {
  it('is a source, dialled over IPv4 when IPv6 is broken', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    closers.push(() => server.close())
    server.on('connection', (socket) => serveChannel(webSocketChannel(socket as never), provider))
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const { connection, address } = await dialWebSocket(`ws://cdn.test:${port}`, WebSocket, {
      resolve: async (_, family) => (family === 6 ? [NOWHERE[6]] : ['127.0.0.1']),
    })
    closers.push(() => connection.terminate())
    expect(address.family).toBe(4)
    await fetchFrom([channelSource('ws', webSocketChannel(connection as never))])
  })

  it('a server that is no WebSocket server is a dial that failed', async () => {
    const { createServer } = await import('node:http')
    const server = createServer((_, response) => response.writeHead(404).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    const { port } = server.address() as { port: number }
    await expect(dialWebSocket(`ws://127.0.0.1:${port}`, WebSocket)).rejects.toSatisfy((error) =>
      isCdnError(error, 'CDN_DIAL_FAILED'),
    )
  })
})

describe('libp2p', () => {
  const start = async (listen: string[]) => {
    const node = await createLibp2p({
      addresses: { listen },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
    })
    closers.push(() => node.stop())
    return node
  }

  it('two peers are sources; the one that leaves is overtaken by the other', async () => {
    const [reader, ...peers] = await Promise.all([
      start([]),
      start(['/ip4/127.0.0.1/tcp/0']),
      start(['/ip4/127.0.0.1/tcp/0']),
    ])
    // Peers so slow that both are needed.
    const read: Provider['read'] = async (...range) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return provider.read(...range)
    }
    for (const peer of peers) await serveLibp2p(peer as never, { ...provider, read })
    const sources = peers.map((peer, at) => libp2pSource(`peer ${at}`, reader as never, peer.getMultiaddrs()))
    const report = await fetchFrom(sources)
    expect(report.sources.map(({ bytes }) => bytes > 0)).toEqual([true, true])
    await peers[0]!.stop()
    const second = await fetchFrom(sources)
    expect(second.sources[1]!.bytes).toBe(content.length)
  })

  it('a peer is reached over IPv4 within the delays of Happy Eyeballs when its IPv6 address swallows packets', async () => {
    const [reader, peer] = await Promise.all([start([]), start(['/ip4/127.0.0.1/tcp/0'])])
    const [address] = peer.getMultiaddrs()
    const black = multiaddr(`/ip6/${NOWHERE[6]}/tcp/4001/p2p/${peer.peerId}`)
    const { connection, address: won } = await dialLibp2p(reader, [black, address!])
    expect(won.ip).toBe('127.0.0.1')
    expect(connection.remotePeer.toString()).toBe(peer.peerId.toString())
  })

  it('another peer at the address is not taken for the one that was meant', async () => {
    const [reader, peer, other] = await Promise.all([start([]), start(['/ip4/127.0.0.1/tcp/0']), start([])])
    const [address] = peer.getMultiaddrs()
    const wrong = multiaddr(`${address!.decapsulateCode(421)}/p2p/${other.peerId}`)
    await expect(dialLibp2p(reader, [wrong])).rejects.toSatisfy((error) => isCdnError(error, 'CDN_DIAL_FAILED'))
    await expect(dialLibp2p(reader, [multiaddr('/dns4/cdn.test/tcp/1')])).rejects.toSatisfy((error) =>
      isCdnError(error, 'CDN_INVALID_ARGUMENT'),
    )
  })
})
