import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, expect, it } from 'vitest'
import { libp2pSource, PROTOCOL, serveLibp2p, streamChannel } from '../../src/libp2p/index.ts'
import { channelSource } from '../../src/source/channel-source.ts'
import { randomContent } from '../sim/content.ts'

const hosts: Libp2p[] = []
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop()
})
const hostOf = async () => {
  const host = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    connectionGater: { denyDialMultiaddr: () => false },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  hosts.push(host)
  return host
}

it('a peer that ends its stream without an answer is a failure at once, also before anyone reads, and is asked anew', async () => {
  const { content, map } = await randomContent(50_000)
  const [client, server] = [await hostOf(), await hostOf()]
  await server.handle(PROTOCOL, (stream) => void stream.close())
  const source = libp2pSource('peer', client as never, server.getMultiaddrs())
  await expect(source.block!(map.root, {})).rejects.toMatchObject({ code: 'CDN_SOURCE_FAILED' })

  const stream = await (await client.dial(server.getMultiaddrs())).newStream(PROTOCOL)
  await stream.close()
  while (stream.status !== 'closed') await new Promise((resolve) => setTimeout(resolve, 5))
  const ended = channelSource('ended', streamChannel(stream as never))
  await expect(ended.block!(map.root, {})).rejects.toMatchObject({ code: 'CDN_SOURCE_FAILED' })

  await server.unhandle(PROTOCOL)
  await serveLibp2p(server as never, { read: async () => undefined, block: async () => content })
  expect(Buffer.from(await source.block!(map.root, {}))).toEqual(Buffer.from(content))
})
