import type { SignatureVerifier } from '@zos/dag'
import type { Verifier } from '@zos/pipeline/verify'

/** Checks the signatures of units in batches: BIP-340, whose public keys have no byte for the sign of y. */
export function unitVerifier(verifier: Verifier): SignatureVerifier {
  return {
    verify: (items) =>
      verifier.verifyMany(
        'bip340',
        items.map(({ publicKey, digest, signature }) => ({
          publicKey: publicKey.subarray(1),
          message: digest,
          signature,
        })),
      ),
  }
}
