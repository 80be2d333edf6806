import { bytesToHex, type PrefixedHexString, privateToAddress } from '@ethereumjs/util'
import { HDKey } from '@scure/bip32'
import { mnemonicToSeedSync } from '@scure/bip39'
import type { AddressHex } from '../state/account.ts'

/** The phrase of every Ethereum development network: wallets and tests know its accounts. Never hold value with it. */
export const TEST_MNEMONIC = 'test test test test test test test test test test test junk'

/** An account of a mnemonic phrase, with its key. */
export interface DerivedAccount {
  address: AddressHex
  /** 32-byte secp256k1 key. */
  privateKey: Uint8Array
  /** BIP-44 path that it was derived by. */
  path: string
}

/** Accounts 0 … count−1 of `mnemonic` under `m/44'/60'/<purpose>'/0` (BIP-32, BIP-39, BIP-44). About 3 ms each. */
export function deriveAccounts(mnemonic: string, count: number, purpose = 0): DerivedAccount[] {
  const root = HDKey.fromMasterSeed(mnemonicToSeedSync(mnemonic)).derive(`m/44'/60'/${purpose}'/0`)
  return Array.from({ length: count }, (_, index) => {
    const privateKey = root.deriveChild(index).privateKey!
    return { address: bytesToHex(privateToAddress(privateKey)), privateKey, path: `m/44'/60'/${purpose}'/0/${index}` }
  })
}

/** The key of `account` with its `0x`, as wallets and ethers take it. */
export function privateKeyHex(account: DerivedAccount): PrefixedHexString {
  return bytesToHex(account.privateKey)
}
