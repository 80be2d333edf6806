/**
 * Packets between a hub and a zone in one process, there and acknowledged, with real proofs both ways, hub books included. Every message
 * goes over the wire: encoded by the relayer, decoded by the chain.
 *
 * The peers' loop is the same, with `@confio/ics23` and `cosmjs-types` wherever they have a part for it: bytes of messages and of proofs, the
 * stored states of clients, and the check of a proof. They have none for the rest, so both loops share it: the provable store, IBC's state
 * machines, ICS-20, the hub's books, events, checkpoints and their signatures (those by Node's OpenSSL in both).
 *
 * A client's state is asked for at every step. In the peers' loop it is decoded each time, as ibc-go does (`packets`), and once for as long as its
 * bytes stay, as we do (`packets-remembered`).
 */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { iavlSpec, type ics23, tendermintSpec, verifyMembership } from '@confio/ics23'
import {
  type ClientContext,
  createAssetRegistry,
  createHub,
  createTendermintClient,
  type Height,
  HubError,
  type IbcMessage,
  type LightClientModule,
  MESSAGES,
  paths,
  type SignatureVerifier,
} from '@zos/hub-ibc'
import { createLocalChain, type LocalChain, localEndpoint } from '@zos/hub-ibc/local'
import { acknowledgementOf, connectV1, createMemoryCursors, createRelayer, packetOf } from '@zos/hub-ibc/relayer'
import { Any } from 'cosmjs-types/google/protobuf/any'
import { MsgAcknowledgement, MsgRecvPacket } from 'cosmjs-types/ibc/core/channel/v1/tx'
import { MsgUpdateClient } from 'cosmjs-types/ibc/core/client/v1/tx'
import { MerkleProof } from 'cosmjs-types/ibc/core/commitment/v1/commitment'
import { ClientState, ConsensusState } from 'cosmjs-types/ibc/lightclients/tendermint/v1/tendermint'
import { print } from './metric.ts'

const quick = process.argv.includes('--quick')
const BATCH = 250
const ROUNDS = quick ? 4 : 16

// Signatures by the platform, in both loops: what is compared is proofs and encodings.
const keys = new Map<string, ReturnType<typeof createPublicKey>>()
const verifySignature: SignatureVerifier = (pubKey, message, signature) => {
  const name = Buffer.from(pubKey.ed25519).toString('hex')
  let key = keys.get(name)
  if (!key) {
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), pubKey.ed25519])
    key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    keys.set(name, key)
  }
  return verify(null, message, key, signature)
}

const privateKeys = new Map<Uint8Array, ReturnType<typeof createPrivateKey>>()
const signByPlatform = (message: Uint8Array, secretKey: Uint8Array): Uint8Array => {
  let key = privateKeys.get(secretKey)
  if (!key) {
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secretKey])
    key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    privateKeys.set(secretKey, key)
  }
  return new Uint8Array(sign(null, message, key))
}

const own = createTendermintClient({ verifySignature })
const text = new TextEncoder()
/** What `decode` makes of stored bytes, anew each time or once for as long as they are the same. */
function decoder<T extends object>(decode: (bytes: Uint8Array) => T, remember: boolean): (bytes: Uint8Array) => T {
  const known = new WeakMap<Uint8Array, T>()
  return (bytes) => {
    let value = remember ? known.get(bytes) : undefined
    if (!value) {
      value = decode(bytes)
      if (remember) known.set(bytes, value)
    }
    return value
  }
}

function createPeerClient(remember: boolean): LightClientModule {
  const decodeClient = decoder((bytes) => ClientState.decode(Any.decode(bytes).value), remember)
  const decodeConsensus = decoder((bytes) => ConsensusState.decode(Any.decode(bytes).value), remember)
  const clientKey = text.encode('clientState')
  const clientOf = (context: ClientContext) => decodeClient(context.store.get(clientKey)!)
  const consensusOf = (context: ClientContext, { revisionNumber, revisionHeight }: Height) =>
    decodeConsensus(context.store.get(text.encode(`consensusStates/${revisionNumber}-${revisionHeight}`))!)
  const nanoseconds = ({ seconds, nanos }: { seconds: bigint; nanos: number }) =>
    seconds * 1_000_000_000n + BigInt(nanos)
  return {
    ...own,
    status(context) {
      const client = clientOf(context)
      if (client.frozenHeight.revisionHeight !== 0n) return 'frozen'
      const { timestamp } = consensusOf(context, client.latestHeight)
      return nanoseconds(timestamp) + nanoseconds(client.trustingPeriod) <= context.now ? 'expired' : 'active'
    },
    latestHeight: (context) => clientOf(context).latestHeight,
    timestampAt: (context, height) => nanoseconds(consensusOf(context, height).timestamp),
    verifyMembership(context, height, proof, path, value) {
      const consensus = consensusOf(context, height)
      // The two packages have the same objects for proofs, up to the names of their types.
      const proofs = MerkleProof.decode(proof).proofs as ics23.ICommitmentProof[]
      const subroot = proofs[1]!.exist!.value!
      const valid =
        clientOf(context).proofSpecs.length === 2 &&
        verifyMembership(proofs[0]!, iavlSpec, subroot, path[1]!, value) &&
        verifyMembership(proofs[1]!, tendermintSpec, consensus.root.hash, path[0]!, subroot)
      if (!valid) throw new HubError('HUB_PROOF', 'the peer refuses the proof')
    },
  }
}

