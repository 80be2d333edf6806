/**
 * Hybrid signatures: a classical scheme and SQIsign over one message representative; both must verify. Keys and signatures
 * are concatenations of fixed lengths, as in the composite signatures of IETF LAMPS.
 *
 * Representative: "zos/hybrid/1" ‖ len(suite) ‖ suite ‖ len(label) ‖ label ‖ len(context) ‖ context ‖ message, lengths one
 * byte each. It binds the suite, so that neither half is valid alone or in another suite.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concatBytes, randomBytes } from '@noble/hashes/utils.js'
import { IsogenyError } from './errors.ts'
import type { KeyPair, Signer } from './signing/signer.ts'
import { requireBytes, requireOptions, type Verifier } from './verify/verifier.ts'

/** The classical half. Signatures of fixed length over the whole message. */
export interface ClassicalScheme {
  readonly name: 'ed25519' | 'secp256k1'
  readonly lengths: {
    readonly publicKey: number
    readonly secretKey: number
    readonly signature: number
    readonly seed: number
  }
  keygen(seed: Uint8Array): KeyPair
  sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

/** False where noble throws on malformed input: checking foreign data has no exceptions. */
function quietly(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

/** Ed25519, strict (RFC 8032 verification without the ZIP-215 tolerance). */
export const classicalEd25519: ClassicalScheme = {
  name: 'ed25519',
  lengths: { publicKey: 32, secretKey: 32, signature: 64, seed: 32 },
  keygen: (seed) => ({ secretKey: Uint8Array.from(seed), publicKey: ed25519.getPublicKey(seed) }),
  sign: (message, secretKey) => ed25519.sign(message, secretKey),
  verify: (signature, message, publicKey) =>
    quietly(() => ed25519.verify(signature, message, publicKey, { zip215: false })),
}

/** ECDSA on secp256k1 over SHA-256, deterministic (RFC 6979), low s, compact signatures, compressed keys. */
export const classicalSecp256k1: ClassicalScheme = {
  name: 'secp256k1',
  lengths: { publicKey: 33, secretKey: 32, signature: 64, seed: 48 },
  keygen(seed) {
    const secretKey = secp256k1.utils.randomSecretKey(seed)
    return { secretKey, publicKey: secp256k1.getPublicKey(secretKey, true) }
  },
  sign: (message, secretKey) => secp256k1.sign(message, secretKey, { lowS: true }),
  verify: (signature, message, publicKey) =>
    quietly(() => secp256k1.verify(signature, message, publicKey, { lowS: true })),
}

/** What a hybrid signature covers beside its message. */
export interface HybridOptions {
  /** Up to 255 bytes that both halves cover; verification needs the same. */
  readonly context?: Uint8Array
}

/** What a hybrid signature covers beside its message, and where the randomness of its SQIsign half comes from. */
export interface HybridSignOptions extends HybridOptions {
  /** As for SQIsign: 48 bytes, or `false` for a derived value. */
  readonly extraEntropy?: Uint8Array | false
}

/**
 * The verifying half of a hybrid scheme: valid while either of its two schemes holds, because both must verify. Made by
 * {@link hybridVerifier} for one suite and label.
 */
export interface HybridVerifier {
  /** For example "ed25519+SQIsign_p324_3". */
  readonly suite: string
  /** Bytes of keys, signatures and seeds: of the two halves together, the classical one first. */
  readonly lengths: {
    readonly publicKey: number
    readonly secretKey: number
    readonly signature: number
    readonly seed: number
  }
  /**
   * True when both halves are valid.
   * @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` when an argument is not bytes, or an option is unknown
   */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array, options?: HybridOptions): boolean
}

/**
 * A hybrid scheme with its secret half, made by {@link hybridSigner}. A signature costs about what SQIsign's does, 100
 * ms at level I; the classical one hardly adds to it.
 */
export interface HybridSigner extends HybridVerifier {
  /**
   * A key pair of both schemes.
   * @param seed as many bytes as `lengths.seed`; absent: the platform's generator
   * @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` for another length
   */
  keygen(seed?: Uint8Array): KeyPair
  /**
   * Signs with both keys.
   * @throws {IsogenyError} `ISOGENY_INVALID_KEY`, `ISOGENY_INVALID_ARGUMENT`
   */
  sign(message: Uint8Array, secretKey: Uint8Array, options?: HybridSignOptions): Uint8Array
  /**
   * The public keys of both halves.
   * @throws {IsogenyError} `ISOGENY_INVALID_KEY`
   */
  getPublicKey(secretKey: Uint8Array): Uint8Array
}

const DOMAIN = new TextEncoder().encode('zos/hybrid/1')

function field(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.length > 255)
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `${name} is longer than 255 bytes`, { length: bytes.length })
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}

