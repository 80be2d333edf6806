/**
 * Classes of forged proofs. Each builds on real proofs of real trees, changes one thing an attacker would, and must be
 * refused by the single verifier and, for existence proofs, by the batch verifier too.
 */
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../src/encoding/bytes.ts'
import { ProtoWriter } from '../../src/encoding/protobuf-wire.ts'
import { IavlTree } from '../../src/iavl/tree.ts'
import { createBatchVerifier } from '../../src/ics23/batch.ts'
import { decodeCommitmentProof, encodeCommitmentProof } from '../../src/ics23/codec.ts'
import type { ExistenceProof, InnerOp, LeafOp, NonExistenceProof, ProofSpec } from '../../src/ics23/proof.ts'
import { iavlSpec, smtSpec, tendermintSpec } from '../../src/ics23/specs.ts'
import { calculateExistenceRoot, verifyMembership, verifyNonMembership } from '../../src/ics23/verify.ts'
import { multiStore } from '../../src/merkle/simple.ts'

const tree = new IavlTree()
for (let i = 0; i < 64; i++) tree.set(utf8(`key-${String(i).padStart(2, '0')}`), utf8(`value-${i}`))
tree.commit()
const root = tree.hashOf(1)
const key = utf8('key-20')
const value = utf8('value-20')
const proof = tree.prove(key)
const absentKey = utf8('key-20x')
const absentProof = tree.prove(absentKey)
const beforeFirst = tree.prove(utf8('a'))
const afterLast = tree.prove(utf8('z'))

const exist = (bytes: Uint8Array): ExistenceProof => {
  const decoded = decodeCommitmentProof(bytes)
  if (decoded.kind !== 'exist') throw new Error('not an existence proof')
  return decoded.exist
}
const nonexist = (bytes: Uint8Array): NonExistenceProof => {
  const decoded = decodeCommitmentProof(bytes)
  if (decoded.kind !== 'nonexist') throw new Error('not a non-existence proof')
  return decoded.nonexist
}
const encodeExist = (p: ExistenceProof) => encodeCommitmentProof({ kind: 'exist', exist: p })
const good = exist(proof)
const withLeaf = (change: Partial<LeafOp>): ExistenceProof => ({ ...good, leaf: { ...good.leaf!, ...change } })
const withStep = (index: number, change: (step: InnerOp) => Partial<InnerOp>): ExistenceProof => ({
  ...good,
  path: good.path.map((step, i) => (i === index ? { ...step, ...change(step) } : step)),
})
const edit = (bytes: Uint8Array, at: number, to: number) => {
  const copy = bytes.slice()
  copy[at] = to
  return copy
}
const without = (p: readonly InnerOp[], index: number) => p.filter((_, i) => i !== index)
const leftStep = good.path.findIndex((step) => step.suffix.length > 0)
const rightStep = good.path.findIndex((step) => step.suffix.length === 0)
/** A proof whose root is made to fit the forgery, as if the attacker could choose it: only the format rules can refuse it. */
const selfConsistent = (p: ExistenceProof): [Uint8Array, Uint8Array] => [encodeExist(p), calculateExistenceRoot(p)]

interface Forgery {
  readonly proof: Uint8Array
  readonly root?: Uint8Array
  readonly key?: Uint8Array
  readonly value?: Uint8Array
  readonly spec?: ProofSpec
}
const consistent = (p: ExistenceProof): Forgery => {
  const [bytes, forgedRoot] = selfConsistent(p)
  return { proof: bytes, root: forgedRoot, key: p.key, value: p.value }
}
const nonMinimal = (bytes: Uint8Array) => {
  // The outer length as one byte more than needed.
  const writer = new ProtoWriter()
  writer.tag(1, 2)
  const body = bytes.subarray(3)
  return concat(writer.finish(), Uint8Array.of((body.length & 0x7f) | 0x80, (body.length >> 7) | 0x80, 0), body)
}
const bump = (prefix: Uint8Array, at: number, by: number) => edit(prefix, at, prefix[at]! + by)
const multi = multiStore({ ibc: root, bank: new Uint8Array(32).fill(3), zones: new Uint8Array(32).fill(4) })
const storeProof = exist(multi.prove('ibc'))
const tm = (p: ExistenceProof): Forgery => ({ ...consistent(p), spec: tendermintSpec })

