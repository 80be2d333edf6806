import { getCreate2Address, keccak256 } from 'ethers'

/** The factory that deploys by CREATE2 at the same address everywhere (EIP-7997 makes it a predeploy). */
export const CREATE2_FACTORY = '0x4e59b44847b379578588920cA78FbF26c0B4956C'
/** The salt of everything that this package deploys: an address depends on the code and on nothing else. */
export const SALT = `0x${'00'.repeat(32)}`

/** Where the standard factory puts `creation`, on any chain. */
export function create2Address(creation: string): `0x${string}` {
  return getCreate2Address(CREATE2_FACTORY, SALT, keccak256(creation)) as `0x${string}`
}
