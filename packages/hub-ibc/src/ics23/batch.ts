/**
 * Many existence proofs against one root. Proofs of a batch share the upper part of the tree; each inner node is hashed
 * once. Every check of the single verifier is still made on every step; only hashing is saved, and only where this
 * proof's remaining steps are byte for byte those already seen to lead from the same hash to the root.
 */
import { equal } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { decodeCommitmentProof } from './codec.ts'
import { HashOp, type InnerOp, invalid, type ProofSpec, VALID, type Verdict } from './proof.ts'
import { applyInnerInPlace, applyLeaf } from './steps.ts'
import { checkReal, verifyMembership } from './verify.ts'

interface KnownNode {
  readonly hash: Uint8Array
  /** The step to the parent, and the parent; both undefined at the root. */
  readonly step: InnerOp | undefined
  readonly parent: KnownNode | undefined
}

/** Verifier of many proofs against the same root. */
export interface BatchVerifier {
  /** Same verdict as {@link verifyMembership} with this verifier's spec and root. */
  verifyMembership(proof: Uint8Array, key: Uint8Array, value: Uint8Array): Verdict
}

/** Nodes remembered before the memory starts anew: 65,536 of about 200 bytes each, beside the proofs they point into. */
const MAX_KNOWN_NODES = 65_536

/** Levels from the root in which proofs of a batch are likely to meet: 2^13 proofs fill them. */
const SHARED_LEVELS = 13

// Thirty bits: a small integer is a cheap map key, and a collision only costs the hash it would have saved.
const slot = (hash: Uint8Array) => hash[0]! | (hash[1]! << 8) | (hash[2]! << 16) | ((hash[3]! & 0x3f) << 24)

const sameStep = (a: InnerOp, b: InnerOp) => a === b || (equal(a.prefix, b.prefix) && equal(a.suffix, b.suffix))

/** A verifier for `root` of a tree of form `spec`. Keeps views into the proofs it has seen, at most `maxNodes` (65,536) nodes. */
export function createBatchVerifier(
  spec: ProofSpec,
  root: Uint8Array,
  { maxNodes = MAX_KNOWN_NODES }: { maxNodes?: number } = {},
): BatchVerifier {
  const known = new Map<number, KnownNode>()
  const rootNode: KnownNode = { hash: root, step: undefined, parent: undefined }

  function leadsToRoot(path: readonly InnerOp[], from: number, node: KnownNode): boolean {
    let at: KnownNode | undefined = node
    for (let i = from; i < path.length; i++) {
      if (!at?.step || !sameStep(at.step, path[i]!)) return false
      at = at.parent
    }
    return at === rootNode
  }

  return {
    verifyMembership(proof, key, value) {
      if (spec.innerSpec.hash !== HashOp.SHA256 || spec.leafSpec.hash !== HashOp.SHA256) {
        return verifyMembership(spec, root, proof, key, value)
      }
      try {
        const decoded = decodeCommitmentProof(proof)
        if (decoded.kind !== 'exist') return invalid('not an existence proof')
        const { exist } = decoded
        checkReal(exist, spec)
        if (!equal(exist.key, key)) return invalid('proof is for another key')
        if (!equal(exist.value, value)) return invalid('proof is for another value')
        const hash = applyLeaf(exist.leaf!, key, value)
        const path = exist.path
        const seen: Uint8Array[] = []
        let joint: KnownNode | undefined
        let length = 0
        const shared = path.length - SHARED_LEVELS
        for (; length < shared; length++) applyInnerInPlace(path[length]!, hash)
        const first = length
        for (; length < path.length; length++) {
          const node = known.get(slot(hash))
          if (node && equal(node.hash, hash) && leadsToRoot(path, length, node)) {
            joint = node
            break
          }
          seen.push(hash.slice())
          applyInnerInPlace(path[length]!, hash)
        }
        if (!joint) {
          const verdict = equal(hash, root) ? undefined : invalid('proof leads to another root')
          if (verdict) return verdict
          if (root.every((byte) => byte === 0)) return invalid('root is empty or zero')
          joint = rootNode
        }
        if (known.size + seen.length > maxNodes) known.clear()
        for (let i = seen.length - 1; i >= 0; i--) {
          joint = { hash: seen[i]!, step: path[first + i]!, parent: joint }
          if (first + i > 0) known.set(slot(joint.hash), joint)
        }
        return VALID
      } catch (error) {
        if (error instanceof HubError) return invalid(error.message)
        throw error
      }
    },
  }
}
