/** What a genesis file says. */
import type { PrefixedHexString } from '@ethereumjs/util'
import type { IbcSettings } from '../ibc/settings.ts'
import type { AddressHex } from '../state/account.ts'

/** What all nodes of a network start from. JSON; amounts are decimal strings in wei. */
export interface Genesis {
  name: string
  /** Which transactions this chain takes (EIP-155). */
  chainId: number
  /** Unix milliseconds. */
  timestampMs: number
  /** Gas of one block. */
  gasLimit: string
  /** Wei per gas of block 1. */
  baseFeePerGas: string
  /** Rounds after which an epoch ends at the next committed leader. */
  epochRounds: number
  /** Rounds of a term, after which the lottery draws another speaker. Default 15. */
  termRounds?: number
  /** Rules of the consensus contract that differ from those of the ZOS network. */
  consensus?: GenesisConsensus
  validators: GenesisValidator[]
  accounts: GenesisAccount[]
  /** A development network: validators may change accounts and the clock (docs/devnet.md). Never for anything of value. */
  devnet?: boolean
  /** How this network speaks IBC (see docs/ibc.md). */
  ibc?: IbcSettings
}

/** Times in milliseconds of consensus time, shares per ten thousand; see `ContractParams` of @zos/zpos. */
export interface GenesisConsensus {
  /** Wei of its own that a candidate must bond. Default 10,000 coins. */
  minSelfBond?: string
  /** Wei of the smallest delegation. Default 0.01 coins. */
  minDelegation?: string
  /** Members of the committee, 4 to 100. Default 30. */
  committeeSize?: number
  /** From unbonding to withdrawal, `evidenceWindowMs` at least. Default 21 days. */
  unbondingMs?: number
  /** How long an offence can be proved after it happened. Default 21 days. */
  evidenceWindowMs?: number
  /** Time in jail for being away. Default 10 minutes. */
  jailMs?: number
  /** Least part of an epoch's rounds with a unit, below which one is jailed. Default 500. */
  minParticipationBps?: number
}

/** A validator that is in the committee from the first epoch on. */
export interface GenesisValidator {
  /** Of the key that signs units. */
  address: AddressHex
  /** The account that owns the bond and its rewards. Default: `address`. */
  owner?: AddressHex
  /** Per ten thousand. Default 0. */
  commissionBps?: number
  /** 33-byte compressed secp256k1 key. */
  publicKey: PrefixedHexString
  /**
   * 83-byte SQIsign key (level I). If all validators have one, checkpoints need a quorum of both kinds of signatures;
   * else none may have one.
   */
  isogenyKey?: PrefixedHexString
  /** 32-byte Ed25519 key of its VRF outputs (RFC 9381): with it the validator adds to the seeds of the lottery. */
  vrfKey?: PrefixedHexString
  /** Its bond, wei in decimal digits: the weight of its votes. */
  stake: string
}

/** An account of the state before block 1. `dumpState` of a node gives a network's accounts in this form. */
export interface GenesisAccount {
  address: AddressHex
  /** Wei in decimal digits. */
  balance: string
  /** EVM bytecode of a contract. Default: none. */
  code?: PrefixedHexString
  /** Default 0. */
  nonce?: number
  /** Slots that are not zero: 32 bytes to 32 bytes. */
  storage?: Record<PrefixedHexString, PrefixedHexString>
}
