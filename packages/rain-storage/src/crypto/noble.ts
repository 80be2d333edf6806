import { gcm } from '@noble/ciphers/aes.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { randomBytes } from '@noble/hashes/utils.js'
import { createBlake3 } from './blake3.ts'
import type { CryptoPort } from './port.ts'
import { sealWhole } from './seal-whole.ts'

/** Pure JavaScript; runs anywhere with a secure generator. 10× (SHA-256) to 60× (AES-GCM) slower than native code. */
export function createNobleCrypto(): CryptoPort {
  return {
    name: 'noble',
    randomBytes(length) {
      const bytes = new Uint8Array(length)
      // the generator gives at most 64 KiB a call
      for (let i = 0; i < length; i += 65_536) bytes.set(randomBytes(Math.min(65_536, length - i)), i)
      return bytes
    },
    sha256: (bytes) => sha256(bytes),
    sha512: (bytes) => sha512(bytes),
    blake3: createBlake3(),
    hmacSha256: (key, bytes) => hmac(sha256, key, bytes),
    seal: (key, nonce, plaintext, associated) => gcm(key, nonce, associated).encrypt(plaintext),
    startSeal: (key, nonce, associated) => sealWhole((plaintext) => gcm(key, nonce, associated).encrypt(plaintext)),
    open(key, nonce, sealed, associated) {
      try {
        return gcm(key, nonce, associated).decrypt(sealed)
      } catch {
        return undefined // noble throws plain errors for a wrong tag or a short input
      }
    },
  }
}
