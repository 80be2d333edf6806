import { describe, expect, it } from 'vitest'
import { fromBase64, fromHex, toHex } from '../../src/encoding/bytes.ts'
import { decodeCommitmentProof, encodeCommitmentProof } from '../../src/ics23/codec.ts'
import { applyHashOp } from '../../src/ics23/hash-op.ts'
import { leftBranchesAreEmpty, rightBranchesAreEmpty } from '../../src/ics23/neighbours.ts'
import type { ExistenceProof, InnerOp, LeafOp, ProofSpec } from '../../src/ics23/proof.ts'
import { iavlSpec, smtSpec, tendermintSpec } from '../../src/ics23/specs.ts'
import { applyInner, applyLeaf, checkLeaf } from '../../src/ics23/steps.ts'
import {
  calculateExistenceRoot,
  checkExistence,
  verifyMembership,
  verifyNonMembership,
} from '../../src/ics23/verify.ts'
import trees from '../vectors/ics23-trees.json' with { type: 'json' }
import { hasVectors, readVector } from '../vectors-folder.ts'

const SPECS: Record<string, ProofSpec> = { iavl: iavlSpec, tendermint: tendermintSpec, smt: smtSpec }
const bytes = (text: string | null | undefined) => fromBase64(text ?? '')

const leafOp = (raw: any): LeafOp => ({
  hash: raw?.hash ?? 0,
  prehashKey: raw?.prehash_key ?? 0,
  prehashValue: raw?.prehash_value ?? 0,
  length: raw?.length ?? 0,
  prefix: bytes(raw?.prefix),
})
const innerOp = (raw: any): InnerOp => ({ hash: raw.hash ?? 0, prefix: bytes(raw.prefix), suffix: bytes(raw.suffix) })
const existence = (raw: any): ExistenceProof => ({
  key: bytes(raw.key),
  value: bytes(raw.value),
  leaf: raw.leaf ? leafOp(raw.leaf) : undefined,
  path: (raw.path ?? []).map(innerOp),
})
const proofSpec = (raw: any): ProofSpec => ({
  leafSpec: leafOp(raw.leaf_spec),
  innerSpec: {
    childOrder: raw.inner_spec?.child_order ?? [],
    childSize: raw.inner_spec?.child_size ?? 0,
    minPrefixLength: raw.inner_spec?.min_prefix_length ?? 0,
    maxPrefixLength: raw.inner_spec?.max_prefix_length ?? 0,
    emptyChild: bytes(raw.inner_spec?.empty_child),
    hash: raw.inner_spec?.hash ?? 0,
  },
  maxDepth: raw.max_depth ?? 0,
  minDepth: raw.min_depth ?? 0,
  prehashKeyBeforeComparison: raw.prehash_key_before_comparison ?? false,
})

describe('the eighteen trees of cosmos/ics23 7f2c2d0', () => {
  for (const [name, tree] of Object.entries(
    trees as Record<string, { key: string; value: string; root: string; proof: string }>,
  )) {
    const spec = SPECS[name.split('/')[0]!]!
    it(`${name} verifies, in our encoding too, and no other key or root does`, () => {
      const [root, key, value, proof] = [tree.root, tree.key, tree.value, tree.proof].map(fromHex) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ]
      const verify = (r: Uint8Array, k: Uint8Array) =>
        value.length > 0 ? verifyMembership(spec, r, proof, k, value) : verifyNonMembership(spec, r, proof, k)
      expect(verify(root, key)).toEqual({ status: 'valid' })
      expect(toHex(encodeCommitmentProof(decodeCommitmentProof(proof)))).toBe(tree.proof)
      const otherRoot = root.slice()
      otherRoot[5]! ^= 1
      expect(verify(otherRoot, key).status).toBe('invalid')
      if (value.length > 0) expect(verify(root, Uint8Array.of(...key, 0)).status).toBe('invalid')
    })
  }
})

describe.skipIf(!hasVectors('ics23'))(
  'the unit cases of cosmos/ics23 (full set; skipped without the vectors folder)',
  () => {
    const file = (name: string) => (hasVectors('ics23') ? readVector(`ics23/testdata/${name}.json`) : {})
    const throws = (run: () => unknown) => {
      try {
        run()
        return false
      } catch {
        return true
      }
    }

    it('hashes as DoHash does', () => {
      const cases = Object.values<any>(file('TestDoHashData'))
      expect(cases.length).toBe(7)
      for (const c of cases) {
        const preimage = new TextEncoder().encode(c.Preimage ?? c.PreImage)
        expect(toHex(applyHashOp(c.HashOp, preimage))).toBe(c.ExpectedHash)
      }
    })

    it('applies leaves as LeafOp does', () => {
      const cases = Object.values<any>(file('TestLeafOpData'))
      expect(cases.length).toBe(11)
      for (const c of cases) {
        const run = () => applyLeaf(leafOp(c.Op), bytes(c.Key), bytes(c.Value))
        if (c.IsErr) expect(throws(run)).toBe(true)
        else expect(toHex(run())).toBe(toHex(bytes(c.Expected)))
      }
    })

    it('applies steps as InnerOp does', () => {
      const cases = Object.values<any>(file('TestInnerOpData'))
      expect(cases.length).toBe(4)
      for (const c of cases) {
        const run = () => applyInner(innerOp(c.Op), bytes(c.Child))
        if (c.IsErr) expect(throws(run)).toBe(true)
        else expect(toHex(run())).toBe(toHex(bytes(c.Expected)))
      }
    })

    it('calculates roots as ExistenceProof does', () => {
      const cases = Object.values<any>(file('TestExistenceProofData'))
      expect(cases.length).toBe(6)
      for (const c of cases) {
        const run = () => calculateExistenceRoot(existence(c.Proof))
        if (c.IsErr) expect(throws(run)).toBe(true)
        else expect(toHex(run())).toBe(toHex(bytes(c.Expected)))
      }
    })

    it('checks leaves as CheckLeaf does', () => {
      const cases = Object.entries<any>(file('TestCheckLeafData'))
      expect(cases.length).toBe(10)
      for (const [name, c] of cases) {
        const spec = { ...smtSpec, leafSpec: leafOp(c.Spec) }
        expect(
          throws(() => checkLeaf(leafOp(c.Leaf), spec)),
          name,
        ).toBe(c.IsErr)
      }
    })

    it('checks proofs against specs as CheckAgainstSpec does', () => {
      const cases = Object.entries<any>(file('TestCheckAgainstSpecData'))
      expect(cases.length).toBe(11)
      for (const [name, c] of cases) {
        expect(
          throws(() => checkExistence(existence(c.Proof), proofSpec(c.Spec))),
          name,
        ).toBe(Boolean(c.Err ?? c.IsErr))
      }
    })

    it('finds empty branches as EmptyBranch does', () => {
      const cases = Object.values<any>(file('TestEmptyBranchData'))
      expect(cases.length).toBe(8)
      for (const c of cases) {
        const spec = proofSpec(c.Spec).innerSpec
        expect(leftBranchesAreEmpty(spec, innerOp(c.Op))).toBe(c.IsLeft)
        expect(rightBranchesAreEmpty(spec, innerOp(c.Op))).toBe(c.IsRight)
      }
    })
  },
)
