/// <reference types="node" />
import { createBlake3 } from './blake3.ts'
import { type CryptoPort, KEY_BYTES, TAG_BYTES } from './port.ts'

type NodeCrypto = typeof import('node:crypto')

/** `node:crypto`, given as a module so that this file can be bundled for browsers too. Synchronous. */
export function createNodeCrypto(crypto: NodeCrypto): CryptoPort {
  const bytesOf = (buffer: Buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  const startSeal = (key: Uint8Array, nonce: Uint8Array, associated: Uint8Array) => {
    const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(associated)
    return {
      push: (bytes: Uint8Array) => bytesOf(cipher.update(bytes)),
      end() {
        cipher.final()
        return bytesOf(cipher.getAuthTag())
      },
    }
  }
  return {
    name: 'node',
    randomBytes: (length) => bytesOf(crypto.randomBytes(length)),
    sha256: (bytes) => bytesOf(crypto.hash('sha256', bytes, 'buffer')),
    sha512: (bytes) => bytesOf(crypto.hash('sha512', bytes, 'buffer')),
    blake3: createBlake3(),
    hmacSha256: (key, bytes) => bytesOf(crypto.createHmac('sha256', key).update(bytes).digest()),
    startSeal,
    seal(key, nonce, plaintext, associated) {
      const sealed = new Uint8Array(plaintext.length + TAG_BYTES)
      const sealing = startSeal(key, nonce, associated)
      sealed.set(sealing.push(plaintext))
      sealed.set(sealing.end(), plaintext.length)
      return sealed
    },
    open(key, nonce, sealed, associated) {
      if (sealed.length < TAG_BYTES || key.length !== KEY_BYTES) return undefined
      const end = sealed.length - TAG_BYTES
      const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce)
      decipher.setAAD(associated)
      decipher.setAuthTag(sealed.subarray(end))
      const plaintext = decipher.update(sealed.subarray(0, end))
      try {
        decipher.final()
        return bytesOf(plaintext)
      } catch {
        return undefined // "Unsupported state or unable to authenticate data"
      }
    },
  }
}
