/**
 * How ZOS looks to others (routes A, B and C), checked by code that is not ours: headers and votes rebuilt with cosmjs-types and hashed by
 * OpenSSL, attestations by a Solidity contract in an EVM, a solo machine's proof by cosmjs-types and OpenSSL.
 */
import { createHash, createPublicKey, verify as opensslVerify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { BinaryWriter } from 'cosmjs-types/binary'
import { SignatureDescriptor_Data } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { Timestamp } from 'cosmjs-types/google/protobuf/timestamp'
import { SignBytes, TimestampedSignatureData } from 'cosmjs-types/ibc/lightclients/solomachine/v3/solomachine'
import { Header as IbcHeader } from 'cosmjs-types/ibc/lightclients/tendermint/v1/tendermint'
import { BlockID, type Header } from 'cosmjs-types/tendermint/types/types'
import { SimpleValidator } from 'cosmjs-types/tendermint/types/validator'
import { Consensus } from 'cosmjs-types/tendermint/version/types'
import { describe, expect, it } from 'vitest'
import {
  aggregate,
  commit,
  deal,
  ed25519Suite,
  finishKeygen,
  openSession,
  shareFor,
  signShare,
} from '../../src/custody/index.ts'
import {
  attest,
  attestationDigest,
  attestorAddress,
  checkpointHeader,
  checkpointUpdate,
  checkpointVote,
  cometValidators,
  encodePacketAttestation,
  encodeStateAttestation,
  signedCheckpoint,
  solomachineProof,
  solomachineSignBytes,
} from '../../src/index.ts'
import { createRandom } from '../random.ts'
import { deployVerifier } from './evm.ts'

const hash = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest())
const text = (value: string) => new TextEncoder().encode(value)

/** An Ed25519 check by OpenSSL (SubjectPublicKeyInfo of RFC 8410). */
function openssl(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
  return opensslVerify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}

/** RFC 6962, as CometBFT's `merkle.HashFromByteSlices`. */
function merkle(items: readonly Uint8Array[]): Uint8Array {
  if (items.length === 1) return hash(Uint8Array.of(0), items[0]!)
  let half = 1
  while (half * 2 < items.length) half *= 2
  return hash(Uint8Array.of(1), merkle(items.slice(0, half)), merkle(items.slice(half)))
}

/** `cdcEncode`: a value as the first field of a message; nothing for a zero value. */
const wrapped = (write: (writer: BinaryWriter) => void): Uint8Array => {
  const writer = BinaryWriter.create()
  write(writer)
  return writer.finish()
}
const bytesValue = (value: Uint8Array) =>
  wrapped((writer) => {
    if (value.length > 0) writer.uint32(10).bytes(value)
  })

function cometHeaderHash(header: Header): Uint8Array {
  return merkle([
    Consensus.encode(header.version).finish(),
    wrapped((writer) => writer.uint32(10).string(header.chainId)),
    wrapped((writer) => writer.uint32(8).int64(header.height)),
    Timestamp.encode(header.time).finish(),
    BlockID.encode(header.lastBlockId).finish(),
    bytesValue(header.lastCommitHash),
    bytesValue(header.dataHash),
    bytesValue(header.validatorsHash),
    bytesValue(header.nextValidatorsHash),
    bytesValue(header.consensusHash),
    bytesValue(header.appHash),
    bytesValue(header.lastResultsHash),
    bytesValue(header.evidenceHash),
    bytesValue(header.proposerAddress),
  ])
}

/** `types.VoteSignBytes` of CometBFT: a length-delimited CanonicalVote of a precommit. */
function cometVote(chainId: string, height: bigint, blockHash: Uint8Array, time: Timestamp): Uint8Array {
  const parts = BinaryWriter.create().uint32(8).uint32(1).uint32(18).bytes(blockHash).finish()
  const blockId = BinaryWriter.create().uint32(10).bytes(blockHash).uint32(18).bytes(parts).finish()
  const vote = BinaryWriter.create()
    .uint32(8)
    .uint32(2)
    .uint32(17)
    .sfixed64(height)
    .uint32(34)
    .bytes(blockId)
    .uint32(42)
    .bytes(Timestamp.encode(time).finish())
    .uint32(50)
    .string(chainId)
    .finish()
  return BinaryWriter.create().bytes(vote).finish()
}

