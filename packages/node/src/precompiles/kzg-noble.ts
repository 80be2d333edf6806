/** KZG proofs of one value of a polynomial (EIP-4844): e(C − [y], G₂) = e(π, [τ]₂ − [z]₂). */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesToNumberBE, hexToBytes } from '@noble/curves/utils.js'
import { isBelow } from './big-endian.ts'

/** [τ]₂ of Ethereum's KZG ceremony, compressed: all that verifying needs of its result. */
export const KZG_TAU_G2 =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2'
export const SCALAR_ORDER = hexToBytes(bls12_381.fields.Fr.ORDER.toString(16))

/** `z` and `y` have 32 bytes, commitment and proof 48. Undefined where one of them is no scalar or no point of the subgroup. */
export type KzgVerify = (commitment: Uint8Array, z: Uint8Array, y: Uint8Array, proof: Uint8Array) => boolean | undefined

/** By noble, in JavaScript. */
export function nobleKzgVerify(): KzgVerify {
  const { G1, G2, fields } = bls12_381
  const tau = G2.Point.fromBytes(hexToBytes(KZG_TAU_G2))
  const multiple = <P extends { multiplyUnsafe(scalar: bigint): P }>(point: P, scalar: bigint) =>
    point.multiplyUnsafe(scalar)
  return (commitment, z, y, proof) => {
    if (!isBelow(z, SCALAR_ORDER) || !isBelow(y, SCALAR_ORDER)) return undefined
    let left: typeof G1.Point.BASE
    let right: typeof G1.Point.BASE
    try {
      left = G1.Point.fromBytes(commitment)
      right = G1.Point.fromBytes(proof)
      left.assertValidity()
      right.assertValidity()
    } catch {
      return undefined
    }
    const pairs = [
      { g1: left.subtract(multiple(G1.Point.BASE, bytesToNumberBE(y))), g2: G2.Point.BASE.negate() },
      { g1: right, g2: tau.subtract(multiple(G2.Point.BASE, bytesToNumberBE(z))) },
    ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0())
    return fields.Fp12.eql(bls12_381.pairingBatch(pairs, true), fields.Fp12.ONE)
  }
}