function representative(suite: string, label: Uint8Array, context: Uint8Array, message: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(suite)
  return concatBytes(DOMAIN, field(name, 'suite'), field(label, 'label'), field(context, 'context'), message)
}

/**
 * The verifying half of a hybrid scheme; pass a `Verifier` of `sqisign.verify.js` to leave the quaternions out of a bundle.
 * @param label what the signatures are for, up to 255 bytes of UTF-8; signatures under different labels do not mix
 */
export function hybridVerifier(classical: ClassicalScheme, isogeny: Verifier, label: string): HybridVerifier {
  const suite = `${classical.name}+${isogeny.info.name}`
  const tag = new TextEncoder().encode(label)
  field(tag, 'label')
  const lengths = {
    publicKey: classical.lengths.publicKey + isogeny.lengths.publicKey,
    secretKey: classical.lengths.secretKey + isogeny.lengths.secretKey,
    signature: classical.lengths.signature + isogeny.lengths.signature,
    seed: classical.lengths.seed + isogeny.lengths.seed,
  }
  return {
    suite,
    lengths,
    verify(signature, message, publicKey, options = {}) {
      requireBytes(signature, 'signature')
      requireBytes(message, 'message')
      requireBytes(publicKey, 'publicKey')
      requireOptions(options, ['context'])
      const context = options.context ?? new Uint8Array(0)
      requireBytes(context, 'context')
      const m = representative(suite, tag, context, message)
      if (signature.length !== lengths.signature || publicKey.length !== lengths.publicKey) return false
      const { signature: s, publicKey: k } = classical.lengths
      // The cheap half first; both must hold.
      return (
        classical.verify(signature.subarray(0, s), m, publicKey.subarray(0, k)) &&
        isogeny.verify(signature.subarray(s), m, publicKey.subarray(k))
      )
    },
  }
}

/** A hybrid signer: `hybridSigner(classicalEd25519, sqisign1, 'zos/node')`. Keys of 115, signatures of 264 bytes. */
export function hybridSigner(classical: ClassicalScheme, isogeny: Signer, label: string): HybridSigner {
  const verifier = hybridVerifier(classical, isogeny, label)
  const { lengths, suite } = verifier
  const tag = new TextEncoder().encode(label)
  const halves = (secretKey: Uint8Array): [Uint8Array, Uint8Array] => {
    requireBytes(secretKey, 'secretKey')
    if (secretKey.length !== lengths.secretKey)
      throw new IsogenyError('ISOGENY_INVALID_KEY', `a secret key of ${suite} has ${lengths.secretKey} bytes`, {
        length: secretKey.length,
      })
    const n = classical.lengths.secretKey
    return [secretKey.subarray(0, n), secretKey.subarray(n)]
  }
  return {
    ...verifier,
    keygen(seed = randomBytes(lengths.seed)) {
      requireBytes(seed, 'seed')
      if (seed.length !== lengths.seed)
        throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `seed must be ${lengths.seed} bytes`, {
          length: seed.length,
        })
      const a = classical.keygen(seed.slice(0, classical.lengths.seed))
      const b = isogeny.keygen(seed.subarray(classical.lengths.seed))
      return {
        publicKey: concatBytes(a.publicKey, b.publicKey),
        secretKey: concatBytes(a.secretKey, b.secretKey),
      }
    },
    getPublicKey(secretKey) {
      const [a, b] = halves(secretKey)
      const classicalKey = classical.name === 'ed25519' ? ed25519.getPublicKey(a) : secp256k1.getPublicKey(a, true)
      return concatBytes(classicalKey, isogeny.getPublicKey(b))
    },
    sign(message, secretKey, options = {}) {
      requireBytes(message, 'message')
      requireOptions(options, ['context', 'extraEntropy'])
      const context = options.context ?? new Uint8Array(0)
      requireBytes(context, 'context')
      const [a, b] = halves(secretKey)
      const m = representative(suite, tag, context, message)
      const { extraEntropy } = options
      const isogenySignature = isogeny.sign(m, b, extraEntropy === undefined ? {} : { extraEntropy })
      return concatBytes(classical.sign(m, a), isogenySignature)
    },
  }
}
