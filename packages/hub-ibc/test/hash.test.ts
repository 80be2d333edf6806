import { sha256 as reference } from '@noble/hashes/sha2.js'
import { expect, it } from 'vitest'
import { fromBase64, fromHex, fromUtf8, toBase64, toHex } from '../src/encoding/bytes.ts'
import { SHA256_PADDING, sha256, sha256InPlace } from '../src/hash/sha256.ts'
import { createRandom } from './random.ts'

it('SHA-256 agrees with @noble/hashes at every length up to 300, in place too', () => {
  const random = createRandom()
  for (let length = 0; length <= 300; length++) {
    const message = random.bytes(length)
    const expected = toHex(reference(message))
    expect(toHex(sha256(message))).toBe(expected)
    const buffer = new Uint8Array(length + SHA256_PADDING).fill(0xaa)
    buffer.set(message)
    sha256InPlace(buffer, length, buffer, 0)
    expect(toHex(buffer.subarray(0, 32))).toBe(expected)
  }
})

it('base64 and hex go there and back, and refuse what is not canonical', () => {
  const random = createRandom()
  for (let length = 0; length < 40; length++) {
    const bytes = random.bytes(length)
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
    expect(fromBase64(toBase64(bytes))).toEqual(bytes)
    expect(fromHex(toHex(bytes))).toEqual(bytes)
  }
  const refusal = expect.objectContaining({ code: 'HUB_DECODE' })
  for (const text of ['A', 'AB', 'AB==C', 'AB=A', 'AR==', '====']) expect(() => fromBase64(text)).toThrow(refusal)
  for (const text of ['0', 'zz', '0x1']) expect(() => fromHex(text)).toThrow(refusal)
  expect(() => fromUtf8(Uint8Array.of(0xff))).toThrow(refusal)
})