describe('route A, checked with cosmjs-types and OpenSSL', () => {
  const secrets = ['a', 'b', 'c', 'd'].map((name) => hash(text(name)))
  const validators = cometValidators(
    secrets.map((secret, i) => ({ publicKey: ed25519.getPublicKey(secret), stake: BigInt(10 + i) })),
  )
  const secretOf = (key: Uint8Array) =>
    secrets.find((secret) => Buffer.compare(ed25519.getPublicKey(secret), key) === 0)!

  it('header hash, validator set hash and every vote are what CometBFT computes', () => {
    const random = createRandom()
    for (let round = 0; round < 20; round++) {
      const header = checkpointHeader({
        chainId: `zoshub-${1 + random.below(9)}`,
        height: BigInt(1 + random.below(1 << 30)),
        // Up to 2038: cosmjs-types 0.11 encodes seconds from 2^31 on wrongly.
        time: 1_767_225_600_000_000_000n + BigInt(random.below(1 << 28)) * (round % 2 === 0 ? 1n : 1_000_000_000n),
        appHash: random.bytes(32),
        validators,
        nextValidators: validators,
        unit: random.bytes(32),
        mainChainIndex: BigInt(random.below(1 << 30)),
      })
      const signatures = validators.map(({ pubKey }, i) =>
        i === 3 ? undefined : ed25519.sign(checkpointVote(header, validators, i).signBytes, secretOf(pubKey.ed25519)),
      )
      const signed = signedCheckpoint(header, validators, signatures)
      const update = checkpointUpdate(signed, validators, { revisionNumber: 1n, revisionHeight: 1n }, validators)

      const received = IbcHeader.decode(update.value)
      const theirs = received.signedHeader!.header!
      const commitment = received.signedHeader!.commit!
      const blockHash = cometHeaderHash(theirs)
      expect(commitment.blockId.hash).toEqual(blockHash)
      expect(theirs.validatorsHash).toEqual(
        merkle(
          received.validatorSet!.validators.map(({ pubKey, votingPower }) =>
            SimpleValidator.encode(SimpleValidator.fromPartial({ pubKey: pubKey!, votingPower })).finish(),
          ),
        ),
      )
      const voted = commitment.signatures.filter(({ blockIdFlag, signature, timestamp }, i) => {
        if (blockIdFlag !== 2) return false
        const { pubKey, address } = received.validatorSet!.validators[i]!
        expect(address).toEqual(hash(pubKey!.ed25519!).slice(0, 20))
        const bytes = cometVote(theirs.chainId, theirs.height, blockHash, timestamp)
        expect(openssl(pubKey!.ed25519!, bytes, signature)).toBe(true)
        return true
      })
      expect(voted).toHaveLength(3)
    }
  })
})

