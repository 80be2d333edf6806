// Peers for the verification benches, through createRequire: native addons, development only.
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { perCpuSecond } from './measure.ts'

const require = createRequire(import.meta.url)

interface NativeSecp256k1 {
  publicKeyCreate(secret: Uint8Array): Uint8Array
  ecdsaSign(hash: Uint8Array, secret: Uint8Array): { signature: Uint8Array; recid: number }
  ecdsaVerify(signature: Uint8Array, hash: Uint8Array, key: Uint8Array): boolean
  ecdsaRecover(signature: Uint8Array, recid: number, hash: Uint8Array, compressed: boolean): Uint8Array
}

/** Verifications (or recoveries) a CPU-second of the `secp256k1` addon (libsecp256k1). */
export function nativeEcdsa(seconds: number, operation: 'verify' | 'recover' = 'verify'): number {
  const secp256k1 = require('secp256k1/bindings.js') as NativeSecp256k1
  const items = Array.from({ length: 64 }, () => {
    const secret = new Uint8Array(randomBytes(32))
    const hash = new Uint8Array(randomBytes(32))
    return { hash, key: secp256k1.publicKeyCreate(secret), ...secp256k1.ecdsaSign(hash, secret) }
  })
  return perCpuSecond(
    64,
    () => {
      for (const { hash, key, signature, recid } of items) {
        if (operation === 'verify') {
          if (!secp256k1.ecdsaVerify(signature, hash, key)) throw new Error('native verification failed')
        } else if (secp256k1.ecdsaRecover(signature, recid, hash, false).length !== 65)
          throw new Error('native recovery failed')
      }
    },
    seconds,
  )
}

interface NativeSodium {
  crypto_sign_verify_detached(signature: Buffer, message: Buffer, key: Buffer): boolean
}

/** Ed25519 verifications a CPU-second of `sodium-native` (libsodium). */
export function nativeEd25519(
  items: readonly { publicKey: Uint8Array; message: Uint8Array; signature: Uint8Array }[],
  seconds: number,
): number {
  const sodium = require('sodium-native') as NativeSodium
  const buffers = items.map(
    (item) => [Buffer.from(item.signature), Buffer.from(item.message), Buffer.from(item.publicKey)] as const,
  )
  return perCpuSecond(
    items.length,
    () => {
      for (const [signature, message, key] of buffers)
        if (!sodium.crypto_sign_verify_detached(signature, message, key)) throw new Error('native verification failed')
    },
    seconds,
  )
}
