/** Reads a genesis file: every field is checked before anything is made of it. */
import type { PrefixedHexString } from '@ethereumjs/util'
import { DEFAULT_PARAMS, MAX_COMMITTEE } from '@zos/zpos'
import { isNodeError, NodeError } from '../errors.ts'
import { MIN_BASE_FEE } from '../execution/header.ts'
import { IBC_GATEWAY_ADDRESS } from '../ibc/addresses.ts'
import { ibcSettingsProblem } from '../ibc/settings.ts'
import type { Genesis, GenesisConsensus } from './genesis.ts'

/** Shorter epochs would end before their leaders' terms do. */
const MIN_EPOCH_ROUNDS = 16
/** An epoch that finds no leader for long must not run into the range of the next one (65,536 rounds). */
const MAX_EPOCH_ROUNDS = 32_768
const HEX = /^0x[0-9a-f]*$/
const DECIMAL = /^(0|[1-9][0-9]*)$/
const CONSENSUS_TIMES = ['unbondingMs', 'evidenceWindowMs', 'jailMs']
/** MetaMask and others hold chain ids in a double. */
const MAX_CHAIN_ID = 4_503_599_627_370_476

/** Parses a genesis file. Throws `NODE_INVALID_ARGUMENT` naming the first field that is wrong, and `file` when it is given. */
export function parseGenesis(json: string, file?: string): Genesis {
  try {
    return checkedGenesis(json)
  } catch (error) {
    if (file === undefined || !isNodeError(error)) throw error
    throw new NodeError(error.code, `${file}: ${error.message}`, { ...error.context, file }, { cause: error })
  }
}

function checkedGenesis(json: string): Genesis {
  let value: Genesis
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw invalid('the file is not JSON', cause)
  }
  if (!Number.isSafeInteger(value?.chainId) || value.chainId < 1 || value.chainId > MAX_CHAIN_ID)
    throw invalid(`chainId must be a whole number from 1 to ${MAX_CHAIN_ID}`)
  if (typeof value.name !== 'string' || value.name === '') throw invalid('name must be a text')
  if (!Number.isSafeInteger(value.timestampMs) || value.timestampMs < 0)
    throw invalid('timestampMs must be a whole number: milliseconds since 1970')
  if (!isDecimal(value.gasLimit) || BigInt(value.gasLimit) < 30_000n)
    throw invalid('gasLimit must be a whole number of at least 30000, as a text in quotes')
  if (!isDecimal(value.baseFeePerGas) || BigInt(value.baseFeePerGas) < MIN_BASE_FEE)
    throw invalid(`baseFeePerGas must be a whole number of at least ${MIN_BASE_FEE}, as a text in quotes`)
  if (
    !Number.isSafeInteger(value.epochRounds) ||
    value.epochRounds < MIN_EPOCH_ROUNDS ||
    value.epochRounds > MAX_EPOCH_ROUNDS
  )
    throw invalid(`epochRounds must be a whole number from ${MIN_EPOCH_ROUNDS} to ${MAX_EPOCH_ROUNDS}`)
  if (value.termRounds !== undefined && !(isCount(value.termRounds) && value.termRounds >= 1))
    throw invalid('termRounds must be a whole number of at least 1')
  if (!Array.isArray(value.validators) || value.validators.length === 0)
    throw invalid('validators must be a list of at least one')
  for (const [index, validator] of value.validators.entries()) {
    if (!isBytes(validator?.address, 20)) throw invalid(`validators[${index}].address must be ${bytesText(20)}`)
    if (!isBytes(validator.publicKey, 33)) throw invalid(`validators[${index}].publicKey must be ${bytesText(33)}`)
    if (!isDecimal(validator.stake) || validator.stake === '0')
      throw invalid(`validators[${index}].stake must be a whole number of wei above 0, as a text in quotes`)
    if (validator.owner !== undefined && !isBytes(validator.owner, 20))
      throw invalid(`validators[${index}].owner must be ${bytesText(20)}`)
    if (validator.commissionBps !== undefined && !isShare(validator.commissionBps))
      throw invalid(`validators[${index}].commissionBps must be a whole number from 0 to 10000`)
    const { isogenyKey, vrfKey } = validator
    if ((isogenyKey === undefined) !== (value.validators[0]!.isogenyKey === undefined))
      throw invalid(`validators[${index}].isogenyKey: all validators have one, or none has`)
    if (isogenyKey !== undefined && !isBytes(isogenyKey, 83))
      throw invalid(`validators[${index}].isogenyKey must be ${bytesText(83)}`)
    if (vrfKey !== undefined && !isBytes(vrfKey, 32))
      throw invalid(`validators[${index}].vrfKey must be ${bytesText(32)}`)
  }
  checkConsensus(value.consensus ?? {})
  if (!Array.isArray(value.accounts)) throw invalid('accounts must be a list')
  for (const [index, account] of value.accounts.entries()) {
    if (!isBytes(account?.address, 20)) throw invalid(`accounts[${index}].address must be ${bytesText(20)}`)
    if (!isDecimal(account.balance))
      throw invalid(`accounts[${index}].balance must be a whole number of wei, as a text in quotes`)
    if (account.code !== undefined && !isBytes(account.code))
      throw invalid(`accounts[${index}].code must be bytes in lower-case hex with 0x`)
    for (const [slot, word] of Object.entries(account.storage ?? {}))
      if (!isBytes(slot, 32) || !isBytes(word, 32))
        throw invalid(`accounts[${index}].storage[${slot}]: slot and value must be ${bytesText(32)}`)
  }
  if (value.devnet !== undefined && typeof value.devnet !== 'boolean') throw invalid('devnet must be true or false')
  const ibcProblem = value.ibc && ibcSettingsProblem(value.ibc, value.validators)
  if (ibcProblem) throw invalid(ibcProblem)
  if (value.ibc && !value.accounts.some(({ address, code }) => address === IBC_GATEWAY_ADDRESS && code))
    throw invalid('ibc needs its gateway among the accounts')
  return value
}

