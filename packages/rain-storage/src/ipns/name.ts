/** IPNS names: the multihash of a public key, written as a CID of codec libp2p-key in base36 (specs.ipfs.tech/ipns/ipns-record §name). */
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { create as createDigest, decode as decodeMultihash } from 'multiformats/hashes/digest'
import { concat, sameBytes } from '../content/bytes.ts'
import { hash } from '../content/cid.ts'

/** Multicodec of a libp2p public key. */
export const LIBP2P_KEY = 0x72
const ROUTING_PREFIX = new TextEncoder().encode('/ipns/')
/** Public key types of libp2p that records may be signed with. */
export const keyType = { rsa: 0, ed25519: 1, secp256k1: 2 } as const

/** The name that `text` is: a peer id in base58, or a CID of any version and base; `undefined` when it is neither. */
export function parseName(text: string): CID | undefined {
  try {
    if (text.startsWith('1') || text.startsWith('Qm'))
      return CID.createV1(LIBP2P_KEY, decodeMultihash(base58btc.baseDecode(text)))
    const cid = text.startsWith('k') ? CID.parse(text, base36) : CID.parse(text)
    return CID.createV1(LIBP2P_KEY, cid.multihash)
  } catch {
    return undefined // not a key: perhaps a domain
  }
}

/** The text of a name: one DNS label, for keys up to 36 bytes. */
export function formatName(name: CID): string {
  return name.toString(base36)
}

/** The name of an Ed25519 public key, which stands in the name itself. */
export function nameOfKey(publicKey: Uint8Array): CID {
  return CID.createV1(LIBP2P_KEY, createDigest(hash.identity, encodePublicKey(keyType.ed25519, publicKey)))
}

/** The key of a name in the DHT. */
export function routingKey(name: CID): Uint8Array {
  return concat([ROUTING_PREFIX, name.multihash.bytes])
}

/** The name of a key in the DHT; `undefined` when it is none. */
export function nameOfRoutingKey(key: Uint8Array): CID | undefined {
  try {
    if (!sameBytes(key.subarray(0, ROUTING_PREFIX.length), ROUTING_PREFIX)) return undefined
    return CID.createV1(LIBP2P_KEY, decodeMultihash(key.subarray(ROUTING_PREFIX.length)))
  } catch {
    return undefined // not a multihash
  }
}

/** A public key as libp2p writes it. */
export function encodePublicKey(type: number, bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(0x08, type, 0x12, bytes.length), bytes])
}
