import { createMPT, verifyMPTWithMerkleProof } from '@ethereumjs/mpt'
import { keccak256 } from '@zos/pipeline/hash'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SourceFault } from '../../src/light/errors.ts'
import { EMPTY_ROOT_BYTES, verifyTrieProof } from '../../src/light/mpt-proof.ts'
import { commitTrie, proveTrieKey } from '../../src/state/trie.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** A trie of hashed keys, small values among them so that nodes are embedded. */
function trieOf(count: number) {
  const entries = Array.from({ length: count }, (_, i) => {
    const key = keccak256(Uint8Array.of(i, i >> 8))
    return { key, value: key.subarray(0, 1 + (i % 40)) }
  })
  const { root, nodes } = commitTrie(
    () => undefined,
    entries.map(({ key, value }) => [hex(key), value] as const),
  )
  return { entries, root, prove: (key: Uint8Array) => proveTrieKey((path) => nodes.get(path), hex(key)) }
}

function verdict(check: () => Uint8Array | undefined) {
  try {
    return check()
  } catch (error) {
    if (error instanceof SourceFault) return 'fault'
    throw error
  }
}

describe('a Merkle–Patricia proof', () => {
  test('shows values and absence, as @ethereumjs/mpt reads it too', async () => {
    for (const count of [1, 2, 17, 300]) {
      const { entries, root, prove } = trieOf(count)
      const reference = await createMPT()
      for (const { key, value } of entries.slice(0, 60)) {
        expect(verifyTrieProof(root, key, prove(key))).toEqual(value)
        expect(await verifyMPTWithMerkleProof(reference, root, key, prove(key))).toEqual(value)
      }
      for (let i = 0; i < 60; i++) {
        const missing = keccak256(Uint8Array.of(1, 2, 3, i))
        expect(verifyTrieProof(root, missing, prove(missing))).toBeUndefined()
        expect(await verifyMPTWithMerkleProof(reference, root, missing, prove(missing))).toBeNull()
      }
    }
    expect(verifyTrieProof(EMPTY_ROOT_BYTES, keccak256(new Uint8Array()), [])).toBeUndefined()
  })

  test('with anything changed, missing or added shows nothing', () => {
    const { entries, root, prove } = trieOf(300)
    fc.assert(
      fc.property(fc.nat(299), fc.nat(10), fc.nat(600), fc.integer({ min: 1, max: 255 }), (at, node, byte, mask) => {
        const { key, value } = entries[at]!
        const proof = prove(key).map((rlp) => rlp.slice())
        const target = proof[node % proof.length]!
        target[byte % target.length]! ^= mask
        expect(verdict(() => verifyTrieProof(root, key, proof))).toBe('fault')
        const good = prove(key)
        expect(verdict(() => verifyTrieProof(root, key, good.slice(0, -1)))).toBe('fault')
        expect(verdict(() => verifyTrieProof(root, key, [...good, good[0]!]))).toBe('fault')
        expect(verdict(() => verifyTrieProof(keccak256(root), key, good))).toBe('fault')
        expect(verifyTrieProof(root, key, good)).toEqual(value)
      }),
      { numRuns: 200 },
    )
  })

  test('of another key never shows a value for this one', () => {
    const { entries, root, prove } = trieOf(300)
    for (let i = 0; i < 299; i++) {
      const answer = verdict(() => verifyTrieProof(root, entries[i]!.key, prove(entries[i + 1]!.key)))
      expect(answer).toBe('fault')
    }
  })

  test('of foreign bytes is a fault, never another error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), (nodes) => {
        const root = nodes[0] ? keccak256(nodes[0]) : keccak256(new Uint8Array(5))
        const answer = verdict(() => verifyTrieProof(root, new Uint8Array(32), nodes))
        expect(answer === 'fault' || answer === undefined || answer instanceof Uint8Array).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})
