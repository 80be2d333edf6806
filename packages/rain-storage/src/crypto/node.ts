/// <reference types="node" />
import { createBlake3 } from './blake3.ts'
import { type CryptoPort, KEY_BYTES, TAG_BYTES } from './port.ts'

type NodeCrypto = typeof import('node:crypto')

/** Ciphertext that is decrypted with one call where the plaintext has its memory: more would be copied out of the cache. */
const OPENED_AT_ONCE = 64 * 1024

/**
 * Gives the memory of a buffer back now. Every call of a cipher allocates; waiting for the collector, a put of 32 MB ran two or three full
 * collections and touched fresh pages all the way, half of its CPU time.
 */
function letGo({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

/** `node:crypto`, given as a module so that this file can be bundled for browsers too. Synchronous. */
export function createNodeCrypto(crypto: NodeCrypto): CryptoPort {
  const bytesOf = (buffer: Buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  const startSeal = (key: Uint8Array, nonce: Uint8Array, associated: Uint8Array) => {
    const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(associated)
    let given: Buffer | undefined
    return {
      push(bytes: Uint8Array) {
        if (given !== undefined) letGo(given)
        given = cipher.update(bytes)
        return bytesOf(given)
      },
      end() {
        if (given !== undefined) letGo(given)
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
    open(key, nonce, sealed, associated, into) {
      if (sealed.length < TAG_BYTES || key.length !== KEY_BYTES) return undefined
      const end = sealed.length - TAG_BYTES
      const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce)
      decipher.setAAD(associated)
      decipher.setAuthTag(sealed.subarray(end))
      let plaintext: Uint8Array
      if (into === undefined || into.length < end) plaintext = bytesOf(decipher.update(sealed.subarray(0, end)))
      else {
        plaintext = into.subarray(0, end)
        for (let at = 0; at < end; at += OPENED_AT_ONCE) {
          const part = decipher.update(sealed.subarray(at, Math.min(end, at + OPENED_AT_ONCE)))
          plaintext.set(part, at)
          letGo(part)
        }
      }
      try {
        decipher.final()
        return plaintext
      } catch {
        into?.fill(0) // it is not authentic, so nobody shall see it
        return undefined // "Unsupported state or unable to authenticate data"
      }
    },
  }
}
