/** Constants of the quaternion side (specification, Tables 8 to 11 and Appendix B). */
import { P324_3, P500_27, P664_17, type ParameterSet } from '../params.ts'
import { bytesToInteger } from '../verify/codec.ts'

/** An endomorphism of E0 as a matrix on the basis (P0, Q0) of E0[2^f]: columns are the images. */
export type Matrix2 = readonly [readonly [bigint, bigint], readonly [bigint, bigint]]

export interface QuaternionParameters {
  readonly set: ParameterSet
  readonly p: bigint
  /** Norm of random secret and commitment ideals: the next prime above p·2^(2λ). */
  readonly mixingDegree: bigint
  /** Prime cofactor of RandomIdealGivenNorm. */
  readonly cofactor: bigint
  /** Coefficients of small equivalents are drawn from [−bound, bound]. */
  readonly equivalentBound: bigint
  readonly primalityRounds: number
  /** Length of the chains of ideal-to-isogeny translation: f − 2. */
  readonly usedTorsion: number
  readonly actionI: Matrix2
  /** (i + j)/2. */
  readonly actionGen3: Matrix2
  /** (1 + k)/2. */
  readonly actionGen4: Matrix2
  readonly actionJ: Matrix2
  /** Whether x(P0 − Q0) is the root that the deterministic difference calls the sum; the matrices fix which one it is. */
  readonly differenceFlipped: boolean
}

export function matMul(x: Matrix2, y: Matrix2, m: bigint): Matrix2 {
  const at = (r: 0 | 1, c: 0 | 1): bigint => {
    const t = (x[r][0] * y[0][c] + x[r][1] * y[1][c]) % m
    return t < 0n ? t + m : t
  }
  return [
    [at(0, 0), at(0, 1)],
    [at(1, 0), at(1, 1)],
  ]
}

/** A traceless matrix from its entries (0,0), (0,1), (1,0), little-endian hexadecimal. */
function traceless(set: ParameterSet, entries: readonly [string, string, string]): Matrix2 {
  const m = 1n << BigInt(set.f)
  const [a, b, c] = entries.map((h) =>
    bytesToInteger(Uint8Array.from(h.match(/../g)!, (byte) => Number.parseInt(byte, 16))),
  ) as [bigint, bigint, bigint]
  return [
    [a, b],
    [c, (m - a) % m],
  ]
}

function parameters(
  set: ParameterSet,
  degreeOffset: bigint,
  cofactor: bigint,
  equivalentBound: bigint,
  i: readonly [string, string, string],
  gen3: readonly [string, string, string],
  differenceFlipped: boolean,
): QuaternionParameters {
  const m = 1n << BigInt(set.f)
  const actionI = traceless(set, i)
  const actionGen3 = traceless(set, gen3)
  // i·(i + j)/2 = (k − 1)/2, so (1 + k)/2 = 1 + i·(i + j)/2; and j = 2·(i + j)/2 − i.
  const t = matMul(actionI, actionGen3, m)
  const actionGen4: Matrix2 = [
    [(t[0][0] + 1n) % m, t[0][1]],
    [t[1][0], (t[1][1] + 1n) % m],
  ]
  const twice = (r: 0 | 1, c: 0 | 1): bigint => (2n * actionGen3[r][c] - actionI[r][c] + m) % m
  const actionJ: Matrix2 = [
    [twice(0, 0), twice(0, 1)],
    [twice(1, 0), twice(1, 1)],
  ]
  return {
    set,
    p: set.p,
    mixingDegree: (set.p << BigInt(2 * set.challengeBits)) + degreeOffset,
    cofactor,
    equivalentBound,
    primalityRounds: set.challengeBits / 2,
    usedTorsion: set.f - 2,
    actionI,
    actionGen3,
    actionGen4,
    actionJ,
    differenceFlipped,
  }
}

