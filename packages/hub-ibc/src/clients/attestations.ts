/**
 * The attestations client of ibc-go v11 and of the Solidity IBC contracts: m of n Ethereum-style keys sign what a chain holds.
 * Same bytes on all three (cosmos/ibc-go ee35255 `attestations`, cosmos/solidity-ibc-eureka cae7e12). IBC v2 only.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { LightClientModule } from '../core/light-client.ts'
import type { Height } from '../core/messages.ts'
import type { MerklePath } from '../core/paths.ts'
import { concat, equal, toHex } from '../encoding/bytes.ts'
import { bool, bytes, message, repeatedBytes, repeatedString, uint32, uint64 } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'
import { sha256 } from '../hash/sha256.ts'
import { statesOf, unpack } from './client-store.ts'

const URL = '/ibc.lightclients.attestations.v1'
/**
 * The `Any` type URLs of the attestations client, as ibc-go v11 registers them: its two states, and the proof that
 * updates it.
 */
export const ATTESTATION_TYPE_URLS = {
  clientState: `${URL}.ClientState`,
  consensusState: `${URL}.ConsensusState`,
  proof: `${URL}.AttestationProof`,
} as const

/**
 * The state of an attestations client: `attestorAddresses` (`0x` and 40 hex digits each), how many of them must sign
 * (at least 2), the newest attested height, and whether a second time for one height froze it. Made once, in
 * `MsgCreateClient`; the set never changes afterwards.
 */
export const AttestationsClientState = message({
  attestorAddresses: repeatedString(1),
  minRequiredSigs: uint32(2),
  latestHeight: uint64(3),
  isFrozen: bool(4),
})
/**
 * What the client keeps of one attested height: the chain's time there in nanoseconds since 1970. It has no root;
 * packets are attested one by one.
 */
export const AttestationsConsensusState = message({ timestamp: uint64(1) })
/**
 * An attestation on the wire, as update and as proof: `attestationData` in ABI encoding (64 bytes for a state, a list
 * of path hashes and commitments for packets), and the attestors' signatures of 65 bytes each, from distinct attestors,
 * in any order.
 */
export const AttestationProof = message({ attestationData: bytes(1), signatures: repeatedBytes(2) })

const NANO = 1_000_000_000n
const word = (value: bigint) => {
  const out = new Uint8Array(32)
  new DataView(out.buffer).setBigUint64(24, value)
  return out
}
const readWord = (data: Uint8Array, index: number): bigint => {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const at = index * 32
  if (at + 32 > data.length) throw new HubError('HUB_DECODE', 'attestation is cut short')
  for (let i = 0; i < 24; i++)
    if (data[at + i] !== 0) throw new HubError('HUB_DECODE', 'attested number exceeds 64 bits')
  return view.getBigUint64(at + 24)
}

/** `abi.encode(uint64 height, uint64 seconds)`: that the chain has this height at this time. */
export const encodeStateAttestation = (height: bigint, seconds: bigint): Uint8Array =>
  concat(word(height), word(seconds))

/** What is attested at one path: `commitment` 32 zero bytes means that nothing is there. */
export interface AttestedPath {
  readonly path: Uint8Array
  readonly commitment: Uint8Array
}

/** `abi.encode((uint64 height, (bytes32 keccak256(path), bytes32 commitment)[]))` */
export function encodePacketAttestation(height: bigint, packets: readonly AttestedPath[]): Uint8Array {
  return concat(
    word(32n),
    word(height),
    word(64n),
    word(BigInt(packets.length)),
    ...packets.flatMap(({ path, commitment }) => [keccak_256(path), commitment]),
  )
}

