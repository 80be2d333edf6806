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
}

/** Keccak-256 of the RLP of an empty list: what a block without uncles states. */
export const EMPTY_OMMERS_HASH: Hash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
/** SHA-256 of nothing: a block without requests (EIP-7685). */
export const EMPTY_REQUESTS_HASH: Hash = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`
const ZERO_NONCE = new Uint8Array(8)
const NOTHING = new Uint8Array()

/** EIP-1559: the base fee moves by at most an eighth a block, towards half-full blocks. */
const ELASTICITY = 2n
const BASE_FEE_CHANGE_DENOMINATOR = 8n
/** Wei per gas below which the base fee does not fall, so that a quiet network does not become free to flood. */
export const MIN_BASE_FEE = 7n

/** The RLP of `header`; its Keccak-256 is the block's hash. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  return RLP.encode([
    header.parentHash,
    EMPTY_OMMERS_HASH,
    header.beneficiary,
    header.stateRoot,
    header.transactionsRoot,
    header.receiptsRoot,
    header.logsBloom,
    NOTHING, // difficulty
    quantity(BigInt(header.number)),
    quantity(header.gasLimit),
    quantity(header.gasUsed),
    quantity(BigInt(header.timestamp)),
    header.extraData,
    header.mixHash,
    ZERO_NONCE,
    quantity(header.baseFeePerGas),
    EMPTY_ROOT, // withdrawals
    NOTHING, // blob gas used
    NOTHING, // excess blob gas
    header.parentBeaconBlockRoot,
    EMPTY_REQUESTS_HASH,
  ])
}

/** The inverse of {@link encodeHeader}, for bytes that this node stored. */
export function decodeHeader(rlp: Uint8Array): BlockHeader {
  const item = RLP.decode(rlp) as Uint8Array[]
  const hex = (index: number) => bytesToHex(item[index]!)
  const number = (index: number) => bytesToBigInt(item[index]!)
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
