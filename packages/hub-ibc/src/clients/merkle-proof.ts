/** ICS-23 proofs chained over the levels of a chain's store, from the key up to the app hash. */

import { MerkleProof } from '../core/messages.ts'
import type { MerklePath } from '../core/paths.ts'
import { equal } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import type { ProofSpec } from '../ics23/proof.ts'
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

/** A {@link MerkleVerifier}. It remembers the last way from a store's root up to the app hash: packets of one height share it. */
export function createMerkleVerifier(): MerkleVerifier {
  let last: { specs: readonly ProofSpec[]; upper: readonly Uint8Array[]; root: Uint8Array } | undefined
  return (specs, root, proof, path, value) => {
    const { proofs, subroot } = verifyLowest(specs, proof, path, value)
    const upper = [subroot, ...proofs.slice(1), ...path.slice(0, -1)]
    const known =
      last?.specs === specs &&
      equal(last.root, root) &&
      last.upper.length === upper.length &&
      last.upper.every((bytes, i) => equal(bytes, upper[i]!))
    if (known) return
    verifyUpper(specs, root, proofs, path, subroot)
    last = { specs, upper: upper.map((bytes) => bytes.slice()), root: root.slice() }
  }
}

function verifyLowest(
  specs: readonly ProofSpec[],
  proof: Uint8Array,
  path: MerklePath,
  value: Uint8Array | undefined,
): { proofs: readonly Uint8Array[]; subroot: Uint8Array } {
  const { proofs } = MerkleProof.decode(proof)
  if (specs.length === 0 || proofs.length !== specs.length || path.length !== specs.length) {
    throw new HubError('HUB_PROOF', 'one proof and one key a level of the store', {
      levels: specs.length,
      proofs: proofs.length,
      keys: path.length,
    })
  }
  return { proofs, subroot: provenRoot(specs[0]!, proofs[0]!, path.at(-1)!, value) }
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
