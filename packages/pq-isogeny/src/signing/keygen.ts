/** Key generation, and the wire format of secret keys. */
import { basisToHint } from '../curve/basis.ts'
import type { Fp2Engine } from '../field/engine.ts'
import { EXTRA_TORSION, lengthsOf, type ParameterSet } from '../params.ts'
import { type Ideal, randomIdeal, smallEquivalent } from '../quaternion/ideal.ts'
import { mod } from '../quaternion/integers.ts'
import { type Matrix2, quaternionParameters } from '../quaternion/parameters.ts'
import { randomStreams } from '../quaternion/random.ts'
import { bytesToInteger, decodePublicKey, encodePublicKey, integerToBytes, type PublicKey } from '../verify/codec.ts'
import { coordinatesInBasis } from './pairing.ts'
import { idealToIsogeny, normaliseMatrix } from './translate.ts'

export interface SecretKey {
  readonly publicKey: PublicKey
  /** Secret ideal, of prime norm. */
  readonly ideal: Ideal
  /** From the canonical basis of the public curve to the image of that of E0, modulo 2^λ. */
  readonly matrix: Matrix2
}

/** @param seed 48 bytes; the same seed gives the same key as the reference */
export function generateKey(F: Fp2Engine, seed: Uint8Array): SecretKey {
  const { set } = F
  const q = quaternionParameters(set)
  const streams = randomStreams(seed)
  const mark = F.mark()
  try {
    const large = randomIdeal(q, q.mixingDegree, streams.key, streams.byDefault)
    const { ideal } = smallEquivalent(q, large, 'prime', streams.key, streams.byDefault)
    const E = F.alloc(2)
    const image = F.alloc(6)
    const canonical = F.alloc(6)
    idealToIsogeny(F, q, E, image, ideal, streams.byDefault)
    const order = set.challengeBits + EXTRA_TORSION
    const hint = basisToHint(F, canonical, E, order)
    const [r1, r2, s1, s2] = coordinatesInBasis(F, E, image, canonical, order)
    const m = 1n << BigInt(set.challengeBits)
    const matrix = normaliseMatrix(
      [
        [mod(r1, m), mod(s1, m)],
        [mod(r2, m), mod(s2, m)],
      ],
      set.challengeBits,
    )
    return { publicKey: { A: F.read(E), hint }, ideal, matrix }
  } finally {
    F.release(mark)
    streams.destroy()
  }
}

/** public key ‖ N ‖ x ‖ y ‖ m00 ‖ m01 ‖ m10 ‖ m11. */
export function encodeSecretKey(set: ParameterSet, sk: SecretKey): Uint8Array {
  const out = new Uint8Array(lengthsOf(set).secretKey)
  const pk = encodePublicKey(set, sk.publicKey)
  out.set(pk)
  let at = pk.length
  const put = (n: bigint, length: number): void => {
    out.set(integerToBytes(n, length), at)
    at += length
  }
  for (const n of [sk.ideal.norm, sk.ideal.x, sk.ideal.y]) put(n, set.fpBytes)
  for (const n of sk.matrix.flat()) put(n, set.challengeBits / 8)
  return out
}

/** @returns undefined for a wrong length, a malformed public part, or numbers out of range */
export function decodeSecretKey(set: ParameterSet, bytes: Uint8Array): SecretKey | undefined {
  const lengths = lengthsOf(set)
  if (bytes.length !== lengths.secretKey) return undefined
  const publicKey = decodePublicKey(set, bytes.subarray(0, lengths.publicKey))
  if (publicKey === undefined) return undefined
  let at = lengths.publicKey
  const take = (length: number): bigint => {
    at += length
    return bytesToInteger(bytes.subarray(at - length, at))
  }
  const [norm, x, y] = [take(set.fpBytes), take(set.fpBytes), take(set.fpBytes)]
  const n = set.challengeBits / 8
  const matrix: Matrix2 = [
    [take(n), take(n)],
    [take(n), take(n)],
  ]
  const det = matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]
  // 4x² + (2y + 1)² + p ≡ 0 (mod 4N): what makes (N, x, y) an ideal.
  const form = 4n * x * x + (2n * y + 1n) ** 2n + set.p
  if ((norm & 1n) === 0n || x >= norm || y >= norm || form % (4n * norm) !== 0n || (det & 1n) === 0n) return undefined
  return { publicKey, ideal: { norm, x, y }, matrix }
}
