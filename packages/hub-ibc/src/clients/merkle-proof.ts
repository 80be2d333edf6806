/** ICS-23 proofs chained over the levels of a chain's store, from the key up to the app hash. */

import { MerkleProof } from '../core/messages.ts'
import type { MerklePath } from '../core/paths.ts'
import { equal } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { type BatchVerifier, createBatchVerifier } from '../ics23/batch.ts'
import { DEFAULT_MAX_DEPTH, type ProofSpec } from '../ics23/proof.ts'
import { provenRoot, requireRoot } from '../ics23/verify.ts'

/**
 * Throws `HUB_PROOF` unless `proof` (bytes of `MerkleProof`) shows that under `root` the path holds `value`, or nothing when
 * `value` is undefined. One proof a spec, innermost first; the path has one key a level, outermost first.
 */
export type MerkleVerifier = (
  specs: readonly ProofSpec[],
  root: Uint8Array,
  proof: Uint8Array,
  path: MerklePath,
  value: Uint8Array | undefined,
) => void

/** Nodes remembered of one store's root: the packets of a block have some ten new ones each. */
const MAX_NODES = 4_096

/** The way from a store's root up to the app hash that was verified last, and what is known below. */
interface Known {
  readonly specs: readonly ProofSpec[]
  readonly root: Uint8Array
  readonly upperProofs: readonly Uint8Array[]
  readonly upperPath: readonly Uint8Array[]
  readonly subroot: Uint8Array
  readonly below: BatchVerifier
}

/**
 * A {@link MerkleVerifier}. It remembers the last way from a store's root up to the app hash, and inner nodes below it: packets of one height share
 * them. What is remembered saves hashes, never checks.
 */
export function createMerkleVerifier(): MerkleVerifier {
  let last: Known | undefined
  return (specs, root, proof, path, value) => {
    const proofs = levelsOf(specs, proof, path)
    const lowest = proofs[0]!
    const key = path.at(-1)!
    const known = last?.specs === specs && equal(last.root, root) && sameWay(last, proofs, path) && last
    if (known && value !== undefined) {
      if (known.below.verifyMembership(lowest, key, value).status === 'valid') return
    }
    const subroot = provenRoot(specs[0]!, lowest, key, value)
    if (known && equal(known.subroot, subroot)) return
    verifyUpper(specs, root, proofs, path, subroot)
    last = {
      specs,
      root: root.slice(),
      upperProofs: proofs.slice(1).map((bytes) => bytes.slice()),
      upperPath: path.slice(0, -1).map((bytes) => bytes.slice()),
      subroot: subroot.slice(),
      below: createBatchVerifier(specs[0]!, subroot.slice(), { maxNodes: MAX_NODES, sharedLevels: DEFAULT_MAX_DEPTH }),
    }
  }
}

/** Whether the proofs above the lowest, and the keys before the last, are those of `known`. */
function sameWay(known: Known, proofs: readonly Uint8Array[], path: readonly Uint8Array[]): boolean {
  return (
    known.upperProofs.length === proofs.length - 1 &&
    known.upperProofs.every((bytes, i) => equal(bytes, proofs[i + 1]!)) &&
    known.upperPath.length === path.length - 1 &&
    known.upperPath.every((bytes, i) => equal(bytes, path[i]!))
  )
}

function levelsOf(specs: readonly ProofSpec[], proof: Uint8Array, path: MerklePath): readonly Uint8Array[] {
  const { proofs } = MerkleProof.decode(proof)
  if (specs.length === 0 || proofs.length !== specs.length || path.length !== specs.length) {
    throw new HubError('HUB_PROOF', 'one proof and one key a level of the store', {
      levels: specs.length,
      proofs: proofs.length,
      keys: path.length,
    })
  }
  return proofs
}

function verifyUpper(
  specs: readonly ProofSpec[],
  root: Uint8Array,
  proofs: readonly Uint8Array[],
  path: MerklePath,
  lowest: Uint8Array,
): void {
  let subroot = lowest
  for (let level = 1; level < specs.length; level++) {
    subroot = provenRoot(specs[level]!, proofs[level]!, path[path.length - 1 - level]!, subroot)
  }
  requireRoot(root, subroot)
}
