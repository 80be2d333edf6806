/** A validator's signing key as the contract knows it: secp256k1, its address as Ethereum derives it, proof of possession. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Address } from '../dag-port.ts'

const POSSESSION_DOMAIN = utf8ToBytes('zos-validator-key')

/** The address of a compressed public key: the last 20 bytes of Keccak-256 of the point. Undefined if it is no key. */
export function keyAddress(publicKey: Uint8Array): Address | undefined {
  try {
    const point = secp256k1.Point.fromBytes(publicKey)
    if (publicKey.length !== 33) return undefined
    return `0x${bytesToHex(keccak_256(point.toBytes(false).subarray(1)).subarray(12))}` as Address
  } catch {
    return undefined
  }
}

/** What a key signs to show that `owner` may register it: nobody can register a key of someone else. */
export function possessionDigest(owner: Address, publicKey: Uint8Array): Uint8Array {
  return blake2b(concatBytes(POSSESSION_DOMAIN, hexToBytes(owner.slice(2)), publicKey), { dkLen: 32 })
}

/** Proves possession of a key (64 bytes, ECDSA). */
export function provePossession(secretKey: Uint8Array, owner: Address): Uint8Array {
  return secp256k1.sign(possessionDigest(owner, secp256k1.getPublicKey(secretKey)), secretKey, { prehash: false })
}

/** True if `proof` shows possession. Foreign bytes never throw. */
export function verifyPossession(owner: Address, publicKey: Uint8Array, proof: Uint8Array): boolean {
  try {
    return secp256k1.verify(proof, possessionDigest(owner, publicKey), publicKey, { prehash: false })
  } catch {
    return false
  }
}
