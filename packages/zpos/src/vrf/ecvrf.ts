/** Verifiable random function ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381, cipher suite 3). */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { ZposError } from '../errors.ts'

const { Point } = ed25519
type Point = InstanceType<typeof Point>
const ORDER = Point.Fn.ORDER

const SUITE = 3
const COFACTOR = 8n
/** Γ (32), challenge (16), s (32). */
const PROOF_BYTES = 80
const CHALLENGE_BYTES = 16

function readLittleEndian(bytes: Uint8Array): bigint {
  let number = 0n
  for (let i = bytes.length - 1; i >= 0; i -= 1) number = (number << 8n) | BigInt(bytes[i]!)
  return number
}

function writeLittleEndian(number: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((number >> BigInt(8 * i)) & 255n))
}

/** A point in its one encoding; undefined for anything else (RFC 8032 §5.1.3, with non-canonical forms refused). */
function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes, false)
  } catch {
    return undefined
  }
}

/** RFC 9381 §5.4.1.1: try and increment. */
function encodeToCurve(publicKey: Uint8Array, alpha: Uint8Array): Point {
  for (let counter = 0; counter < 256; counter += 1) {
    const digest = sha512(concatBytes(Uint8Array.of(SUITE, 1), publicKey, alpha, Uint8Array.of(counter, 0)))
    const point = decodePoint(digest.subarray(0, 32))?.multiplyUnsafe(COFACTOR)
    if (point !== undefined && !point.is0()) return point
  }
  throw new ZposError('ZPOS_INVALID_ARGUMENT', 'no point for this input within 256 tries (chance 2^-256)', {})
}

/** RFC 9381 §5.4.3. */
function challenge(...points: readonly Uint8Array[]): bigint {
  const digest = sha512(concatBytes(Uint8Array.of(SUITE, 2), ...points, Uint8Array.of(0)))
  return readLittleEndian(digest.subarray(0, CHALLENGE_BYTES))
}

function outputOf(gamma: Point): Uint8Array {
  return sha512(concatBytes(Uint8Array.of(SUITE, 3), gamma.multiplyUnsafe(COFACTOR).toBytes(), Uint8Array.of(0)))
}

const multiply = (point: Point, scalar: bigint): Point => (scalar === 0n ? Point.ZERO : point.multiplyUnsafe(scalar))

/** The public key (32 bytes) of an Ed25519 secret key. */
export function vrfPublicKey(secretKey: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secretKey)
}

/** The proof (80 bytes) and the output (64 bytes) for `alpha`. Multiplications with the secret are constant time as far as the engine lets them. */
export function vrfProve(secretKey: Uint8Array, alpha: Uint8Array): { proof: Uint8Array; output: Uint8Array } {
  const { scalar, prefix, pointBytes: publicKey } = ed25519.utils.getExtendedPublicKey(secretKey)
  const point = encodeToCurve(publicKey, alpha)
  const pointBytes = point.toBytes()
  const gamma = point.multiply(scalar)
  const nonce = readLittleEndian(sha512(concatBytes(prefix, pointBytes))) % ORDER
  const c = challenge(
    publicKey,
    pointBytes,
    gamma.toBytes(),
    Point.BASE.multiply(nonce).toBytes(),
    point.multiply(nonce).toBytes(),
  )
  const s = (nonce + c * scalar) % ORDER
  const proof = concatBytes(gamma.toBytes(), writeLittleEndian(c, CHALLENGE_BYTES), writeLittleEndian(s, 32))
  return { proof, output: outputOf(gamma) }
}

/**
 * The output that `proof` proves for `alpha`; undefined if it proves nothing. Refuses keys of small order, points not in their
 * one encoding, and s not below the order. Foreign bytes never throw.
 */
export function vrfVerify(publicKey: Uint8Array, alpha: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
  if (publicKey.length !== 32 || proof.length !== PROOF_BYTES) return undefined
  const key = decodePoint(publicKey)
  const gamma = decodePoint(proof.subarray(0, 32))
  if (key === undefined || gamma === undefined || key.isSmallOrder()) return undefined
  const c = readLittleEndian(proof.subarray(32, 48))
  const s = readLittleEndian(proof.subarray(48))
  if (s >= ORDER) return undefined
  const point = encodeToCurve(publicKey, alpha)
  const u = multiply(Point.BASE, s).subtract(multiply(key, c))
  const v = multiply(point, s).subtract(multiply(gamma, c))
  const expected = challenge(publicKey, point.toBytes(), proof.subarray(0, 32), u.toBytes(), v.toBytes())
  return c === expected ? outputOf(gamma) : undefined
}
