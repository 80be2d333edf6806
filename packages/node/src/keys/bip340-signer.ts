/**
 * BIP-340 signing with one key: the key pair is derived once, and the check of the signature that BIP-340 recommends is left to the
 * node's verifier. A signature costs one multiplication of the generator by a secret, and a verification in WebAssembly.
 */
import { randomBytes } from 'node:crypto'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { type Signer, signerFromPrivateKey } from '@zos/dag'
import type { Verifier } from '@zos/pipeline/verify'
import { NodeError } from '../errors.ts'

const { Point } = secp256k1
const { Fn } = Point
const { taggedHash } = schnorr.utils
const COORDINATE_BYTES = 32

/** A signer whose signatures are there at once. */
export interface Bip340Signer extends Signer {
  /** The signature (64 bytes) of a 32-byte digest. `auxiliary`: 32 bytes of BIP-340's auxiliary randomness, fresh ones by default. Errors: `NODE_INVALID_ARGUMENT` for other lengths. */
  sign(digest: Uint8Array, auxiliary?: Uint8Array): Uint8Array
}

/** A signer that holds a 32-byte secret key in memory. Throws `DAG_INVALID_ARGUMENT` for a key outside 1 … n − 1. */
export function bip340Signer(secretKey: Uint8Array, verifier: Pick<Verifier, 'verifyMany'>): Bip340Signer {
  const { address, publicKey } = signerFromPrivateKey(secretKey)
  const x = publicKey.subarray(1)
  const scalar = Fn.fromBytes(secretKey)
  // BIP-340 signs with the key whose point has an even y.
  const secret = publicKey[0] === 2 ? scalar : Fn.neg(scalar)
  const secretBytes = Fn.toBytes(secret)

  return {
    address,
    publicKey,
    sign(digest, auxiliary = randomBytes(COORDINATE_BYTES)) {
      if (digest.length !== COORDINATE_BYTES || auxiliary.length !== COORDINATE_BYTES)
        throw new NodeError('NODE_INVALID_ARGUMENT', 'a digest and auxiliary randomness of 32 bytes are signed with', {
          digest: digest.length,
          auxiliary: auxiliary.length,
        })
      const mask = taggedHash('BIP0340/aux', auxiliary)
      const masked = secretBytes.map((byte, index) => byte ^ mask[index]!)
      const nonce = Fn.create(integer(taggedHash('BIP0340/nonce', masked, x, digest)))
      const point = Point.BASE.multiply(nonce).toBytes(true)
      const commitment = point.subarray(1)
      const challenge = Fn.create(integer(taggedHash('BIP0340/challenge', commitment, x, digest)))
      const signature = new Uint8Array(2 * COORDINATE_BYTES)
      signature.set(commitment)
      signature.set(
        Fn.toBytes(Fn.create((point[0] === 2 ? nonce : Fn.neg(nonce)) + challenge * secret)),
        COORDINATE_BYTES,
      )
      // A fault while signing may tell the key to whoever sees its result.
      const [valid] = verifier.verifyMany('bip340', [{ publicKey: x, message: digest, signature }])
      if (!valid)
        throw new NodeError('NODE_MACHINE_FAULT', 'a signature that was just made does not hold: this machine errs')
      return signature
    },
  }
}

function integer(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}
