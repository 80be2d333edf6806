import { createBlake3 } from './blake3.ts'
import type { CryptoPort } from './port.ts'
import { sealWhole } from './seal-whole.ts'

/** The `crypto` object of the platform. */
export type WebCrypto = typeof globalThis.crypto
type Source = Uint8Array<ArrayBuffer>

/** WebCrypto of a browser, a worker or Node. Every call is asynchronous. */
export function createWebCrypto(webcrypto: WebCrypto): CryptoPort {
  const { subtle } = webcrypto
  const digest = async (name: string, bytes: Uint8Array) => new Uint8Array(await subtle.digest(name, bytes as Source))
  const aesKey = (key: Uint8Array, usage: 'encrypt' | 'decrypt') =>
    subtle.importKey('raw', key as Source, 'AES-GCM', false, [usage])
  const parameters = (nonce: Uint8Array, associated: Uint8Array) => ({
    name: 'AES-GCM',
    iv: nonce as Source,
    additionalData: associated as Source,
  })
  return {
    name: 'webcrypto',
    randomBytes(length) {
      const bytes = new Uint8Array(length)
      // getRandomValues gives at most 64 KiB a call
      for (let i = 0; i < length; i += 65_536) webcrypto.getRandomValues(bytes.subarray(i, i + 65_536))
      return bytes
    },
    sha256: (bytes) => digest('SHA-256', bytes),
    sha512: (bytes) => digest('SHA-512', bytes),
    blake3: createBlake3(),
    async hmacSha256(key, bytes) {
      const hmac = await subtle.importKey('raw', key as Source, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
      return new Uint8Array(await subtle.sign('HMAC', hmac, bytes as Source))
    },
    async seal(key, nonce, plaintext, associated) {
      const aes = await aesKey(key, 'encrypt')
      return new Uint8Array(await subtle.encrypt(parameters(nonce, associated), aes, plaintext as Source))
    },
    startSeal(key, nonce, associated) {
      return sealWhole((plaintext) => this.seal(key, nonce, plaintext, associated))
    },
    async open(key, nonce, sealed, associated) {
      try {
        const aes = await aesKey(key, 'decrypt')
        return new Uint8Array(await subtle.decrypt(parameters(nonce, associated), aes, sealed as Source))
      } catch {
        return undefined // OperationError: the tag does not fit
      }
    },
  }
}
