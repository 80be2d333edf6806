/** BIP-44 accounts: m/44'/60'/account'/0/index, the path of Ethereum wallets, so one seed gives one address everywhere. */
import { HDKey } from '@scure/bip32'
import { DagError } from '../errors.ts'
import { type Signer, signerFromPrivateKey } from '../unit/signature.ts'

/** Which key of a seed. */
export interface AccountPath {
  /** Default 0. */
  readonly account?: number
  /** Default 0. */
  readonly index?: number
}

/** The path as text. */
export function accountPath({ account = 0, index = 0 }: AccountPath = {}): string {
  return `m/44'/60'/${account}'/0/${index}`
}

/** The signer of an account of a BIP-39 seed (64 bytes; BIP-32 allows 16 to 64). Throws `DAG_INVALID_ARGUMENT` otherwise. */
export function signerFromSeed(seed: Uint8Array, path: AccountPath = {}): Signer {
  try {
    const { privateKey } = HDKey.fromMasterSeed(seed).derive(accountPath(path))
    return signerFromPrivateKey(privateKey!)
  } catch (cause) {
    throw new DagError('DAG_INVALID_ARGUMENT', `no account at ${accountPath(path)} of this seed`, { path }, { cause })
  }
}