function checkConsensus(consensus: GenesisConsensus): void {
  if (typeof consensus !== 'object') throw invalid('consensus must be an object')
  const { minSelfBond, minDelegation, committeeSize, minParticipationBps, ...times } = consensus
  if (minSelfBond !== undefined && !isDecimal(minSelfBond))
    throw invalid('consensus.minSelfBond must be a whole number of wei, as a text in quotes')
  if (minDelegation !== undefined && !isDecimal(minDelegation))
    throw invalid('consensus.minDelegation must be a whole number of wei, as a text in quotes')
  if (committeeSize !== undefined && !(isCount(committeeSize) && committeeSize >= 1 && committeeSize <= MAX_COMMITTEE))
    throw invalid(`consensus.committeeSize must be a whole number from 1 to ${MAX_COMMITTEE}`)
  if (minParticipationBps !== undefined && !isShare(minParticipationBps))
    throw invalid('consensus.minParticipationBps must be a whole number from 0 to 10000')
  for (const [name, value] of Object.entries(times))
    if (!CONSENSUS_TIMES.includes(name)) throw invalid(`consensus has no field ${name}`)
    else if (!isCount(value)) throw invalid(`consensus.${name} must be a whole number of milliseconds`)
  const { unbondingMs = DEFAULT_PARAMS.unbondingMs, evidenceWindowMs = DEFAULT_PARAMS.evidenceWindowMs } = times
  if (unbondingMs < evidenceWindowMs) throw invalid('consensus.unbondingMs is below evidenceWindowMs')
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

function bytesText(length: number): string {
  return `${length} bytes in lower-case hex with 0x`
}

function invalid(what: string, cause?: unknown): NodeError {
  return new NodeError(
    'NODE_INVALID_ARGUMENT',
    `the genesis is not usable: ${what}`,
    { what },
    cause ? { cause } : undefined,
  )
}
