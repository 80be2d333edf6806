/** From ideals and quaternions to curves and points. */
import { basisOfE0 } from '../curve/basis.ts'
import { biscalarPublic, copyPoint, setA24 } from '../curve/montgomery.ts'
import { IsogenyError } from '../errors.ts'
import type { Fp2Engine, Slot } from '../field/engine.ts'
import { type Quaternion, qScale, quaternion, toO0 } from '../quaternion/algebra.ts'
import type { Gaussian } from '../quaternion/gaussian.ts'
import { type Ideal, idealPowerOfTwo } from '../quaternion/ideal.ts'
import { invMod, mod } from '../quaternion/integers.ts'
import type { Matrix2, QuaternionParameters } from '../quaternion/parameters.ts'
import { qlapoti } from '../quaternion/qlapoti.ts'
import type { RandomSource } from '../quaternion/random.ts'
import { thetaChain } from '../theta/chain.ts'

/** The matrix of an element of O0 on the basis of E0[2^f]. */
export function actionMatrix(q: QuaternionParameters, x: Quaternion): Matrix2 {
  const m = 1n << BigInt(q.set.f)
  const [a, b, c, d] = toO0(x)
  const at = (r: 0 | 1, s: 0 | 1): bigint =>
    mod((r === s ? a : 0n) + b * q.actionI[r][s] + c * q.actionGen3[r][s] + d * q.actionGen4[r][s], m)
  return [
    [at(0, 0), at(0, 1)],
    [at(1, 0), at(1, 1)],
  ]
}

/**
 * Applies a matrix modulo 2^bits to a basis of that order in place. With `difference`, P − Q follows too.
 * @throws {IsogenyError} `ISOGENY_INTERNAL` when differential additions fail, which happens with negligible probability
 */
export function applyToBasis(F: Fp2Engine, basis: Slot, E: Slot, M: Matrix2, bits: number, difference = true): void {
  const { stride: s } = F
  const m = 1n << BigInt(bits)
  const mark = F.mark()
  const old = F.alloc(6)
  for (let j = 0; j < 6; j++) F.copy(old + j * s, basis + j * s)
  const columns: [bigint, bigint][] = [
    [M[0][0], M[1][0]],
    [M[0][1], M[1][1]],
  ]
  if (difference) columns.push([M[0][0] - M[0][1], M[1][0] - M[1][1]])
  columns.forEach(([a, b], j) => {
    if (!biscalarPublic(F, basis + 2 * j * s, old, E, mod(a, m), mod(b, m)))
      throw new IsogenyError('ISOGENY_INTERNAL', 'a differential addition met a zero coordinate')
  })
  F.release(mark)
}

/** E0 with its fixed basis of order 2^f at `basis`. */
export function loadE0(F: Fp2Engine, E0: Slot, basis: Slot, q: QuaternionParameters): void {
  F.copy(E0, F.zero)
  setA24(F, E0)
  basisOfE0(F, basis, E0, F.set.f, q.differenceFlipped)
}

/**
 * The isogeny of an ideal: writes its codomain to `E` and the image of the basis of E0[2^f] to `image`.
 * @throws {IsogenyError} `ISOGENY_INTERNAL` when the chain does not split, which would be a defect
 */
export function idealToIsogeny(
  F: Fp2Engine,
  q: QuaternionParameters,
  E: Slot,
  image: Slot,
  ideal: Ideal,
  random: RandomSource,
): void {
  const { stride: s, set } = F
  const { beta, degree, theta } = qlapoti(q, ideal, random)
  const inverse = invMod(degree, 1n << BigInt(set.f))
  const mark = F.mark()
  const E0 = F.alloc(2)
  const basis = F.alloc(6)
  const turned = F.alloc(6)
  const kernel = F.alloc(8)
  const points = F.alloc(12)
  loadE0(F, E0, basis, q)
  const load = (): void => {
    for (let j = 0; j < 6; j++) F.copy(turned + j * s, basis + j * s)
  }
  load()
  applyToBasis(F, turned, E0, actionMatrix(q, qScale(theta, inverse)), set.f, false)
  copyPoint(F, kernel, turned)
  copyPoint(F, kernel + 2 * s, basis)
  copyPoint(F, kernel + 4 * s, turned + 2 * s)
  copyPoint(F, kernel + 6 * s, basis + 2 * s)
  load()
  applyToBasis(F, turned, E0, actionMatrix(q, qScale(beta, inverse)), set.f)
  for (let j = 0; j < 3; j++) {
    copyPoint(F, points + 4 * j * s, turned + 2 * j * s)
    F.copy(points + (4 * j + 2) * s, F.one)
    F.copy(points + (4 * j + 3) * s, F.zero)
  }
  const ok = thetaChain(F, { length: q.usedTorsion, E1: E0, E2: E0, kernel, E4: E, points, count: 3, verify: false })
  for (let j = 0; j < 3; j++) copyPoint(F, image + 2 * j * s, points + (4 * j + 2) * s)
  F.release(mark)
  if (!ok) throw new IsogenyError('ISOGENY_INTERNAL', 'the chain of an ideal did not split')
}

/**
 * The ideal of the isogeny with kernel ⟨[v0]P + [v1]Q⟩ of order 2^e, (P, Q) the basis of E0[2^f] reduced to that order:
 * finds a, b with [a]K + [b](j + (1 + k)/2)K = iK.
 */
export function kernelToIdeal(
  q: QuaternionParameters,
  v: readonly [bigint, bigint],
  e: number,
): { ideal: Ideal; split: Gaussian } {
  const m = 1n << BigInt(e)
  const act = (M: Matrix2): [bigint, bigint] => [M[0][0] * v[0] + M[0][1] * v[1], M[1][0] * v[0] + M[1][1] * v[1]]
  const J = act(q.actionJ)
  const K = act(q.actionGen4)
  const c: [bigint, bigint] = [mod(J[0] + K[0], m), mod(J[1] + K[1], m)]
  const inverse = invMod(mod(v[0] * c[1] - v[1] * c[0], m), m)
  const w = act(q.actionI)
  const a = mod(inverse * (c[1] * w[0] - c[0] * w[1]), m)
  const b = mod(inverse * (v[0] * w[1] - v[1] * w[0]), m)
  return idealPowerOfTwo(quaternion(2n * a + b, -2n, 2n * b, b, 2n), e, q.p)
}

/** The sign of a matrix modulo 2^e that NormalizeMatrix picks. */
export function normaliseMatrix(M: Matrix2, e: number): Matrix2 {
  const m = 1n << BigInt(e)
  const middle = m >> 1n
  for (const entry of M.flat()) {
    if (entry === 0n || entry === middle) continue
    if (entry < middle) return M
    return M.map((row) => row.map((x) => m - x)) as unknown as Matrix2
  }
  return M
}

/** The inverse of a matrix of odd determinant modulo 2^e. */
export function inverseMatrix(M: Matrix2, e: number): Matrix2 {
  const m = 1n << BigInt(e)
  const d = invMod(mod(M[0][0] * M[1][1] - M[0][1] * M[1][0], m), m)
  return [
    [mod(M[1][1] * d, m), mod(-M[0][1] * d, m)],
    [mod(-M[1][0] * d, m), mod(M[0][0] * d, m)],
  ]
}
