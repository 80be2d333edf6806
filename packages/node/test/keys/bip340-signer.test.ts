import { schnorr } from '@noble/curves/secp256k1.js'
import { createVerifier } from '@zos/pipeline/verify'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bip340Signer } from '../../src/keys/bip340-signer.ts'

const verifier = createVerifier()
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

/** BIP-340, bip-0340/test-vectors.csv, those with a secret key and a message of 32 bytes: secret key, auxiliary randomness, message, signature. */
const VECTORS = [
  [
    '0000000000000000000000000000000000000000000000000000000000000003',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0',
  ],
  [
    'b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef',
    '0000000000000000000000000000000000000000000000000000000000000001',
    '243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89',
    '6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a',
  ],
  [
    'c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b14e5c9',
    'c87aa53824b4d7ae2eb035a2b5bbbccc080e76cdc6d1692c4b0b62d798e6d906',
    '7e2d58d8b3bcdf1abadec7829054f90dda9805aab56c77333024b9d0a508b75c',
    '5831aaeed7b44bb74e5eab94ba9d4294c49bcf2a60728d8b4c200f50dd313c1bab745879a5ad954a72c45a91c3a51d3c7adea98d82f8481e0e1e03674a6f3fb7',
  ],
  [
    '0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    '7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec97582b9cb13db3933705b32ba982af5af25fd78881ebb32771fc5922efc66ea3',
  ],
] as const

describe('the signer of units and heads', () => {
  it('makes the signatures of BIP-340', () => {
    for (const [secret, auxiliary, message, signature] of VECTORS)
      expect(hex(bip340Signer(bytes(secret), verifier).sign(bytes(message), bytes(auxiliary)))).toBe(signature)
  })

  it('signs as the reference does, with keys of both parities', () => {
    const word = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const secret = word.filter((key) => key.some((byte) => byte > 0) && key[0]! < 255)
    fc.assert(
      fc.property(secret, word, word, (key, digest, auxiliary) => {
        const signature = bip340Signer(key, verifier).sign(digest, auxiliary)
        expect(hex(signature)).toBe(hex(schnorr.sign(digest, key, auxiliary)))
      }),
      { numRuns: 30 },
    )
  })

  it('takes fresh randomness for each signature', () => {
    const signer = bip340Signer(bytes(VECTORS[0][0]), verifier)
    const digest = new Uint8Array(32).fill(7)
    const [first, second] = [signer.sign(digest), signer.sign(digest)]
    expect(hex(first)).not.toBe(hex(second))
    for (const signature of [first, second])
      expect(schnorr.verify(signature, digest, signer.publicKey.subarray(1))).toBe(true)
  })

  it('gives out no signature that does not hold', () => {
    const signer = bip340Signer(bytes(VECTORS[0][0]), { verifyMany: () => [false] })
    expect(() => signer.sign(new Uint8Array(32))).toThrowError(expect.objectContaining({ code: 'NODE_MACHINE_FAULT' }))
  })

  it('refuses digests and randomness of other lengths', () => {
    const signer = bip340Signer(bytes(VECTORS[0][0]), verifier)
    for (const [digest, auxiliary] of [
      [31, 32],
      [32, 33],
    ] as const)
      expect(() => signer.sign(new Uint8Array(digest), new Uint8Array(auxiliary))).toThrowError(
        expect.objectContaining({ code: 'NODE_INVALID_ARGUMENT' }),
      )
  })
})
