import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { askEd25519 } from '../../src/gpu/ed25519-items.ts'
import { LIMBS, toLimbs } from '../../src/gpu/limbs.ts'
import { assemble, Registers } from '../../src/gpu/program.ts'
import {
  Answers,
  askBip340,
  askEcdsa,
  askLift,
  askRecover,
  judgeBip340,
  judgeEcdsa,
  type Questions,
} from '../../src/gpu/secp256k1-items.ts'
import { ITEM_WORDS, RESULT_WORDS, yFrom } from '../../src/gpu/secp256k1-wgsl.ts'
import { nobleVerifier } from '../../src/verify/noble.ts'
import { bip340Cases, ecdsaCases, ed25519Cases, liftCases, recoverCases } from './cases.ts'

const reference = nobleVerifier()
const { BASE, Fn, Fp, ZERO, fromAffine, fromHex } = secp256k1.Point
const number = (words: Uint32Array, at: number) =>
  words.subarray(at, at + 8).reduceRight((value, word) => (value << 32n) | BigInt(word), 0n)

/** What the shaders compute of the words, by noble. */
function answer({ words }: Questions): Answers {
  const count = words.length / ITEM_WORDS
  const results = new Uint32Array(count * RESULT_WORDS)
  for (let i = 0; i < count; i++) {
    const at = i * ITEM_WORDS
    const from = words[at + 32]!
    if (from === yFrom.nothing) continue
    try {
      const x = number(words, at)
      const point =
        from === yFrom.item
          ? fromAffine({ x, y: number(words, at + 8) })
          : fromHex((from === yFrom.evenRoot ? '02' : '03') + x.toString(16).padStart(64, '0'))
      point.assertValidity()
      const [a, b] = [number(words, at + 16), number(words, at + 24)]
      const sum = (a === 0n ? ZERO : BASE.multiply(a)).add(b === 0n ? ZERO : point.multiply(b))
      if (sum.is0()) continue
      for (const [k, value] of [sum.x, sum.y].entries())
        for (let w = 0; w < 8; w++)
          results[i * RESULT_WORDS + 8 * k + w] = Number((value >> BigInt(32 * w)) & 0xffff_ffffn)
      results[i * RESULT_WORDS + 16] = 1
    } catch {
      // no point
    }
  }
  return new Answers(results)
}

describe('what a GPU is asked, and what follows', () => {
  test('BIP-340', () => {
    const items = bip340Cases(40)
    expect(judgeBip340(items, answer(askBip340(items)))).toEqual(reference.verifyMany('bip340', items))
  })

  test('ECDSA, with and without a parity', () => {
    const items = ecdsaCases(40)
    expect(judgeEcdsa(items, answer(askEcdsa(items)))).toEqual(reference.verifyMany('ecdsa', items))
  })

  test('ECDSA whose R.x is above the order: valid only where no parity is promised', () => {
    // A point whose x lies between the order and the prime; the key that makes it R, for s = 1.
    let x = Fn.ORDER + 1n
    while (!Fp.isValid(x) || !onCurve(x)) x++
    const R = fromHex(`02${x.toString(16).padStart(64, '0')}`)
    const r = x % Fn.ORDER
    const hash = new Uint8Array(32).fill(7)
    const z = BigInt(`0x${'07'.repeat(32)}`) % Fn.ORDER
    const key = R.subtract(BASE.multiply(z)).multiply(Fn.inv(r))
    const item = { publicKey: key.toBytes(false).slice(1), hash, r, s: 1n }
    const items = [item, { ...item, yParity: 0 as const }]
    expect(judgeEcdsa(items, answer(askEcdsa(items)))).toEqual([true, false])
    expect(reference.verifyMany('ecdsa', items)).toEqual([true, false])
  })

  test('recovery, also of the key that would be infinity', () => {
    const items = recoverCases(30)
    const answers = answer(askRecover(items))
    expect(items.map((_, i) => answers.point(i) ?? null)).toEqual(reference.recoverPublicKeys(items))
    expect(answers.point(items.length - 1)).toBeUndefined()
  })

  test('keys from x and parity', () => {
    const keys = liftCases(40)
    const answers = answer(askLift(keys))
    expect(keys.map((_, i) => answers.point(i) ?? null)).toEqual(
      reference.liftMany(keys).map((full) => full?.publicKey ?? null),
    )
  })

  test('Ed25519: the scalars are those of the equation', () => {
    const items = ed25519Cases(20)
    const words = askEd25519(items)
    const verdicts = items.map(({ publicKey, signature }, i) => {
      const at = i * 33
      if (words[at + 32] === 1) return false
      try {
        const [A, R] = [publicKey, signature.subarray(0, 32)].map((bytes) => ed25519.Point.fromBytes(bytes, true))
        const [s, k] = [number(words, at + 16), number(words, at + 24)]
        const { ZERO: zero, BASE: B } = ed25519.Point
        const left = (s === 0n ? zero : B.multiply(s)).subtract(k === 0n ? zero : A!.multiplyUnsafe(k)).subtract(R!)
        return left.clearCofactor().is0()
      } catch {
        return false
      }
    })
    expect(verdicts).toEqual(reference.verifyMany('ed25519', items))
  })
})

function onCurve(x: bigint): boolean {
  try {
    fromHex(`02${x.toString(16).padStart(64, '0')}`)
    return true
  } catch {
    return false
  }
}

describe('the arithmetic of the shaders', () => {
  // What 2^260 is congruent to, r0 + r2·2^26; limbs 0 and 2 of an element may be above thirteen bits by as much.
  test.each([
    ['secp256k1', 15_632, 1_024],
    ['Ed25519', 608, 0],
  ])('on %s no sum of products leaves 32 bits', (_, r0, r2) => {
    const limb = (i: number) => 8_191 + (i === 0 ? r0 : i === 2 ? r2 : 0)
    let carry = 0
    for (let column = 0; column < 2 * LIMBS - 1; column++) {
      let sum = carry
      for (let i = 0; i < LIMBS; i++) if (column - i >= 0 && column - i < LIMBS) sum += limb(i) * limb(column - i)
      expect(sum).toBeLessThan(2 ** 32)
      carry = Math.floor(sum / 8_192)
    }
    // The padding of subtractions is above every limb.
    expect(limb(0)).toBeLessThan(2 ** 15)
    const prime = r2 > 0 ? Fp.ORDER : 2n ** 255n - 19n
    expect(2n ** 260n % prime).toBe(BigInt(r0) + (BigInt(r2) << 26n))
  })

  test('limbs hold a number', () => {
    const value = Fp.ORDER - 12_345n
    expect(toLimbs(value).reduceRight((sum, limb) => (sum << 13n) | BigInt(limb), 0n)).toBe(value)
  })

  test('formulas are refused where they are none', () => {
    expect(() => assemble(new Registers(), 'a = b / c')).toThrow(SyntaxError)
    expect(() => assemble(new Registers(), Array.from({ length: 30 }, (_, i) => `r${i} = x + y`).join('\n'))).toThrow(
      RangeError,
    )
  })
})