interface Side {
  readonly module: LightClientModule
  readonly wire: (message: IbcMessage) => IbcMessage
  /** Proofs of what `chain` holds after its last block. */
  readonly proofs: (chain: LocalChain) => (key: Uint8Array) => Uint8Array
}
type Wire = Side['wire']
const ownProofs: Side['proofs'] = (chain) => (key) => chain.prove(key)
const peerProofs: Side['proofs'] = (chain) => {
  const upper = MerkleProof.decode(chain.prove(text.encode('chain'))).proofs[1]!
  return (key) => {
    const proof = chain.tree.proof(key)
    if (proof.kind !== 'exist') throw new Error('nothing is there to prove')
    return MerkleProof.encode(MerkleProof.fromPartial({ proofs: [{ exist: proof.exist as never }, upper] })).finish()
  }
}
const ownWire: Wire = ({ typeUrl, ...fields }) => {
  const codec = MESSAGES[typeUrl] as unknown as { encode(v: object): Uint8Array; decode(b: Uint8Array): object }
  return { typeUrl, ...codec.decode(codec.encode(fields)) } as IbcMessage
}
const peerWire: Wire = ({ typeUrl, ...fields }) => {
  if (typeUrl === '/ibc.core.channel.v1.MsgRecvPacket') {
    return {
      typeUrl,
      ...MsgRecvPacket.decode(MsgRecvPacket.encode(MsgRecvPacket.fromPartial(fields as never)).finish()),
    } as IbcMessage
  }
  if (typeUrl === '/ibc.core.channel.v1.MsgAcknowledgement') {
    return {
      typeUrl,
      ...MsgAcknowledgement.decode(MsgAcknowledgement.encode(MsgAcknowledgement.fromPartial(fields as never)).finish()),
    } as IbcMessage
  }
  if (typeUrl === '/ibc.core.client.v1.MsgUpdateClient') {
    return {
      typeUrl,
      ...MsgUpdateClient.decode(MsgUpdateClient.encode(MsgUpdateClient.fromPartial(fields as never)).finish()),
    } as IbcMessage
  }
  throw new Error(`the loop has no ${typeUrl}`)
}

async function setUp(module: LightClientModule) {
  const hub = createLocalChain({
    chainId: 'zoshub-1',
    lightClients: [module],
    sign: signByPlatform,
    keep: 20,
    policy: ({ store, bank, now }) =>
      createHub({
        store,
        bank,
        now,
        assets: createAssetRegistry(store, {
          factory: new Uint8Array(20),
          codeHash: new Uint8Array(32),
          deploy: () => {},
        }),
      }).policy,
  })
  const zone = createLocalChain({ chainId: 'zone-1', lightClients: [module], sign: signByPlatform, keep: 20 })
  // A store with some history, so that proofs have their real depth.
  for (const chain of [hub, zone]) {
    for (let i = 0; i < 50_000; i++)
      chain.tree.set(text.encode(`receipts/ports/transfer/channels/channel-9/sequences/${i}`), Uint8Array.of(1))
  }
  const ends = await connectV1(localEndpoint(hub), localEndpoint(zone), 'relayer')
  hub.run(() => hub.bank.mint('alice', 'uzos', 10n ** 15n))
  zone.run(() => zone.bank.mint('bob', 'ubob', 10n ** 15n))
  return { hub, zone, ends }
}

const height = (chain: LocalChain) => {
  const next = chain.height()
  return { ...next, revisionHeight: next.revisionHeight - 1n }
}

