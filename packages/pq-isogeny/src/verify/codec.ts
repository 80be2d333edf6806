/**
 * Wire formats of public keys and signatures, strict: exact lengths, canonical field elements, canonical scalars.
 *
 * public key = A (re ‖ im) ‖ hint
 * signature  = A_aux (re ‖ im) ‖ m00 ‖ m01 ‖ m10 ‖ m11 ‖ challenge ‖ hint_aux ‖ hint_chall
 *
 * All integers are little endian. The reference decodes F_p elements modulo p; we reject what is not below p, so that a key
 * or a signature has one encoding.
 */
import { EXTRA_TORSION, lengthsOf, type ParameterSet } from '../params.ts'

/** An element of F_{p²} outside an engine. */
export interface Fp2Value {
  readonly re: bigint
  readonly im: bigint
}

export interface PublicKey {
  readonly A: Fp2Value
  readonly hint: number
}

export interface Signature {
  readonly auxA: Fp2Value
  /** m00, m01, m10, m11: from the canonical basis of E_chall to the kernel basis. */
  readonly matrix: readonly [bigint, bigint, bigint, bigint]
  readonly challenge: bigint
  readonly hintAux: number
  readonly hintChall: number
}

const HEX = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, '0'))

/** Little-endian bytes to an integer. */
export function bytesToInteger(bytes: Uint8Array): bigint {
  let hex = '0x0'
  for (let j = bytes.length - 1; j >= 0; j--) hex += HEX[bytes[j]!]
  return BigInt(hex)
}

/** Integer to `length` little-endian bytes; the integer is below 256^length. */
export function integerToBytes(n: bigint, length: number): Uint8Array {
  const hex = n.toString(16).padStart(2 * length, '0')
  const out = new Uint8Array(length)
  for (let j = 0; j < length; j++) out[j] = Number.parseInt(hex.slice(2 * (length - 1 - j), 2 * (length - j)), 16)
  return out
}

/** re ‖ im. */
export function encodeFp2(set: ParameterSet, v: Fp2Value): Uint8Array {
  const out = new Uint8Array(2 * set.fpBytes)
  out.set(integerToBytes(v.re, set.fpBytes))
  out.set(integerToBytes(v.im, set.fpBytes), set.fpBytes)
  return out
}

function decodeFp2(set: ParameterSet, bytes: Uint8Array): Fp2Value | undefined {
  const re = bytesToInteger(bytes.subarray(0, set.fpBytes))
  const im = bytesToInteger(bytes.subarray(set.fpBytes, 2 * set.fpBytes))
  return re < set.p && im < set.p ? { re, im } : undefined
}

/** @returns undefined for a wrong length or a field element that is not below p. */
export function decodePublicKey(set: ParameterSet, bytes: Uint8Array): PublicKey | undefined {
  if (bytes.length !== lengthsOf(set).publicKey) return undefined
  const A = decodeFp2(set, bytes)
  return A && { A, hint: bytes[2 * set.fpBytes]! }
}

export function encodePublicKey(set: ParameterSet, pk: PublicKey): Uint8Array {
  const out = new Uint8Array(lengthsOf(set).publicKey)
  out.set(encodeFp2(set, pk.A))
  out[out.length - 1] = pk.hint
  return out
}

/**
 * The specification's NormalizeMatrix: every entry below 2^(e + 2), and the first entry that is neither 0 nor 2^(e + 1) is
 * below 2^(e + 1). It picks one of the two signs of the matrix.
 */
function isNormalised(set: ParameterSet, matrix: readonly bigint[]): boolean {
  const middle = 1n << BigInt(set.responseBits + EXTRA_TORSION - 1)
  const bound = middle << 1n
  let decided = false
  for (const entry of matrix) {
    if (entry >= bound) return false
    if (decided) continue
    if (entry > middle) return false
    decided = entry < middle && entry !== 0n
  }
  return true
}

/** @returns undefined for a wrong length, a field element that is not below p, or a matrix that is not normalised. */
export function decodeSignature(set: ParameterSet, bytes: Uint8Array): Signature | undefined {
  if (bytes.length !== lengthsOf(set).signature) return undefined
  const auxA = decodeFp2(set, bytes)
  if (auxA === undefined) return undefined
  let at = 2 * set.fpBytes
  const next = (n: number): Uint8Array => {
    at += n
    return bytes.subarray(at - n, at)
  }
  const entry = (): bigint => bytesToInteger(next(set.responseBytes))
  const matrix = [entry(), entry(), entry(), entry()] as const
  if (!isNormalised(set, matrix)) return undefined
  const challenge = bytesToInteger(next(set.challengeBits / 8))
  return { auxA, matrix, challenge, hintAux: bytes[at]!, hintChall: bytes[at + 1]! }
}

export function encodeSignature(set: ParameterSet, sig: Signature): Uint8Array {
  const out = new Uint8Array(lengthsOf(set).signature)
  out.set(encodeFp2(set, sig.auxA))
  let at = 2 * set.fpBytes
  for (const entry of sig.matrix) {
    out.set(integerToBytes(entry, set.responseBytes), at)
    at += set.responseBytes
  }
  out.set(integerToBytes(sig.challenge, set.challengeBits / 8), at)
  out[out.length - 2] = sig.hintAux
  out[out.length - 1] = sig.hintChall
  return out
}
