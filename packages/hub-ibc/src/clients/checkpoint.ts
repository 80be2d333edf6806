/**
 * The native client of ZOS networks: follows checkpoints that more than two thirds of a committee's stake signed,
 * with a classical key each and, where the chain demands it, an isogeny key too. A committee hands over to the next inside a
 * checkpoint. Everything below is the client's own format, one encoding a value.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import type { ClientContext, LightClientModule } from '../core/light-client.ts'
import type { Height } from '../core/messages.ts'
import { concat, equal, toHex, utf8 } from '../encoding/bytes.ts'
import {
  bool,
  bytes,
  embed,
  type MessageOf,
  message,
  optional,
  repeated,
  string,
  uint32,
  uint64,
} from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'
import { iavlSpec, tendermintSpec } from '../ics23/specs.ts'
import { dropOldestHeight, insertHeight, oldestHeight, statesOf, unpack } from './client-store.ts'
import { createMerkleVerifier } from './merkle-proof.ts'

const URL = '/zos.ibc.checkpoint.v1'
/**
 * The `Any` type URLs of the native checkpoint client: its two states, and the two messages that `MsgUpdateClient`
 * carries to it.
 */
export const CHECKPOINT_TYPE_URLS = {
  clientState: `${URL}.ClientState`,
  consensusState: `${URL}.ConsensusState`,
  update: `${URL}.Update`,
  misbehaviour: `${URL}.Misbehaviour`,
} as const

const Member = message({ publicKey: bytes(1), isogenyKey: bytes(2), stake: uint64(3) })
/** A validator of the committee: its keys and its stake. */
export type Member = MessageOf<typeof Member>
const Committee = message({ members: repeated(1, Member) })

/**
 * What a checkpoint says. `number` counts checkpoints without gaps; `time` is in nanoseconds since 1970; `stateRoot`
 * (32 bytes) is the simple Merkle root over the chain's stores; the two committee hashes are of who signs and who signs
 * the next one.
 */
export const Checkpoint = message({
  networkId: string(1),
  epoch: uint64(2),
  number: uint64(3),
  mainChainIndex: uint64(4),
  unit: bytes(5),
  time: uint64(6),
  /** Simple Merkle root over the chain's stores. */
  stateRoot: bytes(7),
  committeeHash: bytes(8),
  nextCommitteeHash: bytes(9),
  rulesHash: bytes(10),
})
/** The fields of a checkpoint, decoded. */
export type Checkpoint = MessageOf<typeof Checkpoint>

const Share = message({ member: uint32(1), signature: bytes(2), isogenySignature: bytes(3) })
/** One member's signatures; `member` is its place in the committee. */
export type Share = MessageOf<typeof Share>
const SignedCheckpoint = message({ checkpoint: embed(1, Checkpoint), shares: repeated(2, Share) })
/**
 * A checkpoint with its members' shares, in ascending order of `member`. It counts when members with more than two
 * thirds of the committee's stake signed {@link checkpointSignBytes}; in a hybrid client every share needs both
 * signatures.
 */
export type SignedCheckpoint = MessageOf<typeof SignedCheckpoint>
/** An update; `nextCommittee` in full when the checkpoint hands over to another one. */
export const CheckpointUpdate = message({ signed: embed(1, SignedCheckpoint), nextCommittee: optional(2, Committee) })
/**
 * Evidence that a committee broke finality: two different checkpoints of one number, both with a quorum of the
 * committee that the client follows. Anyone may send it; it freezes the client.
 */
export const CheckpointMisbehaviour = message({ first: embed(1, SignedCheckpoint), second: embed(2, SignedCheckpoint) })
/**
 * The state of a checkpoint client: the network, how long a checkpoint may be trusted and how far its time may be ahead
 * of this chain's (both in nanoseconds), the newest checkpoint with its epoch, and the committee that signs the next
 * one, in full. `hybrid`: a share counts only with a valid isogeny signature beside the classical one.
 */
export const CheckpointClientState = message({
  networkId: string(1),
  trustingPeriod: uint64(2),
  maxClockDrift: uint64(3),
  latestNumber: uint64(4),
  epoch: uint64(5),
  committee: embed(6, Committee),
  frozen: bool(7),
  /** True: a share counts only with a valid isogeny signature beside the classical one. */
  hybrid: bool(8),
})
/**
 * What the client keeps of one checkpoint: its time in nanoseconds since 1970, the root that membership proofs lead to,
 * and the BLAKE2b-256 hash of what was signed, by which a second checkpoint of that number is recognized.
 */
