/**
 * ICS-06: a client that follows one public key. The key may be a group's (see `custody`), which is how a chain without a light
 * client of its own reaches old Cosmos chains. Formats: cosmos/ibc-go ee35255 `06-solomachine`, proto `v3`.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { ClientContext, LightClientModule } from '../core/light-client.ts'
import { Any, type Height } from '../core/messages.ts'
import type { MerklePath } from '../core/paths.ts'
import { concat, equal, utf8 } from '../encoding/bytes.ts'
import { bool, bytes, type MessageOf, message, optional, string, uint32, uint64 } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'
import { statesOf, unpack } from './client-store.ts'

const URL = '/ibc.lightclients.solomachine.v3'
/** The `Any` type URLs of ICS-06 version 3, as ibc-go registers them. */
export const SOLOMACHINE_TYPE_URLS = {
  clientState: `${URL}.ClientState`,
  consensusState: `${URL}.ConsensusState`,
  header: `${URL}.Header`,
  misbehaviour: `${URL}.Misbehaviour`,
} as const

/**
 * Whom a solo machine client trusts: one public key (Ed25519 or secp256k1, as the Cosmos SDK packs it), a text that
 * keeps machines with one key apart, and the time of its last signature in nanoseconds since 1970, which never goes
 * back.
 */
export const SolomachineConsensusState = message({
  publicKey: optional(1, Any),
  diversifier: string(2),
  timestamp: uint64(3),
})
/**
 * The state of a solo machine client (ICS-06). `sequence` starts at 1 and goes up by one with each proof or rotation,
 * so a signature counts once; height is the sequence.
 */
export const SolomachineClientState = message({
  sequence: uint64(1),
  isFrozen: bool(2),
  consensusState: optional(3, SolomachineConsensusState),
})
type ClientState = MessageOf<typeof SolomachineClientState>
/**
 * A rotation: the old key hands over to `newPublicKey`. `signature` is {@link signatureData} over {@link rotationData}
 * at {@link HEADER_PATH}, made by the old key.
 */
export const SolomachineHeader = message({
  timestamp: uint64(1),
  signature: bytes(2),
  newPublicKey: optional(3, Any),
  newDiversifier: string(4),
})
const SignatureAndData = message({ signature: bytes(1), path: bytes(2), data: bytes(3), timestamp: uint64(4) })
/**
 * Evidence that a machine signed two things at one sequence: both signatures must verify under the client's key, over
 * different paths or data. Anyone may send it; it freezes the client.
 */
export const SolomachineMisbehaviour = message({
  sequence: uint64(1),
  signatureOne: optional(2, SignatureAndData),
  signatureTwo: optional(3, SignatureAndData),
})
/** The proof: a signature with its time. */
export const TimestampedSignatureData = message({ signatureData: bytes(1), timestamp: uint64(2) })
/** What is signed. */
export const SignBytes = message({
  sequence: uint64(1),
  timestamp: uint64(2),
  diversifier: string(3),
  path: bytes(4),
  data: bytes(5),
})
const HeaderData = message({ newPubKey: optional(1, Any), newDiversifier: string(2) })
const KeyBytes = message({ key: bytes(1) })
const Single = message({ mode: uint32(1), signature: bytes(2) })
const SignatureDescriptorData = message({ single: optional(1, Single) })

/** The path that a rotation signs. */
export const HEADER_PATH: Uint8Array = utf8('solomachine:header')

export const ED25519_KEY_URL = '/cosmos.crypto.ed25519.PubKey'
export const SECP256K1_KEY_URL = '/cosmos.crypto.secp256k1.PubKey'

/** An Ed25519 key as chains of the Cosmos SDK carry it. */
export const ed25519Key = (key: Uint8Array): Any => ({ typeUrl: ED25519_KEY_URL, value: KeyBytes.encode({ key }) })

/** The data that the old key signs to hand over to a new one. */
export const rotationData = (newPublicKey: Any, newDiversifier: string): Uint8Array =>
  HeaderData.encode({ newPubKey: newPublicKey, newDiversifier })

/** `signature` as the bytes of `SignatureDescriptor.Data`, which proofs, headers and evidence hold. */
export const signatureData = (signature: Uint8Array): Uint8Array =>
  SignatureDescriptorData.encode({ single: { mode: 0, signature } })

function verify(publicKey: Any | undefined, signBytes: Uint8Array, data: Uint8Array): boolean {
  const single = SignatureDescriptorData.decode(data).single
  if (!publicKey || !single) return false
  const { key } = KeyBytes.decode(publicKey.value)
  try {
    if (publicKey.typeUrl === ED25519_KEY_URL) return ed25519.verify(single.signature, signBytes, key)
    if (publicKey.typeUrl === SECP256K1_KEY_URL) return secp256k1.verify(single.signature, signBytes, key)
  } catch {
    return false
  }
  return false
}

const states = statesOf(
  SOLOMACHINE_TYPE_URLS.clientState,
  SolomachineClientState,
  SOLOMACHINE_TYPE_URLS.consensusState,
  SolomachineConsensusState,
)
const consensusOf = (client: ClientState) => client.consensusState ?? SolomachineConsensusState.create()

