/**
 * The network of one node over libp2p: units are gossiped unsigned (their authors have signed them), large ones are announced and
 * fetched, and ancestors are asked for by id or by round. What peers do wrong lowers their score; what is beyond their share is dropped unread.
 */

import { createHash } from 'node:crypto'
import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import { gossipsub, StrictNoSign, TopicValidatorResult } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { FaultTolerance, type PeerId, type PrivateKey } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { UnitId } from '@zos/dag'
import { createLibp2p } from 'libp2p'
import { isNodeError, NodeError } from '../errors.ts'
import { BoundedDatastore, Discovery, kademlia } from './discovery.ts'
import { type NetworkHandlers, SIDE_TOPICS, type SideTopic } from './handlers.ts'
import { Link, type LinkConditions } from './link.ts'
import { OwnDelay } from './own-delay.ts'
import { type Offence, PeerScores } from './peer-scores.ts'
import { type PeerLimits, RateLimits } from './rate-limits.ts'
import { answer, ask, MAX_RANGE_ROUNDS } from './requests.ts'
import { type SnapshotServer, serveSnapshots, snapshotProtocol } from './snapshot-protocol.ts'

export type { NetworkHandlers } from './handlers.ts'

/** Units up to this size are gossiped whole; larger ones by id, and fetched by those that lack them. */
const MAX_GOSSIPED_UNIT = 256 * 1024
/** A peer that does not take or send a frame within this is not waited for. */
const REQUEST_TIMEOUT_MS = 10_000
/** Peers that are asked for a unit whose announcer does not give it. */
const MAX_OTHER_HOLDERS = 3
const MAX_WINDOW_BYTES = 2 * 1024 * 1024
const REDIAL_MS = 1_000
/** Peers that cannot be reached are tried less and less often. */
const MAX_REDIAL_MS = 15_000
/** Handshakes of a busy machine take seconds. */
const DIAL_TIMEOUT_MS = 20_000
const MAX_CONNECTIONS = 128
/** Of one address: several nodes may share one. */
const MAX_INBOUND_PER_SECOND = 50
const DEAD_AFTER_MS = 60_000
/** Streams of one peer with a request that is being answered; the next are refused. */
const MAX_REQUEST_STREAMS = 32
/** Units in one answer to a range request: those of a hundred validators, and as many of equivocators. */
const MAX_RANGE_UNITS = 2 * 100 * MAX_RANGE_ROUNDS
/** Checkpoints and shares in one answer. */
const MAX_CHECKPOINT_FRAMES = 16 * 100

export interface NetworkOptions {
  /** Networks with another genesis do not understand each other. */
  genesisHash: Uint8Array
  privateKey: PrivateKey
  /** Multiaddrs to listen on, such as `/ip4/127.0.0.1/tcp/0`. */
  listen: string[]
  /** Multiaddrs with peer ids to stay connected to. */
  peers: string[]
  handlers: NetworkHandlers
  /** Serves those who join without the past. */
  snapshots: SnapshotServer
  now: () => number
  /** 0 to 1, for the losses of {@link Network.setLink}. */
  random: () => number
  /** Default 10,000. */
  requestTimeoutMs?: number
  /** What one peer may send. */
  limits?: PeerLimits
}

/** How peers behave. Counts are since the start, of all peers. */
export interface PeerHealth {
  /** Refused now. */
  readonly banned: number
  /** Of the connected peers; 0 is the best. */
  readonly lowestScore: number
  /** Invalid or malformed messages. */
  readonly faults: number
  /** Messages and requests beyond a peer's share. */
  readonly flooded: number
  /** Requests that got no answer in time. */
  readonly slow: number
  readonly gossip: GossipCount
}

/** What came by gossip since the start. */
export interface GossipCount {
  /** Messages that were new. */
  readonly messages: number
  /** Messages that had come before, from another peer. */
  readonly copies: number
  /** Of all of them, copies too, without what encryption and multiplexing add. */
  readonly bytes: number
}

export interface Network {
  peerId: string
  /** Where this node can be reached, with its peer id. */
  addresses(): string[]
  /** Connected peers, the best score first. */
  peers(): string[]
  health(): PeerHealth
  /** 0 for a peer that did nothing wrong, below for others. */
  score(peer: string): number
  addPeers(addresses: readonly string[]): void
  publish(id: UnitId, bytes: Uint8Array): void
  /** Units by id, as far as `peer` has them. */
  fetchUnits(peer: string, ids: readonly UnitId[]): AsyncIterable<Uint8Array>
  /** All units of rounds `from` to `to`, both included, at most 256. */
  fetchRounds(peer: string, from: number, to: number): AsyncIterable<Uint8Array>
  /** Gossips a small message. */
  publishAside(topic: SideTopic, bytes: Uint8Array): void
  /** What `peer` has of the checkpoints of epochs `from` to `to`. */
  fetchCheckpoints(peer: string, from: number, to: number): AsyncIterable<Uint8Array>
  /** The identity record of `peer`; undefined if it shows none. */
  fetchIdentity(peer: string): Promise<Uint8Array | undefined>
  /** `peer` has done something that no honest node does. */
  report(peer: string, reason: string, offence?: Offence): void
  /** Gives a raw transaction to the first peer that will put it into a unit. False if none does. */
  relayTransaction(raw: Uint8Array): Promise<boolean>
  /** The highest round that `peer` has a unit of. */
  highestRound(peer: string): Promise<number>
  /** Makes the network of this node late or lossy, or cuts it off from peers. */
  setLink(conditions: LinkConditions): void
  stop(): Promise<void>
}

