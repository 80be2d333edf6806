/** Verification of SQIsign 3.0, in the order of the specification. Every check is a branch; nothing throws. */
import { shake256 } from '@noble/hashes/sha3.js'
import { basisFromHint } from '../curve/basis.ts'
import { twoIsogenyChain } from '../curve/isogeny.ts'
import {
  BASIS_SLOTS,
  biscalarPublic,
  CURVE_SLOTS,
  copyPoint,
  isNonSingular,
  ladder3pt,
  setA24,
} from '../curve/montgomery.ts'
import type { Fp2Engine, Slot } from '../field/engine.ts'
import { EXTRA_TORSION, type ParameterSet } from '../params.ts'
import { thetaChain } from '../theta/chain.ts'
import { bytesToInteger, encodeFp2, type Fp2Value, type PublicKey, type Signature } from './codec.ts'

const DOMAIN = new Uint8Array([0x53, 0x51, 0x49]) // "SQI"

/** SHAKE256("SQI" ‖ public key ‖ A of the commitment curve ‖ message), challengeBits long, as a little-endian integer. */
export function hashToChallenge(
  set: ParameterSet,
  publicKey: Uint8Array,
  commitment: Fp2Value,
  message: Uint8Array,
): bigint {
  const hash = shake256.create({ dkLen: set.challengeBits / 8 })
  hash.update(DOMAIN).update(publicKey).update(encodeFp2(set, commitment)).update(message)
  return bytesToInteger(hash.digest())
}

/** Sets the curve at `E` from its coefficient. @returns false when it is singular. */
export function loadCurve(F: Fp2Engine, E: Slot, A: Fp2Value): boolean {
  F.write(E, A.re, A.im)
  setA24(F, E)
  return isNonSingular(F, E)
}

/** What of a verification depends on the public key alone: its canonical basis of order 2^(λ + 2). */
export interface PreparedKey {
  readonly A: Fp2Value
  /** (X, Z) of P, Q, P − Q: six values. */
  readonly basis: readonly Fp2Value[]
}

/** @returns undefined when the curve is singular or the hint leads nowhere. */
export function prepareKey(F: Fp2Engine, pk: PublicKey): PreparedKey | undefined {
  const { stride: s } = F
  const mark = F.mark()
  const E = F.alloc(CURVE_SLOTS)
  const basis = F.alloc(BASIS_SLOTS)
  const ok = loadCurve(F, E, pk.A) && basisFromHint(F, basis, E, F.set.challengeBits + EXTRA_TORSION, pk.hint)
  const values = ok ? Array.from({ length: BASIS_SLOTS }, (_, j) => F.read(basis + j * s)) : []
  F.release(mark)
  return ok ? { A: pk.A, basis: values } : undefined
}

/** True when `sig` is a signature of `message` under the key whose encoding is `encodedKey`. Public data only. */
export function verifySignature(
  F: Fp2Engine,
  sig: Signature,
  message: Uint8Array,
  key: PreparedKey,
  encodedKey: Uint8Array,
): boolean {
  const mark = F.mark()
  const ok = run(F, sig, message, key, encodedKey)
  F.release(mark)
  return ok
}

function run(F: Fp2Engine, sig: Signature, message: Uint8Array, key: PreparedKey, encodedKey: Uint8Array): boolean {
  const { set, stride: s } = F
  const order = set.responseBits + EXTRA_TORSION
  const Epk = F.alloc(CURVE_SLOTS)
  const Eaux = F.alloc(CURVE_SLOTS)
  const Echall = F.alloc(CURVE_SLOTS)
  const Ecom = F.alloc(CURVE_SLOTS)
  const basis = F.alloc(BASIS_SLOTS)
  const aux = F.alloc(BASIS_SLOTS)
  const kernel = F.alloc(8)
  if (!loadCurve(F, Epk, key.A) || !loadCurve(F, Eaux, sig.auxA)) return false

  // The challenge isogeny, from P + [challenge]Q.
  key.basis.forEach((v, j) => {
    F.write(basis + j * s, v.re, v.im)
  })
  if (!ladder3pt(F, kernel, basis, Epk, sig.challenge, set.challengeBits)) return false
  if (!twoIsogenyChain(F, Echall, Epk, kernel, set.challengeBits + EXTRA_TORSION)) return false

  // The kernel of the (2^e, 2^e)-isogeny from E_chall × E_aux.
  if (!basisFromHint(F, basis, Echall, order, sig.hintChall)) return false
  if (!basisFromHint(F, aux, Eaux, order, sig.hintAux)) return false
  const [m00, m01, m10, m11] = sig.matrix
  if (!biscalarPublic(F, kernel, basis, Echall, m00, m10)) return false
  if (!biscalarPublic(F, kernel + 4 * s, basis, Echall, m01, m11)) return false
  copyPoint(F, kernel + 2 * s, aux)
  copyPoint(F, kernel + 6 * s, aux + 2 * s)

  // The commitment curve is the first factor of the codomain.
  if (!thetaChain(F, { length: set.responseBits, E1: Echall, E2: Eaux, kernel, E3: Ecom, verify: true })) return false
  return hashToChallenge(set, encodedKey, F.read(Ecom), message) === sig.challenge
}
