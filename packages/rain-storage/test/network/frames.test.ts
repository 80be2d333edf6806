import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, expect, it } from 'vitest'
import { receiveFrames, sendFrame } from '../../src/network/frames.ts'

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
/** A stream to a host that answers at once with `messages` and ends its side. */
const answered = async (messages: readonly Uint8Array[]) => {
  const [client, server] = [await hostOf(), await hostOf()]
  await server.handle('/test', async (stream) => {
    for (const message of messages) await sendFrame(stream, message)
    await stream.close()
  })
  const connection = await client.dial(server.getMultiaddrs())
  return connection.newStream('/test')
}
const collect = async (frames: AsyncIterable<Uint8Array>) => {
  const all: Uint8Array[] = []
  for await (const frame of frames) all.push(frame.slice())
  return all
}

it('an answer that is there with its end before the first read comes whole, and then ends', async () => {
  const messages = [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]
  const stream = await answered(messages)
  await stream.close()
  while (stream.status !== 'closed') await new Promise((resolve) => setTimeout(resolve, 5))
  expect(stream.readBufferLength).toBeGreaterThan(0)
  expect(await collect(receiveFrames(stream, 10))).toEqual(messages)
  expect(await collect(receiveFrames(stream, 10))).toEqual([])
})

it('a message above the limit ends the reading before it is held', async () => {
  await expect(collect(receiveFrames(await answered([new Uint8Array(2), new Uint8Array(3)]), 2))).rejects.toMatchObject(
    {
      code: 'STORAGE_LIMIT',
    },
  )
})

it('a slow reader gets a long answer whole, and little of it waits in memory', async () => {
  const messages = Array.from({ length: 30 }, (_, i) => new Uint8Array(200_000).fill(i))
  const stream = await answered(messages)
  let seen = 0
  let most = 0
  for await (const frame of receiveFrames(stream, 300_000)) {
    expect(frame).toEqual(messages[seen++])
    await new Promise((resolve) => setTimeout(resolve, 2))
    most = Math.max(most, stream.readBufferLength)
  }
  expect(seen).toBe(30)
  expect(most).toBeLessThan(2 * 1024 * 1024)
})

it('an aborted stream throws its reason at whoever waits for it', async () => {
  const [client, server] = [await hostOf(), await hostOf()]
  await server.handle('/test', () => {})
  const stream = await (await client.dial(server.getMultiaddrs())).newStream('/test')
  const reading = collect(receiveFrames(stream, 10))
  setTimeout(() => stream.abort(new Error('enough')), 20)
  await expect(reading).rejects.toThrow('enough')
})
