import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { type AddressHex, EMPTY_ROOT, type Hash } from '../state/account.ts'

/** An Ethereum block header as of Prague; the fields that proof of work and blobs left behind are constants and are added in the RLP. */
export interface BlockHeader {
  readonly number: number
  readonly parentHash: Hash
  /** Author of the committed leader unit. */
  readonly beneficiary: AddressHex
  readonly stateRoot: Hash
  readonly transactionsRoot: Hash
  readonly receiptsRoot: Hash
  /** 256 bytes. */
  readonly logsBloom: Uint8Array
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  /** Seconds. */
  readonly timestamp: number
  /** The id of the committed leader unit. */
  readonly extraData: Hash
  /** PREVRANDAO of the block. */
  readonly mixHash: Hash
  /** Wei per gas. */
  readonly baseFeePerGas: bigint
  /** The id of the leader unit that made the parent block (EIP-4788). */
  readonly parentBeaconBlockRoot: Hash
  /** In headers that ZOS did not make: what differs from its constants. */
  readonly foreign?: ForeignFields
}

/** What headers of Ethereum hold where those of ZOS are constant. Only imported chains have them (docs/conformance.md). */
export interface ForeignFields {
  /** How many fields the header has: 15 at first, 16 with London, 17 Shanghai, 20 Cancun, 21 Prague. Those beyond have no meaning. */
  readonly fields: 15 | 16 | 17 | 20 | 21
  readonly ommersHash: Hash
  readonly difficulty: bigint
  /** 8 bytes. */
  readonly nonce: Hash
  readonly withdrawalsRoot: Hash
  readonly blobGasUsed: bigint
  readonly excessBlobGas: bigint
  readonly requestsHash: Hash
}

/** Keccak-256 of the RLP of an empty list: what a block without uncles states. */
export const EMPTY_OMMERS_HASH: Hash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
/** SHA-256 of nothing: a block without requests (EIP-7685). */
export const EMPTY_REQUESTS_HASH: Hash = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`
const NOTHING = new Uint8Array()
/** The fields of a header that ZOS made. */
const FIELDS = 21
const CONSTANTS: ForeignFields = {
  fields: FIELDS,
  ommersHash: EMPTY_OMMERS_HASH,
  difficulty: 0n,
  nonce: '0x0000000000000000',
  withdrawalsRoot: EMPTY_ROOT,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  requestsHash: EMPTY_REQUESTS_HASH,
}

/** EIP-1559: the base fee moves by at most an eighth a block, towards half-full blocks. */
export const ELASTICITY = 2n
const BASE_FEE_CHANGE_DENOMINATOR = 8n
/** Wei per gas below which the base fee does not fall, so that a quiet network does not become free to flood. */
export const MIN_BASE_FEE = 7n

/** The fields that ZOS holds constant, as `header` has them. */
export function constantFields(header: BlockHeader): ForeignFields {
  return header.foreign ?? CONSTANTS
}

/** The RLP of `header`; its Keccak-256 is the block's hash. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  const constant = constantFields(header)
  const fields = [
    header.parentHash,
    constant.ommersHash,
    header.beneficiary,
    header.stateRoot,
    header.transactionsRoot,
    header.receiptsRoot,
    header.logsBloom,
    quantity(constant.difficulty),
    quantity(BigInt(header.number)),
    quantity(header.gasLimit),
    quantity(header.gasUsed),
    quantity(BigInt(header.timestamp)),
    header.extraData,
    header.mixHash,
    constant.nonce,
    quantity(header.baseFeePerGas),
    constant.withdrawalsRoot,
    quantity(constant.blobGasUsed),
    quantity(constant.excessBlobGas),
    header.parentBeaconBlockRoot,
    constant.requestsHash,
  ]
  return RLP.encode(fields.slice(0, constant.fields))
}

/** The inverse of {@link encodeHeader}, for bytes that this node stored. */
export function decodeHeader(rlp: Uint8Array): BlockHeader {
  const item = RLP.decode(rlp) as Uint8Array[]
  const hex = (index: number): Hash => (index < item.length ? bytesToHex(item[index]!) : ZERO_HASH)
  const number = (index: number) => (index < item.length ? bytesToBigInt(item[index]!) : 0n)
  const foreign: ForeignFields = {
    fields: item.length as ForeignFields['fields'],
    ommersHash: hex(1),
    difficulty: number(7),
    nonce: hex(14),
    withdrawalsRoot: hex(16),
    blobGasUsed: number(17),
    excessBlobGas: number(18),
    requestsHash: hex(20),
  }
  const isForeign = (Object.keys(CONSTANTS) as (keyof ForeignFields)[]).some((key) => foreign[key] !== CONSTANTS[key])
  return {
    parentHash: hex(0),
    beneficiary: hex(2),
    stateRoot: hex(3),
    transactionsRoot: hex(4),
    receiptsRoot: hex(5),
    logsBloom: item[6]!,
    number: Number(number(8)),
    gasLimit: number(9),
    gasUsed: number(10),
    timestamp: Number(number(11)),
    extraData: hex(12),
    mixHash: hex(13),
    baseFeePerGas: number(15),
    parentBeaconBlockRoot: hex(19),
    ...(isForeign ? { foreign } : {}),
  }
}

export function headerHash(header: BlockHeader): Hash {
  return bytesToHex(keccak256(encodeHeader(header)))
}

/** The base fee of the block after `parent` (EIP-1559). */
export function nextBaseFee(parent: BlockHeader): bigint {
  const target = parent.gasLimit / ELASTICITY
  const base = parent.baseFeePerGas
  if (parent.gasUsed === target) return base
  if (parent.gasUsed > target) {
    const rise = (base * (parent.gasUsed - target)) / target / BASE_FEE_CHANGE_DENOMINATOR
    return base + (rise > 1n ? rise : 1n)
  }
  const fall = (base * (target - parent.gasUsed)) / target / BASE_FEE_CHANGE_DENOMINATOR
  return base - fall > MIN_BASE_FEE ? base - fall : MIN_BASE_FEE
}

function quantity(value: bigint): Uint8Array {
  return value === 0n ? NOTHING : bigIntToUnpaddedBytes(value)
}
