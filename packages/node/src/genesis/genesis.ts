import { hexToBytes, type PrefixedHexString, unpadBytes } from '@ethereumjs/util'
import { blake2b } from '@noble/hashes/blake2.js'
import { DEFAULT_PARAMS, MAX_COMMITTEE } from '@zos/zpos'
import { NodeError } from '../errors.ts'
import { MIN_BASE_FEE } from '../execution/header.ts'
import { placeSystemContracts } from '../execution/system-contracts.ts'
import { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from '../ibc/addresses.ts'
import { type IbcSettings, ibcSettingsProblem } from '../ibc/settings.ts'
import { writeGenesisVoteKeys } from '../ibc/vote-keys.ts'
import { systemStorage } from '../native/native-storage.ts'
import { type AddressHex, EMPTY_ACCOUNT } from '../state/account.ts'
import { StateOverlay, type StateReader } from '../state/overlay.ts'
import { writeConsensusGenesis } from './consensus-genesis.ts'

/** What all nodes of a network start from. JSON; amounts are decimal strings in wei. */
export interface Genesis {
  name: string
  chainId: number
  /** Unix milliseconds. */
  timestampMs: number
  /** Gas of one block. */
  gasLimit: string
  /** Wei per gas of block 1. */
  baseFeePerGas: string
  /** Rounds after which an epoch ends at the next committed leader. */
  epochRounds: number
  /** Rounds of a term, after which the lottery draws another speaker (DESIGN.md C4). Default 15. */
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
  minSelfBond?: string
  minDelegation?: string
  committeeSize?: number
  unbondingMs?: number
  evidenceWindowMs?: number
  jailMs?: number
  minParticipationBps?: number
}

export interface GenesisValidator {
  /** Of the key that signs units. */
  address: AddressHex
  /** The account that owns the bond and its rewards. Default: `address`. */
  owner?: AddressHex
  /** Per ten thousand. Default 0. */
  commissionBps?: number
  /** 33-byte compressed secp256k1 key. */
  publicKey: PrefixedHexString
  /** 83-byte SQIsign key (level I). If all validators have one, checkpoints need both signatures (DESIGN.md C14); else none may have one. */
  isogenyKey?: PrefixedHexString
  /** 32-byte Ed25519 key: with it the validator adds to the seeds of the lottery (DESIGN.md C3). */
  vrfKey?: PrefixedHexString
  stake: string
}

export interface GenesisAccount {
  address: AddressHex
  balance: string
  code?: PrefixedHexString
  nonce?: number
  /** Slots that are not zero: 32 bytes to 32 bytes. */
  storage?: Record<PrefixedHexString, PrefixedHexString>
}

/** The factory that deploys by CREATE2 at the same address on every chain; tools expect it (its code is 69 bytes of EVM). */
export const CREATE2_FACTORY: GenesisAccount = {
  address: '0x4e59b44847b379578588920ca78fbf26c0b4956c',
  balance: '0',
  nonce: 1,
  code: '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3',
}

/** Shorter epochs would end before their leaders' terms do. */
const MIN_EPOCH_ROUNDS = 16
/** An epoch that finds no leader for long must not run into the range of the next one (65,536 rounds). */
const MAX_EPOCH_ROUNDS = 32_768
const HEX = /^0x[0-9a-f]*$/
const DECIMAL = /^(0|[1-9][0-9]*)$/
/** MetaMask and others hold chain ids in a double. */
const MAX_CHAIN_ID = 4_503_599_627_370_476

/** Parses a genesis file. Throws `NODE_INVALID_ARGUMENT` naming the first field that is wrong. */
export function parseGenesis(json: string): Genesis {
  let value: Genesis
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw invalid('the file is not JSON', cause)
  }
  if (!Number.isSafeInteger(value?.chainId) || value.chainId < 1 || value.chainId > MAX_CHAIN_ID)
    throw invalid('chainId')
  if (typeof value.name !== 'string' || value.name === '') throw invalid('name')
  if (!Number.isSafeInteger(value.timestampMs) || value.timestampMs < 0) throw invalid('timestampMs')
  if (!isDecimal(value.gasLimit) || BigInt(value.gasLimit) < 30_000n) throw invalid('gasLimit')
  if (!isDecimal(value.baseFeePerGas) || BigInt(value.baseFeePerGas) < MIN_BASE_FEE) throw invalid('baseFeePerGas')
  if (
    !Number.isSafeInteger(value.epochRounds) ||
    value.epochRounds < MIN_EPOCH_ROUNDS ||
    value.epochRounds > MAX_EPOCH_ROUNDS
  )
    throw invalid('epochRounds')
  if (value.termRounds !== undefined && !(isCount(value.termRounds) && value.termRounds >= 1))
    throw invalid('termRounds')
  if (!Array.isArray(value.validators) || value.validators.length === 0) throw invalid('validators')
  for (const [index, validator] of value.validators.entries()) {
    if (!isBytes(validator?.address, 20)) throw invalid(`validators[${index}].address`)
    if (!isBytes(validator.publicKey, 33)) throw invalid(`validators[${index}].publicKey`)
    if (!isDecimal(validator.stake) || validator.stake === '0') throw invalid(`validators[${index}].stake`)
    if (validator.owner !== undefined && !isBytes(validator.owner, 20)) throw invalid(`validators[${index}].owner`)
    if (validator.commissionBps !== undefined && !isShare(validator.commissionBps))
      throw invalid(`validators[${index}].commissionBps`)
    const { isogenyKey, vrfKey } = validator
    if ((isogenyKey === undefined) !== (value.validators[0]!.isogenyKey === undefined))
      throw invalid(`validators[${index}].isogenyKey: all validators have one, or none has`)
    if (isogenyKey !== undefined && !isBytes(isogenyKey, 83)) throw invalid(`validators[${index}].isogenyKey`)
    if (vrfKey !== undefined && !isBytes(vrfKey, 32)) throw invalid(`validators[${index}].vrfKey`)
  }
  checkConsensus(value.consensus ?? {})
  if (!Array.isArray(value.accounts)) throw invalid('accounts')
  for (const [index, account] of value.accounts.entries()) {
    if (!isBytes(account?.address, 20)) throw invalid(`accounts[${index}].address`)
    if (!isDecimal(account.balance)) throw invalid(`accounts[${index}].balance`)
    if (account.code !== undefined && !isBytes(account.code)) throw invalid(`accounts[${index}].code`)
    for (const [slot, word] of Object.entries(account.storage ?? {}))
      if (!isBytes(slot, 32) || !isBytes(word, 32)) throw invalid(`accounts[${index}].storage[${slot}]`)
  }
  if (value.devnet !== undefined && typeof value.devnet !== 'boolean') throw invalid('devnet')
  const ibcProblem = value.ibc && ibcSettingsProblem(value.ibc, value.validators)
  if (ibcProblem) throw invalid(ibcProblem)
  if (value.ibc && !value.accounts.some(({ address, code }) => address === IBC_GATEWAY_ADDRESS && code))
    throw invalid('ibc needs its gateway among the accounts')
  return value
}