/** One batch each way, every packet acknowledged. */
function round({ hub, zone, ends }: Awaited<ReturnType<typeof setUp>>, { wire, proofs }: Side): void {
  const take = (chain: LocalChain, message: IbcMessage) => {
    const result = chain.deliver(wire(message))
    if (result.status !== 'done')
      throw new Error(
        `${message.typeUrl}: ${JSON.stringify(result, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`,
      )
    return result.events
  }
  const update = (on: LocalChain, of: LocalChain, clientId: string) =>
    take(on, {
      typeUrl: '/ibc.core.client.v1.MsgUpdateClient',
      clientId,
      clientMessage: of.update(height(of), on.host.clientHeight(clientId)),
    })
  const legs = [
    [hub, zone, ends.channelA, ends.clientA, ends.clientB, 'alice', 'uzos'],
    [zone, hub, ends.channelB, ends.clientB, ends.clientA, 'bob', 'ubob'],
  ] as const
  const out = legs.map(([from, , channel, , , sender, denom]) => {
    const sent = Array.from({ length: BATCH }, () =>
      from.run(() =>
        from.transfer.send(
          { port: 'transfer', channel },
          { denom, amount: 1n, sender, receiver: 'carol' },
          { timestamp: from.now() + 3_600_000_000_000n },
        ),
      ),
    )
    from.commit()
    return sent
  })
  const acks = legs.map(([from, to, , , clientTo], leg) => {
    update(to, from, clientTo)
    const proofHeight = height(from)
    const prove = proofs(from)
    const written = out[leg]!.map((events) => {
      const sent = packetOf(events[0]!)!
      if (sent.version !== 1) throw new Error('a v1 packet was expected')
      const { packet } = sent
      const proofCommitment = prove(paths.commitmentPath(packet.sourcePort, packet.sourceChannel, packet.sequence))
      const received = take(to, {
        typeUrl: '/ibc.core.channel.v1.MsgRecvPacket',
        packet,
        proofCommitment,
        proofHeight,
        signer: 'relayer',
      })
      return {
        packet,
        acknowledgement: acknowledgementOf(received.find((e) => e.type === 'write_acknowledgement')!) as Uint8Array,
      }
    })
    return written
  })
  for (const [, to] of legs) to.commit()
  legs.forEach(([from, to, , clientFrom], leg) => {
    update(from, to, clientFrom)
    const proofHeight = height(to)
    const prove = proofs(to)
    for (const { packet, acknowledgement } of acks[leg]!) {
      const proofAcked = prove(paths.ackPath(packet.destinationPort, packet.destinationChannel, packet.sequence))
      take(from, {
        typeUrl: '/ibc.core.channel.v1.MsgAcknowledgement',
        packet,
        acknowledgement,
        proofAcked,
        proofHeight,
        signer: 'relayer',
      })
    }
  })
  for (const [from] of legs) from.commit()
  for (const [from] of legs) (from.events as unknown[]).length = 0
}

const sides: readonly Side[] = [
  { module: own, wire: ownWire, proofs: ownProofs },
  { module: createPeerClient(false), wire: peerWire, proofs: peerProofs },
  { module: createPeerClient(true), wire: peerWire, proofs: peerProofs },
]
const worlds = await Promise.all(sides.map(({ module }) => setUp(module)))
const best = sides.map(() => Number.POSITIVE_INFINITY)
for (let i = 0; i < ROUNDS; i++) {
  sides.forEach((side, s) => {
    const start = process.cpuUsage()
    round(worlds[s]!, side)
    const used = process.cpuUsage(start)
    best[s] = Math.min(best[s]!, (used.user + used.system) / 1e6)
  })
}
// Everything arrived, in every loop: one unit a packet.
for (const world of worlds)
  if (world.hub.bank.balance('alice', 'uzos') !== 10n ** 15n - BigInt(BATCH * ROUNDS))
    throw new Error('packets are missing')
const [rate, plain, remembered] = best.map((seconds) => (2 * BATCH) / seconds) as [number, number, number]
const PEERS = '@confio/ics23 0.6.8 + cosmjs-types 0.11.0'
print('ibc-packets', 'packets', rate, 'packets/s', PEERS, plain)
print('ibc-packets', 'packets-remembered', rate, 'packets/s', `${PEERS}, client states decoded once`, remembered)

// A relayer that comes to 5,000 packets nobody carried: until every one is received and acknowledged.
const PENDING = 5000
const { hub, zone, ends } = worlds[0]!
for (let i = 0; i < PENDING; i++) {
  hub.run(() =>
    hub.transfer.send(
      { port: 'transfer', channel: ends.channelA },
      { denom: 'uzos', amount: 1n, sender: 'alice', receiver: 'carol' },
      { timestamp: hub.now() + 86_400_000_000_000n },
    ),
  )
}
hub.commit()
zone.commit()
const relayer = createRelayer({
  a: {
    endpoint: localEndpoint(hub, { blockSeconds: 0.01 }),
    clientId: ends.clientA,
    channels: [{ port: 'transfer', channel: ends.channelA }],
  },
  b: {
    endpoint: localEndpoint(zone, { blockSeconds: 0.01 }),
    clientId: ends.clientB,
    channels: [{ port: 'transfer', channel: ends.channelB }],
  },
  cursors: createMemoryCursors(),
  signer: 'relayer',
})
const start = process.cpuUsage()
for (let i = 0; i < 20; i++) if (!(await relayer.step()) && relayer.progress.pending === 0) break
const used = process.cpuUsage(start)
if (relayer.progress.acknowledged !== PENDING) throw new Error(`only ${relayer.progress.acknowledged} acknowledged`)
print('ibc-packets', 'clear-5000', (used.user + used.system) / 1e6, 's')