const existenceForgeries: Record<string, Forgery> = {
  'another value': { proof, value: utf8('value-21') },
  'another key': { proof, key: utf8('key-21') },
  'another root': { proof, root: edit(root, 0, root[0]! ^ 1) },
  'a zero root': { proof, root: new Uint8Array(32) },
  'an empty root': { proof, root: new Uint8Array(0) },
  'a root with a byte more': { proof, root: concat(root, Uint8Array.of(0)) },
  'a root cut short': { proof, root: root.subarray(0, 31) },
  'an empty proof': { proof: new Uint8Array(0) },
  'a proof cut short': { proof: proof.subarray(0, proof.length - 1) },
  'bytes behind the proof': { proof: concat(proof, Uint8Array.of(0)) },
  'a second proof behind the first': { proof: concat(proof, proof) },
  'a non-minimal length': { proof: nonMinimal(proof) },
  'a batch proof': { proof: concat(Uint8Array.of(0x1a), proof.subarray(1)) },
  'a compressed batch proof': { proof: concat(Uint8Array.of(0x22), proof.subarray(1)) },
  'an unknown outer field': { proof: concat(Uint8Array.of(0x2a), proof.subarray(1)) },
  'a non-existence proof': { proof: absentProof },
  'a length beyond the end': { proof: edit(proof, 1, 0xff) },
  'no leaf': { proof: encodeExist({ ...good, leaf: undefined }) },
  'no path at all': { proof: encodeExist({ ...good, path: [] }) },
  'a missing first step': { proof: encodeExist({ ...good, path: without(good.path, 0) }) },
  'a missing last step': { proof: encodeExist({ ...good, path: without(good.path, good.path.length - 1) }) },
  'swapped steps': { proof: encodeExist({ ...good, path: [good.path[1]!, good.path[0]!, ...good.path.slice(2)] }) },
  'a doubled step': consistent({ ...good, path: [good.path[0]!, ...good.path] }),
  'an empty key': { proof: encodeExist({ ...good, key: new Uint8Array(0) }), key: new Uint8Array(0) },
  'an empty value': { proof: encodeExist({ ...good, value: new Uint8Array(0) }), value: new Uint8Array(0) },
  'a key moved into the value': consistent({
    ...good,
    key: good.key.subarray(0, 3),
    value: concat(good.key.subarray(3), good.value),
    leaf: { ...good.leaf!, length: 0 },
  }),
  'leaf without value prehash': consistent(withLeaf({ prehashValue: 0 })),
  'leaf with key prehash': consistent(withLeaf({ prehashKey: 1 })),
  'leaf hashed by SHA-512': { proof: encodeExist(withLeaf({ hash: 2 })) },
  'leaf not hashed': { proof: encodeExist(withLeaf({ hash: 0 })) },
  'leaf with an unknown hash': { proof: encodeExist(withLeaf({ hash: 99 })) },
  'leaf without lengths': consistent(withLeaf({ length: 0 })),
  'leaf with fixed lengths': consistent(withLeaf({ length: 3 })),
  'leaf with the RLP length rule': { proof: encodeExist(withLeaf({ length: 2 })) },
  'leaf with an empty prefix': consistent(withLeaf({ prefix: new Uint8Array(0) })),
  'leaf with a longer prefix': consistent(withLeaf({ prefix: concat(good.leaf!.prefix, Uint8Array.of(7)) })),
  'leaf of height one': consistent(withLeaf({ prefix: Uint8Array.of(2, 2, 2) })),
  'leaf of size two': consistent(withLeaf({ prefix: Uint8Array.of(0, 4, 2) })),
  'leaf of a negative version': consistent(withLeaf({ prefix: Uint8Array.of(0, 2, 1) })),
  'leaf header with a non-minimal varint': consistent(withLeaf({ prefix: Uint8Array.of(0, 2, 0x82, 0) })),
  'a leaf in place of a step': consistent(
    withStep(0, () => ({ prefix: concat(good.leaf!.prefix, Uint8Array.of(0x20)) })),
  ),
  'step hashed by BLAKE2s': consistent(withStep(0, () => ({ hash: 8 }))),
  'step not hashed': { proof: encodeExist(withStep(0, () => ({ hash: 0 }))) },
  'step with an empty prefix': consistent(withStep(0, () => ({ prefix: new Uint8Array(0) }))),
  'step with both siblings': consistent(
    withStep(rightStep, () => ({ suffix: concat(Uint8Array.of(0x20), new Uint8Array(32).fill(9)) })),
  ),
  'step without a sibling': consistent(withStep(leftStep, () => ({ suffix: new Uint8Array(0) }))),
  'step with two right siblings': consistent(withStep(leftStep, (s) => ({ suffix: concat(s.suffix, s.suffix) }))),
  'step with half a sibling': consistent(withStep(leftStep, (s) => ({ suffix: s.suffix.subarray(0, 16) }))),
  'step with a wrong child length before': consistent(
    withStep(leftStep, (s) => ({ prefix: edit(s.prefix, s.prefix.length - 1, 0x21) })),
  ),
  'step with a wrong child length behind': consistent(withStep(leftStep, (s) => ({ suffix: edit(s.suffix, 0, 0x1f) }))),
  'step with a wrong sibling length': consistent(
    withStep(rightStep, (s) => ({ prefix: edit(s.prefix, s.prefix.length - 34, 0x1f) })),
  ),
  'step with too long a prefix': consistent(
    withStep(leftStep, (s) => ({ prefix: concat(s.prefix, new Uint8Array(40)) })),
  ),
  'step of height zero': consistent(withStep(1, (s) => ({ prefix: edit(s.prefix, 0, 0) }))),
  'step below its layer': consistent(withStep(3, (s) => ({ prefix: edit(s.prefix, 0, 2) }))),
  'heights that do not grow': consistent(withStep(1, (s) => ({ prefix: bump(s.prefix, 0, 2) }))),
  'sizes that do not grow': consistent(withStep(1, (s) => ({ prefix: edit(s.prefix, 1, 2) }))),
  'step of a negative height': consistent(withStep(0, (s) => ({ prefix: edit(s.prefix, 0, 1) }))),
  'step of a negative size': consistent(withStep(0, (s) => ({ prefix: edit(s.prefix, 1, 5) }))),
  'step of a negative version': consistent(withStep(0, (s) => ({ prefix: edit(s.prefix, 2, 1) }))),
  'step whose header never ends': consistent(withStep(0, () => ({ prefix: new Uint8Array(12).fill(0x80) }))),
  'a path of 129 steps': consistent({ ...good, path: Array.from({ length: 129 }, () => good.path[0]!) }),
  'a sibling changed': { proof: encodeExist(withStep(0, (s) => ({ prefix: edit(s.prefix, s.prefix.length - 1, 1) }))) },
  'an IAVL proof under the simple Merkle spec': { proof, spec: tendermintSpec },
  'an IAVL proof under the sparse spec': { proof, spec: smtSpec },
  'a simple Merkle proof under the IAVL spec': {
    proof: multi.prove('ibc'),
    root: multi.hash,
    key: utf8('ibc'),
    value: root,
  },
  'simple Merkle: leaf prefix as inner prefix': tm({
    ...storeProof,
    path: [{ ...storeProof.path[0]!, prefix: Uint8Array.of(0) }],
  }),
  'simple Merkle: bytes behind the leaf prefix': tm({
    ...storeProof,
    leaf: { ...storeProof.leaf!, prefix: Uint8Array.of(0, 1) },
  }),
  'simple Merkle: both siblings': tm({
    ...storeProof,
    path: [{ hash: 1, prefix: concat(Uint8Array.of(1), new Uint8Array(32)), suffix: new Uint8Array(32) }],
  }),
  'simple Merkle: no sibling': tm({
    ...storeProof,
    path: [{ hash: 1, prefix: Uint8Array.of(1), suffix: new Uint8Array(0) }],
  }),
  'simple Merkle: wrong inner prefix': tm({
    ...storeProof,
    path: [{ hash: 1, prefix: Uint8Array.of(2), suffix: new Uint8Array(32) }],
  }),
  'a leaf that is really an inner node of the tree': {
    // Claims the preimage of the lowest inner node as a pair: what lengths and prefixes in leaves are there to stop.
    proof: encodeExist({
      key: concat(good.path[0]!.prefix.subarray(3)),
      value: utf8('x'),
      leaf: { ...good.leaf!, prefix: good.path[0]!.prefix.subarray(0, 3), length: 0, prehashValue: 0 },
      path: good.path.slice(1),
    }),
  },
}

