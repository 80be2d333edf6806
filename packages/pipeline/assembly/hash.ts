// Module "hash": Ethereum's keccak256 for ids and signing hashes, without any elliptic curve.
export { keccakReset, keccakAbsorb, keccakFinish, keccak256 } from './keccak'

/** Where input may be placed. */
export function inputAddress(): usize {
  return __heap_base
}
