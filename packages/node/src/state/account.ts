import { RLP } from '@ethereumjs/rlp'
import {
  bigIntToUnpaddedBytes,
  bytesToBigInt,
  bytesToHex,
  KECCAK256_NULL_S,
  type PrefixedHexString,
} from '@ethereumjs/util'
import { EMPTY_TRIE_ROOT } from './trie.ts'

/** 20 bytes, `0x` and 40 lowercase hex digits. */
export type AddressHex = PrefixedHexString
/** 32 bytes, `0x` and 64 lowercase hex digits. */
export type Hash = PrefixedHexString

/** An account as the state trie holds it. */
export interface AccountState {
  readonly nonce: bigint
  readonly balance: bigint
  readonly storageRoot: Hash
  readonly codeHash: Hash
}

export const NO_CODE: Hash = KECCAK256_NULL_S
export const EMPTY_ROOT: Hash = bytesToHex(EMPTY_TRIE_ROOT)
export const EMPTY_ACCOUNT: AccountState = { nonce: 0n, balance: 0n, storageRoot: EMPTY_ROOT, codeHash: NO_CODE }

/** The RLP that the state trie holds for `account` (Yellow Paper §4.1). */
export function encodeAccount({ nonce, balance, storageRoot, codeHash }: AccountState): Uint8Array {
  return RLP.encode([quantity(nonce), quantity(balance), storageRoot, codeHash])
}

export function decodeAccount(rlp: Uint8Array): AccountState {
  const [nonce, balance, storageRoot, codeHash] = RLP.decode(rlp) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  return {
    nonce: bytesToBigInt(nonce),
    balance: bytesToBigInt(balance),
    storageRoot: bytesToHex(storageRoot),
    codeHash: bytesToHex(codeHash),
  }
}

function quantity(value: bigint): Uint8Array {
  return value === 0n ? new Uint8Array() : bigIntToUnpaddedBytes(value)
}