function decodePacketAttestation(data: Uint8Array): {
  height: bigint
  packets: { pathHash: Uint8Array; commitment: Uint8Array }[]
} {
  if (readWord(data, 0) !== 32n || readWord(data, 2) !== 64n)
    throw new HubError('HUB_DECODE', 'attestation is not canonical ABI')
  const count = Number(readWord(data, 3))
  if (data.length !== 128 + 64 * count) throw new HubError('HUB_DECODE', 'attestation has the wrong length', { count })
  const packets = Array.from({ length: count }, (_, i) => ({
    pathHash: data.subarray(128 + 64 * i, 160 + 64 * i),
    commitment: data.subarray(160 + 64 * i, 192 + 64 * i),
  }))
  return { height: readWord(data, 1), packets }
}

/** What attestors sign: tag 1 for states, 2 for packets, so that one cannot pass for the other. */
export const attestationDigest = (kind: 'state' | 'packet', data: Uint8Array): Uint8Array =>
  sha256(concat(Uint8Array.of(kind === 'state' ? 1 : 2), sha256(data)))

const addressOf = (point: Uint8Array) => `0x${toHex(keccak_256(point.subarray(1)).subarray(12))}`

/** The address of a secp256k1 secret key, lower case. */
export const attestorAddress = (secretKey: Uint8Array): string => addressOf(secp256k1.getPublicKey(secretKey, false))

/** One attestor's 65-byte signature, `r ‖ s ‖ v`. */
export function attest(secretKey: Uint8Array, kind: 'state' | 'packet', data: Uint8Array): Uint8Array {
  const recovered = secp256k1.sign(attestationDigest(kind, data), secretKey, { prehash: false, format: 'recovered' })
  return concat(recovered.subarray(1), Uint8Array.of(27 + recovered[0]!))
}

function recover(digest: Uint8Array, signature: Uint8Array): string {
  if (signature.length !== 65)
    throw new HubError('HUB_PROOF', 'an attestor’s signature has 65 bytes', { length: signature.length })
  const v = signature[64]! >= 27 ? signature[64]! - 27 : signature[64]!
  if (v > 1) throw new HubError('HUB_PROOF', 'recovery byte out of range', { v: signature[64] })
  try {
    const point = secp256k1.Signature.fromBytes(
      concat(Uint8Array.of(v), signature.subarray(0, 64)),
      'recovered',
    ).recoverPublicKey(digest)
    return addressOf(point.toBytes(false))
  } catch (cause) {
    throw new HubError('HUB_PROOF', 'an attestor’s signature recovers no key', {}, { cause })
  }
}

const states = statesOf(
  ATTESTATION_TYPE_URLS.clientState,
  AttestationsClientState,
  ATTESTATION_TYPE_URLS.consensusState,
  AttestationsConsensusState,
)
const at = (revisionHeight: bigint): Height => ({ revisionNumber: 0n, revisionHeight })

/**
 * The attestations module. It refuses one-of-one sets: a single key is how bridges were lost. `onSignature` is called before each signature is checked, so
 * that a chain can charge for it; what it throws ends the message.
 */