/** A share with all its cosigned documents. */
const MAX_ASIDE_BYTES = 16 * 1024

const Tag = { unit: 0, announcement: 1 } as const

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const

export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { handlers, genesisHash, now, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options
  const name = bytesToHex(genesisHash).slice(2, 18)
  const topic = `zos/${name}/units/1`
  const sideTopicName = (side: SideTopic) => `zos/${name}/${side}/1`
  const protocol = `/zos/${name}/units/1`
  const scores = new PeerScores(now)
  const limits = new RateLimits(now, options.limits)
  const ownDelay = new OwnDelay(REDIAL_MS, now())
  const link = new Link(options.random)
  const wanted = new Map<string, { readonly address: string; failures: number; nextAt: number }>()
  const gossiped = { all: 0, own: 0, messages: 0, bytes: 0 }
  const stopping = new AbortController()
  const refused = (peer: string) => scores.isBanned(peer) || link.isBlocked(peer)

  const node = await createLibp2p({
    privateKey: options.privateKey,
    addresses: { listen: options.listen },
    // A machine without IPv6, or without IPv4, listens where it can.
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    // No more than this comes for a stream that nobody reads.
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MAX_WINDOW_BYTES } })],
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: MAX_INBOUND_PER_SECOND,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: DIAL_TIMEOUT_MS,
      inboundUpgradeTimeout: DIAL_TIMEOUT_MS,
    },
    // A connection whose other end is gone is closed after a minute. By default it would be after five seconds: a node that is busy for so long loses all its
    // peers at once. The protocol is one that nobody has: the refusal shows life, and takes no stream from those who ping.
    connectionMonitor: {
      protocolPrefix: 'zos',
      pingInterval: DEAD_AFTER_MS / 2,
      pingTimeout: { minTimeout: DEAD_AFTER_MS, maxTimeout: DEAD_AFTER_MS },
    },
    datastore: new BoundedDatastore(),
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyDialPeer: (peer: PeerId) => refused(peer.toString()),
      denyInboundEncryptedConnection: (peer: PeerId) => refused(peer.toString()),
    },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kademlia(name),
      gossip: gossipsub({
        globalSignaturePolicy: StrictNoSign,
        // Not the unit's id, which covers the header alone: a copy with another signature or payload would then keep the real one from being passed on.
        msgIdFn: (message) => {
          // Called for all that comes, and for what this node publishes.
          gossiped.all++
          gossiped.bytes += message.data.length
          return createHash('sha256').update(message.data).digest()
        },
        allowPublishToZeroTopicPeers: true,
        floodPublish: true,
        // Peers of one address are no offence: by default, from the eleventh on, nothing is taken from any of them. A house, or a test, may have more.
        scoreParams: { IPColocationFactorWeight: 0 },
        maxInboundDataLength: MAX_GOSSIPED_UNIT + 1024,
        allowedTopics: [topic, ...SIDE_TOPICS.map(sideTopicName)],
      }),
    },
  })
  if (options.listen.length > 0 && node.getMultiaddrs().length === 0) {
    await node.stop()
    throw new NodeError('NODE_PORT_TAKEN', `cannot listen on any of ${options.listen.join(', ')}`, {
      listen: options.listen,
    })
  }
  const { gossip } = node.services
  const connected = () => [...new Set(node.getConnections().map(({ remotePeer }) => remotePeer.toString()))]

  const hangUp = (peer: string, reason: string) => {
    for (const connection of node.getConnections())
      if (connection.remotePeer.toString() === peer) connection.close().catch(() => connection.abort(new Error(reason)))
  }
  const punish = (peer: string, offence: Offence, reason: string) => {
    const banned = scores.punish(peer, offence)
    handlers.log(banned ? 'peer cut off' : 'peer at fault', { peer, offence, reason })
    if (banned) hangUp(peer, 'banned')
  }
  node.addEventListener('peer:disconnect', ({ detail }) => limits.drop(detail.toString()))

  const receive = async (bytes: Uint8Array, peer: string) => {
    const verdict = await handlers.unit(bytes, peer)
    if (verdict === 'reject') punish(peer, 'invalid-unit', 'invalid unit')
    return verdict
  }

  /** Validation decides whether a message is passed on: nothing invalid travels further than one hop. */
  const validate = (check: (data: Uint8Array, peer: string) => Promise<TopicValidatorResult>) => {
    return async (from: PeerId, { data }: { data: Uint8Array }): Promise<TopicValidatorResult> => {
      const peer = from.toString()
      gossiped.messages++
      if (refused(peer)) return TopicValidatorResult.Ignore
      const admission = limits.message(peer, data.length)
      if (admission === 'flood') punish(peer, 'flood', 'too many messages')
      if (admission !== 'ok') return TopicValidatorResult.Ignore
      try {
        return await check(data, peer)
      } catch (error) {
        handlers.log('gossip failed', { peer, error: String(error) })
        return TopicValidatorResult.Ignore
      } finally {
        limits.done(peer, data.length)
      }
    }
  }

  gossip.topicValidators.set(
    topic,
    validate(async (data, peer) => {
      if (!(await link.deliver(peer))) return TopicValidatorResult.Ignore
      return takeGossip(data, peer)
    }),
  )
  for (const side of SIDE_TOPICS) {
    gossip.topicValidators.set(
      sideTopicName(side),
      validate(async (data, peer) => {
        const verdict = data.length > MAX_ASIDE_BYTES ? 'reject' : await handlers.aside(side, data)
        if (verdict === 'reject') punish(peer, 'malformed', `invalid message in ${side}`)
        return RESULTS[verdict]
      }),
    )
  }

  const publishOwn = (name: string, data: Uint8Array) => {
    gossiped.own++
    gossiped.bytes -= data.length
    return gossip.publish(name, data)
  }

  const takeGossip = async (data: Uint8Array, peer: string): Promise<TopicValidatorResult> => {
    if (data[0] === Tag.unit) return RESULTS[await receive(data.subarray(1), peer)]
    if (data[0] !== Tag.announcement || data.length !== 33) {
      punish(peer, 'malformed', 'unknown gossip message')
      return TopicValidatorResult.Reject
    }
    const id = bytesToHex(data.subarray(1)) as UnitId
    // What this node cannot get, it does not tell others of.
    return (await fetchAnnounced(id, peer)) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore
  }

  /** Gets the unit from who announced it, or else from others: later announcements of it are not heard. True if it is here. */
  const fetchAnnounced = async (id: UnitId, announcer: string): Promise<boolean> => {
    const others = network.peers().filter((peer) => peer !== announcer)
    for (const peer of [announcer, ...others.slice(0, MAX_OTHER_HOLDERS)]) {
      if (handlers.hasUnit(id)) return true
      try {
        for await (const bytes of network.fetchUnits(peer, [id])) {
          const verdict = await receive(bytes, peer)
          if (verdict !== 'reject') return verdict === 'accept' || handlers.hasUnit(id)
        }
      } catch (error) {
        handlers.log('announced unit not fetched', { peer, unit: id, error: String(error) })
      }
    }
    return handlers.hasUnit(id)
  }

  const admit = (peer: string): boolean => {
    if (limits.request(peer) === 'ok') return true
    punish(peer, 'flood', 'too many requests')
    return false
  }
  await node.handle(
    protocol,
    (stream, connection) => {
      const peer = connection.remotePeer.toString()
      if (!admit(peer)) return stream.abort(new Error('too many requests'))
      answer(stream, peer, handlers, requestTimeoutMs).catch((error) => {
        stream.abort(error instanceof Error ? error : new Error(String(error)))
        if (isNodeError(error, 'NODE_BAD_PEER_MESSAGE')) punish(peer, 'malformed', error.message)
        // A peer that has hung up, or reads slowly, has its reasons: its own timeout may have ended the stream.
        else handlers.log('request not answered', { peer, error: String(error) })
      })
    },
    { maxInboundStreams: MAX_REQUEST_STREAMS },
  )
  await serveSnapshots(node, snapshotProtocol(genesisHash), options.snapshots, {
    admit,
    blame: (peer, reason) => punish(peer, 'malformed', reason),
  })

  async function* request(peer: string, body: Uint8Array, most: number): AsyncGenerator<Uint8Array> {
    const connection = node.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
    if (!connection) return
    await link.delay()
    await link.delay() // there and back
    const startedAt = now()
    try {
      yield* ask(connection, protocol, body, { most, timeoutMs: requestTimeoutMs, signal: stopping.signal })
    } catch (error) {
      if (isNodeError(error, 'NODE_BAD_PEER_MESSAGE')) punish(peer, 'malformed', error.message)
      else if ((error as Error).name === 'TimeoutError' && !wasLate(startedAt)) punish(peer, 'slow', 'no answer')
      throw error
    }
  }
  /** True if this node itself was so late since then that the peer may have answered in time. */
  const wasLate = (since: number) => ownDelay.since(since, now()) > requestTimeoutMs / 4

  const redial = () => {
    const here = new Set(connected())
    for (const [peer, entry] of wanted) {
      if (here.has(peer)) entry.failures = 0
      else if (entry.nextAt <= now()) {
        entry.nextAt = now() + Math.min(MAX_REDIAL_MS, REDIAL_MS * 2 ** entry.failures++)
        node.dial(multiaddr(entry.address), { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) }).catch(() => {})
      }
    }
  }
  const timer = setInterval(() => {
    ownDelay.beat(now())
    redial()
  }, REDIAL_MS)

  const discovery = new Discovery({
    dht: node.services.dht as KadDHT,
    connected,
    refused: (peer) => refused(peer) || peer === node.peerId.toString(),
    async dial({ id, multiaddrs }) {
      const connection = await node.dial(multiaddrs, { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) })
      if (connection.remotePeer.equals(id))
        handlers.peerFound?.(withPeer(connection.remoteAddr.toString(), id.toString()))
    },
  })

  // A peer counts once it has subscribed: what is published from then on reaches it, what came before it is asked for.
  gossip.addEventListener('subscription-change', ({ detail: { peerId, subscriptions } }) => {
    if (subscriptions.some((change) => change.topic === topic && change.subscribe))
      handlers.peerJoined(peerId.toString())
  })
  gossip.subscribe(topic)
  for (const side of SIDE_TOPICS) gossip.subscribe(sideTopicName(side))

  const network: Network = {
    peerId: node.peerId.toString(),
    addresses: () => node.getMultiaddrs().map(String),
    peers: () => scores.rank(connected()),
    score: (peer) => scores.of(peer),
    health: () => ({
      banned: scores.banned,
      lowestScore: Math.min(0, ...connected().map((peer) => scores.of(peer))),
      faults: scores.count('invalid-unit') + scores.count('malformed'),
      flooded: scores.count('flood'),
      slow: scores.count('slow'),
      gossip: {
        messages: gossiped.messages,
        copies: gossiped.all - gossiped.own - gossiped.messages,
        bytes: gossiped.bytes,
      },
    }),
    addPeers(addresses) {
      for (const address of addresses) {
        const peer = address.split('/p2p/').at(-1)
        if (peer && peer !== address && peer !== network.peerId) wanted.set(peer, { address, failures: 0, nextAt: 0 })
      }
      redial()
    },
    publish(id, bytes) {
      const whole = bytes.length <= MAX_GOSSIPED_UNIT
      const body = whole ? bytes : Buffer.from(id.slice(2), 'hex')
      const message = new Uint8Array(1 + body.length)
      message[0] = whole ? Tag.unit : Tag.announcement
      message.set(body, 1)
      publishOwn(topic, message).catch((error: unknown) =>
        handlers.log('publish failed', { unit: id, error: String(error) }),
      )
    },
    publishAside(side, bytes) {
      publishOwn(sideTopicName(side), bytes).catch((error: unknown) =>
        handlers.log('publish failed', { topic: side, error: String(error) }),
      )
    },
    async fetchIdentity(peer) {
      for await (const record of request(peer, RLP.encode([5]), 1)) return record
      return undefined
    },
    report: (peer, reason, offence = 'malformed') => punish(peer, offence, reason),
    fetchCheckpoints: (peer, from, to) => request(peer, RLP.encode([4, from, to]), MAX_CHECKPOINT_FRAMES),
    fetchUnits: (peer, ids) => request(peer, RLP.encode([0, [...ids]]), ids.length),
    fetchRounds: (peer, from, to) => request(peer, RLP.encode([1, from, to]), MAX_RANGE_UNITS),
    async highestRound(peer) {
      for await (const bytes of request(peer, RLP.encode([2]), 1)) return Number(bytesToBigInt(bytes))
      return 0
    },
    async relayTransaction(raw) {
      for (const peer of network.peers()) {
        try {
          for await (const taken of request(peer, RLP.encode([3, raw]), 1)) if (taken[0] === 1) return true
        } catch (error) {
          handlers.log('relay failed', { peer, error: String(error) })
        }
      }
      return false
    },
    setLink(conditions) {
      link.set(conditions)
      for (const peer of connected()) if (link.isBlocked(peer)) hangUp(peer, 'cut off')
    },
    async stop() {
      stopping.abort()
      clearInterval(timer)
      discovery.stop()
      await node.stop()
    },
  }
  network.addPeers(options.peers)
  discovery.start()
  return network
}

function withPeer(address: string, peer: string): string {
  return address.includes('/p2p/') ? address : `${address}/p2p/${peer}`
}
