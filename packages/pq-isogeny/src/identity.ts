/**
 * Node identity records: one signed statement that binds a node's classical key and its isogeny key to a
 * network, with a validity interval and a sequence number.
 *
 * record = "ZNID" ‖ format version (1) ‖ suite tag (2) ‖ network id (32) ‖ sequence (8) ‖ not before (8) ‖ not after (8) ‖
 *          payload length (2) ‖ payload ‖ public key ‖ signature
 *
 * Integers are big endian, times are seconds since 1970. The suite tag is {scheme, parameter version and level}, so that
 * parameters may move again. An identity is the SHA-256 of tag and public key and never depends on a signature, since
 * SQIsign is not strongly unforgeable.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { IsogenyError } from './errors.ts'
import type { HybridSigner, HybridSignOptions, HybridVerifier } from './hybrid.ts'

/** First byte: 1 Ed25519, 2 secp256k1, each with SQIsign. Second byte: parameter version · 16 + NIST level. */
export const SUITE_TAGS: Readonly<Record<string, number>> = {
  'ed25519+SQIsign_p324_3': 0x0131,
  'ed25519+SQIsign_p500_27': 0x0133,
  'ed25519+SQIsign_p664_17': 0x0135,
  'secp256k1+SQIsign_p324_3': 0x0231,
  'secp256k1+SQIsign_p500_27': 0x0233,
  'secp256k1+SQIsign_p664_17': 0x0235,
}

const MAGIC = Uint8Array.of(0x5a, 0x4e, 0x49, 0x44) // "ZNID"
const VERSION = 1
const HEADER_BYTES = 4 + 1 + 2 + 32 + 8 + 8 + 8 + 2

/** Room for addresses and roles; keeps a record below 2 KiB. */
export const PAYLOAD_LIMIT = 1024

/** What a record says. */
export interface NodeIdentity {
  /** 32 bytes that name the network (for example its genesis hash). */
  readonly networkId: Uint8Array
  /** Grows with each record of a node; the greatest valid one counts. */
  readonly sequence: bigint
  /** Validity, seconds since 1970, both ends included. */
  readonly notBefore: bigint
  readonly notAfter: bigint
  /** Up to PAYLOAD_LIMIT bytes, not interpreted here. */
  readonly payload: Uint8Array
}

/** A record that was checked. */
export interface VerifiedIdentity extends NodeIdentity {
  readonly publicKey: Uint8Array
  /** SHA-256 of suite tag and public key: the node's name. */
  readonly nodeId: Uint8Array
}

/**
 * Whether a record counts, and what it says. `suite` and `network` mean that it is of another scheme or network, the
 * other reasons that it is malformed, not valid at this time, or not signed by its keys.
 */
export type IdentityVerdict =
  | { readonly status: 'valid'; readonly identity: VerifiedIdentity }
  | {
      readonly status: 'invalid'
      readonly reason: 'malformed' | 'suite' | 'network' | 'not-yet-valid' | 'expired' | 'signature'
    }

function tagOf(suite: string): Uint8Array {
  const tag = SUITE_TAGS[suite]
  if (tag === undefined)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `no identity tag for suite ${suite}`, { suite })
  return Uint8Array.of(tag >> 8, tag & 0xff)
}

function u64(n: bigint, name: string): Uint8Array {
  if (n < 0n || n >= 1n << 64n)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `${name} is not an unsigned 64-bit integer`, { name })
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, n)
  return out
}

/** SHA-256 of suite tag and public key. */
export function nodeIdOf(scheme: HybridVerifier, publicKey: Uint8Array): Uint8Array {
  return sha256(concatBytes(tagOf(scheme.suite), publicKey))
}

function encodeBody(scheme: HybridVerifier, identity: NodeIdentity, publicKey: Uint8Array): Uint8Array {
  const { networkId, payload } = identity
  if (networkId.length !== 32)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', 'networkId must be 32 bytes', { length: networkId.length })
  if (payload.length > PAYLOAD_LIMIT)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `payload is longer than ${PAYLOAD_LIMIT} bytes`, {
      length: payload.length,
    })
  return concatBytes(
    MAGIC,
    Uint8Array.of(VERSION),
    tagOf(scheme.suite),
    networkId,
    u64(identity.sequence, 'sequence'),
    u64(identity.notBefore, 'notBefore'),
    u64(identity.notAfter, 'notAfter'),
    Uint8Array.of(payload.length >> 8, payload.length & 0xff),
    payload,
    publicKey,
  )
}

/**
 * Signs an identity record.
 * @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` for fields out of range, `ISOGENY_INVALID_KEY` for a malformed key
 */
export function signIdentity(
  scheme: HybridSigner,
  identity: NodeIdentity,
  secretKey: Uint8Array,
  options: Pick<HybridSignOptions, 'extraEntropy'> = {},
): Uint8Array {
  const body = encodeBody(scheme, identity, scheme.getPublicKey(secretKey))
  return concatBytes(body, scheme.sign(body, secretKey, options))
}

/**
 * Checks a record: form, suite, network, time, then both signatures.
 * @param nowSeconds the caller's clock
 */
export function verifyIdentity(
  scheme: HybridVerifier,
  record: Uint8Array,
  networkId: Uint8Array,
  nowSeconds: bigint,
): IdentityVerdict {
  const invalid = (reason: Extract<IdentityVerdict, { status: 'invalid' }>['reason']): IdentityVerdict => ({
    status: 'invalid',
    reason,
  })
  if (record.length < HEADER_BYTES || MAGIC.some((b, j) => record[j] !== b) || record[4] !== VERSION)
    return invalid('malformed')
  const tag = tagOf(scheme.suite)
  if (record[5] !== tag[0] || record[6] !== tag[1]) return invalid('suite')
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  const payloadLength = view.getUint16(HEADER_BYTES - 2)
  const { publicKey: keyLength, signature: signatureLength } = scheme.lengths
  const bodyLength = HEADER_BYTES + payloadLength + keyLength
  if (payloadLength > PAYLOAD_LIMIT || record.length !== bodyLength + signatureLength) return invalid('malformed')
  const identity = {
    networkId: record.slice(7, 39),
    sequence: view.getBigUint64(39),
    notBefore: view.getBigUint64(47),
    notAfter: view.getBigUint64(55),
    payload: record.slice(HEADER_BYTES, HEADER_BYTES + payloadLength),
    publicKey: record.slice(HEADER_BYTES + payloadLength, bodyLength),
  }
  if (networkId.length !== 32 || identity.networkId.some((b, j) => b !== networkId[j])) return invalid('network')
  if (nowSeconds < identity.notBefore) return invalid('not-yet-valid')
  if (nowSeconds > identity.notAfter) return invalid('expired')
  if (!scheme.verify(record.subarray(bodyLength), record.subarray(0, bodyLength), identity.publicKey))
    return invalid('signature')
  return { status: 'valid', identity: { ...identity, nodeId: nodeIdOf(scheme, identity.publicKey) } }
}
