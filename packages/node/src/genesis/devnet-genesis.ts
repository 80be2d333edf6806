import { bytesToHex } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { vrfPublicKey } from '@zos/zpos'
import { isProtocolAccount } from '../devnet/protocol-accounts.ts'
import { NodeError } from '../errors.ts'
import { ibcAccounts } from '../ibc/genesis-accounts.ts'
import { ibcSettings } from '../ibc/settings.ts'
import { type DerivedAccount, deriveAccounts, TEST_MNEMONIC } from './accounts.ts'
import { DEVNET_ISOGENY_KEYS } from './devnet-isogeny-keys.ts'
import { CREATE2_FACTORY, type Genesis, type GenesisAccount, type GenesisConsensus } from './genesis.ts'

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
  // Nobody is jailed for being away: processes of a local network are stopped and started at will.
  minParticipationBps: 0,
}
/** The purpose level of the BIP-44 paths of validator keys, so that no user account is one. */
const VALIDATOR_PURPOSE = 1

const ISOGENY_PUBLIC_KEY_BYTES = 83
/** The faucet's, so that its nonce is nobody else's business. */
const FAUCET_PURPOSE = 2
const FAUCET_BALANCE = 1_000_000n * 10n ** 18n

/** The keys of a validator: one for units and checkpoints, one for checkpoints alone. */
export interface DevnetValidatorKeys extends DerivedAccount {
  /** 270-byte SQIsign secret key, level I. Its first 83 bytes are the public key. */
  isogenyKey: Uint8Array
}

/** A development network before it starts: the genesis that its nodes share, and every key behind it. */
export interface DevnetGenesis {
  genesis: Genesis
  /** The funded accounts that users sign with. */
  accounts: DerivedAccount[]
  /** The keys of its validators, in the order of the genesis. */
  validatorKeys: DevnetValidatorKeys[]
  /** Pays what `zos_dev_faucet` gives; has a million coins. */
  faucet: DerivedAccount
}

/** A network of `validators` with equal stakes, funded accounts and a faucet. Keys are public: for development alone. Throws `NODE_INVALID_ARGUMENT` for more validators than there are fixed keys. */
export function devnetGenesis(options: {
  validators: number
  /** Unix milliseconds of the genesis. */
  timestampMs: number
  /** Rounds of an epoch. Default 3,600: an hour at a round a second. */
  epochRounds?: number | undefined
  /** Rounds of a term. Default 15. */
  termRounds?: number | undefined
  /** Default 10. */
  accounts?: number | undefined
  /** Wei of each. Default 10,000 coins. */
  balance?: bigint | undefined
  /** Of the accounts. Default: the test phrase. */
  mnemonic?: string | undefined
  /** Default {@link DEVNET_CHAIN_ID}. */
  chainId?: number | undefined
  /** Accounts of an earlier network: they take the place of those that are made here. */
  state?: readonly GenesisAccount[] | undefined
  /** Gas of one block. Default 150 million, whatever the pace: nobody attacks a development network. */
  gasLimit?: bigint | undefined
  /** The network's name in IBC, such as `zone-1`; without it the network speaks no IBC. */
  ibc?: string | undefined
}): DevnetGenesis {
  const { balance = DEVNET_BALANCE, mnemonic = TEST_MNEMONIC, state = [] } = options
  const accounts = deriveAccounts(mnemonic, options.accounts ?? DEVNET_ACCOUNTS)
  if (options.validators > DEVNET_ISOGENY_KEYS.length)
    throw new NodeError(
      'NODE_INVALID_ARGUMENT',
      `a development network has at most ${DEVNET_ISOGENY_KEYS.length} validators, not ${options.validators}`,
      { validators: options.validators },
    )
  const validatorKeys = deriveAccounts(TEST_MNEMONIC, options.validators, VALIDATOR_PURPOSE).map((account, index) => ({
    ...account,
    isogenyKey: new Uint8Array(Buffer.from(DEVNET_ISOGENY_KEYS[index]!, 'base64')),
  }))
  const [faucet] = deriveAccounts(mnemonic, 1, FAUCET_PURPOSE)
  const funded = new Map<string, GenesisAccount>()
  for (const { address } of accounts) funded.set(address, { address, balance: balance.toString() })
  funded.set(faucet!.address, { address: faucet!.address, balance: FAUCET_BALANCE.toString() })
  funded.set(CREATE2_FACTORY.address, CREATE2_FACTORY)
  if (options.ibc) for (const account of ibcAccounts) funded.set(account.address, account)
  for (const account of state) if (!isProtocolAccount(account.address)) funded.set(account.address, account)
  const genesis: Genesis = {
    name: 'zos-devnet',
    devnet: true,
    chainId: options.chainId ?? DEVNET_CHAIN_ID,
    timestampMs: options.timestampMs,
    gasLimit: (options.gasLimit ?? DEVNET_GAS_LIMIT).toString(),
    baseFeePerGas: ONE_GWEI.toString(),
    epochRounds: options.epochRounds ?? DEVNET_EPOCH_ROUNDS,
    ...(options.termRounds ? { termRounds: options.termRounds } : {}),
    consensus: DEVNET_CONSENSUS,
    validators: validatorKeys.map(({ address, privateKey, isogenyKey }) => ({
      isogenyKey: bytesToHex(isogenyKey.subarray(0, ISOGENY_PUBLIC_KEY_BYTES)),
      address,
      publicKey: bytesToHex(secp256k1.getPublicKey(privateKey, true)),
      vrfKey: bytesToHex(vrfPublicKey(privateKey)),
      stake: DEVNET_STAKE.toString(),
    })),
    accounts: [...funded.values()],
    ...(options.ibc ? { ibc: ibcSettings(options.ibc, validatorKeys) } : {}),
  }
  return { genesis, accounts, validatorKeys, faucet: faucet! }
}