describe('route B, checked by a Solidity contract in an EVM', () => {
  const keys = ['a', 'b', 'c', 'd'].map((name) => hash(text(name)))
  const signatures = (kind: 'state' | 'packet', data: Uint8Array, signers = keys.slice(0, 3)) =>
    signers.map((key) => attest(key, kind, data))
  const deployed = deployVerifier(keys.map(attestorAddress), 3)

  it('accepts what a quorum attests: heights and times, commitments and absences', { timeout: 120_000 }, async () => {
    const call = await deployed
    const random = createRandom()
    for (let round = 0; round < 5; round++) {
      const height = BigInt(1 + random.below(1 << 30))
      const state = encodeStateAttestation(height, 1_767_225_600n)
      expect(await call('verifyState', [state, signatures('state', state)])).toEqual({
        values: [height, 1_767_225_600n],
      })
      const packets = Array.from({ length: 1 + random.below(5) }, (_, i) => ({
        path: random.bytes(1 + random.below(80)),
        commitment: i % 2 === 0 ? random.bytes(32) : new Uint8Array(32),
      }))
      const data = encodePacketAttestation(height, packets)
      for (const { path, commitment } of packets)
        expect(await call('verifyPacket', [data, signatures('packet', data), height, path])).toEqual({
          values: [`0x${Buffer.from(commitment).toString('hex')}`],
        })
    }
  })

  it('refuses what the package’s own client refuses', { timeout: 120_000 }, async () => {
    const call = await deployed
    const path = text('path')
    const data = encodePacketAttestation(6n, [{ path, commitment: hash(path) }])
    const packet = (signed: readonly Uint8Array[], height = 6n, asked = path, bytes = data) =>
      call('verifyPacket', [bytes, signed, height, asked])
    expect(await packet(signatures('packet', data, keys.slice(0, 2)))).toEqual({ error: 'TooFewSignatures' })
    expect(await packet(signatures('packet', data, [keys[0]!, keys[1]!, keys[0]!]))).toEqual({
      error: 'DuplicateSigner',
    })
    expect(await packet(signatures('packet', data, [keys[0]!, keys[1]!, hash(text('x'))]))).toEqual({
      error: 'UnknownSigner',
    })
    // A state's signature is not a packet's, and a signature holds for its bytes only.
    expect(await packet(signatures('state', data))).toEqual({ error: 'UnknownSigner' })
    expect(attestationDigest('state', data)).not.toEqual(attestationDigest('packet', data))
    expect(await packet(signatures('packet', encodePacketAttestation(7n, [])))).toEqual({ error: 'UnknownSigner' })
    expect(await packet(signatures('packet', data), 7n)).toEqual({ error: 'WrongHeight' })
    expect(await packet(signatures('packet', data), 6n, text('other'))).toEqual({ error: 'NotAttested' })
    expect(await packet(signatures('packet', data).map((one) => one.subarray(0, 64)))).toEqual({
      error: 'MalformedSignature',
    })
  })
})

describe('route C, checked with cosmjs-types and OpenSSL', () => {
  it('the group’s signature over a solo machine’s bytes is a plain Ed25519 signature', () => {
    const ids = [1n, 2n, 3n]
    const dealings = ids.map((id) => deal(ed25519Suite, id, 2))
    const members = ids.map((id) =>
      finishKeygen(
        ed25519Suite,
        2,
        id,
        dealings.map((d) => d.public),
        dealings.map((d) => shareFor(ed25519Suite, d, id)),
      ),
    )
    const state = { sequence: 7n, timestamp: 99n, diversifier: 'zos', key: text('k'), value: text('v') }
    const message = solomachineSignBytes(state)
    const quorum = [members[0]!, members[2]!]
    const nonces = quorum.map((member) => commit(ed25519Suite, member.secret))
    const session = openSession(
      members[0]!.key,
      message,
      nonces.map((nonce) => nonce.commitment),
    )
    const shares = new Map(quorum.map((m, i) => [m.secret.identifier, signShare(session, m.secret, nonces[i]!)]))
    const proof = TimestampedSignatureData.decode(solomachineProof(aggregate(session, shares), state.timestamp))

    const { sequence, timestamp, diversifier, key, value } = state
    const theirBytes = SignBytes.encode({
      sequence,
      timestamp,
      diversifier,
      path: key,
      data: value,
    }).finish()
    expect(theirBytes).toEqual(message)
    expect(proof.timestamp).toBe(timestamp)
    const { signature } = SignatureDescriptor_Data.decode(proof.signatureData).single!
    expect(openssl(members[0]!.key.publicKey, theirBytes, signature)).toBe(true)
    expect(openssl(members[0]!.key.publicKey, text('another'), signature)).toBe(false)
  })
})
