/**
 * The one door to cryptography. Three implementations with identical results: `node:crypto` (10× to 60× the others on Node),
 * WebCrypto (browsers), and noble (pure JavaScript, the last resort).
 */

import type { Blake3 } from './blake3.ts'

/** A value now or later: native code answers at once, WebCrypto later. */
export type MaybePromise<T> = T | Promise<T>

/** What the package needs of a cryptographic library. All sizes in bytes. */
export interface CryptoPort {
  readonly name: 'node' | 'webcrypto' | 'noble'
  /** Bytes of the platform's secure generator. */
  randomBytes(length: number): Uint8Array
  sha256(bytes: Uint8Array): MaybePromise<Uint8Array>
  sha512(bytes: Uint8Array): MaybePromise<Uint8Array>
  /** Pure WebAssembly or TypeScript in every implementation: no platform brings it. */
  readonly blake3: Blake3
  hmacSha256(key: Uint8Array, bytes: Uint8Array): MaybePromise<Uint8Array>
  /** AES-256-GCM, 12-byte nonce; the 16-byte tag stands at the end. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): MaybePromise<Uint8Array>
  /** {@link seal} into `target`, {@link TAG_BYTES} longer than `plaintext`: megabytes of fresh memory cost as much as sealing. */
  sealInto(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
    target: Uint8Array,
  ): MaybePromise<void>
  /** The plaintext, or `undefined` when key, nonce, associated data or ciphertext do not belong together. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    associated: Uint8Array,
  ): MaybePromise<Uint8Array | undefined>
}

/** Bytes of an AES-256 key, of a SHA-256 digest and of an X25519 key. */
export const KEY_BYTES = 32
/** Bytes of a GCM nonce. */
export const NONCE_BYTES = 12
/** Bytes that sealing adds. */
export const TAG_BYTES = 16
