import { createHash } from 'node:crypto'
import { rngAesCtrDrbg256 } from '@noble/ciphers/aes.js'
import { afterEach, describe, expect, it } from 'vitest'
import { isIsogenyError } from '../src/errors.ts'
import { setBackend, sqisign1, sqisign3, sqisign5 } from '../src/sqisign.ts'
import { firstDigest, type KnownAnswer, knownAnswers, toHex } from './kat.ts'

afterEach(() => setBackend('auto'))

/** The harness of the submission draws 48 bytes for the key and 48 for the signature from one AES-CTR DRBG. */
function draws(v: KnownAnswer): [Uint8Array, Uint8Array] {
  const drbg = rngAesCtrDrbg256(v.seed)
  return [drbg.randomBytes(48), drbg.randomBytes(48)]
}

const levels = [
  ['p324_3', sqisign1, 6],
  ['p500_27', sqisign3, 3],
  ['p664_17', sqisign5, 2],
] as const

describe.each(levels)('SQIsign_%s', (name, signer, count) => {
  const vectors = knownAnswers(name).slice(0, process.env.ZOS_LONG ? 10 : count)

  it('keys and signatures of the known answers come out bit for bit', { timeout: 120_000 }, () => {
    for (const v of vectors) {
      const [keySeed, signSeed] = draws(v)
      const { publicKey, secretKey } = signer.keygen(keySeed)
      expect(toHex(secretKey)).toBe(toHex(v.secretKey))
      expect(toHex(publicKey)).toBe(toHex(v.publicKey))
      expect(toHex(signer.sign(v.message, secretKey, { extraEntropy: signSeed }))).toBe(toHex(v.signature))
    }
  })

  it('the first vector has the digest that the submission publishes', () => {
    const [v] = vectors as [KnownAnswer]
    const up = (b: Uint8Array): string => toHex(b).toUpperCase()
    const rsp = [
      'count = 0',
      `seed = ${up(v.seed)}`,
      `mlen = ${v.message.length}`,
      `msg = ${up(v.message)}`,
      `pk = ${up(v.publicKey)}`,
      `sk = ${up(v.secretKey)}`,
      `smlen = ${v.signature.length + v.message.length}`,
      `sm = ${up(v.signature)}${up(v.message)}`,
      '',
    ].join('\n')
    expect(createHash('sha256').update(rsp).digest('hex')).toBe(firstDigest(name))
  })
})

describe('signing', () => {
  const [v] = knownAnswers('p324_3') as [KnownAnswer]

  it('the BigInt backend gives the same key and signature', () => {
    setBackend('bigint')
    const [keySeed, signSeed] = draws(v)
    expect(toHex(sqisign1.keygen(keySeed).secretKey)).toBe(toHex(v.secretKey))
    expect(toHex(sqisign1.sign(v.message, v.secretKey, { extraEntropy: signSeed }))).toBe(toHex(v.signature))
  })

  it('fresh keys sign and verify, also empty and long messages', () => {
    const { publicKey, secretKey } = sqisign1.keygen()
    for (const message of [new Uint8Array(0), new Uint8Array(1 << 20).fill(7)]) {
      const signature = sqisign1.sign(message, secretKey)
      expect(sqisign1.verify(signature, message, publicKey)).toBe(true)
      expect(sqisign1.verify(signature, Uint8Array.of(1), publicKey)).toBe(false)
    }
    expect(toHex(sqisign1.getPublicKey(secretKey))).toBe(toHex(publicKey))
  })

  it('extraEntropy: false is deterministic, the default is not', () => {
    const sign = (options?: { extraEntropy: false }): string => toHex(sqisign1.sign(v.message, v.secretKey, options))
    expect(sign({ extraEntropy: false })).toBe(sign({ extraEntropy: false }))
    expect(sign()).not.toBe(sign())
  })

  it('wrong arguments throw with a code, and a damaged secret key is refused', () => {
    const invalid = (run: () => unknown, code: 'ISOGENY_INVALID_ARGUMENT' | 'ISOGENY_INVALID_KEY'): void => {
      try {
        run()
      } catch (error) {
        expect(isIsogenyError(error, code)).toBe(true)
        return
      }
      expect.unreachable()
    }
    invalid(() => sqisign1.keygen(new Uint8Array(47)), 'ISOGENY_INVALID_ARGUMENT')
    invalid(() => sqisign1.sign('text' as never, v.secretKey), 'ISOGENY_INVALID_ARGUMENT')
    invalid(() => sqisign1.sign(v.message, v.secretKey, { context: v.message } as never), 'ISOGENY_INVALID_ARGUMENT')
    invalid(() => sqisign1.sign(v.message, v.secretKey, { extraEntropy: v.message }), 'ISOGENY_INVALID_ARGUMENT')
    invalid(() => sqisign1.sign(v.message, v.publicKey), 'ISOGENY_INVALID_KEY')
    const damaged = v.secretKey.slice()
    damaged[90]! ^= 1
    expect(sqisign1.validateSecretKey(damaged)).toBe(false)
    invalid(() => sqisign1.getPublicKey(damaged), 'ISOGENY_INVALID_KEY')
    expect(sqisign1.validateSecretKey(v.secretKey)).toBe(true)
  })
})
