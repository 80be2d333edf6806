import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect, test } from 'vitest'
import { keccak256 } from '../../src/hash/index.ts'

test('keccak256 equals @noble/hashes at every length around the block size and far beyond the chunk size', () => {
  const data = new Uint8Array(300_000).map((_, i) => (i * 31 + (i >> 8)) & 255)
  const lengths = [...Array(420).keys(), 69_631, 69_632, 69_633, 139_264, 139_400, 300_000]
  for (const length of lengths)
    expect(keccak256(data.subarray(0, length))).toEqual(keccak_256(data.subarray(0, length)))
})
