/**
 * ICS-23 verification. The verdicts are those of cosmos/ics23 7f2c2d0 (Go v0.11) or stricter: everything that a real tree
 * of the spec's format never produces is refused, also where it could not be exploited today. `docs/design.md` lists
 * the differences; `test/ics23/forgeries.test.ts` holds the classes.
 */
import { compare, equal } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { decodeCommitmentProof } from './codec.ts'
import { applyHashOp } from './hash-op.ts'
import { isLeftMost, isLeftNeighbour, isRightMost } from './neighbours.ts'
import { climb, isPlainSpec, node, readPlain } from './plain.ts'
import {
  type CommitmentProof,
  DEFAULT_MAX_DEPTH,
  type ExistenceProof,
  HashOp,
  invalid,
  type NonExistenceProof,
  type ProofSpec,
  VALID,
  type Verdict,
} from './proof.ts'
import { iavlSpec, sameFormat } from './specs.ts'
import {
  applyInner,
  applyInnerInPlace,
  applyLeaf,
  checkInner,
  checkLeaf,
  checkRealPath,
  isPlainIavlPath,
} from './steps.ts'

/** Throws `HUB_PROOF` unless leaf and steps have the form of `spec`: ics23's own rule, no stricter. */
export function checkExistence(proof: ExistenceProof, spec: ProofSpec): void {
  if (!proof.leaf) throw new HubError('HUB_PROOF', 'proof has no leaf')
  checkLeaf(proof.leaf, spec)
  if (spec.minDepth > 0 && proof.path.length < spec.minDepth) throw new HubError('HUB_PROOF', 'path too short')
  const maxDepth = spec.maxDepth === 0 ? DEFAULT_MAX_DEPTH : spec.maxDepth
  if (proof.path.length > maxDepth) throw new HubError('HUB_PROOF', 'path too long')
  for (let i = 0; i < proof.path.length; i++) checkInner(proof.path[i]!, spec, i + 1)
}

/** Throws `HUB_PROOF` unless a real tree of the form of `spec` could have made the proof: stricter than {@link checkExistence}. */
export function checkReal(proof: ExistenceProof, spec: ProofSpec): void {
  const maxDepth = spec.maxDepth === 0 ? DEFAULT_MAX_DEPTH : spec.maxDepth
  if (
    proof.leaf &&
    sameFormat(spec, iavlSpec) &&
    proof.path.length >= spec.minDepth &&
    proof.path.length <= maxDepth &&
    isPlainIavlPath(proof.path, spec)
  ) {
    checkLeaf(proof.leaf, spec)
    return
  }
  checkExistence(proof, spec)
  checkRealPath(proof.path, spec)
}

/** The root that the proof leads to. Checks no spec; throws `HUB_PROOF` where it cannot be computed. */
export function calculateExistenceRoot(proof: ExistenceProof, spec?: ProofSpec): Uint8Array {
  if (!proof.leaf) throw new HubError('HUB_PROOF', 'proof has no leaf')
  let hash = applyLeaf(proof.leaf, proof.key, proof.value)
  for (const step of proof.path) {
    if (step.hash === HashOp.SHA256 && hash.length === 32) applyInnerInPlace(step, hash)
    else {
      hash = applyInner(step, hash)
      if (spec && spec.innerSpec.childSize >= 32 && hash.length > spec.innerSpec.childSize) {
        throw new HubError('HUB_PROOF', 'step result longer than a child')
      }
    }
  }
  return hash
}

/** The root that `proof` leads to, of its first part for a non-existence proof. A light client never needs this; a relayer does. */
export function calculateRoot(proof: CommitmentProof): Uint8Array {
  if (proof.kind === 'exist') return calculateExistenceRoot(proof.exist)
  const part = proof.nonexist.left ?? proof.nonexist.right
  if (!part) throw new HubError('HUB_PROOF', 'non-existence proof without neighbours')
  return calculateExistenceRoot(part)
}

/** Throws `HUB_PROOF` unless the trusted root is a real one and the proof leads to it. */
export function requireRoot(trusted: Uint8Array, proven: Uint8Array): void {
  // An empty or all-zero root is what a missing entry reads as (Nomad, 2022); no hash produces it.
  if (trusted.every((byte) => byte === 0)) throw new HubError('HUB_PROOF', 'root is empty or zero')
  if (!equal(trusted, proven)) throw new HubError('HUB_PROOF', 'proof leads to another root')
}

