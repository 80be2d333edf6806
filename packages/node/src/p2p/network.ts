/**
 * The network of one node over libp2p: units are gossiped unsigned (their authors have signed them), large ones are announced and
 * fetched, and ancestors are asked for by id or by round.
 */

import { createHash } from 'node:crypto'
import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import { gossipsub, StrictNoSign, TopicValidatorResult } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { UnitId } from '@zos/dag'
import { createLibp2p } from 'libp2p'
import { readFrames, sendFrame } from './frames.ts'
import { Link, type LinkConditions } from './link.ts'
import { PeerScores } from './peer-scores.ts'
import { type SnapshotServer, serveSnapshots, snapshotProtocol } from './snapshot-protocol.ts'

/** Units up to this size are gossiped whole; larger ones by id, and fetched by those that lack them. */
const MAX_GOSSIPED_UNIT = 256 * 1024
/** A unit's payload of a megabyte, its header and signatures. */
const MAX_UNIT_BYTES = 1_200_000
/** Rounds in one answer to a range request. */
export const MAX_RANGE_ROUNDS = 256
/** Units in one request by id. */
export const MAX_REQUESTED_UNITS = 512
/** A peer that does not answer within this is not waited for. */
const REQUEST_TIMEOUT_MS = 10_000
const REDIAL_MS = 1_000
const MAX_CONNECTIONS = 128
/** A transaction has 128 KiB at most. */
const MAX_REQUEST_BYTES = 132 * 1024

/** What the network asks of the node. */
export interface NetworkHandlers {
  /** A unit arrived. `false`: it is malformed or breaks the rules, and the sender is to blame. */
  unit(bytes: Uint8Array, peer: string): Promise<boolean>
  unitBytes(id: UnitId): Uint8Array | undefined
  hasUnit(id: UnitId): boolean
  /** The encoded units of the rounds `from` to `to`, both included, as far as they are kept: parents first. */
  rounds(from: number, to: number): AsyncIterable<Uint8Array>
  highestRound(): number
  /** A peer that makes no units hands on a transaction. True if this node will put it into one. */
  transaction(raw: Uint8Array, peer: string): Promise<boolean>
  /** Small messages of the validators' other topics: see {@link SIDE_TOPICS}. `reject`: the sender is to blame. */
  aside(topic: SideTopic, bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'>
  /** The checkpoints of epochs `from` to `to` that this node can give, as frames for {@link Network.fetchCheckpoints}. */
  checkpoints(from: number, to: number): Iterable<Uint8Array>
  /** The record that shows whose network key this node's is; undefined for a node without a stake, or while it is being signed. */
  identity(): Uint8Array | undefined
  peerJoined(peer: string): void
  log(message: string, context: Record<string, unknown>): void
}

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
}

export interface Network {
  peerId: string
  /** Where this node can be reached, with its peer id. */
  addresses(): string[]
  peers(): string[]
  /** Malformed, oversized or invalid messages that were dropped. */
  faults(): number
  addPeers(addresses: readonly string[]): void
  publish(id: UnitId, bytes: Uint8Array): void
  /** Units by id, as far as `peer` has them. */
  fetchUnits(peer: string, ids: readonly UnitId[]): AsyncIterable<Uint8Array>
  /** All units of rounds `from` to `to`, both included, at most {@link MAX_RANGE_ROUNDS}. */
  fetchRounds(peer: string, from: number, to: number): AsyncIterable<Uint8Array>
  /** Gossips a small message. */
  publishAside(topic: SideTopic, bytes: Uint8Array): void
  /** What `peer` has of the checkpoints of epochs `from` to `to`. */
  fetchCheckpoints(peer: string, from: number, to: number): AsyncIterable<Uint8Array>
  /** The identity record of `peer`; undefined if it shows none. */
  fetchIdentity(peer: string): Promise<Uint8Array | undefined>
  /** `peer` has done something that no honest node does. */
  report(peer: string, reason: string): void
  /** Gives a raw transaction to the first peer that will put it into a unit. False if none does. */
  relayTransaction(raw: Uint8Array): Promise<boolean>
  /** The highest round that `peer` has a unit of. */
  highestRound(peer: string): Promise<number>
  /** Makes the network of this node late or lossy, or cuts it off from peers. */
  setLink(conditions: LinkConditions): void
  stop(): Promise<void>
}

/** Topics beside the units': shares of checkpoints, what validators say of the blocks that they execute, and IBC votes of those who left. */
export const SIDE_TOPICS = ['checkpoints', 'heads', 'ibc'] as const
export type SideTopic = (typeof SIDE_TOPICS)[number]
/** A share with all its cosigned documents. */
const MAX_ASIDE_BYTES = 16 * 1024

const Tag = { unit: 0, announcement: 1 } as const

