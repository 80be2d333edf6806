/** HKDF with SHA-256 (RFC 5869) over the {@link CryptoPort}. */

import { concat } from '../content/bytes.ts'
import { StorageError } from '../errors.ts'
import type { CryptoPort } from './port.ts'

const HASH_BYTES = 32

/** HKDF-Extract. An empty salt stands for 32 zero bytes. */
export async function extract(crypto: CryptoPort, salt: Uint8Array, secret: Uint8Array): Promise<Uint8Array> {
  return crypto.hmacSha256(salt.length === 0 ? new Uint8Array(HASH_BYTES) : salt, secret)
}

/** HKDF-Expand to `length` bytes, at most 8160. */
export async function expand(
  crypto: CryptoPort,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  if (length > 255 * HASH_BYTES)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'HKDF gives at most 8160 bytes', { length })
  const output = new Uint8Array(Math.ceil(length / HASH_BYTES) * HASH_BYTES)
  let block: Uint8Array = new Uint8Array(0)
  for (let i = 0; i * HASH_BYTES < length; i++) {
    block = await crypto.hmacSha256(key, concat([block, info, Uint8Array.of(i + 1)]))
    output.set(block, i * HASH_BYTES)
  }
  return output.subarray(0, length)
}

/** A key of `length` bytes from a secret, bound to `purpose` (ASCII text, a different one for every use). */
export async function deriveKey(
  crypto: CryptoPort,
  secret: Uint8Array,
  purpose: string,
  length = HASH_BYTES,
  salt: Uint8Array = new Uint8Array(0),
): Promise<Uint8Array> {
  return expand(crypto, await extract(crypto, salt, secret), new TextEncoder().encode(purpose), length)
}
