/** What the EVM is asked, and what comes out. */
import type { AddressHex, Hash } from '../state/account.ts'
import type { Log } from './receipt.ts'

/** A call that nobody signed: `eth_call`, `eth_estimateGas`. */
export interface UnsignedCall {
  from: AddressHex
  to: AddressHex | undefined
  gasLimit: bigint
  value: bigint
  data: Uint8Array
  accessList?: { address: AddressHex; storageKeys: Hash[] }[]
  authorizationList?: Authorization[]
  /** What the caller would pay. Without it the call is free, in a block whose base fee is 0. */
  fees?: { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }
}

/** One signed delegation of an EIP-7702 call. */
export interface Authorization {
  chainId: Quantity
  address: AddressHex
  nonce: Quantity
  yParity: Quantity
  r: Quantity
  s: Quantity
}

export type Quantity = `0x${string}`

export interface EvmOutcome {
  succeeded: boolean
  /** Gas that the sender pays for, after refunds. */
  gasUsed: bigint
  /** Gas that it needed before refunds. */
  peakGas: bigint
  /** Gas that it may take more in a later block, because it called native contracts whose state the protocol changes. */
  driftGas: bigint
  logs: Log[]
  returned: Uint8Array
  contractAddress: AddressHex | undefined
  /** What stopped it, in the EVM's word: `revert`, `out of gas`, … */
  exception: string | undefined
}
