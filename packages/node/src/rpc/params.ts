/** Parses what a client sent into types that cannot be wrong. Every function throws an {@link RpcError} with code −32602. */
import { hexToBytes } from '@ethereumjs/util'
import type { Authorization, UnsignedCall } from '../execution/evm.ts'
import { MAX_TRANSACTION_GAS } from '../execution/gas-limits.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { invalidParams } from './rpc-error.ts'

const DATA = /^0x([0-9a-fA-F]{2})*$/
const QUANTITY = /^0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/
/** As much calldata as a transaction can hold. */
const MAX_DATA_CHARACTERS = 2 * 131_072 + 2
const ZERO_ADDRESS: AddressHex = `0x${'00'.repeat(20)}`

export function dataParam(value: unknown, name: string): Uint8Array {
  if (typeof value !== 'string' || value.length > MAX_DATA_CHARACTERS || !DATA.test(value))
    throw invalidParams(`${name} must be hex data of whole bytes with 0x in front`)
  return hexToBytes(value as `0x${string}`)
}

export function addressParam(value: unknown, name: string): AddressHex {
  return fixedBytes(value, 20, name)
}

export function hashParam(value: unknown, name: string): Hash {
  return fixedBytes(value, 32, name)
}

export function quantityParam(value: unknown, name: string): bigint {
  if (typeof value !== 'string' || !QUANTITY.test(value))
    throw invalidParams(`${name} must be a hex quantity such as 0x1a, without leading zeros`)
  return BigInt(value)
}

/** A storage slot: clients send it as a quantity or as 32 bytes. */
export function slotParam(value: unknown, name: string): Hash {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value))
    throw invalidParams(`${name} must be a storage slot of at most 32 bytes`)
  return `0x${value.slice(2).toLowerCase().padStart(64, '0')}`
}

export type BlockParam = number | 'latest' | 'earliest' | 'pending' | 'safe' | 'finalized' | { hash: Hash }

/** A block number, a tag, a hash, or EIP-1898's `{ blockNumber }` and `{ blockHash }`. Nothing means `latest`. */
export function blockParam(value: unknown, name = 'block'): BlockParam {
  if (value === undefined || value === null) return 'latest'
  if (value === 'latest' || value === 'earliest' || value === 'pending' || value === 'safe' || value === 'finalized')
    return value
  if (typeof value === 'object') {
    const { blockHash, blockNumber } = value as { blockHash?: unknown; blockNumber?: unknown }
    if (blockHash !== undefined) return { hash: hashParam(blockHash, `${name}.blockHash`) }
    return blockParam(blockNumber, name)
  }
  if (typeof value === 'string' && value.length === 66) return { hash: hashParam(value, name) }
  const number = quantityParam(value, name)
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw invalidParams(`${name} is not a block number`)
  return Number(number)
}

/** Entries of an access list, and authorizations, of one call: what a transaction may hold. */
const MAX_LIST = 4_096

/** The transaction object of `eth_call` and `eth_estimateGas`. */
export function callParam(value: unknown): UnsignedCall {
  const {
    from,
    to,
    gas = MAX_TRANSACTION_GAS,
    value: wei,
    data,
    accessList,
    authorizationList,
    fees,
  } = callFields(value)
  return {
    from,
    to,
    gasLimit: gas > MAX_TRANSACTION_GAS ? MAX_TRANSACTION_GAS : gas,
    value: wei,
    data,
    ...(accessList ? { accessList } : {}),
    ...(authorizationList ? { authorizationList } : {}),
    ...(fees && (fees.maxFeePerGas > 0n || fees.maxPriorityFeePerGas > 0n) ? { fees } : {}),
  }
}

/** A transaction object as it stands. `fees` is undefined when it names none; `gasPrice` says that it named that. */
export interface CallFields extends Omit<UnsignedCall, 'gasLimit'> {
  gas?: bigint
  nonce?: bigint
  gasPrice?: bigint
}

