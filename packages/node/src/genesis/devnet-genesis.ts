import { bytesToHex } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type DerivedAccount, deriveAccounts, TEST_MNEMONIC } from './accounts.ts'
import { CREATE2_FACTORY, type Genesis, type GenesisConsensus } from './genesis.ts'

/** "ZOS" in ASCII. */
export const DEVNET_CHAIN_ID = 0x5a_4f_53
/** What each of the ten accounts starts with, wei. */
const DEVNET_BALANCE = 10_000n * 10n ** 18n
const DEVNET_ACCOUNTS = 10
const DEVNET_STAKE = 10n ** 24n
/** Room for about 7,000 transfers a block. */
const DEVNET_GAS_LIMIT = 150_000_000n
const ONE_GWEI = 1_000_000_000n
/** An hour at a round a second. */
const DEVNET_EPOCH_ROUNDS = 3_600
/** What an account of the test phrase can bond, and times that one can wait for. */
const DEVNET_CONSENSUS: GenesisConsensus = {
  minSelfBond: (1_000n * 10n ** 18n).toString(),
  unbondingMs: 60_000,
  evidenceWindowMs: 60_000,
  jailMs: 10_000,
}
/** The purpose level of the BIP-44 paths of validator keys, so that no user account is one. */
const VALIDATOR_PURPOSE = 1

export interface DevnetGenesis {
  genesis: Genesis
  accounts: DerivedAccount[]
  validatorKeys: DerivedAccount[]
}

/** A network of `validators` with equal stakes and ten funded accounts of the test phrase. Keys are public: for development alone. */
export function devnetGenesis(options: {
  validators: number
  timestampMs: number
  epochRounds?: number
  /** Default 10. */
  accounts?: number
}): DevnetGenesis {
  const accounts = deriveAccounts(TEST_MNEMONIC, options.accounts ?? DEVNET_ACCOUNTS)
  const validatorKeys = deriveAccounts(TEST_MNEMONIC, options.validators, VALIDATOR_PURPOSE)
  const genesis: Genesis = {
    name: 'zos-devnet',
    chainId: DEVNET_CHAIN_ID,
    timestampMs: options.timestampMs,
    gasLimit: DEVNET_GAS_LIMIT.toString(),
    baseFeePerGas: ONE_GWEI.toString(),
    epochRounds: options.epochRounds ?? DEVNET_EPOCH_ROUNDS,
    consensus: DEVNET_CONSENSUS,
    validators: validatorKeys.map(({ address, privateKey }) => ({
      address,
      publicKey: bytesToHex(secp256k1.getPublicKey(privateKey, true)),
      stake: DEVNET_STAKE.toString(),
    })),
    accounts: [...accounts.map(({ address }) => ({ address, balance: DEVNET_BALANCE.toString() })), CREATE2_FACTORY],
  }
  return { genesis, accounts, validatorKeys }
}
