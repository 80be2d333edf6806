/** Authors' signatures: BIP-340 over secp256k1, addresses as Ethereum derives them. */
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { DagError } from '../errors.ts'
import { blake2b256, type Hash } from './header.ts'
import { type Address, bytesToHex, hexToBytes, type UnitId } from './id.ts'

/** Signature scheme 1: BIP-340 over secp256k1. */
export const SCHEME_BIP340 = 1

/** One author's signature. */
export interface AuthorSignature {
  readonly scheme: typeof SCHEME_BIP340
  /** The compressed point, 33 bytes; its Keccak-256 address is the author. BIP-340 verifies under its x coordinate. */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** A key that can sign units; the secret may live elsewhere. */
export interface Signer {
  readonly address: Address
  /** The compressed point, 33 bytes. */
  readonly publicKey: Uint8Array
  /** The BIP-340 signature (64 bytes) of a 32-byte digest. */
  sign(digest: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** One signature to check. */
export interface SignatureItem {
  readonly publicKey: Uint8Array
  readonly digest: Uint8Array
  readonly signature: Uint8Array
}

/** Verifies BIP-340 signatures in bulk. The answer has one entry for each item. A malformed item is false, never an error. */
export interface SignatureVerifier {
  verify(items: readonly SignatureItem[]): readonly boolean[] | Promise<readonly boolean[]>
}

/** The address of a compressed public key: the last 20 bytes of Keccak-256 over x ‖ y. Throws `DAG_INVALID_ARGUMENT` off the curve. */
export function addressOf(publicKey: Uint8Array): Address {
  let point: Uint8Array
  try {
    point = secp256k1.Point.fromBytes(publicKey).toBytes(false)
  } catch (cause) {
    const key = bytesToHex(publicKey)
    throw new DagError('DAG_INVALID_ARGUMENT', `not a public key of secp256k1: ${key}`, { publicKey: key }, { cause })
  }
  return bytesToHex(keccak_256(point.subarray(1)).subarray(12)) as Address
}

/** A signer that holds a 32-byte private key in memory. Throws `DAG_INVALID_ARGUMENT` for a key outside 1 … n − 1. */
export function signerFromPrivateKey(privateKey: Uint8Array): Signer {
  if (privateKey.length !== 32 || !secp256k1.utils.isValidSecretKey(privateKey)) {
    throw new DagError('DAG_INVALID_ARGUMENT', 'not a private key of secp256k1 (32 bytes, 1 … n − 1)')
  }
  const secret = privateKey.slice()
  const publicKey = secp256k1.getPublicKey(secret, true)
  return { address: addressOf(publicKey), publicKey, sign: (digest) => schnorr.sign(digest, secret) }
}

/** Verifies one by one in JavaScript; about a thousand a second on a core. Nodes plug a batch verifier instead. */
export const nobleVerifier: SignatureVerifier = {
  verify: (items) =>
    items.map(({ publicKey, digest, signature }) => {
      if (publicKey.length !== 33 || signature.length !== 64) return false
      try {
        return schnorr.verify(signature, digest, publicKey.subarray(1))
      } catch {
        return false
      }
    }),
}

const SIGNING_DOMAIN = Uint8Array.from([...'zos-unit-signature'], (char) => char.charCodeAt(0))

/** What an author signs: BLAKE2b-256 of the domain, the network and the unit's id. */
export function signingDigest(id: UnitId, networkId: number, hash: Hash = blake2b256): Uint8Array {
  const input = new Uint8Array(SIGNING_DOMAIN.length + 36)
  input.set(SIGNING_DOMAIN)
  new DataView(input.buffer).setUint32(SIGNING_DOMAIN.length, networkId)
  input.set(hexToBytes(id), SIGNING_DOMAIN.length + 4)
  return hash(input)
}
