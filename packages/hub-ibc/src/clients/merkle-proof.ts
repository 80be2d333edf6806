/** ICS-23 proofs chained over the levels of a chain's store, from the key up to the app hash. */

import { MerkleProof } from '../core/messages.ts'
import type { MerklePath } from '../core/paths.ts'
import { HubError } from '../errors.ts'
import type { ProofSpec } from '../ics23/proof.ts'
import { provenRoot, requireRoot } from '../ics23/verify.ts'

/**
 * Throws `HUB_PROOF` unless `proof` (bytes of `MerkleProof`) shows that under `root` the path holds `value`, or nothing when
 * `value` is undefined. One proof a spec, innermost first; the path has one key a level, outermost first.
 */
export function verifyMerkleProof(
  specs: readonly ProofSpec[],
  root: Uint8Array,
  proof: Uint8Array,
  path: MerklePath,
  value: Uint8Array | undefined,
): void {
  const { proofs } = MerkleProof.decode(proof)
  if (specs.length === 0 || proofs.length !== specs.length || path.length !== specs.length) {
    throw new HubError('HUB_PROOF', 'one proof and one key a level of the store', {
      levels: specs.length,
      proofs: proofs.length,
      keys: path.length,
    })
  }
  let subroot = provenRoot(specs[0]!, proofs[0]!, path.at(-1)!, value)
  for (let level = 1; level < specs.length; level++) {
    subroot = provenRoot(specs[level]!, proofs[level]!, path[path.length - 1 - level]!, subroot)
  }
  requireRoot(root, subroot)
}