describe('forged existence proofs', () => {
  it('are measured against proofs that do verify', () => {
    expect(verifyMembership(iavlSpec, root, proof, key, value)).toEqual({ status: 'valid' })
    expect(verifyMembership(tendermintSpec, multi.hash, multi.prove('ibc'), utf8('ibc'), root)).toEqual({
      status: 'valid',
    })
  })
  for (const [name, forgery] of Object.entries(existenceForgeries)) {
    it(`${name} is refused`, () => {
      const spec = forgery.spec ?? iavlSpec
      const claim = [forgery.key ?? key, forgery.value ?? value] as const
      expect(verifyMembership(spec, forgery.root ?? root, forgery.proof, ...claim).status).toBe('invalid')
      const batch = createBatchVerifier(spec, forgery.root ?? root)
      if (spec === iavlSpec && !forgery.root) batch.verifyMembership(proof, key, value)
      expect(batch.verifyMembership(forgery.proof, ...claim).status).toBe('invalid')
    })
  }
})

it('a root that no hash is, is refused for that alone', () => {
  for (const none of [new Uint8Array(0), new Uint8Array(32)])
    expect(verifyMembership(iavlSpec, none, proof, key, value)).toEqual({
      status: 'invalid',
      reason: 'root is empty or zero',
    })
})

