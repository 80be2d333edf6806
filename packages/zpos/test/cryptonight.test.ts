import { existsSync, readFileSync } from 'node:fs'
import { blake256 } from '@noble/hashes/blake1.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, test, vi } from 'vitest'
import {
  type CryptonightVariant,
  createCryptonight,
  cryptonightPlain,
  groestl256,
  jh256,
  skein512256,
} from '../src/cryptonight/index.ts'
import { isZposError } from '../src/index.ts'

interface Vectors {
  readonly slow: Record<'0' | '1' | '2', [string, string][]>
  readonly extra: Record<'blake' | 'groestl' | 'jh' | 'skein', [string, string][]>
}
const vectors = JSON.parse(readFileSync(new URL('vectors/monero.json', import.meta.url), 'utf8')) as Vectors
const FINALISERS = { blake: blake256, groestl: groestl256, jh: jh256, skein: skein512256 }
const FULL = `${process.env.ZOS_VECTORS ?? new URL('../../../../shared/vectors', import.meta.url).pathname}/monero/tests/hash`
const hasher = await createCryptonight()

describe.each(['blake', 'groestl', 'jh', 'skein'] as const)('finaliser %s', (name) => {
  test('equals the vectors of Monero', () => {
    for (const [digest, input] of vectors.extra[name]) {
      expect(bytesToHex(FINALISERS[name](hexToBytes(input)))).toBe(digest)
    }
  })

  test.skipIf(!existsSync(FULL))('equals all 321 of them (folder of vectors not there: skipped)', () => {
    const lines = readFileSync(`${FULL}/tests-extra-${name}.txt`, 'utf8').trim().split('\n')
    expect(lines).toHaveLength(321)
    for (const line of lines) {
      const [digest, input] = line.split(' ') as [string, string]
      expect(bytesToHex(FINALISERS[name](hexToBytes(input === 'x' ? '' : input)))).toBe(digest)
    }
  })
})

describe.each([0, 1, 2] as const)('CryptoNight variant %i', (variant) => {
  test('in WebAssembly equals the vectors of Monero', () => {
    const cases = vectors.slow[`${variant}`]
    expect(cases.length).toBeGreaterThan(3)
    for (const [digest, input] of cases) expect(bytesToHex(hasher.hash(hexToBytes(input), variant))).toBe(digest)
  })

  test('in plain TypeScript equals them too', { timeout: 60_000 }, () => {
    for (const [digest, input] of vectors.slow[`${variant}`].slice(0, process.env.ZOS_LONG ? 10 : 2)) {
      expect(bytesToHex(cryptonightPlain(hexToBytes(input), variant))).toBe(digest)
    }
  })
})

test('both refuse what variant 1 cannot hash, and variants that are not there', () => {
  for (const hash of [hasher.hash, cryptonightPlain]) {
    for (const [bytes, variant] of [
      [42, 1],
      [76, 3],
    ] as const) {
      try {
        hash(new Uint8Array(bytes), variant as CryptonightVariant)
        expect.unreachable()
      } catch (error) {
        expect(isZposError(error, 'ZPOS_INVALID_ARGUMENT')).toBe(true)
      }
    }
    expect(bytesToHex(hash(new Uint8Array(43), 1))).toBe(vectors.slow['1'][0]![0])
  }
})

test('one hash leaves nothing behind that changes the next', () => {
  const data = hexToBytes(vectors.slow['1'][2]![1])
  hasher.hash(data, 2)
  hasher.hash(data, 0)
  expect(bytesToHex(hasher.hash(data, 1))).toBe(vectors.slow['1'][2]![0])
})

test('without WebAssembly there is an error that says what to use', async () => {
  vi.stubGlobal('WebAssembly', undefined)
  const refusal = await createCryptonight().catch((error) => error)
  vi.unstubAllGlobals()
  expect(isZposError(refusal, 'ZPOS_NO_WEBASSEMBLY')).toBe(true)
})