/** The root that an existence proof of the right form leads to, for exactly this key and value. Throws `HUB_PROOF`. */
function existenceRoot(proof: ExistenceProof, spec: ProofSpec, key: Uint8Array, value: Uint8Array): Uint8Array {
  checkReal(proof, spec)
  if (!equal(proof.key, key)) throw new HubError('HUB_PROOF', 'proof is for another key')
  if (!equal(proof.value, value)) throw new HubError('HUB_PROOF', 'proof is for another value')
  return calculateExistenceRoot(proof, spec)
}

/** The root that both neighbours lead to, if they prove that `key` is absent. Throws `HUB_PROOF`. */
function absenceRoot(proof: NonExistenceProof, spec: ProofSpec, key: Uint8Array): Uint8Array {
  const { left, right } = proof
  if (key.length === 0) throw new HubError('HUB_PROOF', 'key is empty')
  // SMT proofs put the hashed path there.
  if (!spec.prehashKeyBeforeComparison && proof.key.length > 0 && !equal(proof.key, key)) {
    throw new HubError('HUB_PROOF', 'proof is for another key')
  }
  const leftRoot = left && existenceRoot(left, spec, left.key, left.value)
  const rightRoot = right && existenceRoot(right, spec, right.key, right.value)
  const root = leftRoot ?? rightRoot
  if (!root) throw new HubError('HUB_PROOF', 'non-existence proof without neighbours')
  if (rightRoot && !equal(root, rightRoot)) throw new HubError('HUB_PROOF', 'the neighbours lead to different roots')
  const order = (raw: Uint8Array) =>
    spec.prehashKeyBeforeComparison && spec.leafSpec.prehashKey !== HashOp.NO_HASH
      ? applyHashOp(spec.leafSpec.prehashKey, raw)
      : raw
  const wanted = order(key)
  if (right && compare(wanted, order(right.key)) >= 0) {
    throw new HubError('HUB_PROOF', 'key is not left of the right neighbour')
  }
  if (left && compare(wanted, order(left.key)) <= 0) {
    throw new HubError('HUB_PROOF', 'key is not right of the left neighbour')
  }
  if (!left) {
    if (!isLeftMost(spec.innerSpec, right!.path))
      throw new HubError('HUB_PROOF', 'right neighbour is not the first leaf')
  } else if (!right) {
    if (!isRightMost(spec.innerSpec, left.path)) throw new HubError('HUB_PROOF', 'left neighbour is not the last leaf')
  } else if (!isLeftNeighbour(spec.innerSpec, left.path, right.path)) {
    throw new HubError('HUB_PROOF', 'the two leaves are not neighbours')
  }
  return root
}

/**
 * The root of a tree of form `spec` that `proof` shows to hold `value` at `key`, or nothing when `value` is undefined. For chains
 * of proofs, where the root is the next level's value. Throws `HUB_PROOF` and `HUB_DECODE`.
 */
export function provenRoot(
  spec: ProofSpec,
  proof: Uint8Array | CommitmentProof,
  key: Uint8Array,
  value: Uint8Array | undefined,
): Uint8Array {
  if (value !== undefined && proof instanceof Uint8Array && isPlainSpec(spec)) {
    const steps = readPlain(spec, proof, key, value)
    for (let i = 0; i < steps; i++) climb(proof, i)
    if (steps >= 0) return node.slice()
  }
  const decoded = proof instanceof Uint8Array ? decodeCommitmentProof(proof) : proof
  if (value !== undefined) {
    if (decoded.kind !== 'exist') throw new HubError('HUB_PROOF', 'not an existence proof')
    return existenceRoot(decoded.exist, spec, key, value)
  }
  if (decoded.kind !== 'nonexist') throw new HubError('HUB_PROOF', 'not a non-existence proof')
  return absenceRoot(decoded.nonexist, spec, key)
}

function verdict(check: () => void): Verdict {
  try {
    check()
    return VALID
  } catch (error) {
    if (error instanceof HubError) return invalid(error.message)
    throw error
  }
}

/**
 * Whether `proof` (bytes or decoded) shows that the tree of form `spec` with `root` holds `value` at `key`. Never throws on
 * bad proofs. About one hash a level of the tree.
 */
export function verifyMembership(
  spec: ProofSpec,
  root: Uint8Array,
  proof: Uint8Array | CommitmentProof,
  key: Uint8Array,
  value: Uint8Array,
): Verdict {
  return verdict(() => requireRoot(root, provenRoot(spec, proof, key, value)))
}

/** Whether `proof` shows that the tree of form `spec` with `root` holds nothing at `key`. Never throws on bad proofs. */
export function verifyNonMembership(
  spec: ProofSpec,
  root: Uint8Array,
  proof: Uint8Array | CommitmentProof,
  key: Uint8Array,
): Verdict {
  return verdict(() => requireRoot(root, provenRoot(spec, proof, key, undefined)))
}
