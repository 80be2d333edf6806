import { p256 } from '@noble/curves/nist.js'
import { bytesToNumberBE, hexToBytes } from '@noble/curves/utils.js'
import { isBelow } from './big-endian.ts'
import { FP_BYTES, FR_BYTES, G1_BYTES, type Mcl } from './mcl.ts'

/** Hash, r, s and the public key x ‖ y: 160 bytes (EIP-7951). */
export type P256Verify = (input: Uint8Array) => boolean

const CURVE = p256.Point.CURVE()
const ORDER = hexToBytes(CURVE.n.toString(16))
const MODULUS = hexToBytes(CURVE.p.toString(16))

/** ECDSA over P-256 with mcl, as EIP-7951 has it: `s` of either half, the hash as it is. */
export function createP256Verify(mcl: Mcl): P256Verify {
  const { fn } = mcl
  // The base point and the public key with their scalars, and what comes out.
  const points = mcl.alloc(2 * G1_BYTES)
  const scalars = mcl.alloc(2 * FR_BYTES)
  const sum = mcl.alloc(G1_BYTES)
  const [base, key] = [points, points + G1_BYTES]
  const [first, second] = [scalars, scalars + FR_BYTES]
  const inverse = mcl.alloc(FR_BYTES)
  const x = new Uint8Array(32)
  return (input) => {
    const word = (index: number) => input.subarray(32 * index, 32 * index + 32)
    const [hash, r, s, keyX, keyY] = [word(0), word(1), word(2), word(3), word(4)]
    if (![r, s].every((scalar) => isBelow(scalar, ORDER) && scalar.some((byte) => byte !== 0))) return false
    if (![keyX, keyY].every((coordinate) => isBelow(coordinate, MODULUS))) return false
    if ([...keyX, ...keyY].every((byte) => byte === 0)) return false
    mcl.setCoordinate(key, keyX)
    mcl.setCoordinate(key + FP_BYTES, keyY)
    fn._mclBnFp_setInt32(key + 2 * FP_BYTES, 1)
    if (!fn._mclBnG1_isValid(key)) return false
    mcl.setScalar(inverse, s)
    fn._mclBnFr_inv(inverse, inverse)
    mcl.setScalar(first, hash)
    fn._mclBnFr_mul(first, first, inverse)
    mcl.setScalar(second, r)
    fn._mclBnFr_mul(second, second, inverse)
    fn._mclBnG1_getBasePoint(base)
    fn._mclBnG1_mul(base, base, first)
    fn._mclBnG1_mul(key, key, second)
    fn._mclBnG1_add(sum, base, key)
    if (fn._mclBnG1_isZero(sum)) return false
    fn._mclBnG1_normalize(sum, sum)
    mcl.getCoordinate(x.fill(0), sum)
    return bytesToNumberBE(x) % CURVE.n === bytesToNumberBE(r)
  }
}
