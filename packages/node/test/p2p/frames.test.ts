import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, expect, test } from 'vitest'
import { frame, readFrames } from '../../src/p2p/frames.ts'

const hosts: Libp2p[] = []

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop()
})

async function hostOf() {
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

/** A stream to a host that answers at once with `frames` and ends its side. */
async function answered(frames: readonly Uint8Array[]) {
  const [client, server] = [await hostOf(), await hostOf()]
  await server.handle('/test', async (stream) => {
    for (const bytes of frames) if (!stream.send(frame(bytes))) await stream.onDrain()
    await stream.close()
  })
  const connection = await client.dial(server.getMultiaddrs())
  return connection.newStream('/test')
}

test('an answer that is there with its end before the first read comes whole, and then ends', async () => {
  const stream = await answered([Uint8Array.of(1), Uint8Array.of(2, 3)])
  await stream.close()
  while (stream.status !== 'closed') await new Promise((resolve) => setTimeout(resolve, 5))
  expect(stream.readBufferLength).toBeGreaterThan(0)
  const frames: Uint8Array[] = []
  for await (const bytes of readFrames(stream, 10)) frames.push(bytes.slice())
  expect(frames).toEqual([Uint8Array.of(1), Uint8Array.of(2, 3)])
  // And one that ended before without a byte.
  for await (const _ of readFrames(stream, 10)) expect.fail('nothing is left')
}, 20_000)

test('a slow reader gets all of a long answer, and little of it waits in memory', async () => {
  const frames = Array.from({ length: 40 }, (_, index) => new Uint8Array(200_000).fill(index))
  const stream = await answered(frames)
  let seen = 0
  let most = 0
  for await (const bytes of readFrames(stream, 300_000)) {
    expect(bytes.length).toBe(200_000)
    expect(bytes[0]).toBe(seen++)
    await new Promise((resolve) => setTimeout(resolve, 2))
    most = Math.max(most, stream.readBufferLength)
  }
  expect(seen).toBe(40)
  expect(most).toBeLessThan(2 * 1024 * 1024)
}, 30_000)

test('an aborted stream throws its reason at whoever reads, also one that waits', async () => {
  const [client, server] = [await hostOf(), await hostOf()]
  await server.handle('/test', () => {})
  const connection = await client.dial(server.getMultiaddrs())
  const stream = await connection.newStream('/test')
  const reading = (async () => {
    for await (const _ of readFrames(stream, 10)) expect.fail('nothing was sent')
  })()
  setTimeout(() => stream.abort(new Error('enough')), 20)
  await expect(reading).rejects.toThrow('enough')
}, 20_000)