export function callFields(value: unknown): CallFields {
  if (typeof value !== 'object' || value === null) throw invalidParams('the transaction must be an object')
  const call = value as Record<string, unknown>
  const given = (name: string) => (call[name] === null ? undefined : call[name])
  const amount = (name: string) => (given(name) === undefined ? undefined : quantityParam(call[name], name))
  if (given('blobVersionedHashes') !== undefined) throw invalidParams('this chain has no transactions with blobs')
  const [gasPrice, maxFee, maxTip] = [amount('gasPrice'), amount('maxFeePerGas'), amount('maxPriorityFeePerGas')]
  if (gasPrice !== undefined && (maxFee !== undefined || maxTip !== undefined))
    throw invalidParams('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified')
  const hasFees = gasPrice !== undefined || maxFee !== undefined || maxTip !== undefined
  const fees = { maxFeePerGas: gasPrice ?? maxFee ?? 0n, maxPriorityFeePerGas: gasPrice ?? maxTip ?? 0n }
  if (fees.maxPriorityFeePerGas > fees.maxFeePerGas && maxFee !== undefined)
    throw invalidParams('maxFeePerGas must not be below maxPriorityFeePerGas')
  const input = given('input') ?? given('data')
  const [gas, nonce] = [amount('gas'), amount('nonce')]
  return {
    from: given('from') === undefined ? ZERO_ADDRESS : addressParam(call.from, 'from'),
    to: given('to') === undefined ? undefined : addressParam(call.to, 'to'),
    value: amount('value') ?? 0n,
    data: input === undefined ? new Uint8Array() : dataParam(input, 'input'),
    ...(gas === undefined ? {} : { gas }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(gasPrice === undefined ? {} : { gasPrice }),
    ...(hasFees ? { fees } : {}),
    ...(given('accessList') === undefined
      ? {}
      : { accessList: listParam(call.accessList, 'accessList', accessListEntry) }),
    ...(given('authorizationList') === undefined
      ? {}
      : { authorizationList: listParam(call.authorizationList, 'authorizationList', authorization) }),
  }
}

function listParam<T>(value: unknown, name: string, parse: (entry: unknown) => T): T[] {
  if (!Array.isArray(value) || value.length > MAX_LIST)
    throw invalidParams(`${name} must be a list of at most ${MAX_LIST}`)
  return value.map(parse)
}

function authorization(value: unknown): Authorization {
  const item = (value ?? {}) as Record<string, unknown>
  const amount = (name: string): `0x${string}` => `0x${quantityParam(item[name], name).toString(16)}`
  return {
    chainId: amount('chainId'),
    address: addressParam(item.address, 'authorizationList.address'),
    nonce: amount('nonce'),
    yParity: amount('yParity'),
    r: amount('r'),
    s: amount('s'),
  }
}

export interface LogFilter {
  fromBlock: BlockParam
  toBlock: BlockParam
  blockHash: Hash | undefined
  /** Any of these; none means all. */
  addresses: AddressHex[]
  /** Position by position, any of the list; an empty list matches everything. */
  topics: Hash[][]
}

const MAX_FILTER_ADDRESSES = 1_000
const MAX_FILTER_TOPICS = 4
/** Of one position: filters that are polled stay, and every log is held against them. */
const MAX_FILTER_CHOICES = 1_000

export function logFilterParam(value: unknown): LogFilter {
  if (typeof value !== 'object' || value === null) throw invalidParams('the filter must be an object')
  const { address, topics, fromBlock, toBlock, blockHash } = value as Record<string, unknown>
  if (blockHash !== undefined && (fromBlock !== undefined || toBlock !== undefined))
    throw invalidParams('a filter has either blockHash or fromBlock/toBlock')
  const addresses = address === undefined || address === null ? [] : Array.isArray(address) ? address : [address]
  if (addresses.length > MAX_FILTER_ADDRESSES)
    throw invalidParams(`a filter has at most ${MAX_FILTER_ADDRESSES} addresses`)
  if (topics !== undefined && topics !== null && (!Array.isArray(topics) || topics.length > MAX_FILTER_TOPICS))
    throw invalidParams(`topics must be a list of at most ${MAX_FILTER_TOPICS}`)
  return {
    fromBlock: blockParam(fromBlock, 'fromBlock'),
    toBlock: blockParam(toBlock, 'toBlock'),
    blockHash: blockHash === undefined ? undefined : hashParam(blockHash, 'blockHash'),
    addresses: addresses.map((one) => addressParam(one, 'address')),
    topics: ((topics ?? []) as unknown[]).map(topicChoices),
  }
}

function topicChoices(choice: unknown): Hash[] {
  if (choice === null) return []
  const choices: unknown[] = Array.isArray(choice) ? choice : [choice]
  if (choices.length > MAX_FILTER_CHOICES)
    throw invalidParams(`a position has at most ${MAX_FILTER_CHOICES} topics to choose from`)
  return choices.map((topic) => hashParam(topic, 'topic'))
}

function accessListEntry(value: unknown): { address: AddressHex; storageKeys: Hash[] } {
  const { address, storageKeys } = (value ?? {}) as Record<string, unknown>
  if (!Array.isArray(storageKeys)) throw invalidParams('accessList entries have storageKeys')
  return {
    address: addressParam(address, 'accessList.address'),
    storageKeys: storageKeys.map((key) => hashParam(key, 'storageKey')),
  }
}

function fixedBytes(value: unknown, length: number, name: string): `0x${string}` {
  if (typeof value !== 'string' || value.length !== 2 + 2 * length || !DATA.test(value))
    throw invalidParams(`${name} must be ${length} bytes of hex with 0x in front`)
  return value.toLowerCase() as `0x${string}`
}
