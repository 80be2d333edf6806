/**
 * The one door to cryptography. Three implementations with identical results: `node:crypto` (10× to 60× the others on Node),
 * WebCrypto (browsers), and noble (pure JavaScript, the last resort).
 */

import type { Blake3 } from './blake3.ts'

/** A value now or later: native code answers at once, WebCrypto later. */
export type MaybePromise<T> = T | Promise<T>

/** A plaintext on its way: what comes out, in order, is what {@link CryptoPort.seal} gives for the whole. */
export interface Sealing {
  /** Takes the next bytes, which may be used again afterwards; gives the ciphertext that is ready, perhaps none. It holds until the next call. */
  push(bytes: Uint8Array): Uint8Array
  /** The rest of the ciphertext, and the tag. */
  end(): MaybePromise<Uint8Array>
}

/** What the package needs of a cryptographic library. All sizes in bytes. */
export interface CryptoPort {
  readonly name: 'node' | 'webcrypto' | 'noble'
  /** Bytes of the platform's secure generator. */
  randomBytes(length: number): Uint8Array
  sha256(bytes: Uint8Array): MaybePromise<Uint8Array>
  sha512(bytes: Uint8Array): MaybePromise<Uint8Array>
  /** Pure WebAssembly or TypeScript in every implementation: no platform brings it. */
  readonly blake3: Blake3
  /** HMAC (RFC 2104) with SHA-256: 32 bytes. */
  hmacSha256(key: Uint8Array, bytes: Uint8Array): MaybePromise<Uint8Array>
  /** AES-256-GCM, 12-byte nonce; the 16-byte tag stands at the end. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): MaybePromise<Uint8Array>
  /** {@link seal} of a plaintext that comes in pieces. */
  startSeal(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array): Sealing
  /**
   * The plaintext, or `undefined` when key, nonce, associated data or ciphertext do not belong together. It may be made in the memory of `into`, when it
   * fits: `sealed` itself will do. Nothing of it stands there when the answer is `undefined`.
   */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    associated: Uint8Array,
    into?: Uint8Array,
  ): MaybePromise<Uint8Array | undefined>
}

/** Bytes of an AES-256 key, of a SHA-256 digest and of an X25519 key. */
export const KEY_BYTES = 32
/** Bytes of a GCM nonce. */
export const NONCE_BYTES = 12
/** Bytes that sealing adds. */
export const TAG_BYTES = 16