const TABLES: Record<ParameterSet['name'], () => QuaternionParameters> = {
  p324_3: () =>
    parameters(
      P324_3,
      155n,
      (1n << 146n) + 85n,
      15n,
      [
        '6d9e46605eeb2b325490504fd224605233b12c45dc654d359b5dbf6a9d53b168fd94d18d63933ba10a',
        'bac162f20d6869ec333c11917c3fa570eeaa5fad373732468cf9f58e02a95ceafd83ea20efb5802807',
        'c7c3ea3513262b8280e914d9166a1072781a60d9a5735b890d60fe7da65bcb9c95a7b4c2beca8bf206',
      ],
      [
        '6d9e46605eeb2b325490504fd224605233b12c45dc654d359b5dbf6a9d53b168fd94d18d63933ba106',
        'b1cf76173f5cf7ee932993e5025426cb1037359fe7c33baca884dafb98c2a054235d159a2e61c1b206',
        'c7c3ea3513262b8280e914d9166a1072781a60d9a5735b890d60fe7da65bcb9c95a7b4c2beca8bf202',
      ],
      true,
    ),
  p500_27: () =>
    parameters(
      P500_27,
      1295n,
      (1n << 220n) + 217n,
      19n,
      [
        '3733b986a8962f89389f8e4c97c475dfd74fb3d5ec5d43d5dcf3c3d5e38d1ea739d924137370f35a6bbb2241d009d781de747738a05e856d317c2d8ff29d01',
        '8e02fd0cc2e1612012e4183bdf406c7125d080d941c0b9eb45bb8249de17fea879b0e5ffd934a62a0b2b8767ab9bc36b6573033c12f57bb59708b5f09c9c08',
        'b1459e42b23756d8812fcd86cb39ba811e777eee5800e4fb4b0afb287d7ab85b13a45716542d9d3aadbba37589066930adb0dd2f812e39adcdd3ff2bcbb507',
      ],
      [
        '15aa4c7f27b03fba36a9fb25a6d82cc3f64fba0c3a7e1765628b7d1abb90df13ed3b1a3d2b46266810f497e82982784b4beef942ed06a56d8947bf56bb950b',
        '93c896f8712704a8301bf49565932cd13e0349a8b89ebc9985bbc75dc27ff963ec7105965f47e1b888c45fe2407f3587acec7f0d9429fb17aef1fbda2a0c03',
        'fd3bce130a921b917045b12561d4e5c47e633d24e15e392e175d5209c268327a9d2b392fd1e4a413d46ad26c9b0087a2c35fc9379bd650a2b21c08bcf9c801',
      ],
      false,
    ),
  p664_17: () =>
    parameters(
      P664_17,
      81n,
      (1n << 286n) + 43n,
      22n,
      [
        'ed67489f5974fe73417c207bf2581d2831390ed77a00b61ba6d07c44dbd0190f189b7a8c1817cf28a0b47fa3d37a344a72fa7eebc68f30ef79cac37bad57395d335a1ac3359a10add6b9039498e34139e06957',
        '0ad49953c0fac2a401f50949996cd81390af3cd369fa3246e60ff53ca377967f7b85bfb2318f58d612f6592697a465797423d3f5c52d694f86eb191b862b4788a31a5e07f96f406511cc2d6b432013795c6992',
        '0fcdf8a6e4f7464892c0c813503e886839281cd28db441157229174eb2739cfae3d7dd783949281ca60ee50bd30eda7a3a30bbe174fcc834d6e3848875e3280c2b1f9f70e28125fda4b5fb9640c13c88f56726',
      ],
      [
        'fb96d79a89c886fe13c599ceac4b5b73836c6cec6bee17245c0604e9e63828d66d0f590ee0a7cbdaf7fffa05357750613c9b9ac77ddd188c2320aed5cf66ad41c25426c772a371b46e0e926f5c1db4b8289975',
        'ed02886b15cad6871bbd532210b39f09d8a7c5f97173594208fdc96a04f2d2fa61b350009fbeb0bd8aeee0b848a69dd0e2a8dd6bb8b9f7d806a71761a95038a53c6a4a3cc4dc64afbb4457713eb77800bb8adf',
        'a30da7cda2c44a65f5893c00c83f266e2254d416e11a29811b022d606436c5278b936f64d82c081ba477eccccfbbce3cd50d32b04aa53e2b5ebb9b4b5cc391dae6fc23e4bd523c57dfd7e29c37c45a24950a63',
      ],
      true,
    ),
}

const cache = new Map<string, QuaternionParameters>()

/** The quaternion constants of a parameter set, built on first use. */
export function quaternionParameters(set: ParameterSet): QuaternionParameters {
  let q = cache.get(set.name)
  if (q === undefined) {
    q = TABLES[set.name]()
    cache.set(set.name, q)
  }
  return q
}
