/** The network of a node by itself, over real sockets: what it does with peers that are slow, send too much, or send garbage. */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { UnitId } from '@zos/dag'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, test } from 'vitest'
import { type Network, type NetworkHandlers, type NetworkOptions, startNetwork } from '../../src/p2p/network.ts'
import { SLOW_FLOOR } from '../../src/p2p/peer-scores.ts'
import { PEER_LIMITS } from '../../src/p2p/rate-limits.ts'

const GENESIS = new Uint8Array(32).fill(9)
const NAME = Buffer.from(GENESIS).toString('hex').slice(0, 16)
const TOPIC = `zos/${NAME}/units/1`
const PROTOCOL = `/zos/${NAME}/units/1`
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const HANDLERS: NetworkHandlers = {
  unit: async () => 'accept',
  unitBytes: () => undefined,
  hasUnit: () => false,
  rounds: async function* () {},
  highestRound: () => 7,
  transaction: async () => false,
  aside: async () => 'ignore',
  checkpoints: () => [],
  identity: () => undefined,
  peerJoined() {},
  log() {},
}

async function start(
  options: Partial<Omit<NetworkOptions, 'handlers'>> & { handlers?: Partial<NetworkHandlers> } = {},
): Promise<Network> {
  const network = await startNetwork({
    genesisHash: GENESIS,
    privateKey: await generateKeyPair('Ed25519'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    peers: [],
    snapshots: {
      history: () => ({ firstEpoch: 0, epoch: 0 }),
      snapshot: async () => undefined,
      record: () => undefined,
    },
    now: () => performance.now(),
    random: () => 0.5,
    ...options,
    handlers: { ...HANDLERS, ...options.handlers },
  })
  closers.push(() => network.stop())
  return network
}

/** A host that speaks libp2p and keeps to no rule of ours. */
async function stranger(network: Network) {
  const host = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      gossip: gossipsub({
        globalSignaturePolicy: StrictNoSign,
        allowPublishToZeroTopicPeers: true,
        floodPublish: true,
      }),
    },
  })
  closers.push(async () => host.stop())
  const id = host.peerId.toString()
  return {
    id,
    host,
    connect: () => host.dial(multiaddr(network.addresses()[0]!)),
    async join() {
      await host.dial(multiaddr(network.addresses()[0]!))
      host.services.gossip.subscribe(TOPIC)
      await until(() => host.services.gossip.getSubscribers(TOPIC).length > 0)
    },
    publish: (bytes: Uint8Array) => host.services.gossip.publish(TOPIC, bytes).catch(() => undefined),
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const drain = async (answers: AsyncIterable<Uint8Array>) => {
  let count = 0
  for await (const _ of answers) count++
  return count
}

describe('a peer that does not answer', () => {
  test('is waited for so long and no longer, is asked after others, and is never cut off', async () => {
    const network = await start({ requestTimeoutMs: 60 })
    const [slow, other] = [await stranger(network), await stranger(network)]
    await slow.host.handle(PROTOCOL, () => {})
    await slow.connect()
    await other.connect()
    await until(() => network.peers().length === 2)
    for (let i = 0; i < 20; i++)
      await expect(network.highestRound(slow.id)).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(network.health()).toMatchObject({ banned: 0, slow: 20, faults: 0 })
    expect(network.score(slow.id)).toBeGreaterThanOrEqual(SLOW_FLOOR)
    expect(network.score(slow.id)).toBeLessThan(SLOW_FLOOR / 2)
    expect(network.peers()).toEqual([other.id, slow.id])
  }, 20_000)

  test('is not to blame when this node itself was late', async () => {
    let skipped = 0
    const network = await start({ requestTimeoutMs: 60, now: () => performance.now() + skipped })
    const slow = await stranger(network)
    await slow.host.handle(PROTOCOL, () => {})
    await slow.connect()
    await until(() => network.peers().length === 1)
    const answer = network.highestRound(slow.id)
    // As if the process had stood still for ten seconds.
    skipped += 10_000
    await expect(answer).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(network.health()).toMatchObject({ slow: 0, lowestScore: 0 })
  }, 20_000)

  test('gets all the time that this node takes to digest what came', async () => {
    const frames = [1, 2, 3, 4].map((byte) => Uint8Array.of(0, 0, 0, 1, byte))
    const network = await start({ requestTimeoutMs: 1_000 })
    const peer = await stranger(network)
    await peer.host.handle(PROTOCOL, async (stream) => {
      for (const bytes of frames) stream.send(bytes)
      await stream.close()
    })
    await peer.connect()
    await until(() => network.peers().length === 1)
    const seen: number[] = []
    for await (const [byte] of network.fetchRounds(peer.id, 1, 4)) {
      seen.push(byte!)
      await new Promise((resolve) => setTimeout(resolve, 400))
    }
    expect(seen).toEqual([1, 2, 3, 4])
    expect(network.health()).toMatchObject({ slow: 0, faults: 0 })
  }, 20_000)
})

test('a peer that hangs up in the middle of an answer loses nothing by it', async () => {
  const network = await start({
    handlers: {
      unitBytes: () => new Uint8Array(400_000),
    },
  })
  const peer = await stranger(network)
  const connection = await peer.connect()
  for (let i = 0; i < 20; i++) {
    const stream = await connection.newStream(PROTOCOL)
    // [0, [id, id, id, id]], and nobody reads what comes.
    const ids = Array.from({ length: 4 }, () => [0xa0, ...new Uint8Array(32)]).flat()
    const body = Uint8Array.of(0xf8, 3 + ids.length, 0x80, 0xf8, ids.length, ...ids)
    stream.send(Uint8Array.of(0, 0, 0, body.length, ...body))
    await new Promise((resolve) => setTimeout(resolve, 1))
    stream.abort(new Error('enough'))
  }
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(network.health()).toMatchObject({ faults: 0, banned: 0, lowestScore: 0 })
  expect(network.peers()).toEqual([peer.id])
}, 20_000)

describe('a large unit, announced by its id', () => {
  const ID = `0x${'5c'.repeat(32)}` as UnitId
  const UNIT = new Uint8Array(300_000).fill(7)
  const announcement = Uint8Array.of(1, ...Buffer.from(ID.slice(2), 'hex'))
  /** Keeps what comes. */
  const keeping = () => {
    const units: Uint8Array[] = []
    return {
      units,
      handlers: {
        unit: async (bytes: Uint8Array) => {
          units.push(bytes)
          return 'accept' as const
        },
        hasUnit: () => units.length > 0,
        unitBytes: (id: UnitId) => (id === ID ? units[0] : undefined),
      },
    }
  }

  test('comes from another when who announced it gives nothing, is slow, or is gone; and is passed on then', async () => {
    const behaviours: ((announcer: Awaited<ReturnType<typeof stranger>>) => unknown)[] = [
      ({ host }) => host.handle(PROTOCOL, (stream) => stream.close()),
      ({ host }) => host.handle(PROTOCOL, () => {}),
      ({ host }) => host.handle(PROTOCOL, (stream) => stream.abort(new Error('gone'))),
    ]
    for (const behave of behaviours) {
      const [mine, next] = [keeping(), keeping()]
      const node = await start({ requestTimeoutMs: 100, handlers: mine.handlers })
      const holder = await start({ peers: node.addresses(), handlers: { unitBytes: () => UNIT, hasUnit: () => true } })
      const further = await start({ peers: node.addresses(), handlers: next.handlers })
      const announcer = await stranger(node)
      await behave(announcer)
      await announcer.join()
      await until(() => node.peers().length === 3 && holder.peers().length > 0 && further.peers().length > 0)
      await announcer.publish(announcement)
      // Where the mesh has not formed yet, the next heartbeat tells of it.
      await until(() => next.units.length > 0)
      expect(mine.units[0]).toEqual(UNIT)
      expect(next.units[0]).toEqual(UNIT)
      expect(node.health()).toMatchObject({ banned: 0, faults: 0 })
    }
  }, 30_000)

  test('that nobody has is not passed on, and its announcer loses nothing', async () => {
    const node = await start({ requestTimeoutMs: 100 })
    const messages: Uint8Array[] = []
    const other = await stranger(node)
    await other.join()
    other.host.services.gossip.addEventListener('message', ({ detail }) => messages.push(detail.data))
    const announcer = await stranger(node)
    await announcer.join()
    await until(() => node.peers().length === 2)
    for (let i = 0; i < 20; i++) {
      await announcer.publish(Uint8Array.of(1, i, ...new Uint8Array(31)))
      // What is valid is passed on: small units go through the same topic.
      await announcer.publish(Uint8Array.of(0, i))
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (messages.length > 0) break
    }
    await until(() => messages.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(node.health()).toMatchObject({ banned: 0, faults: 0 })
    expect(messages.filter((bytes) => bytes[0] === 1)).toEqual([])
  }, 30_000)
})

describe('a peer that floods', () => {
  test('with messages: those beyond its share are dropped unread, and it is cut off and kept out', async () => {
    let taken = 0
    let inFlight = 0
    let most = 0
    // The clock stands still, so no allowance grows again, however slow the machine is.
    const limits = { ...PEER_LIMITS, messages: { perSecond: 100, burst: 200 }, inFlight: 64 }
    const network = await start({
      now: () => 0,
      limits,
      handlers: {
        async unit() {
          taken++
          most = Math.max(most, ++inFlight)
          await new Promise((resolve) => setTimeout(resolve, 20))
          inFlight--
          return 'accept'
        },
      },
    })
    const peer = await stranger(network)
    await peer.join()
    for (let i = 0; network.health().banned === 0 && i < 200_000; i++) {
      await peer.publish(Uint8Array.of(0, i & 255, (i >> 8) & 255, (i >> 16) & 255))
      // Both sides are in this process: the node needs its turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(network.health()).toMatchObject({ banned: 1, faults: 0 })
    expect(network.health().flooded).toBeGreaterThanOrEqual(800)
    // What is checked at a time is bounded, and so is what is held of it.
    expect(most).toBeLessThanOrEqual(limits.inFlight)
    expect(taken).toBeLessThanOrEqual(limits.messages.burst)
    await until(() => network.peers().length === 0)
    await peer.connect().catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(network.peers()).toEqual([])
  }, 60_000)

  test('with requests: they are refused, and its score falls', async () => {
    const limits = { ...PEER_LIMITS, requests: { perSecond: 10, burst: 20 } }
    const network = await start({ now: () => 0, limits })
    const peer = await stranger(network)
    const connection = await peer.connect()
    for (let i = 0; i < 100; i++) {
      try {
        const stream = await connection.newStream(PROTOCOL)
        stream.send(Uint8Array.of(0, 0, 0, 2, 0xc1, 2))
        await stream.close()
        await drain(stream as never)
      } catch {
        // refused
      }
    }
    expect(network.health()).toMatchObject({ flooded: 80, lowestScore: -10, banned: 0 })
  }, 60_000)

  test('with requests for snapshots, which it hangs up on: no more of them are looked up than it may ask for', async () => {
    let lookedUp = 0
    const network = await start({
      now: () => 0,
      limits: { ...PEER_LIMITS, requests: { perSecond: 10, burst: 20 } },
      snapshots: {
        history: () => ({ firstEpoch: 0, epoch: 0 }),
        snapshot: async () => {
          lookedUp++
          return undefined
        },
        record: () => undefined,
      },
    })
    const connection = await (await stranger(network)).connect()
    for (let i = 0; i < 60; i++) {
      try {
        const stream = await connection.newStream(`/zos/${NAME}/snapshot/1`)
        stream.send(Uint8Array.of(0, 0, 0, 2, 0xc1, 1))
        await stream.close()
        await drain(stream as never)
      } catch {
        // refused
      }
    }
    expect(lookedUp).toBe(20)
    expect(network.health()).toMatchObject({ flooded: 40, banned: 0 })
  }, 60_000)
})

describe('a peer that sends garbage', () => {
  test('is cut off by the first invalid unit', async () => {
    const network = await start({ handlers: { unit: async (bytes) => (bytes[0] === 66 ? 'reject' : 'accept') } })
    const peer = await stranger(network)
    await peer.join()
    await peer.publish(Uint8Array.of(0, 1))
    await peer.publish(Uint8Array.of(0, 66))
    await until(() => network.health().banned === 1)
    await until(() => network.peers().length === 0)
  }, 20_000)

  test('goes on, but what is not known to hold reaches nobody else', async () => {
    const network = await start({ handlers: { unit: async (bytes) => (bytes[0] === 66 ? 'ignore' : 'accept') } })
    const messages: number[] = []
    const other = await stranger(network)
    await other.join()
    other.host.services.gossip.addEventListener('message', ({ detail }) => messages.push(detail.data[1]!))
    const peer = await stranger(network)
    await peer.join()
    await until(() => network.peers().length === 2)
    await peer.publish(Uint8Array.of(0, 66))
    // Where the mesh has not formed yet, the next heartbeat tells of it.
    for (let i = 0; messages.length === 0; i++) {
      await peer.publish(Uint8Array.of(0, 1, i & 255))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(messages).not.toContain(66)
    expect(network.health()).toMatchObject({ banned: 0, faults: 0 })
  }, 30_000)

  test('in answers is cut off when it has done so five times; more answers than asked for are garbage too', async () => {
    const network = await start({ now: () => 0 })
    const peer = await stranger(network)
    await peer.host.handle(PROTOCOL, async (stream) => {
      for (let i = 0; i < 3; i++) stream.send(Uint8Array.of(0, 0, 0, 1, i))
      await stream.close()
    })
    await peer.connect()
    await until(() => network.peers().length === 1)
    const ids = [`0x${'11'.repeat(32)}` as UnitId]
    expect(await drain(network.fetchUnits(peer.id, [...ids, ...ids, ...ids]))).toBe(3)
    for (let i = 0; i < 5; i++)
      await expect(drain(network.fetchUnits(peer.id, ids))).rejects.toMatchObject({ code: 'NODE_BAD_PEER_MESSAGE' })
    expect(network.health()).toMatchObject({ banned: 1, faults: 5 })
  }, 20_000)
})

test('a node listens on IPv4 and IPv6, and where one of them is missing on the other', async () => {
  const both = await start({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0'] })
  const [v4, v6] = ['/ip4/', '/ip6/'].map((family) => both.addresses().find((address) => address.startsWith(family)))
  const one = await start({ peers: [v4!] })
  await until(() => one.peers().length === 1)
  if (v6) {
    const six = await start({ listen: ['/ip6/::1/tcp/0'], peers: [v6] })
    await until(() => six.peers().length === 1)
  }
  // An address of nobody's machine: documentation range.
  const partial = await start({ listen: ['/ip6/2001:db8::1/tcp/0', '/ip4/127.0.0.1/tcp/0'] })
  expect(partial.addresses()).toHaveLength(1)
  await expect(start({ listen: ['/ip6/2001:db8::1/tcp/0'] })).rejects.toMatchObject({ code: 'NODE_PORT_TAKEN' })
}, 20_000)

test('nodes that know one boot node find each other, and need it no more', async () => {
  const boot = await start()
  const found: string[] = []
  const others = [
    await start({ peers: boot.addresses(), handlers: { peerFound: (address) => found.push(address) } }),
    await start({ peers: boot.addresses(), handlers: { peerFound: (address) => found.push(address) } }),
    await start({ peers: boot.addresses(), handlers: { peerFound: (address) => found.push(address) } }),
  ]
  await until(() => others.every((network) => network.peers().length === 3))
  await boot.stop()
  await until(() => others.every((network) => network.peers().length === 2))
  for (const address of found) expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)
  const [a, b] = others
  expect(await a!.highestRound(b!.peerId)).toBe(7)
}, 60_000)
