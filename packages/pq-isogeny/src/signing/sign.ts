/** Signing of SQIsign 3.0, in the order of the specification: commitment, challenge, response, auxiliary isogeny. */
import { basisToHint } from '../curve/basis.ts'
import { doubleTimes, ladder } from '../curve/montgomery.ts'
import { IsogenyError } from '../errors.ts'
import type { Fp2Engine } from '../field/engine.ts'
import { EXTRA_TORSION } from '../params.ts'
import { qConj, qMul, quaternion } from '../quaternion/algebra.ts'
import { intersect, randomIdeal, smallEquivalent } from '../quaternion/ideal.ts'
import { gcd, invMod, mod } from '../quaternion/integers.ts'
import { type Matrix2, quaternionParameters } from '../quaternion/parameters.ts'
import { randomStreams } from '../quaternion/random.ts'
import { randomIdealOfNorm, sampleFromBall } from '../quaternion/sampling.ts'
import { thetaChain } from '../theta/chain.ts'
import { encodePublicKey, type Signature } from '../verify/codec.ts'
import { hashToChallenge } from '../verify/verify.ts'
import type { SecretKey } from './keygen.ts'
import { coordinatesInBasis } from './pairing.ts'
import {
  actionMatrix,
  applyToBasis,
  idealToIsogeny,
  inverseMatrix,
  kernelToIdeal,
  normaliseMatrix,
} from './translate.ts'

/**
 * @param seed 48 bytes; the same seed gives the same signature as the reference
 * @throws {IsogenyError} `ISOGENY_INTERNAL` for events of negligible probability
 */
export function signMessage(F: Fp2Engine, sk: SecretKey, message: Uint8Array, seed: Uint8Array): Signature {
  const streams = randomStreams(seed)
  const mark = F.mark()
  try {
    return run(F, sk, message, streams)
  } finally {
    F.release(mark)
    streams.destroy()
  }
}

function run(F: Fp2Engine, sk: SecretKey, message: Uint8Array, streams: ReturnType<typeof randomStreams>): Signature {
  const { set, stride: s } = F
  const { p } = set
  const q = quaternionParameters(set)
  const order = set.responseBits + EXTRA_TORSION
  const modulus = 1n << BigInt(order)
  const Ecom = F.alloc(2)
  const Eaux = F.alloc(2)
  const E1 = F.alloc(2)
  const E2 = F.alloc(2)
  const Bcom = F.alloc(6)
  const Baux = F.alloc(6)

  // Commitment.
  const large = randomIdeal(q, q.mixingDegree, streams.commitment, streams.byDefault)
  const commitment = smallEquivalent(q, large, 'odd', streams.commitment, streams.byDefault).ideal
  idealToIsogeny(F, q, Ecom, Bcom, commitment, streams.byDefault)

  // Challenge, and its ideal pulled back through the secret isogeny.
  const encodedKey = encodePublicKey(set, sk.publicKey)
  const challenge = hashToChallenge(set, encodedKey, F.read(Ecom), message)
  const [[a, b], [c, d]] = sk.matrix
  const { ideal: challengeIdeal, split } = kernelToIdeal(q, [a + b * challenge, c + d * challenge], set.challengeBits)

  // Response: a uniform short homomorphism from the commitment to the challenge curve.
  const both = intersect(challengeIdeal, split, sk.ideal)
  const { ideal: target, element } = smallEquivalent(q, both, 'prime', streams.byDefault, streams.byDefault)
  const shift = qConj(element)
  const radius = (1n << BigInt(set.responseBits - 1)) - 1n
  const { element: response, norm: degree } = sampleFromBall(q, target, commitment, radius, streams.response)
  if (gcd(target.norm, commitment.norm) !== 1n) throw coprimality()

  // Auxiliary isogeny of degree 2^e − deg(response).
  const auxNorm = (1n << BigInt(set.responseBits)) - degree
  const aux = randomIdealOfNorm(q, auxNorm, shift, streams.response, streams.byDefault, set.responseBits + 1)
  if (gcd(aux.ideal.norm, target.norm) !== 1n || gcd(aux.ideal.norm, sk.ideal.norm) !== 1n) throw coprimality()
  idealToIsogeny(F, q, Eaux, Baux, intersect(aux.ideal, aux.split, target), streams.byDefault)
  const inverse = invMod(target.norm, modulus)
  const dual = quaternion(mod(aux.split[0] * inverse, modulus), mod(aux.split[1] * inverse, modulus), 0n, 0n)
  applyToBasis(F, Baux, Eaux, actionMatrix(q, qMul(dual, response, p)), set.f, false)

  // The (2^e, 2^e)-isogeny from E_com × E_aux, and the images of the basis on E_com.
  for (let j = 0; j < 6; j += 2) doubleTimes(F, Bcom + j * s, Bcom + j * s, Ecom, set.f - order)
  for (let j = 0; j < 4; j += 2) doubleTimes(F, Baux + j * s, Baux + j * s, Eaux, set.f - order)
  const scale = invMod(degree, modulus)
  for (let j = 0; j < 4; j += 2) ladder(F, Baux + j * s, Baux + j * s, Eaux, scale)
  const kernel = F.alloc(8)
  const points = F.alloc(12)
  const put = (r: number, x: number): void => {
    F.copy(r, x)
    F.copy(r + s, x + s)
  }
  put(kernel, Bcom)
  put(kernel + 2 * s, Baux)
  put(kernel + 4 * s, Bcom + 2 * s)
  put(kernel + 6 * s, Baux + 2 * s)
  for (let j = 0; j < 3; j++) {
    put(points + 4 * j * s, Bcom + 2 * j * s)
    F.copy(points + (4 * j + 2) * s, F.one)
    F.copy(points + (4 * j + 3) * s, F.zero)
  }
  const length = set.responseBits
  if (!thetaChain(F, { length, E1: Ecom, E2: Eaux, kernel, E3: E2, E4: E1, points, count: 3, verify: false }))
    throw new IsogenyError('ISOGENY_INTERNAL', 'the response chain did not split')
  const Bchall = F.alloc(6)
  const Baux2 = F.alloc(6)
  for (let j = 0; j < 3; j++) {
    put(Bchall + 2 * j * s, points + 4 * j * s)
    put(Baux2 + 2 * j * s, points + (4 * j + 2) * s)
  }

  // Coordinates in canonical bases.
  const canonical = F.alloc(6)
  const canonicalAux = F.alloc(6)
  const hintChall = basisToHint(F, canonical, E2, set.f, order)
  const hintAux = basisToHint(F, canonicalAux, E1, set.f, order)
  const toAux = asMatrix(coordinatesInBasis(F, E1, canonicalAux, Baux2, order))
  applyToBasis(F, Bchall, E2, inverseMatrix(toAux, order), order)
  const M = normaliseMatrix(asMatrix(coordinatesInBasis(F, E2, canonical, Bchall, order)), order)
  return { auxA: F.read(E1), matrix: [M[0][0], M[0][1], M[1][0], M[1][1]], challenge, hintAux, hintChall }
}

const asMatrix = ([r1, r2, s1, s2]: readonly [bigint, bigint, bigint, bigint]): Matrix2 => [
  [r1, s1],
  [r2, s2],
]

function coprimality(): IsogenyError {
  return new IsogenyError('ISOGENY_INTERNAL', 'norms that are coprime with overwhelming probability are not')
}
