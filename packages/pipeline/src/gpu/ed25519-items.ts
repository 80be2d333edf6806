/** What the GPU is asked about Ed25519 signatures: s and k = SHA-512(R ‖ A ‖ M) modulo the order are worked out here. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import type { Ed25519Item } from '../verify/port.ts'
import { ed25519Kernel } from './ed25519-wgsl.ts'
import { fromLittleEndian, putLittleEndian, putNumber } from './items.ts'

const ORDER = ed25519.Point.Fn.ORDER

export function askEd25519(items: readonly Ed25519Item[]): Uint32Array<ArrayBuffer> {
  const { itemWords } = ed25519Kernel
  const words = new Uint32Array(items.length * itemWords)
  items.forEach(({ publicKey, message, signature }, i) => {
    const at = i * itemWords
    words[at + 32] = 1
    if (publicKey.length !== 32 || signature.length !== 64) return
    const s = fromLittleEndian(signature.subarray(32))
    if (s >= ORDER) return
    putLittleEndian(words, at, publicKey)
    putLittleEndian(words, at + 8, signature.subarray(0, 32))
    putNumber(words, at + 16, s)
    const hash = sha512.create().update(signature.subarray(0, 32)).update(publicKey).update(message).digest()
    putNumber(words, at + 24, fromLittleEndian(hash) % ORDER)
    words[at + 32] = 0
  })
  return words
}