export function createAttestationsClient(options: { onSignature?: () => void } = {}): LightClientModule {
  type Client = ReturnType<typeof states.client>

  function requireQuorum(
    client: Client,
    kind: 'state' | 'packet',
    data: Uint8Array,
    signatures: readonly Uint8Array[],
  ): void {
    const digest = attestationDigest(kind, data)
    const attestors = new Set(client.attestorAddresses.map((address) => address.toLowerCase()))
    const seen = new Set<string>()
    for (const signature of signatures) {
      options.onSignature?.()
      const address = recover(digest, signature)
      if (!attestors.has(address)) throw new HubError('HUB_PROOF', 'signed by no attestor of this client', { address })
      if (seen.has(address)) throw new HubError('HUB_PROOF', 'an attestor signed twice', { address })
      seen.add(address)
    }
    if (seen.size < client.minRequiredSigs) {
      throw new HubError('HUB_PROOF', 'too few attestors signed', {
        signed: seen.size,
        required: client.minRequiredSigs,
      })
    }
  }

  function attested(client: Client, height: Height, proof: Uint8Array, path: MerklePath): Uint8Array {
    if (path.length !== 1) throw new HubError('HUB_PROOF', 'attested paths have one element', { elements: path.length })
    const { attestationData, signatures } = AttestationProof.decode(proof)
    requireQuorum(client, 'packet', attestationData, signatures)
    const { height: attestedHeight, packets } = decodePacketAttestation(attestationData)
    if (attestedHeight !== height.revisionHeight)
      throw new HubError('HUB_PROOF', 'attested at another height', { attestedHeight })
    const wanted = keccak_256(path[0]!)
    const found = packets.filter(({ pathHash }) => equal(pathHash, wanted))
    if (found.length !== 1)
      throw new HubError('HUB_PROOF', 'the path must be attested exactly once', { times: found.length })
    return found[0]!.commitment
  }

  return {
    clientType: 'attestations',
    clientStateTypeUrl: ATTESTATION_TYPE_URLS.clientState,
    initialize(context, clientAny, consensusAny) {
      const client = unpack(clientAny, ATTESTATION_TYPE_URLS.clientState, AttestationsClientState)
      const consensus = unpack(consensusAny, ATTESTATION_TYPE_URLS.consensusState, AttestationsConsensusState)
      const addresses = client.attestorAddresses.map((address) => address.toLowerCase())
      const wellFormed =
        addresses.every((address) => /^0x[0-9a-f]{40}$/.test(address)) && new Set(addresses).size === addresses.length
      if (!wellFormed || client.minRequiredSigs < 2 || client.minRequiredSigs > addresses.length) {
        throw new HubError(
          'HUB_CLIENT_UPDATE',
          'at least two signatures of distinct, well-formed attestors are required',
        )
      }
      if (client.latestHeight === 0n || consensus.timestamp === 0n || client.isFrozen) {
        throw new HubError('HUB_CLIENT_UPDATE', 'a new client needs a height and a time and must not be frozen')
      }
      states.setClient(context, client)
      states.setConsensus(context, at(client.latestHeight), consensus)
    },
    status: (context) => (states.client(context).isFrozen ? 'frozen' : 'active'),
    latestHeight: (context) => at(states.client(context).latestHeight),
    timestampAt: (context, height) => states.consensus(context, height).timestamp,
    update(context, any) {
      const client = states.client(context)
      const { attestationData, signatures } = unpack(any, ATTESTATION_TYPE_URLS.proof, AttestationProof)
      requireQuorum(client, 'state', attestationData, signatures)
      if (attestationData.length !== 64) throw new HubError('HUB_DECODE', 'a state attestation has 64 bytes')
      const height = readWord(attestationData, 0)
      const timestamp = readWord(attestationData, 1) * NANO
      if (height === 0n || timestamp === 0n) throw new HubError('HUB_CLIENT_UPDATE', 'height and time must not be zero')
      const existing = states.findConsensus(context, at(height))
      if (existing) {
        if (existing.timestamp === timestamp) return { heights: [at(height)], frozen: false }
        states.setClient(context, { ...client, isFrozen: true })
        return { heights: [], frozen: true }
      }
      states.setConsensus(context, at(height), { timestamp })
      if (height > client.latestHeight) states.setClient(context, { ...client, latestHeight: height })
      return { heights: [at(height)], frozen: false }
    },
    verifyMembership(context, height, proof, path, value) {
      states.consensus(context, height)
      const commitment = attested(states.client(context), height, proof, path)
      if (value.length !== 32 || !equal(commitment, value))
        throw new HubError('HUB_PROOF', 'another commitment is attested')
    },
    verifyNonMembership(context, height, proof, path) {
      states.consensus(context, height)
      if (attested(states.client(context), height, proof, path).some((byte) => byte !== 0)) {
        throw new HubError('HUB_PROOF', 'a commitment is attested at the path')
      }
    },
  }
}