const absent = nonexist(absentProof)
const encodeAbsent = (change: Partial<NonExistenceProof>) =>
  encodeCommitmentProof({ kind: 'nonexist', nonexist: { ...absent, ...change } })
const of = (name: string) => exist(tree.prove(utf8(name)))

const absenceForgeries: Record<string, { proof: Uint8Array; key?: Uint8Array; root?: Uint8Array; spec?: ProofSpec }> = {
  'no neighbours': { proof: encodeAbsent({ left: undefined, right: undefined }) },
  'only a left neighbour in the middle': { proof: encodeAbsent({ right: undefined }) },
  'only a right neighbour in the middle': { proof: encodeAbsent({ left: undefined }) },
  'neighbours swapped': { proof: encodeAbsent({ left: absent.right, right: absent.left }) },
  'the same leaf on both sides': { proof: encodeAbsent({ left: absent.left, right: absent.left }) },
  'a neighbour further left': { proof: encodeAbsent({ left: of('key-19') }) },
  'a neighbour further right': { proof: encodeAbsent({ right: of('key-22') }) },
  'neighbours of two ends': { proof: encodeAbsent({ left: of('key-00'), right: of('key-63') }) },
  'a key that is there, as left neighbour': { proof: absentProof, key: utf8('key-20') },
  'a key that is there, as right neighbour': { proof: absentProof, key: utf8('key-21') },
  'a key between others': { proof: absentProof, key: utf8('key-30x') },
  'another key in the proof': { proof: encodeAbsent({ key: utf8('key-20y') }) },
  'a key before the first, claimed by the last': { proof: afterLast, key: utf8('a') },
  'a key behind the last, claimed by the first': { proof: beforeFirst, key: utf8('z') },
  'a left neighbour of another tree': {
    proof: encodeAbsent({ left: { ...absent.left!, value: utf8('forged') } }),
  },
  'a right neighbour of another tree': {
    proof: encodeAbsent({ right: { ...absent.right!, value: utf8('forged') } }),
  },
  'an existence proof': { proof },
  'a zero root': { proof: absentProof, root: new Uint8Array(32) },
  'an empty key': { proof: beforeFirst, key: new Uint8Array(0) },
  'a neighbour with steps of no position': {
    proof: encodeAbsent({
      left: { ...absent.left!, path: absent.left!.path.map((s) => ({ ...s, suffix: new Uint8Array(5) })) },
    }),
  },
  'an empty-branch placeholder in a tree that has none': {
    proof: encodeAbsent({
      right: undefined,
      left: {
        ...absent.left!,
        path: absent.left!.path.map((s) => (s.suffix.length ? { ...s, suffix: new Uint8Array(33) } : s)),
      },
    }),
  },
  'under another spec': { proof: absentProof, spec: tendermintSpec },
}

describe('forged non-existence proofs', () => {
  it('are measured against proofs that do verify', () => {
    for (const [p, k] of [
      [absentProof, 'key-20x'],
      [beforeFirst, 'a'],
      [afterLast, 'z'],
    ] as const) {
      expect(verifyNonMembership(iavlSpec, root, p, utf8(k))).toEqual({ status: 'valid' })
    }
  })
  for (const [name, forgery] of Object.entries(absenceForgeries)) {
    it(`${name} is refused`, () => {
      const verdict = verifyNonMembership(
        forgery.spec ?? iavlSpec,
        forgery.root ?? root,
        forgery.proof,
        forgery.key ?? absentKey,
      )
      expect(verdict.status).toBe('invalid')
    })
  }
})

it('every class is counted: at least sixty', () => {
  expect(Object.keys(existenceForgeries).length + Object.keys(absenceForgeries).length).toBeGreaterThanOrEqual(60)
})

it('no single changed byte of a proof verifies, and none makes the verifier throw', () => {
  for (let at = 0; at < proof.length; at++) {
    for (const flip of [1, 0x80]) {
      const forged = edit(proof, at, proof[at]! ^ flip)
      expect(verifyMembership(iavlSpec, root, forged, key, value).status).toBe('invalid')
    }
  }
  for (let at = 0; at < absentProof.length; at++) {
    const forged = edit(absentProof, at, absentProof[at]! ^ 1)
    expect(verifyNonMembership(iavlSpec, root, forged, absentKey).status).toBe('invalid')
  }
})
