/** The public face of key generation and signing. */
import { shake256 } from '@noble/hashes/sha3.js'
import { randomBytes } from '@noble/hashes/utils.js'
import { IsogenyError } from '../errors.ts'
import { engineOf } from '../field/backend.ts'
import { lengthsOf, type ParameterSet } from '../params.ts'
import { SEED_BYTES } from '../quaternion/random.ts'
import { encodePublicKey, encodeSignature } from '../verify/codec.ts'
import { createVerifier, requireBytes, requireOptions, type Verifier } from '../verify/verifier.ts'
import { decodeSecretKey, encodeSecretKey, generateKey, type SecretKey } from './keygen.ts'
import { signMessage } from './sign.ts'

/**
 * A key pair as bytes of fixed length, see `lengths` of the scheme that made it. A SQIsign secret key begins with its
 * public key.
 */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** Where the randomness of a signature comes from. */
export interface SignOptions {
  /**
   * 48 bytes of randomness for this signature; `false` derives them from the secret key and the message (our derivation, not
   * part of the specification). Absent: the platform's generator. Two messages must never share 48 bytes.
   */
  readonly extraEntropy?: Uint8Array | false
}

/**
 * SQIsign 3.0 (NIST round 3) at one security level: keys, signatures and their checks. `sqisign1`, `sqisign3` and
 * `sqisign5` are the three; a page that only verifies takes a {@link Verifier} instead.
 */
export interface Signer extends Verifier {
  /** Bytes of keys, signatures and seeds; `signRand` is what `extraEntropy` takes: 48. */
  readonly lengths: Verifier['lengths'] & { readonly signRand: number }
  /**
   * A key pair, about 50 ms at level I.
   * @param seed 48 bytes for a reproducible key; absent: the platform's generator
   * @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` for another length
   */
  keygen(seed?: Uint8Array): KeyPair
  /**
   * The public key inside a secret one.
   * @throws {IsogenyError} `ISOGENY_INVALID_KEY` for a secret key that `validateSecretKey` rejects
   */
  getPublicKey(secretKey: Uint8Array): Uint8Array
  /**
   * Signs, about 100 ms at level I, and checks the signature before it is returned. Not constant time: see docs/security.md.
   * @throws {IsogenyError} `ISOGENY_INVALID_KEY`, `ISOGENY_INVALID_ARGUMENT`; `ISOGENY_INTERNAL` with negligible probability
   */
  sign(message: Uint8Array, secretKey: Uint8Array, options?: SignOptions): Uint8Array
  /** Whether the key decodes and its ideal is one. */
  validateSecretKey(secretKey: Uint8Array): boolean
}

const DETERMINISTIC_LABEL = new TextEncoder().encode('zos/sqisign/deterministic/1')

/** The signer of a parameter set. */
export function createSigner(set: ParameterSet): Signer {
  const verifier = createVerifier(set)
  const lengths = { ...lengthsOf(set), signRand: SEED_BYTES }
  const decode = (secretKey: Uint8Array): SecretKey => {
    requireBytes(secretKey, 'secretKey')
    const sk = decodeSecretKey(set, secretKey)
    if (sk === undefined)
      throw new IsogenyError('ISOGENY_INVALID_KEY', 'the secret key is malformed', { length: secretKey.length })
    return sk
  }
  const requireSeed = (seed: unknown, name: string): Uint8Array => {
    requireBytes(seed, name)
    if (seed.length !== SEED_BYTES)
      throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `${name} must be ${SEED_BYTES} bytes`, { length: seed.length })
    return Uint8Array.from(seed)
  }
  const entropyFor = (options: SignOptions, secretKey: Uint8Array, message: Uint8Array): Uint8Array => {
    const { extraEntropy } = options
    if (extraEntropy === undefined) return randomBytes(SEED_BYTES)
    if (extraEntropy !== false) return requireSeed(extraEntropy, 'extraEntropy')
    const hash = shake256.create({ dkLen: SEED_BYTES }).update(DETERMINISTIC_LABEL)
    return hash.update(secretKey).update(message).digest()
  }
  return {
    ...verifier,
    lengths,
    keygen(seed) {
      const own = seed === undefined ? randomBytes(SEED_BYTES) : requireSeed(seed, 'seed')
      try {
        const sk = generateKey(engineOf(set), own)
        return { publicKey: encodePublicKey(set, sk.publicKey), secretKey: encodeSecretKey(set, sk) }
      } finally {
        own.fill(0)
      }
    },
    getPublicKey: (secretKey) => encodePublicKey(set, decode(secretKey).publicKey),
    validateSecretKey(secretKey) {
      requireBytes(secretKey, 'secretKey')
      return decodeSecretKey(set, secretKey) !== undefined
    },
    sign(message, secretKey, options = {}) {
      requireBytes(message, 'message')
      requireOptions(options, ['extraEntropy'])
      const sk = decode(secretKey)
      const seed = entropyFor(options, secretKey, message)
      try {
        const signature = encodeSignature(set, signMessage(engineOf(set), sk, message, seed))
        // A faulty signature could give the secret away, so none leaves unchecked.
        if (!verifier.verify(signature, message, secretKey.subarray(0, lengths.publicKey)))
          throw new IsogenyError('ISOGENY_INTERNAL', 'a signature failed its own check')
        return signature
      } finally {
        seed.fill(0)
      }
    },
  }
}
