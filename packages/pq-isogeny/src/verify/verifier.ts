/** The public face of verification: bytes in, a boolean out. */
import { IsogenyError } from '../errors.ts'
import { engineOf } from '../field/backend.ts'
import { lengthsOf, type ParameterSet } from '../params.ts'
import { decodePublicKey, decodeSignature } from './codec.ts'
import { type PreparedKey, prepareKey, verifySignature } from './verify.ts'

/** One signature to check. */
export interface VerifyItem {
  readonly signature: Uint8Array
  readonly message: Uint8Array
  readonly publicKey: Uint8Array
}

/** A public key whose share of the work is done. */
export interface PreparedVerifier {
  readonly publicKey: Uint8Array
  /** @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` when an argument is not a Uint8Array */
  verify(signature: Uint8Array, message: Uint8Array): boolean
}

/** Options of `verify`. SQIsign has no context; any key is rejected so that a typo or a context does not pass unseen. */
export type VerifyOptions = Readonly<Record<never, never>>

/**
 * The verifying half of SQIsign 3.0 at one security level. It sees public data alone, so its timing tells no secret.
 */
export interface Verifier {
  /** The parameter set (`SQIsign_p324_3`), the major version of SQIsign, and the NIST security level. */
  readonly info: { readonly name: string; readonly version: 3; readonly level: 1 | 3 | 5 }
  /** Bytes of keys, signatures and the seeds of `keygen`. */
  readonly lengths: {
    readonly publicKey: number
    readonly secretKey: number
    readonly signature: number
    readonly seed: number
  }
  /**
   * True when `signature` is valid for `message` under `publicKey`. Malformed signatures and keys are invalid, never errors.
   * Level I costs about 5 ms of one core (see docs/measurements.md).
   * @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` when an argument is not a Uint8Array or an option is unknown
   */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array, options?: VerifyOptions): boolean
  /** Whether the key decodes canonically, is not singular and its hint leads to a basis. Does not prove that it was made honestly. */
  validatePublicKey(publicKey: Uint8Array): boolean
  /**
   * Does the work that depends on the key alone, once.
   * @throws {IsogenyError} `ISOGENY_INVALID_KEY` for a key that `validatePublicKey` rejects
   */
  prepare(publicKey: Uint8Array): PreparedVerifier
  /** `verify` for each item, in order; keys that repeat are prepared once. There is no cheaper joint check. */
  verifyBatch(items: readonly VerifyItem[]): boolean[]
}

/** @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` when `value` is not a Uint8Array */
export function requireBytes(value: unknown, name: string): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `${name} must be a Uint8Array, got ${typeof value}`, { name })
}

/** @throws {IsogenyError} `ISOGENY_INVALID_ARGUMENT` for an option that is not in `known` */
export function requireOptions(options: object | undefined, known: readonly string[]): void {
  if (options === undefined) return
  for (const key of Object.keys(options))
    if (!known.includes(key)) {
      const hint = key === 'context' ? '; SQIsign has no context, the hybrid signer has' : ''
      throw new IsogenyError('ISOGENY_INVALID_ARGUMENT', `unknown option '${key}'${hint}`, { key })
    }
}

/** The verifier of a parameter set. */
export function createVerifier(set: ParameterSet): Verifier {
  const prepareBytes = (publicKey: Uint8Array): PreparedKey | undefined => {
    const decoded = decodePublicKey(set, publicKey)
    return decoded && prepareKey(engineOf(set), decoded)
  }
  const check = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array, key: PreparedKey): boolean => {
    const decoded = decodeSignature(set, signature)
    return decoded !== undefined && verifySignature(engineOf(set), decoded, message, key, publicKey)
  }
  return {
    info: { name: `SQIsign_${set.name}`, version: 3, level: set.level },
    lengths: lengthsOf(set),
    verify(signature, message, publicKey, options) {
      requireBytes(signature, 'signature')
      requireBytes(message, 'message')
      requireBytes(publicKey, 'publicKey')
      requireOptions(options, [])
      if (signature.length !== lengthsOf(set).signature) return false
      const key = prepareBytes(publicKey)
      return key !== undefined && check(signature, message, publicKey, key)
    },
    validatePublicKey(publicKey) {
      requireBytes(publicKey, 'publicKey')
      return prepareBytes(publicKey) !== undefined
    },
    prepare(publicKey) {
      requireBytes(publicKey, 'publicKey')
      const own = Uint8Array.from(publicKey)
      const key = prepareBytes(own)
      if (key === undefined)
        throw new IsogenyError('ISOGENY_INVALID_KEY', 'the public key is malformed or singular', { length: own.length })
      return {
        publicKey: own.slice(),
        verify(signature, message) {
          requireBytes(signature, 'signature')
          requireBytes(message, 'message')
          return check(signature, message, own, key)
        },
      }
    },
    verifyBatch(items) {
      const keys = new Map<string, PreparedKey | undefined>()
      return items.map(({ signature, message, publicKey }) => {
        requireBytes(signature, 'signature')
        requireBytes(message, 'message')
        requireBytes(publicKey, 'publicKey')
        const id = publicKey.join()
        if (!keys.has(id)) keys.set(id, prepareBytes(publicKey))
        const key = keys.get(id)
        return key !== undefined && check(signature, message, publicKey, key)
      })
    },
  }
}