export const CheckpointConsensusState = message({ time: uint64(1), stateRoot: bytes(2), checkpointHash: bytes(3) })

const DOMAIN = utf8('zos/ibc/checkpoint/1')
const COMMITTEE_DOMAIN = utf8('zos/ibc/committee/1')

/** The hash that checkpoints carry of a committee, in its order. */
export const committeeHash = (members: readonly Member[]): Uint8Array =>
  blake2b(concat(COMMITTEE_DOMAIN, Committee.encode({ members: [...members] })), { dkLen: 32 })

/** The bytes that a member signs. */
export const checkpointSignBytes = (checkpoint: Checkpoint): Uint8Array => concat(DOMAIN, Checkpoint.encode(checkpoint))

/** Checks a signature; never throws. */
export type CheckpointSignatureVerifier = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

const classical: CheckpointSignatureVerifier = (publicKey, signBytes, signature) => {
  try {
    return ed25519.verify(signature, signBytes, publicKey)
  } catch {
    return false
  }
}

const states = statesOf(
  CHECKPOINT_TYPE_URLS.clientState,
  CheckpointClientState,
  CHECKPOINT_TYPE_URLS.consensusState,
  CheckpointConsensusState,
)
const at = (revisionHeight: bigint): Height => ({ revisionNumber: 0n, revisionHeight })
const fail = (reason: string, context: Record<string, unknown> = {}) =>
  new HubError('HUB_CLIENT_UPDATE', `checkpoint: ${reason}`, context)

const SPECS = [iavlSpec, tendermintSpec]

/**
 * The native module. `verifyClassical` defaults to Ed25519; `verifyIsogeny` (SQIsign, from `@zos/pq-isogeny`) is needed for hybrid
 * clients, and without it they are refused rather than half checked. `onSignature` is called before each share is checked, so that a chain can charge for it; what it throws
 * ends the message.
 */
