import { CdnError } from '../../errors.ts'

/** Signs with one key. Where the key lives is the implementation's affair. */
export interface Signer {
  /** 32 bytes, Ed25519 (RFC 8032). */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** PKCS#8 wrapping of a 32-byte Ed25519 seed (RFC 8410). */
const PKCS8_PREFIX = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]

/**
 * A signer on WebCrypto, which Node and browsers have; the private key cannot be read back from it.
 * @param seed 32 bytes; without it a new key is made
 */
export async function createEd25519Signer(seed?: Uint8Array): Promise<Signer> {
  if (seed && seed.length !== 32)
    throw new CdnError('CDN_INVALID_ARGUMENT', `a seed of ${seed.length} bytes`, { bytes: seed.length })
  const { privateKey, publicKey } = seed ? await fromSeed(seed) : await generated()
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, owned(message))),
  }
}

interface KeyPair {
  readonly privateKey: CryptoKey
  readonly publicKey: Uint8Array
}

async function generated(): Promise<KeyPair> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
  return {
    privateKey: pair.privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
  }
}

async function fromSeed(seed: Uint8Array): Promise<KeyPair> {
  const encoded = owned(Uint8Array.from([...PKCS8_PREFIX, ...seed]))
  // WebCrypto shows a public key only by way of an exportable private one.
  const exportable = await crypto.subtle.importKey('pkcs8', encoded, 'Ed25519', true, ['sign'])
  const { x } = await crypto.subtle.exportKey('jwk', exportable)
  const text = atob(x!.replaceAll('-', '+').replaceAll('_', '/'))
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', encoded, 'Ed25519', false, ['sign']),
    publicKey: Uint8Array.from(text, (character) => character.charCodeAt(0)),
  }
}

/** True when `signature` is that of `message` under `publicKey`. Never throws for foreign bytes. */
export async function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    const key = await crypto.subtle.importKey('raw', owned(publicKey), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, owned(signature), owned(message))
  } catch {
    return false
  }
}

/** WebCrypto's types want bytes that are not shared memory. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>
