/** Signatures good and bad, with the corners of each scheme: what every backend must judge alike. */
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { hexToBytes } from '@noble/hashes/utils.js'
import type { Bip340Item, CompressedKey, EcdsaItem, Ed25519Item, RecoverItem } from '../../src/verify/index.ts'
import { random } from '../random.ts'

const ORDER = secp256k1.Point.Fn.ORDER
const PRIME = secp256k1.Point.Fp.ORDER
const L = ed25519.Point.Fn.ORDER
const { bytes, bigint, below } = random()

const flip = (data: Uint8Array) => {
  const out = Uint8Array.from(data)
  const bit = below(8 * out.length)
  out[bit >> 3]! ^= 1 << (bit & 7)
  return out
}
const be = (x: bigint) => hexToBytes(x.toString(16).padStart(64, '0'))
const le = (x: bigint) => be(x).reverse()

export function bip340Cases(count: number): Bip340Item[] {
  const good = Array.from({ length: count }, (_, i): Bip340Item => {
    const secret = bytes(32)
    const message = bytes([32, 0, 1, 55, 64, 200][i % 6]!)
    const publicKey = schnorr.getPublicKey(secret)
    const signature = schnorr.sign(message, secret, bytes(32))
    if (i % 3 > 0) return { publicKey, message, signature }
    const { x, y } = schnorr.utils.lift_x(secp256k1.Point.Fp.fromBytes(publicKey)).toAffine()
    return { publicKey: Uint8Array.from([...be(x), ...be(y)]), message, signature }
  })
  const [one, two] = good as [Bip340Item, Bip340Item]
  const odd = Uint8Array.from(one.publicKey)
  odd.set(be(PRIME - one.publicKey.subarray(32).reduce((y, byte) => (y << 8n) | BigInt(byte), 0n)), 32)
  const bad: Bip340Item[] = [
    ...good.slice(0, 12).map((item) => ({ ...item, signature: flip(item.signature) })),
    ...good.slice(12, 18).map((item) => ({ ...item, publicKey: flip(item.publicKey) })),
    { ...one, publicKey: odd },
    { ...one, publicKey: new Uint8Array(64) },
    { ...one, publicKey: new Uint8Array(33) },
    { ...one, signature: one.signature.subarray(1) },
    { ...two, publicKey: be(PRIME) },
    { ...two, publicKey: be(PRIME + 1n) },
    // s of the order and above; R.x of the prime and above; nothing at all.
    { ...two, signature: Uint8Array.from([...two.signature.subarray(0, 32), ...be(ORDER)]) },
    { ...two, signature: Uint8Array.from([...be(PRIME), ...two.signature.subarray(32)]) },
    { ...two, signature: new Uint8Array(64) },
    { ...two, signature: new Uint8Array(64).fill(255) },
  ]
  return [...good, ...bad]
}

function recoverable(hash: Uint8Array): EcdsaItem & RecoverItem {
  const secret = secp256k1.Point.Fn.toBytes(1n + (bigint(32) % (ORDER - 1n)))
  const signed = secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' })
  const { r, s, recovery } = secp256k1.Signature.fromBytes(signed, 'recovered')
  return { publicKey: secp256k1.getPublicKey(secret, false).slice(1), hash, r, s, yParity: recovery as 0 | 1 }
}

export function ecdsaCases(count: number): EcdsaItem[] {
  const good = Array.from({ length: count }, (_, i): EcdsaItem => {
    const item = recoverable(i === 0 ? new Uint8Array(32) : i === 1 ? new Uint8Array(32).fill(255) : bytes(32))
    return i % 3 > 0 ? item : { ...item, yParity: undefined }
  })
  const [, one] = good as [EcdsaItem, EcdsaItem]
  return [
    ...good,
    ...good.slice(0, 12).map((item) => ({ ...item, hash: flip(item.hash) })),
    ...good.slice(12, 16).map((item) => ({ ...item, publicKey: flip(item.publicKey) })),
    ...good.slice(16, 20).map((item) => ({ ...item, r: item.r ^ 1n })),
    { ...one, yParity: one.yParity === 0 ? 1 : 0 },
    { ...one, yParity: 2 as 0 },
    { ...one, s: ORDER - one.s },
    { ...one, s: 0n },
    { ...one, r: 0n },
    { ...one, r: ORDER },
    { ...one, r: -1n },
    { ...one, s: 1n << 300n },
    { ...one, publicKey: new Uint8Array(64) },
    { ...one, publicKey: Uint8Array.from([...be(PRIME), ...one.publicKey.subarray(32)]) },
    { ...one, hash: one.hash.subarray(1) },
  ]
}

