/**
 * The port for contracts that the node itself executes: at a fixed address, called like any contract, journaled with the EVM's state. See
 * docs/native-contracts.md.
 */
import type { AddressHex, Hash } from '../state/account.ts'
import type { GasMeter } from './gas-meter.ts'
import type { NativeStorage } from './native-storage.ts'

/** A contract made of TypeScript. Its behaviour must be a pure function of the call and the state: every node executes it. */
export interface NativeContract {
  /** Lower-case. Never reused for another contract. */
  readonly address: AddressHex
  /** For messages and traces. */
  readonly name: string
  /**
   * Gas that a call which writes may take more in a later block, for what the protocol itself has written meanwhile. `eth_estimateGas` adds it.
   * Default: 0.
   */
  readonly driftGas?: bigint
  /**
   * Runs one message call and returns its output. Throwing {@link NativeRevert} reverts, as does running out of `call.gas`; either undoes
   * every write, transfer and log of the call and of all that it invoked. Anything else that is thrown is a fault of the contract
   * and costs all gas of the call; a `NodeError` stops the node.
   */
  call(call: NativeCall): Uint8Array | Promise<Uint8Array>
}

/** What the contract sees of the block around the call. */
export interface NativeBlock {
  readonly number: number
  /** Seconds. */
  readonly timestamp: number
}

/** One message call to a native contract. Everything that it does through here is charged and journaled. */
export interface NativeCall {
  readonly sender: AddressHex
  /** Wei; in the contract's account already. */
  readonly value: bigint
  readonly data: Uint8Array
  /** True inside a STATICCALL: writing throws. */
  readonly isStatic: boolean
  readonly block: NativeBlock
  readonly gas: GasMeter
  /** The contract's own storage. */
  readonly storage: NativeStorage
  /** The same storage without a price, for work whose size others decide: charge a flat one for it. */
  readonly unmeteredStorage: NativeStorage
  /** Wei in an account. */
  balanceOf(address: AddressHex): bigint
  /** Moves wei out of the contract's account. Runs no code of the receiver, so there is no reentrancy here. */
  transfer(to: AddressHex, amount: bigint): void
  /** Takes wei of the contract's account out of existence. */
  burn(amount: bigint): void
  /** Emits a log under the contract's address. */
  log(topics: readonly Hash[], data: Uint8Array): void
  /** Calls a contract, or creates one without `to`, as the native contract. The callee may call back: write what must stand first. */
  invoke(call: NativeInvocation): Promise<NativeInvocationResult>
}

/** A call that a native contract makes. */
export interface NativeInvocation {
  readonly to?: AddressHex
  readonly value?: bigint
  readonly data: Uint8Array
  /** Gas for the callee; at most 63/64 of what is left, which is the default. */
  readonly gas?: bigint
}

/** A failed invocation has changed nothing but the gas. */
export interface NativeInvocationResult {
  readonly succeeded: boolean
  /** Output, or the data of the revert. */
  readonly output: Uint8Array
  readonly contractAddress: AddressHex | undefined
}

/** Ends a call without effect. `output` is what the caller gets as revert data. */
export class NativeRevert extends Error {
  override readonly name = 'NativeRevert'
  readonly output: Uint8Array

  constructor(output: Uint8Array) {
    super('a native contract reverted')
    this.output = output
  }
}
