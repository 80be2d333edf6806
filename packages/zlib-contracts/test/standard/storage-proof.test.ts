/** The proof of storage on the chain against the audit of @zos/rain-storage: the same leaves from the same nonce, the same answers accepted. */
import { answerChallenge, checkAnswer, defaultCrypto, type LeafProof, merkleRoot } from '@zos/rain-storage'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createLibrary, type Made } from './library.ts'

const crypto = defaultCrypto()
let proofs: Made
beforeAll(async () => {
  proofs = await (await createLibrary()).make('Proofs')
}, 600_000)

/** Bytes that differ from leaf to leaf. */
function shard(length: number, seed: number): Uint8Array {
  let state = seed >>> 0 || 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

const onChain = async (root: Uint8Array, length: number, nonce: Uint8Array, leaves: number, answer: LeafProof[]) =>
  (
    await proofs.call('answers', [
      root,
      length,
      nonce,
      leaves,
      answer.map(({ leaf }) => leaf),
      answer.map(({ path }) => path),
    ])
  ).value as boolean

/** Every length that the tree can treat in a way of its own: empty, below a leaf, at and around the ends of leaves and of levels, odd levels. */
const LENGTHS = [0, 1, 2, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 3_072, 3_073, 4_097, 5_120, 6_145, 7_168, 9_217]
const length = fc.oneof(fc.constantFrom(...LENGTHS), fc.nat(1_100), fc.nat(40_000))
const nonce = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('picks the leaves that the audit picks, and accepts its answer, at every length', async () => {
  const all = fc.asyncProperty(length, nonce, fc.integer({ min: 1, max: 16 }), async (size, salt, wanted) => {
    const bytes = shard(size, size + 1)
    const root = await merkleRoot(crypto, bytes)
    const answer = await answerChallenge(crypto, bytes, { nonce: salt, leaves: wanted })
    for (const [turn, { leaf }] of answer.entries()) {
      const at = Number((await proofs.call('pick', [salt, turn, size])).value)
      expect(bytes.slice(at * 1_024, (at + 1) * 1_024)).toEqual(leaf)
    }
    expect(await onChain(root, size, salt, wanted, answer)).toBe(true)
  })
  await fc.assert(all, { numRuns: 60, examples: LENGTHS.map((size) => [size, new Uint8Array(32).fill(size), 3]) })
})

/** One way to spoil an answer. What it leaves alone by chance is answered alike by both sides all the same. */
const SPOILS: Record<string, (answer: LeafProof[], at: number) => LeafProof[]> = {
  'a byte of a leaf': (answer, at) => change(answer, at, ({ leaf, path }) => ({ leaf: flip(leaf, at), path })),
  'a byte of a sibling': (answer, at) =>
    change(answer, at, ({ leaf, path }) => ({
      leaf,
      path: path.map((one, i) => (i === at % path.length ? flip(one, at) : one)),
    })),
  'a leaf too short': (answer, at) => change(answer, at, ({ leaf, path }) => ({ leaf: leaf.slice(0, -1), path })),
  'a leaf too long': (answer, at) =>
    change(answer, at, ({ leaf, path }) => ({ leaf: Uint8Array.of(...leaf, 0), path })),
  'a sibling too few': (answer, at) => change(answer, at, ({ leaf, path }) => ({ leaf, path: path.slice(0, -1) })),
  'a sibling too many': (answer, at) =>
    change(answer, at, ({ leaf, path }) => ({ leaf, path: [...path, new Uint8Array(32)] })),
  'siblings in another order': (answer, at) =>
    change(answer, at, ({ leaf, path }) => ({ leaf, path: path.toReversed() })),
  'a proof too few': (answer) => answer.slice(0, -1),
  'a proof too many': (answer) => [...answer, answer[0]!],
  'proofs in another order': (answer) => answer.toReversed(),
  nothing: (answer) => answer,
}
const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at % bytes.length ? byte ^ 1 : byte))
const change = (answer: LeafProof[], at: number, how: (one: LeafProof) => LeafProof) =>
  answer.map((one, i) => (i === at % answer.length ? how(one) : one))

test('refuses what the audit refuses, however an answer is spoiled', async () => {
  let refused = 0
  const spoiled = fc.asyncProperty(
    length,
    nonce,
    fc.integer({ min: 1, max: 5 }),
    fc.constantFrom(...Object.keys(SPOILS)),
    fc.nat(5_000),
    fc.constantFrom(0, 0, 0, 1, -1, 1_024),
    async (size, salt, wanted, spoil, at, off) => {
      const bytes = shard(size, size + 7)
      const root = await merkleRoot(crypto, bytes)
      const challenge = { nonce: salt, leaves: wanted }
      const answer = SPOILS[spoil]!(await answerChallenge(crypto, bytes, challenge), at)
      // The length is part of what is proved: a root with another length is another shard.
      const claimed = Math.max(0, size + off)
      const expected = await checkAnswer(crypto, root, claimed, challenge, answer)
      expect(await onChain(root, claimed, salt, wanted, answer)).toBe(expected)
      if (!expected) refused++
    },
  )
  await fc.assert(spoiled, { numRuns: 150 })
  expect(refused).toBeGreaterThan(50)
})