/** The 06-solomachine module. Every verified proof uses up one sequence, so proofs are serial. */
export function createSolomachineClient(): LightClientModule {
  function verifyValue(context: ClientContext, proof: Uint8Array, path: MerklePath, value: Uint8Array): void {
    const client = states.client(context)
    const consensus = consensusOf(client)
    // Cosmos prefixes are ["ibc", key]; the machine signs the key alone.
    if (path.length !== 2)
      throw new HubError('HUB_PROOF', 'solo machine paths have two elements', { elements: path.length })
    const { signatureData: data, timestamp } = TimestampedSignatureData.decode(proof)
    if (timestamp < consensus.timestamp)
      throw new HubError('HUB_PROOF', 'the proof is older than the client', { timestamp })
    const signBytes = SignBytes.encode({
      sequence: client.sequence,
      timestamp,
      diversifier: consensus.diversifier,
      path: path[1]!,
      data: value,
    })
    if (!verify(consensus.publicKey, signBytes, data))
      throw new HubError('HUB_PROOF', 'the machine’s signature does not verify', { sequence: client.sequence })
    states.setClient(context, {
      ...client,
      sequence: client.sequence + 1n,
      consensusState: { ...consensus, timestamp },
    })
  }

  return {
    clientType: '06-solomachine',
    clientStateTypeUrl: SOLOMACHINE_TYPE_URLS.clientState,
    initialize(context, clientAny, consensusAny) {
      const client = unpack(clientAny, SOLOMACHINE_TYPE_URLS.clientState, SolomachineClientState)
      const consensus = unpack(consensusAny, SOLOMACHINE_TYPE_URLS.consensusState, SolomachineConsensusState)
      if (client.sequence === 0n || client.isFrozen)
        throw new HubError('HUB_CLIENT_UPDATE', 'a new machine starts at sequence 1 or later, not frozen')
      if (!consensus.publicKey || consensus.timestamp === 0n)
        throw new HubError('HUB_CLIENT_UPDATE', 'a machine needs a public key and a time')
      const embedded = SolomachineConsensusState.encode(consensusOf(client))
      if (!equal(embedded, SolomachineConsensusState.encode(consensus))) {
        throw new HubError('HUB_CLIENT_UPDATE', 'the two consensus states differ')
      }
      states.setClient(context, client)
    },
    status: (context) => (states.client(context).isFrozen ? 'frozen' : 'active'),
    latestHeight: (context) => ({ revisionNumber: 0n, revisionHeight: states.client(context).sequence }),
    timestampAt: (context) => consensusOf(states.client(context)).timestamp,
    update(context, any) {
      const client = states.client(context)
      const consensus = consensusOf(client)
      if (any.typeUrl === SOLOMACHINE_TYPE_URLS.misbehaviour) {
        const {
          sequence,
          signatureOne: one,
          signatureTwo: two,
        } = unpack(any, SOLOMACHINE_TYPE_URLS.misbehaviour, SolomachineMisbehaviour)
        if (!one || !two || (equal(one.path, two.path) && equal(one.data, two.data))) {
          throw new HubError('HUB_CLIENT_UPDATE', 'evidence needs two signatures over different things')
        }
        for (const { signature, path, data, timestamp } of [one, two]) {
          const signBytes = SignBytes.encode({ sequence, timestamp, diversifier: consensus.diversifier, path, data })
          if (!verify(consensus.publicKey, signBytes, signature))
            throw new HubError('HUB_CLIENT_UPDATE', 'a signature of the evidence does not verify')
        }
        states.setClient(context, { ...client, isFrozen: true })
        return { heights: [], frozen: true }
      }
      const header = unpack(any, SOLOMACHINE_TYPE_URLS.header, SolomachineHeader)
      if (!header.newPublicKey) throw new HubError('HUB_CLIENT_UPDATE', 'a header needs the new key')
      if (header.timestamp < consensus.timestamp)
        throw new HubError('HUB_CLIENT_UPDATE', 'the header is older than the client')
      const signBytes = SignBytes.encode({
        sequence: client.sequence,
        timestamp: header.timestamp,
        diversifier: consensus.diversifier,
        path: HEADER_PATH,
        data: rotationData(header.newPublicKey, header.newDiversifier),
      })
      if (!verify(consensus.publicKey, signBytes, header.signature))
        throw new HubError('HUB_CLIENT_UPDATE', 'the old key did not sign the header')
      const height: Height = { revisionNumber: 0n, revisionHeight: client.sequence + 1n }
      states.setClient(context, {
        ...client,
        sequence: client.sequence + 1n,
        consensusState: {
          publicKey: header.newPublicKey,
          diversifier: header.newDiversifier,
          timestamp: header.timestamp,
        },
      })
      return { heights: [height], frozen: false }
    },
    verifyMembership: (context, _height, proof, path, value) => verifyValue(context, proof, path, value),
    verifyNonMembership: (context, _height, proof, path) => verifyValue(context, proof, path, new Uint8Array(0)),
  }
}

/** The proof bytes of a machine's signature. */
export const solomachineProof = (signature: Uint8Array, timestamp: bigint): Uint8Array =>
  TimestampedSignatureData.encode({ signatureData: signatureData(signature), timestamp })

/** What the machine signs to prove `value` (empty: absence) at `key`. */
export function solomachineSignBytes(state: {
  sequence: bigint
  timestamp: bigint
  diversifier: string
  key: Uint8Array
  value: Uint8Array
}): Uint8Array {
  return SignBytes.encode({ ...state, path: concat(state.key), data: state.value })
}