export function createCheckpointClient(
  options: {
    verifyClassical?: CheckpointSignatureVerifier
    verifyIsogeny?: CheckpointSignatureVerifier
    onSignature?: () => void
  } = {},
): LightClientModule {
  const verifyMerkleProof = createMerkleVerifier()
  const verifyClassical = options.verifyClassical ?? classical

  function requireQuorum(members: readonly Member[], hybrid: boolean, { checkpoint, shares }: SignedCheckpoint): void {
    const signBytes = checkpointSignBytes(checkpoint)
    const total = members.reduce((sum, { stake }) => sum + stake, 0n)
    let signed = 0n
    let last = -1
    for (const { member: index, signature, isogenySignature } of shares) {
      const member = members[index]
      if (!member || index <= last)
        throw fail('shares must name members of the committee in ascending order', { member: index })
      last = index
      options.onSignature?.()
      if (!verifyClassical(member.publicKey, signBytes, signature))
        throw fail('a share does not verify', { member: index })
      if (hybrid && !options.verifyIsogeny!(member.isogenyKey, signBytes, isogenySignature)) {
        throw fail('an isogeny share does not verify', { member: index })
      }
      signed += member.stake
    }
    if (signed * 3n <= total * 2n) throw fail('not more than two thirds of the stake signed', { signed, total })
  }

  /** Expired states are of no use to anybody; one an update keeps the store small. */
  function pruneOldest(context: ClientContext, { trustingPeriod }: MessageOf<typeof CheckpointClientState>): void {
    const oldest = oldestHeight(context.store)
    const old = oldest && states.findConsensus(context, oldest)
    if (!oldest || !old || old.time + trustingPeriod > context.now) return
    dropOldestHeight(context.store)
    states.deleteConsensus(context, oldest)
  }

  return {
    clientType: 'zos-checkpoint',
    clientStateTypeUrl: CHECKPOINT_TYPE_URLS.clientState,
    initialize(context, clientAny, consensusAny) {
      const client = unpack(clientAny, CHECKPOINT_TYPE_URLS.clientState, CheckpointClientState)
      const consensus = unpack(consensusAny, CHECKPOINT_TYPE_URLS.consensusState, CheckpointConsensusState)
      const { members } = client.committee
      if (client.networkId === '' || client.latestNumber === 0n || client.frozen)
        throw fail('network, number or state is wrong')
      if (client.trustingPeriod === 0n || client.maxClockDrift === 0n) throw fail('periods must be positive')
      if (members.length < 2 || members.some(({ stake }) => stake === 0n))
        throw fail('a committee has at least two members with stake')
      if (new Set(members.map(({ publicKey }) => toHex(publicKey))).size !== members.length)
        throw fail('a key stands twice in the committee')
      if (client.hybrid && !options.verifyIsogeny) throw fail('this node cannot check isogeny signatures')
      if (consensus.stateRoot.length === 0 || consensus.time === 0n) throw fail('consensus state is empty')
      states.setClient(context, client)
      states.setConsensus(context, at(client.latestNumber), consensus)
      insertHeight(context.store, at(client.latestNumber))
    },
    status(context) {
      const client = states.client(context)
      if (client.frozen) return 'frozen'
      const latest = states.consensus(context, at(client.latestNumber))
      return latest.time + client.trustingPeriod <= context.now ? 'expired' : 'active'
    },
    latestHeight: (context) => at(states.client(context).latestNumber),
    timestampAt: (context, height) => states.consensus(context, height).time,
    update(context, any) {
      const client = states.client(context)
      const { members } = client.committee
      const check = (signed: SignedCheckpoint) => {
        const { checkpoint } = signed
        if (checkpoint.networkId !== client.networkId)
          throw fail('of another network', { networkId: checkpoint.networkId })
        if (!equal(checkpoint.committeeHash, committeeHash(members)))
          throw fail('signed by another committee than this client follows')
        requireQuorum(members, client.hybrid, signed)
        return checkpoint
      }
      if (any.typeUrl === CHECKPOINT_TYPE_URLS.misbehaviour) {
        const { first, second } = unpack(any, CHECKPOINT_TYPE_URLS.misbehaviour, CheckpointMisbehaviour)
        const [a, b] = [check(first), check(second)]
        if (a.number !== b.number || equal(Checkpoint.encode(a), Checkpoint.encode(b)))
          throw fail('the two checkpoints do not conflict')
        states.setClient(context, { ...client, frozen: true })
        return { heights: [], frozen: true }
      }
      const { signed, nextCommittee } = unpack(any, CHECKPOINT_TYPE_URLS.update, CheckpointUpdate)
      const checkpoint = check(signed)
      const hash = blake2b(checkpointSignBytes(checkpoint), { dkLen: 32 })
      const known = states.findConsensus(context, at(checkpoint.number))
      if (known) {
        if (equal(known.checkpointHash, hash)) return { heights: [at(checkpoint.number)], frozen: false }
        states.setClient(context, { ...client, frozen: true })
        return { heights: [], frozen: true }
      }
      const latest = states.consensus(context, at(client.latestNumber))
      if (checkpoint.number <= client.latestNumber) throw fail('not above the latest', { number: checkpoint.number })
      if (checkpoint.time <= latest.time) throw fail('not later than the latest')
      if (checkpoint.time >= context.now + client.maxClockDrift) throw fail('from the future')
      if (checkpoint.epoch < client.epoch) throw fail('of an earlier epoch')
      if (checkpoint.stateRoot.length !== 32) throw fail('state root must have 32 bytes')
      let committee = client.committee
      if (!equal(checkpoint.nextCommitteeHash, checkpoint.committeeHash)) {
        if (!nextCommittee || !equal(committeeHash(nextCommittee.members), checkpoint.nextCommitteeHash)) {
          throw fail('the next committee is missing or not the announced one')
        }
        committee = nextCommittee
      }
      insertHeight(context.store, at(checkpoint.number))
      pruneOldest(context, client)
      states.setConsensus(context, at(checkpoint.number), {
        time: checkpoint.time,
        stateRoot: checkpoint.stateRoot,
        checkpointHash: hash,
      })
      states.setClient(context, { ...client, committee, latestNumber: checkpoint.number, epoch: checkpoint.epoch })
      return { heights: [at(checkpoint.number)], frozen: false }
    },
    verifyMembership(context, height, proof, path, value) {
      verifyMerkleProof(SPECS, states.consensus(context, height).stateRoot, proof, path, value)
    },
    verifyNonMembership(context, height, proof, path) {
      verifyMerkleProof(SPECS, states.consensus(context, height).stateRoot, proof, path, undefined)
    },
  }
}
