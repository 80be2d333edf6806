import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, hexToBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import type { AddressHex, Hash } from '../state/account.ts'

export interface Log {
  readonly address: AddressHex
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

/** What executing a transaction left, without what its place in the block tells. */
export interface Receipt {
  readonly type: number
  readonly succeeded: boolean
  readonly gasUsed: bigint
  /** Gas of this and all earlier transactions of the block. */
  readonly cumulativeGasUsed: bigint
  /** Wei per gas that the sender paid. */
  readonly effectiveGasPrice: bigint
  readonly logs: readonly Log[]
  /** The contract that the transaction made. */
  readonly contractAddress: AddressHex | undefined
  /** In imported blocks before Byzantium: the state root after the transaction, in the place of its success (EIP-658). */
  readonly stateRoot?: Hash
}

const BLOOM_BYTES = 256
export const EMPTY_BLOOM = new Uint8Array(BLOOM_BYTES)

/** The three bits that stand for `value` in a bloom (Yellow Paper §4.3.1). */
export function bloomBits(value: Uint8Array): number[] {
  const hash = keccak256(value)
  return [0, 2, 4].map((offset) => ((hash[offset]! << 8) | hash[offset + 1]!) & 0x7ff)
}

/** Sets the three bits of `value` in `bloom`. */
export function addToBloom(bloom: Uint8Array, value: Uint8Array): void {
  for (const bit of bloomBits(value)) bloom[BLOOM_BYTES - 1 - (bit >> 3)]! |= 1 << (bit & 7)
}

/** True unless what has the given {@link bloomBits} is certainly in no log of the block. */
export function bloomMayHave(bloom: Uint8Array, bits: readonly number[]): boolean {
  return bits.every((bit) => (bloom[BLOOM_BYTES - 1 - (bit >> 3)]! & (1 << (bit & 7))) !== 0)
}

export function bloomOf(logs: readonly Log[]): Uint8Array {
  if (logs.length === 0) return EMPTY_BLOOM
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const { address, topics } of logs) {
    addToBloom(bloom, hexToBytes(address))
    for (const topic of topics) addToBloom(bloom, hexToBytes(topic))
  }
  return bloom
}

/** The consensus encoding of a receipt (EIP-2718, EIP-658): what the receipts trie holds. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const payload = RLP.encode([
    receipt.stateRoot ?? (receipt.succeeded ? Uint8Array.of(1) : new Uint8Array()),
    bigIntToUnpaddedBytes(receipt.cumulativeGasUsed),
    bloomOf(receipt.logs),
    receipt.logs.map(({ address, topics, data }) => [address, [...topics], data]),
  ])
  if (receipt.type === 0) return payload
  const typed = new Uint8Array(1 + payload.length)
  typed[0] = receipt.type
  typed.set(payload, 1)
  return typed
}
