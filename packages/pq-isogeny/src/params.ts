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

export const P324_3 = set('p324_3', 1, 3, 324, 128, 196, 28, 12, {
  p: [
    '2f5794ac8c12fd0aa9eecce1ef59c845e644efb1d83bfe12d9d1144badb77c74f532d79d7af17bc4d3',
    '1f5213ad2a961e68b62dd1e7a52f8a3773a68fca0fd2de384700119ccad18f95397269898753ba602e',
  ],
  q: [
    '17ff26f770aaa7aa48966aedb5ef8c28b0849e0672ca488a3484a008019f4bf11279512257b1a6385b',
    '1da20dc6de567fd2bf17e29fa4a4c8a42bef024ed5030c5fac90d216a62228926fcbee6d95945b36bb',
  ],
})
export const P500_27 = set('p500_27', 3, 27, 500, 192, 302, 29, 18, {
  p: [
    '9fafe5085fcb1f13d5e487f010c8026abe233871b01f4a3587f06737f9bc686ba009922e2d459ec8f149c4c4083604e7842a612b6fdf8180025cdeb187b4c0',
    'c42a516ef3cf80d3e2e7a2d88faba1e46785ddce14f150ff4d204a43d47ad8d01940b2eba9aaac28b7198e48ed9281128f5782cdd197f48cddfbffe867063d',
  ],
  q: [
    'bce91be61859cd3ddcd3f8408657d1d43c6f2764437e66e96371e74bc4b725f0cb99b58b09a91e872afcebb4608219f68aa3572c70ef5e6e654099bfc8aa09',
    'a48c9987de3810adbf0813505a561e134f31d64466875f90e21dd7c6b44eb81bed0e58d70ebd39fd9443a7523049993bd75145d72ec8f52be58b7086fffbe8',
  ],
})
export const P664_17 = set('p664_17', 5, 17, 664, 256, 400, 28, 24, {
  p: [
    'b66b93a890673a0d7e33340c53b6b986c1bbb905054419c400e5458a8655c166345abc1e4d70516e0dfcd03f7cbca2a87da6ef003f9301aa1e3a662f2db25e00f57345faa348b8c78d403891c85677b4b8d62ce',
    '900d04c251411f3be86fc8bc618b7d4caefb2a31c23b1cd9f86fcfb8cb114bf6fe9e19bca9fdd6e150b8fcca7eb7c7b71dceea11abff9da7dbab00e5d6e1dbe6b449796c96b4f2f5a5bf4e3cb04973bc3fdb8c9',
  ],
  q: [
    'f4f3311a4df85d112f2ec580f3f677f1d80c2105cf9e7dea9f8b06d3b412aa14a0e1d1ae2dbf8b5d8fca950f0d355fa25cd98e4e14d58df00ada18c8453d45702ad7b8188d55a8df97c0dc87782f17e9e99452c',
    '2b3e8126b1983e58e41e2ed4ef551b7f4617364b1c3f04f072d50e9d77e5ae2ecedf5d924fe21e881a085764064bc175daa0308f13d6a1b760378c23aa4c912fe365ce0d5673b4edf297440304f2c1415d2b502',
  ],
})

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
