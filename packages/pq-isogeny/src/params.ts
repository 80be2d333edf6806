/**
 * The three parameter sets of SQIsign 3.0 (NIST round-3 submission of 2026-09-01, tag `nist-v3`).
 *
 * Every prime is p = c·2^f − 1, so p ≡ 7 (mod 8), F_{p²} = F_p(i) with i² = −1, and the curve E0 : y² = x³ + x has
 * (p + 1)² points over F_{p²}, all of E0[2^f] among them.
 */
export interface ParameterSet {
  /** Name in the known-answer files. */
  readonly name: 'p324_3' | 'p500_27' | 'p664_17'
  /** NIST category: 1, 3 or 5. */
  readonly level: 1 | 3 | 5
  /** Odd cofactor c of p + 1. */
  readonly c: number
  /** Exponent f of p + 1 = c·2^f. */
  readonly f: number
  /** The prime. */
  readonly p: bigint
  /** Bytes of one F_p element on the wire, little endian. */
  readonly fpBytes: number
  /** Challenge length in bits; λ of the specification. */
  readonly challengeBits: number
  /** e_rsp: length of the (2^e, 2^e)-isogeny of a response. */
  readonly responseBits: number
  /** Bytes of one entry of the response matrix. */
  readonly responseBytes: number
  /** Limb width of the WebAssembly field kernels, bits (see field/wasm-kernels.ts for the overflow argument). */
  readonly limbBits: number
  /** Limbs of one F_p element in the WebAssembly field kernels. */
  readonly limbs: number
  /** x-coordinates of the fixed basis of E0[2^f], hexadecimal (re, im): needed for a curve with A = 0 only. */
  readonly e0Basis: { readonly p: readonly [string, string]; readonly q: readonly [string, string] }
}

/** Extra 2-torsion that the challenge chain and the theta chain each consume beyond their length. */
export const EXTRA_TORSION = 2

function set(
  name: ParameterSet['name'],
  level: ParameterSet['level'],
  c: number,
  f: number,
  challengeBits: number,
  responseBits: number,
  limbBits: number,
  limbs: number,
  e0Basis: ParameterSet['e0Basis'],
): ParameterSet {
  const p = (BigInt(c) << BigInt(f)) - 1n
  return {
    name,
    level,
    c,
    f,
    p,
    fpBytes: Math.ceil(p.toString(2).length / 8),
    challengeBits,
    responseBits,
    responseBytes: Math.ceil((responseBits + EXTRA_TORSION) / 8),
    limbBits,
    limbs,
    e0Basis,
  }
}

export const P324_3 = set('p324_3', 1, 3, 324, 128, 196, 28, 12, { p: ['0', '0'], q: ['0', '0'] })
export const P500_27 = set('p500_27', 3, 27, 500, 192, 302, 29, 18, { p: ['0', '0'], q: ['0', '0'] })
export const P664_17 = set('p664_17', 5, 17, 664, 256, 400, 28, 24, { p: ['0', '0'], q: ['0', '0'] })

/** Byte lengths of the wire formats of a parameter set. */
export function lengthsOf(s: ParameterSet): { publicKey: number; secretKey: number; signature: number; seed: number } {
  const publicKey = 2 * s.fpBytes + 1
  return {
    publicKey,
    secretKey: publicKey + 3 * s.fpBytes + 4 * (s.challengeBits / 8),
    signature: 2 * s.fpBytes + 4 * s.responseBytes + s.challengeBits / 8 + 2,
    seed: 48,
  }
}
