import { ed25519 } from '@noble/curves/ed25519.js'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak256 } from '../hash/keccak.ts'
import type {
  Bip340Item,
  CompressedKey,
  EcdsaItem,
  Ed25519Item,
  FullKey,
  RecoverItem,
  Scheme,
  SchemeItems,
  Verifier,
} from './port.ts'

/**
 * The reference backend on `@noble/curves`: runs everywhere and is what the others are compared with.
 * Cost: about 2 ms a signature; no batch equation.
 */
export function nobleVerifier(): Verifier {
  const verifyMany = <S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): boolean[] => {
    const check = checks[scheme] as (item: SchemeItems[S]) => boolean
    return items.map(check)
  }
  const recoverPublicKeys = (items: readonly RecoverItem[]) => items.map(recover)
  return {
    backend: 'noble',
    verifyMany,
    verifyBatch: (scheme, items) => verifyMany(scheme, items).every(Boolean),
    recoverPublicKeys,
    liftMany: (keys) => keys.map(lift),
    recoverMany: (items) => recoverPublicKeys(items).map((key) => key && keccak256(key).slice(12)),
  }
}

const checks = { bip340, ecdsa, ed25519: ed25519Zip215 }
const { Point } = secp256k1
const ORDER = Point.Fn.ORDER

function bip340({ publicKey, message, signature }: Bip340Item): boolean {
  if (signature.length !== 64) return false
  if (publicKey.length === 64) {
    const full = new Uint8Array(65)
    full[0] = 4
    full.set(publicKey, 1)
    if (publicKey[63]! & 1 || !secp256k1.utils.isValidPublicKey(full, false)) return false
  } else if (publicKey.length !== 32) return false
  return schnorr.verify(signature, message, publicKey.subarray(0, 32))
}

function ecdsa({ publicKey, hash, r, s, yParity }: EcdsaItem): boolean {
  if (publicKey.length !== 64 || hash.length !== 32 || !inRange(r, s)) return false
  const key = new Uint8Array(65)
  key[0] = 4
  key.set(publicKey, 1)
  if (!secp256k1.utils.isValidPublicKey(key, false)) return false
  if (yParity !== undefined) {
    const recovered = recover({ hash, r, s, yParity })
    return recovered?.every((byte, i) => byte === publicKey[i]) ?? false
  }
  const signature = new secp256k1.Signature(r, s).toBytes()
  return secp256k1.verify(signature, hash, key, { prehash: false, lowS: true })
}

function ed25519Zip215({ publicKey, message, signature }: Ed25519Item): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  return ed25519.verify(signature, message, publicKey, { zip215: true })
}

/** SEC 1 §4.1.6 with j = 0: R.x = r. */
function recover({ hash, r, s, yParity }: RecoverItem): Uint8Array | null {
  if (hash.length !== 32 || !inRange(r, s) || (yParity !== 0 && yParity !== 1)) return null
  try {
    const signature = new secp256k1.Signature(r, s, yParity)
    return signature.recoverPublicKey(hash).toBytes(false).slice(1)
  } catch {
    return null // R is not on the curve, or the key would be the point at infinity
  }
}

function lift({ x, yParity }: CompressedKey): FullKey | null {
  if (x.length !== 32 || (yParity !== 0 && yParity !== 1)) return null
  try {
    const publicKey = Point.fromBytes(Uint8Array.from([2 + yParity, ...x]))
      .toBytes(false)
      .slice(1)
    return { publicKey, address: keccak256(publicKey).slice(12) }
  } catch {
    return null
  }
}

function inRange(r: bigint, s: bigint): boolean {
  return r > 0n && r < ORDER && s > 0n && s <= ORDER >> 1n
}
