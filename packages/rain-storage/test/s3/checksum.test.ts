import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/content/bytes.ts'
import { nodeS3Defaults } from '../../src/platform/s3-defaults.ts'
import {
  announcedChecksum,
  base64,
  type ChecksumName,
  checksumNames,
  checksumOfParts,
  createChecksum,
} from '../../src/s3/checksum.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const digest = (name: ChecksumName, parts: readonly Uint8Array[]) => {
  const hash = createChecksum(name)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

describe('checksums', () => {
  it('have the check values of the CRC catalogue', () => {
    const check = (name: ChecksumName) => toHex(digest(name, [bytes('123456789')]))
    expect(check('crc32')).toBe('cbf43926')
    expect(check('crc32c')).toBe('e3069283')
    expect(check('crc64nvme')).toBe('ae8b14860a799888')
  })

  it('are the same of one piece and of many, and the same as those of the platform', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (parts) => {
        const whole = Buffer.concat(parts)
        for (const name of checksumNames) {
          expect(toHex(digest(name, parts))).toBe(toHex(digest(name, [whole])))
          const native = createChecksum(name, nodeS3Defaults.createHash)
          native.update(whole)
          expect(toHex(native.digest())).toBe(toHex(digest(name, [whole])))
        }
        expect(toHex(digest('crc32', [whole]))).toBe(crc32(whole).toString(16).padStart(8, '0'))
        expect(toHex(digest('sha1', [whole]))).toBe(createHash('sha1').update(whole).digest('hex'))
      }),
    )
  })

  it('of all bytes follow from those of the parts, for every CRC', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 5 }), (parts) => {
        for (const name of ['crc32', 'crc32c', 'crc64nvme'] as const) {
          const given = parts.map((part) => ({
            size: part.length,
            checksum: { name, value: base64(digest(name, [part])), type: 'FULL_OBJECT' as const },
          }))
          const value = base64(digest(name, [Buffer.concat(parts)]))
          expect(checksumOfParts(given, name, 'FULL_OBJECT')).toEqual({ name, value, type: 'FULL_OBJECT' })
        }
      }),
    )
  })

  it('of parts are hashed together with their count behind', () => {
    const parts = ['a', 'b'].map((text) => digest('sha256', [bytes(text)]))
    const value = `${createHash('sha256').update(Buffer.concat(parts)).digest('base64')}-2`
    const given = parts.map((part) => ({
      size: 1,
      checksum: { name: 'sha256' as const, value: base64(part), type: 'FULL_OBJECT' as const },
    }))
    expect(checksumOfParts(given, 'sha256', 'COMPOSITE')).toEqual({ name: 'sha256', value, type: 'COMPOSITE' })
    expect(checksumOfParts([...given, { size: 1 }], 'sha256', 'COMPOSITE')).toBeUndefined()
  })

  it('come one a request', () => {
    expect(announcedChecksum(new Headers({ 'x-amz-trailer': 'x-amz-checksum-crc32c' }))).toEqual({
      name: 'crc32c',
      value: undefined,
    })
    expect(() =>
      announcedChecksum(new Headers({ 'x-amz-checksum-sha1': 'a', 'x-amz-checksum-crc32': 'b' })),
    ).toThrowError(/one checksum/)
  })
})