export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { handlers, genesisHash } = options
  const name = bytesToHex(genesisHash).slice(2, 18)
  const topic = `zos/${name}/units/1`
  const sideTopicName = (side: SideTopic) => `zos/${name}/${side}/1`
  const protocol = `/zos/${name}/units/1`
  const scores = new PeerScores(options.now)
  const link = new Link(options.random)
  const wanted = new Map<string, string>()
  const stopping = new AbortController()

  const node = await createLibp2p({
    privateKey: options.privateKey,
    addresses: { listen: options.listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections: MAX_CONNECTIONS },
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyDialPeer: (peer: PeerId) => link.isBlocked(peer.toString()),
      denyInboundEncryptedConnection: (peer: PeerId) =>
        scores.isBanned(peer.toString()) || link.isBlocked(peer.toString()),
    },
    services: {
      identify: identify(),
      gossip: gossipsub({
        globalSignaturePolicy: StrictNoSign,
        // Local to each hop: any hash that is fast and hard to collide will do.
        msgIdFn: (message) => createHash('sha256').update(message.data).digest(),
        allowPublishToZeroTopicPeers: true,
        floodPublish: true,
        maxInboundDataLength: MAX_GOSSIPED_UNIT + 1024,
        allowedTopics: [topic, ...SIDE_TOPICS.map(sideTopicName)],
      }),
    },
  })
  const { gossip } = node.services

  const blame = (peer: string, reason: string) => {
    const cutOff = scores.fault(peer)
    handlers.log(cutOff ? 'peer cut off' : 'peer at fault', { peer, reason })
    if (!cutOff) return
    for (const connection of node.getConnections()) {
      if (connection.remotePeer.toString() === peer)
        connection.close().catch(() => connection.abort(new Error('banned')))
    }
  }

  const receive = async (bytes: Uint8Array, peer: string): Promise<boolean> => {
    const accepted = await handlers.unit(bytes, peer)
    if (!accepted) blame(peer, 'invalid unit')
    return accepted
  }

  // Validation decides whether a message is passed on: nothing invalid travels further than one hop.
  gossip.topicValidators.set(topic, async (from, message) => {
    const peer = from.toString()
    if (!(await link.deliver(peer))) return TopicValidatorResult.Ignore
    try {
      return (await handleGossip(message.data, peer)) ? TopicValidatorResult.Accept : TopicValidatorResult.Reject
    } catch (error) {
      handlers.log('gossip failed', { peer, error: String(error) })
      return TopicValidatorResult.Ignore
    }
  })

  for (const side of SIDE_TOPICS) {
    gossip.topicValidators.set(sideTopicName(side), async (from, message) => {
      const peer = from.toString()
      try {
        const verdict = message.data.length > MAX_ASIDE_BYTES ? 'reject' : await handlers.aside(side, message.data)
        if (verdict === 'reject') blame(peer, `invalid message in ${side}`)
        if (verdict === 'accept') return TopicValidatorResult.Accept
        return verdict === 'reject' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
      } catch (error) {
        handlers.log('gossip failed', { peer, error: String(error) })
        return TopicValidatorResult.Ignore
      }
    })
  }

  const handleGossip = async (data: Uint8Array, peer: string): Promise<boolean> => {
    if (data[0] === Tag.unit) return receive(data.subarray(1), peer)
    if (data[0] !== Tag.announcement || data.length !== 33) {
      blame(peer, 'unknown gossip message')
      return false
    }
    const id = bytesToHex(data.subarray(1)) as UnitId
    if (!handlers.hasUnit(id)) for await (const bytes of network.fetchUnits(peer, [id])) await receive(bytes, peer)
    return true
  }

  await node.handle(protocol, (stream, connection) => {
    serve(stream, connection.remotePeer.toString(), handlers).catch((error) => {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      if (!stopping.signal.aborted) blame(connection.remotePeer.toString(), `bad request: ${String(error)}`)
    })
  })

  await serveSnapshots(node, snapshotProtocol(genesisHash), options.snapshots, blame)

  async function* request(peer: string, body: Uint8Array): AsyncGenerator<Uint8Array> {
    const connection = node.getConnections().find((candidate: Connection) => candidate.remotePeer.toString() === peer)
    if (!connection) return
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)])
    await link.delay()
    await link.delay() // there and back
    const stream = await connection.newStream(protocol, { signal })
    const abort = () => stream.abort(new Error('request timed out'))
    signal.addEventListener('abort', abort)
    try {
      await sendFrame(stream, body, signal)
      await stream.close({ signal })
      for await (const bytes of readFrames(stream, MAX_UNIT_BYTES)) yield bytes
    } finally {
      signal.removeEventListener('abort', abort)
      if (stream.status === 'open') stream.abort(new Error('request ended'))
    }
  }

  const redial = () => {
    const connected = new Set(node.getConnections().map(({ remotePeer }) => remotePeer.toString()))
    for (const [peer, address] of wanted) {
      if (!connected.has(peer))
        node.dial(multiaddr(address), { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).catch(() => {})
    }
  }
  const timer = setInterval(redial, REDIAL_MS)

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
    peers: () => [...new Set(node.getConnections().map(({ remotePeer }) => remotePeer.toString()))],
    faults: () => scores.faults,
    addPeers(addresses) {
      for (const address of addresses) {
        const peer = address.split('/p2p/').at(-1)
        if (peer && peer !== address && peer !== network.peerId) wanted.set(peer, address)
      }
      redial()
    },
    publish(id, bytes) {
      const whole = bytes.length <= MAX_GOSSIPED_UNIT
      const body = whole ? bytes : Buffer.from(id.slice(2), 'hex')
      const message = new Uint8Array(1 + body.length)
      message[0] = whole ? Tag.unit : Tag.announcement
      message.set(body, 1)
      gossip
        .publish(topic, message)
        .catch((error: unknown) => handlers.log('publish failed', { unit: id, error: String(error) }))
    },
    publishAside(side, bytes) {
      gossip
        .publish(sideTopicName(side), bytes)
        .catch((error: unknown) => handlers.log('publish failed', { topic: side, error: String(error) }))
    },
    async fetchIdentity(peer) {
      for await (const record of request(peer, RLP.encode([5]))) return record
      return undefined
    },
    report: blame,
    fetchCheckpoints: (peer, from, to) => request(peer, RLP.encode([4, from, to])),
    fetchUnits: (peer, ids) => request(peer, RLP.encode([0, [...ids]])),
    fetchRounds: (peer, from, to) => request(peer, RLP.encode([1, from, to])),
    async highestRound(peer) {
      for await (const answer of request(peer, RLP.encode([2]))) return Number(bytesToBigInt(answer))
      return 0
    },
    async relayTransaction(raw) {
      for (const peer of network.peers()) {
        try {
          for await (const answer of request(peer, RLP.encode([3, raw]))) if (answer[0] === 1) return true
        } catch (error) {
          handlers.log('relay failed', { peer, error: String(error) })
        }
      }
      return false
    },
    setLink(conditions) {
      link.set(conditions)
      for (const connection of node.getConnections()) {
        if (link.isBlocked(connection.remotePeer.toString()))
          connection.close().catch(() => connection.abort(new Error('cut off')))
      }
    },
    async stop() {
      stopping.abort()
      clearInterval(timer)
      await node.stop()
    },
  }
  network.addPeers(options.peers)
  return network
}

