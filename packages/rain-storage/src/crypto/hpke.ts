/**
 * Hybrid public key encryption, RFC 9180, base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
 * It wraps file keys for readers.
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { concat } from '../content/bytes.ts'
import { StorageError } from '../errors.ts'
import { expand, extract } from './hkdf.ts'
import { type CryptoPort, KEY_BYTES, NONCE_BYTES } from './port.ts'

const ascii = (text: string) => new TextEncoder().encode(text)
const KEM = concat([ascii('KEM'), Uint8Array.of(0x00, 0x20)])
const SUITE = concat([ascii('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x02)])
const NOTHING = new Uint8Array(0)

/** An X25519 key pair. */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** The public key of a secret key of 32 bytes. */
export function keyPairOf(secretKey: Uint8Array): KeyPair {
  return { secretKey, publicKey: x25519.getPublicKey(secretKey) }
}

async function labeledExtract(
  crypto: CryptoPort,
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  secret: Uint8Array,
): Promise<Uint8Array> {
  return extract(crypto, salt, concat([ascii('HPKE-v1'), suite, ascii(label), secret]))
}

async function labeledExpand(
  crypto: CryptoPort,
  suite: Uint8Array,
  key: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const head = Uint8Array.of(length >> 8, length & 255)
  return expand(crypto, key, concat([head, ascii('HPKE-v1'), suite, ascii(label), info]), length)
}

/** The KEM's shared secret; the same on both sides. @internal */
export async function sharedSecret(
  crypto: CryptoPort,
  secretKey: Uint8Array,
  publicKey: Uint8Array,
  encapsulated: Uint8Array,
  receiver: Uint8Array,
): Promise<Uint8Array> {
  let dh: Uint8Array
  try {
    dh = x25519.getSharedSecret(secretKey, publicKey)
  } catch (cause) {
    // noble refuses a low-order point, whose shared secret would be zero
    throw new StorageError('STORAGE_UNAUTHENTIC', 'The public key is not a usable X25519 key', {}, { cause })
  }
  const key = await labeledExtract(crypto, KEM, NOTHING, 'eae_prk', dh)
  return labeledExpand(crypto, KEM, key, 'shared_secret', concat([encapsulated, receiver]), KEY_BYTES)
}

async function keySchedule(
  crypto: CryptoPort,
  shared: Uint8Array,
  info: Uint8Array,
): Promise<{ key: Uint8Array; nonce: Uint8Array }> {
  const context = concat([
    Uint8Array.of(0),
    await labeledExtract(crypto, SUITE, NOTHING, 'psk_id_hash', NOTHING),
    await labeledExtract(crypto, SUITE, NOTHING, 'info_hash', info),
  ])
  const secret = await labeledExtract(crypto, SUITE, shared, 'secret', NOTHING)
  return {
    key: await labeledExpand(crypto, SUITE, secret, 'key', context, KEY_BYTES),
    nonce: await labeledExpand(crypto, SUITE, secret, 'base_nonce', context, NONCE_BYTES),
  }
}

/** Seals `plaintext` so that only the holder of the key behind `receiver` opens it; 48 bytes longer. */
export async function wrapFor(
  crypto: CryptoPort,
  receiver: Uint8Array,
  plaintext: Uint8Array,
  info: Uint8Array,
): Promise<Uint8Array> {
  const ephemeral = keyPairOf(crypto.randomBytes(KEY_BYTES))
  const shared = await sharedSecret(crypto, ephemeral.secretKey, receiver, ephemeral.publicKey, receiver)
  const { key, nonce } = await keySchedule(crypto, shared, info)
  return concat([ephemeral.publicKey, await crypto.seal(key, nonce, plaintext, NOTHING)])
}

/**
 * Opens what {@link wrapFor} sealed.
 * @throws StorageError `STORAGE_UNAUTHENTIC` for another key, other `info` or altered bytes
 */
export async function unwrap(
  crypto: CryptoPort,
  receiver: KeyPair,
  wrapped: Uint8Array,
  info: Uint8Array,
): Promise<Uint8Array> {
  const encapsulated = wrapped.subarray(0, KEY_BYTES)
  if (encapsulated.length === KEY_BYTES) {
    const shared = await sharedSecret(crypto, receiver.secretKey, encapsulated, encapsulated, receiver.publicKey)
    const { key, nonce } = await keySchedule(crypto, shared, info)
    const plaintext = await crypto.open(key, nonce, wrapped.subarray(KEY_BYTES), NOTHING)
    if (plaintext !== undefined) return plaintext
  }
  throw new StorageError('STORAGE_UNAUTHENTIC', 'The wrapped key is not for this reader, or was altered')
}
