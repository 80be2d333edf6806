import { blake2b, blake2s } from '@noble/hashes/blake2.js'
import { blake3 } from '@noble/hashes/blake3.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha512, sha512_256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { HubError } from '../errors.ts'
import { sha256 } from '../hash/sha256.ts'
import { HashOp } from './proof.ts'

/** The hash that `op` names, of `preimage`. Throws `HUB_PROOF` for `NO_HASH` and unknown numbers. */
export function applyHashOp(op: number, preimage: Uint8Array): Uint8Array {
  switch (op) {
    case HashOp.SHA256:
      return sha256(preimage)
    case HashOp.SHA512:
      return sha512(preimage)
    case HashOp.KECCAK256:
      return keccak_256(preimage)
    case HashOp.RIPEMD160:
      return ripemd160(preimage)
    case HashOp.BITCOIN:
      return ripemd160(sha256(preimage))
    case HashOp.SHA512_256:
      return sha512_256(preimage)
    case HashOp.BLAKE2B_512:
      return blake2b(preimage)
    case HashOp.BLAKE2S_256:
      return blake2s(preimage)
    case HashOp.BLAKE3:
      return blake3(preimage)
    default:
      throw new HubError('HUB_PROOF', 'unsupported hash operation', { op })
  }
}
