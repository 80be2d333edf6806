import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { blake2b } from '@noble/hashes/blake2.js'

/** BLAKE2b personalization (16 bytes): the network key of a validator tells nothing of its signing key. */
const NETWORK_KEY = new TextEncoder().encode('zos-network-key\0')

/** The libp2p key of a node: a validator keeps its peer id over restarts, others begin anew. */
export async function networkKey(validatorKey: Uint8Array | undefined) {
  if (!validatorKey) return generateKeyPair('Ed25519')
  return generateKeyPairFromSeed('Ed25519', blake2b(validatorKey, { dkLen: 32, personalization: NETWORK_KEY }))
}