function checkConsensus(consensus: GenesisConsensus): void {
  if (typeof consensus !== 'object') throw invalid('consensus')
  const { minSelfBond, minDelegation, committeeSize, minParticipationBps, ...times } = consensus
  if (minSelfBond !== undefined && !isDecimal(minSelfBond)) throw invalid('consensus.minSelfBond')
  if (minDelegation !== undefined && !isDecimal(minDelegation)) throw invalid('consensus.minDelegation')
  if (committeeSize !== undefined && !(isCount(committeeSize) && committeeSize >= 1 && committeeSize <= MAX_COMMITTEE))
    throw invalid('consensus.committeeSize')
  if (minParticipationBps !== undefined && !isShare(minParticipationBps)) throw invalid('consensus.minParticipationBps')
  for (const [name, value] of Object.entries(times))
    if (!['unbondingMs', 'evidenceWindowMs', 'jailMs'].includes(name) || !isCount(value))
      throw invalid(`consensus.${name}`)
  const { unbondingMs = DEFAULT_PARAMS.unbondingMs, evidenceWindowMs = DEFAULT_PARAMS.evidenceWindowMs } = times
  if (unbondingMs < evidenceWindowMs) throw invalid('consensus.unbondingMs is below evidenceWindowMs')
}

/** BLAKE2b-256 of the genesis in one canonical JSON form: two nodes with another genesis are in two networks. */
export function genesisHash(genesis: Genesis): Uint8Array {
  return blake2b(new TextEncoder().encode(canonicalJson(genesis)), { dkLen: 32 })
}

/** The state before block 1. */
export function genesisState(genesis: Genesis): StateOverlay {
  const empty: StateReader = { account: () => undefined, storage: () => new Uint8Array(), code: () => new Uint8Array() }
  const state = new StateOverlay(empty)
  for (const { address, balance, code, nonce, storage } of genesis.accounts) {
    state.setAccount(address, { ...EMPTY_ACCOUNT, balance: BigInt(balance), nonce: BigInt(nonce ?? 0) })
    if (code) state.setCode(address, hexToBytes(code))
    for (const [slot, word] of Object.entries(storage ?? {}))
      state.setStorage(address, slot as PrefixedHexString, unpadBytes(hexToBytes(word as PrefixedHexString)))
  }
  placeSystemContracts(state)
  writeConsensusGenesis(state, genesis)
  if (genesis.ibc) writeGenesisVoteKeys(systemStorage(state, IBC_HOST_ADDRESS), genesis.ibc)
  return state
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  fields.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`
}

function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL.test(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Per ten thousand. */
function isShare(value: unknown): value is number {
  return isCount(value) && value <= 10_000
}

function isBytes(value: unknown, length?: number): value is PrefixedHexString {
  return (
    typeof value === 'string' &&
    HEX.test(value) &&
    (length === undefined ? value.length % 2 === 0 : value.length === 2 + 2 * length)
  )
}

function invalid(what: string, cause?: unknown): NodeError {
  return new NodeError(
    'NODE_INVALID_ARGUMENT',
    `the genesis is not usable: ${what}`,
    { what },
    cause ? { cause } : undefined,
  )
}
