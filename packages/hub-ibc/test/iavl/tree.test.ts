import { describe, expect, it } from 'vitest'
import { byteKey, compare, fromByteKey, toHex, utf8 } from '../../src/encoding/bytes.ts'
import { IavlTree } from '../../src/iavl/tree.ts'
import { createBatchVerifier } from '../../src/ics23/batch.ts'
import { encodeCommitmentProof } from '../../src/ics23/codec.ts'
import { iavlSpec, tendermintSpec } from '../../src/ics23/specs.ts'
import { verifyMembership, verifyNonMembership } from '../../src/ics23/verify.ts'
import { multiStore } from '../../src/merkle/simple.ts'
import { createGoRandom } from '../go-random.ts'
import { createRandom } from '../random.ts'

describe('IAVL tree', () => {
  it('has the root hashes of cosmos/iavl TestTreeHash after 16,384 inserts, updates and removals', () => {
    const random = createGoRandom(49872768940n)
    const tree = new IavlTree()
    const keys: Uint8Array[] = []
    const roots: string[] = []
    for (let version = 0; version < 4; version++) {
      for (let operation = 0; operation < 4096; operation++) {
        if (keys.length > 0 && random.float64() <= 0.2) {
          const [key] = keys.splice(random.intn(keys.length), 1)
          expect(tree.delete(key!)).toBe(true)
        } else if (keys.length > 0 && random.float64() <= 0.4) {
          const key = keys[random.intn(keys.length)]!
          tree.set(key, random.read(16))
        } else {
          const key = random.read(16)
          tree.set(key, random.read(16))
          keys.push(key)
        }
      }
      roots.push(toHex(tree.commit().hash))
    }
    expect(roots).toEqual([
      '58ec30fa27f338057e5964ed9ec3367e59b2b54bec4c194f10fde7fed16c2a1c',
      '91ad3ace227372f0064b2d63e8493ce8f4bdcbd16c7a8e4f4d54029c9db9570c',
      '92c25dce822c5968c228cfe7e686129ea281f79273d4a8fcf6f9130a47aa5421',
      'e44d170925554f42e00263155c19574837a38e3efed8910daccc7fa12f560fa0',
    ])
  })

  it('agrees with a sorted map in every version, and proves presence and absence of every key', () => {
    const random = createRandom()
    const tree = new IavlTree()
    const model = new Map<string, Uint8Array>()
    const history: Map<string, Uint8Array>[] = []
    for (let version = 1; version <= 12; version++) {
      for (let i = 0; i < 60; i++) {
        const key = random.bytes(1 + random.below(2))
        if (random.below(3) === 0) {
          expect(tree.delete(key)).toBe(model.delete(byteKey(key)))
        } else {
          const value = random.bytes(1 + random.below(200))
          tree.set(key, value)
          model.set(byteKey(key), value)
        }
      }
      tree.commit()
      history.push(new Map(model))
    }
    history.forEach((held, index) => {
      const version = index + 1
      const sorted = [...held.keys()].map(fromByteKey).sort(compare)
      expect([...tree.entries({ version })].map(([key]) => byteKey(key))).toEqual(sorted.map(byteKey))
      const root = tree.hashOf(version)
      const batch = createBatchVerifier(iavlSpec, root)
      for (let i = 0; i < 200; i++) {
        const key = random.bytes(1 + random.below(2))
        const value = held.get(byteKey(key))
        const proof = tree.prove(key, version)
        // Written straight from the nodes, and through the codec.
        expect(proof).toEqual(encodeCommitmentProof(tree.proof(key, version)))
        if (value) {
          expect(verifyMembership(iavlSpec, root, proof, key, value)).toEqual({ status: 'valid' })
          expect(batch.verifyMembership(proof, key, value)).toEqual({ status: 'valid' })
          expect(verifyNonMembership(iavlSpec, root, proof, key).status).toBe('invalid')
        } else expect(verifyNonMembership(iavlSpec, root, proof, key)).toEqual({ status: 'valid' })
      }
    })
    const range = [...tree.entries({ from: Uint8Array.of(50), to: Uint8Array.of(90) })].map(([key]) => key[0]!)
    expect(range.every((byte) => byte >= 50 && byte < 90)).toBe(true)
    expect(range.length).toBe(
      [...model.keys()].filter((key) => key.charCodeAt(0) >= 50 && key.charCodeAt(0) < 90).length,
    )
  })

  it('keeps old versions while new ones are written, forgets pruned ones, and rolls back', () => {
    const tree = new IavlTree()
    tree.set(utf8('a'), utf8('1'))
    tree.commit()
    tree.set(utf8('a'), utf8('2'))
    tree.commit()
    tree.set(utf8('a'), utf8('3'))
    tree.rollback()
    expect(tree.get(utf8('a'))).toEqual(utf8('2'))
    expect(tree.get(utf8('a'), 1)).toEqual(utf8('1'))
    tree.prune(1)
    expect(() => tree.get(utf8('a'), 1)).toThrow(expect.objectContaining({ code: 'HUB_VERSION_UNKNOWN' }))
  })

  it('proves long keys and values in the bytes of the codec too', () => {
    const tree = new IavlTree()
    const pairs = [1, 127, 128, 4096].flatMap((key) =>
      [1, 127, 128, 16_384, 40_000].map(
        (value) => [new Uint8Array(key).fill(value), new Uint8Array(value).fill(7)] as const,
      ),
    )
    for (const [key, value] of pairs) tree.set(key, value)
    const { hash } = tree.commit()
    for (const [key] of pairs) {
      const proof = tree.prove(key)
      expect(proof).toEqual(encodeCommitmentProof(tree.proof(key)))
      expect(verifyMembership(iavlSpec, hash, proof, key, tree.get(key)!)).toEqual({ status: 'valid' })
    }
  })

  it('refuses empty keys and values, and proofs of an empty tree', () => {
    const tree = new IavlTree()
    tree.commit()
    const refusal = expect.objectContaining({ code: 'HUB_INVALID_ARGUMENT' })
    expect(() => tree.set(new Uint8Array(0), utf8('v'))).toThrow(refusal)
    expect(() => tree.set(utf8('k'), new Uint8Array(0))).toThrow(refusal)
    expect(() => tree.prove(utf8('k'))).toThrow(refusal)
  })

  it('stands under a simple Merkle root with a proof for every store', () => {
    for (let count = 1; count <= 9; count++) {
      const stores = Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`store-${i}`, new Uint8Array(32).fill(i + 1)]),
      )
      const multi = multiStore(stores)
      for (const [name, root] of Object.entries(stores)) {
        expect(verifyMembership(tendermintSpec, multi.hash, multi.prove(name), utf8(name), root)).toEqual({
          status: 'valid',
        })
      }
    }
  })
})
