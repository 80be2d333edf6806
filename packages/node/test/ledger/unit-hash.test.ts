import { blake2b256, bytesToHex } from '@zos/dag'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unitHash } from '../../src/ledger/unit-hash.ts'

test('the WebAssembly BLAKE2b gives the answers of the reference', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      expect(bytesToHex(unitHash(bytes))).toBe(bytesToHex(blake2b256(bytes)))
    }),
  )
})