export function recoverCases(count: number): RecoverItem[] {
  const good = Array.from({ length: count }, () => recoverable(bytes(32)))
  const one = good[0]!
  return [
    ...good.map(({ hash, r, s, yParity }) => ({ hash, r, s, yParity })),
    ...good.slice(0, 8).map(({ hash, r, s, yParity }) => ({ hash: flip(hash), r, s, yParity: (1 - yParity) as 0 | 1 })),
    ...Array.from({ length: 8 }, (_, i) => ({ ...one, r: BigInt(i + 1) })),
    { ...one, s: ORDER - one.s },
    { ...one, yParity: 2 as 0 },
    // R = G and s·R = z·G: the key would be the point at infinity.
    { hash: be(5n), r: secp256k1.Point.BASE.x, s: 5n, yParity: Number(secp256k1.Point.BASE.y & 1n) as 0 | 1 },
  ]
}

export function liftCases(count: number): CompressedKey[] {
  return [
    ...Array.from({ length: count }, (_, i) => ({ x: bytes(32), yParity: (i & 1) as 0 | 1 })),
    { x: be(PRIME), yParity: 0 },
    { x: new Uint8Array(31), yParity: 0 },
    { x: new Uint8Array(32), yParity: 1 },
  ]
}

/** Every encoding of a point of small order, those that are not canonical and both signs of x = 0 included. */
function smallOrder(): Uint8Array[] {
  const prime = 2n ** 255n - 19n
  const encodings = new Map<string, Uint8Array>()
  for (const text of ED25519_TORSION_SUBGROUP) {
    const canonical = hexToBytes(text).reverse()
    canonical[0]! &= 127
    const y = canonical.reduce((x, byte) => (x << 8n) | BigInt(byte), 0n)
    for (const value of [y, y + prime])
      for (const sign of [0, 1]) {
        if (value >= 1n << 255n) continue
        const encoded = le(value)
        encoded[31]! |= sign << 7
        encodings.set(encoded.join(), encoded)
      }
  }
  return [...encodings.values()]
}

export function ed25519Cases(count: number): Ed25519Item[] {
  const good = Array.from({ length: count }, (_, i): Ed25519Item => {
    const secret = bytes(32)
    const message = bytes([32, 0, 1, 111, 112, 300][i % 6]!)
    return { publicKey: ed25519.getPublicKey(secret), message, signature: ed25519.sign(message, secret) }
  })
  const [one] = good as [Ed25519Item]
  const s = one.signature.subarray(32).reduceRight((x, byte) => (x << 8n) | BigInt(byte), 0n)
  const small = smallOrder()
  return [
    ...good,
    ...good.slice(0, 10).map((item) => ({ ...item, signature: flip(item.signature) })),
    ...good.slice(10, 16).map((item) => ({ ...item, publicKey: flip(item.publicKey) })),
    // s above the order; both points of small order, with s = 0: valid by ZIP-215.
    { ...one, signature: Uint8Array.from([...one.signature.subarray(0, 32), ...le(s + L)]) },
    { ...one, signature: one.signature.subarray(1) },
    { ...one, publicKey: new Uint8Array(31) },
    ...small.map((publicKey, i) => ({
      publicKey,
      message: bytes(32),
      signature: Uint8Array.from([...small[(3 * i) % small.length]!, ...new Uint8Array(32)]),
    })),
  ]
}
