/** The port between the light node and the EVM that it loads for calls: `evm.ts` is the implementation. */
import type { BlockContext } from '../execution/block-context.ts'
import type { AccountState, AddressHex, Hash } from '../state/account.ts'
import type { LightChain } from './chain.ts'

/** An account that was proved, and the slots that were asked for. */
export interface ProvedState {
  readonly account: AccountState
  /** In the order asked; 0 for a slot that is empty. */
  readonly slots: readonly bigint[]
  readonly code: Uint8Array
}

/** Proves pieces of the state after one block. Errors of both: those of the sources. */
export interface StateProver {
  account(address: AddressHex, slots: readonly Hash[]): Promise<ProvedState>
  /** Of a block at or below the one whose state this is; undefined beyond it. */
  blockHash(number: number): Promise<Hash | undefined>
  /**
   * What a source says the call will touch, so that it can be proved at once instead of piece by piece. Never believed: a false list costs time
   * only. Empty where no source tells.
   */
  hint(transaction: unknown): Promise<readonly { readonly address: AddressHex; readonly slots: readonly Hash[] }[]>
}

/** Executes calls on proved state. */
export interface LightEvm {
  /** `eth_call`: the output in hex. Errors: as JSON-RPC has them (3 with data for a revert), `LIGHT_UNAVAILABLE` for a call that touches too much. */
  call(transaction: unknown, block: BlockContext, state: StateProver): Promise<string>
  /** `eth_estimateGas`, as a quantity. Errors: as above. */
  estimateGas(transaction: unknown, block: BlockContext, state: StateProver): Promise<string>
}

/** What the module `@zos/node/light/evm` has. */
export interface LightEvmModule {
  createLightEvm(chain: LightChain): Promise<LightEvm>
}

/** Where the EVM comes from: beside the library's files, from a URL, by a function, or not at all. */
export type EvmSource = boolean | string | (() => Promise<LightEvmModule>)