/** Answers one request: `[0, ids]`, `[1, from, to]`, `[2]`, `[3, transaction]`, `[4, from, to]` or `[5]`. Throws on anything else. */
async function serve(stream: Stream, peer: string, handlers: NetworkHandlers): Promise<void> {
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  for await (const body of readFrames(stream, MAX_REQUEST_BYTES)) {
    const [kind, first, second] = RLP.decode(body) as [Uint8Array, Uint8Array | Uint8Array[], Uint8Array]
    const type = integer(kind)
    if (type === 0) {
      if (!Array.isArray(first) || first.length > MAX_REQUESTED_UNITS) throw new Error('too many units asked for')
      await sendUnits(
        stream,
        handlers,
        first.map((id) => bytesToHex(id) as UnitId),
        signal,
      )
    } else if (type === 1) {
      const from = integer(first as Uint8Array)
      const to = Math.min(integer(second), from + MAX_RANGE_ROUNDS - 1, handlers.highestRound())
      for await (const bytes of handlers.rounds(from, to)) await sendFrame(stream, bytes, signal)
    } else if (type === 2) {
      const round = new Uint8Array(8)
      new DataView(round.buffer).setBigUint64(0, BigInt(handlers.highestRound()))
      await sendFrame(stream, round, signal)
    } else if (type === 3) {
      if (!(first instanceof Uint8Array)) throw new Error('not a transaction')
      await sendFrame(stream, Uint8Array.of((await handlers.transaction(first, peer)) ? 1 : 0), signal)
    } else if (type === 4) {
      for (const bytes of handlers.checkpoints(integer(first as Uint8Array), integer(second)))
        await sendFrame(stream, bytes, signal)
    } else if (type === 5) {
      const record = handlers.identity()
      if (record) await sendFrame(stream, record, signal)
    } else throw new Error(`unknown request ${type}`)
    break
  }
  await stream.close({ signal })
}

async function sendUnits(
  stream: Stream,
  handlers: NetworkHandlers,
  ids: readonly UnitId[],
  signal: AbortSignal,
): Promise<void> {
  for (const id of ids) {
    const bytes = handlers.unitBytes(id)
    if (bytes) await sendFrame(stream, bytes, signal)
  }
}

function integer(bytes: Uint8Array): number {
  if (!(bytes instanceof Uint8Array) || bytes.length > 6) throw new Error('not a number')
  return bytes.length === 0 ? 0 : Number(bytesToBigInt(bytes))
}
