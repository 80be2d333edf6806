/**
 * What Ethereum's precompiles compute with. The EVM of @ethereumjs has their rules (lengths, prices, what is an error) and this the arithmetic, in
 * two implementations with the same answers: the node's (fast-precompiles.ts), at whose speed the gas of a block is executed, and one without
 * large modules, for light nodes.
 */
import {
  type EVMBLSInterface,
  type EVMBN254Interface,
  NobleBLS,
  NobleBN254,
  type PrecompileFunc,
} from '@ethereumjs/evm'
import { ecrecover } from '@ethereumjs/util'
import { BLAKE2F, blake2fInstead } from './blake2f.ts'
import { type KzgVerify, nobleKzgVerify } from './kzg-noble.ts'

export interface Precompiles {
  /** Public key of a signature, 64 bytes; throws where there is none. */
  readonly ecrecover: typeof ecrecover
  readonly bls12381: EVMBLSInterface
  readonly bn254: EVMBN254Interface
  readonly kzg: KzgVerify
  /** What runs instead of the EVM's own function at an address (40 hex digits): the function itself, or something around it. */
  replace(address: string, own: PrecompileFunc): PrecompileFunc
}

/** By noble, and BLAKE2b in WebAssembly: no more than a page has anyway. */
export function smallPrecompiles(): Precompiles {
  const blake2f = blake2fInstead()
  let kzg: KzgVerify | undefined
  return {
    ecrecover,
    bls12381: new NobleBLS(),
    bn254: new NobleBN254(),
    kzg(...proof) {
      kzg ??= nobleKzgVerify()
      return kzg(...proof)
    },
    replace: (address, own) => (address === BLAKE2F ? blake2f(own) : own),
  }
}
