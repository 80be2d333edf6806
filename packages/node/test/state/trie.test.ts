import { createMPT, verifyMPTWithMerkleProof } from '@ethereumjs/mpt'
import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commitTrie, EMPTY_TRIE_ROOT, proveTrieKey, type TrieUpdate } from '../../src/state/trie.ts'

/** Keys of 3 bytes from a small alphabet, so that prefixes, forks and collapses are frequent. */
const key = fc
  .array(fc.constantFrom('0', '1', 'a', 'f'), { minLength: 6, maxLength: 6 })
  .map((digits) => digits.join(''))
const value = fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined })
const batch = fc.array(fc.tuple(key, value), { maxLength: 12 }).map((entries) => [...new Map(entries)] as TrieUpdate[])

function createStore() {
  const nodes = new Map<string, Uint8Array>()
  const read = (path: string) => nodes.get(path)
  return {
    nodes,
    read,
    commit(updates: TrieUpdate[]) {
      const commit = commitTrie(read, updates)
      for (const [path, rlp] of commit.nodes) {
        if (rlp) nodes.set(path, rlp)
        else nodes.delete(path)
      }
      return commit.root
    },
  }
}

describe('the batched Merkle–Patricia trie', () => {
  test('has the well-known empty root', () => {
    expect(bytesToHex(EMPTY_TRIE_ROOT)).toBe('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
  })

  test('has the root of @ethereumjs/mpt after every batch of writes and deletes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 6 }), async (batches) => {
        const store = createStore()
        const reference = await createMPT()
        for (const updates of batches) {
          for (const [path, bytes] of updates) {
            if (bytes) await reference.put(hexToBytes(`0x${path}`), bytes)
            else await reference.del(hexToBytes(`0x${path}`))
          }
          expect(bytesToHex(store.commit(updates))).toBe(bytesToHex(reference.root()))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('leaves no node behind when everything is deleted again', () => {
    fc.assert(
      fc.property(batch, batch, (first, second) => {
        const store = createStore()
        store.commit(first)
        store.commit(second)
        const root = store.commit(
          [...new Set([...first, ...second].map(([path]) => path))].map((path) => [path, undefined]),
        )
        expect(root).toEqual(EMPTY_TRIE_ROOT)
        expect(store.nodes.size).toBe(0)
      }),
    )
  })

  test('proves presence and absence as an independent verifier understands it', async () => {
    const store = createStore()
    const entries = Array.from({ length: 200 }, (_, i) => {
      const hashed = keccak256(Uint8Array.of(i))
      return [bytesToHex(hashed).slice(2), hashed.subarray(0, 1 + (i % 32))] as const
    })
    const root = store.commit(entries.slice(0, 150) as TrieUpdate[])
    const verifier = await createMPT()
    for (const [index, [path, expected]] of entries.entries()) {
      const proof = proveTrieKey(store.read, path)
      const proven = await verifyMPTWithMerkleProof(verifier, root, hexToBytes(`0x${path}`), proof)
      if (index < 150) expect(proven).toEqual(expected)
      else expect(proven).toBeNull()
    }
  })
})
