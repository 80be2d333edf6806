import { createBlock } from '@ethereumjs/block'
import { type Common, createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { type EVMMockBlockchainInterface, type EVMResult, type Message, NobleBN254 } from '@ethereumjs/evm'
import { createTx, createTxFromRLP, type TypedTransaction, type TypedTxData } from '@ethereumjs/tx'
import { Address, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { createVM, runTx, type VM } from '@ethereumjs/vm'
import type { NativeContract } from '../native/native-contract.ts'
import { NativeEvm } from '../native/native-evm.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { StateOverlay } from '../state/overlay.ts'
import { type CallFrame, CallRecorder } from '../trace/call-frame.ts'
import { EthereumState } from './ethereum-state.ts'
import type { BlockHeader } from './header.ts'
import type { Log } from './receipt.ts'

/** What the EVM sees of the block around it. */
export type BlockContext = Pick<
  BlockHeader,
  'number' | 'beneficiary' | 'gasLimit' | 'timestamp' | 'mixHash' | 'baseFeePerGas'
>

/** A call that nobody signed: `eth_call`, `eth_estimateGas`. */
export interface UnsignedCall {
  from: AddressHex
  to: AddressHex | undefined
  gasLimit: bigint
  value: bigint
  data: Uint8Array
  accessList?: { address: AddressHex; storageKeys: Hash[] }[]
}

export interface EvmOutcome {
  succeeded: boolean
  /** Gas that the sender pays for, after refunds. */
  gasUsed: bigint
  logs: Log[]
  returned: Uint8Array
  contractAddress: AddressHex | undefined
  /** What stopped it, in the EVM's word: `revert`, `out of gas`, … */
  exception: string | undefined
}

/** Hash of a recent block, for BLOCKHASH. */
export type BlockHashOf = (number: number) => Hash | undefined

/**
 * Ethereum's EVM, by @ethereumjs, at the rules of Osaka. One at a time: a run takes the state it is given until it resolves, so the
 * executor and the RPC each have their own.
 */
export class Evm {
  readonly #common: Common
  readonly #state: EthereumState
  readonly #evm: NativeEvm
  readonly #vm: VM

  private constructor(common: Common, state: EthereumState, evm: NativeEvm, vm: VM) {
    this.#common = common
    this.#state = state
    this.#evm = evm
    this.#vm = vm
  }

  /** `natives`: the contracts that the node executes itself. */
  static async create(chainId: number, blockHash: BlockHashOf, natives: readonly NativeContract[] = []): Promise<Evm> {
    const common = createCustomCommon({ chainId }, Mainnet, { hardfork: Hardfork.Osaka })
    const state = new EthereumState(
      new StateOverlay({ account: () => undefined, storage: () => new Uint8Array(), code: () => new Uint8Array() }),
    )
    const blockchain: EVMMockBlockchainInterface = {
      getBlock: async (number) => ({ hash: () => hexToBytes(blockHash(number) ?? `0x${'00'.repeat(32)}`) }),
      putBlock: async () => {},
      shallowCopy: () => blockchain,
    }
    const evm = new NativeEvm({ common, stateManager: state, blockchain, bn254: new NobleBN254() }, natives)
    return new Evm(common, state, evm, await createVM({ common, stateManager: state, blockchain, evm }))
  }

  /**
   * Runs the signed transaction `raw` of `sender` with all of Ethereum's accounting, on `overlay`.
   * The caller has checked nonce, balance and fees; what the EVM still refuses (say, intrinsic gas) throws an Error with its reason.
   */
  async transact(
    overlay: StateOverlay,
    context: BlockContext,
    raw: Uint8Array,
    sender: AddressHex,
    impersonated = false,
  ): Promise<EvmOutcome> {
    const tx = createTxFromRLP(raw, { common: this.#common, freeze: false })
    return this.#run(overlay, context, tx, sender, { unsigned: false, impersonated })
  }

  /** Like {@link transact}, and tells the tree of calls. Gas of the outermost is the transaction's. */
  async trace(
    overlay: StateOverlay,
    context: BlockContext,
    raw: Uint8Array,
    sender: AddressHex,
  ): Promise<{ outcome: EvmOutcome; frame: CallFrame }> {
    const tx = createTxFromRLP(raw, { common: this.#common, freeze: false })
    return this.#record(tx.gasLimit, () =>
      this.#run(overlay, context, tx, sender, { unsigned: false, impersonated: false }),
    )
  }

  /** Like {@link call}, and tells the tree of calls. */
  traceCall(
    overlay: StateOverlay,
    context: BlockContext,
    call: UnsignedCall,
  ): Promise<{ outcome: EvmOutcome; frame: CallFrame }> {
    return this.#record(call.gasLimit, () => this.call(overlay, context, call))
  }

  async #record(gas: bigint, run: () => Promise<EvmOutcome>): Promise<{ outcome: EvmOutcome; frame: CallFrame }> {
    const recorder = new CallRecorder()
    const before = (message: Message) => recorder.before(message)
    const after = (result: EVMResult) => recorder.after(result)
    const { events } = this.#evm
    events.on('beforeMessage', before)
    events.on('afterMessage', after)
    try {
      const outcome = await run()
      return { outcome, frame: { ...recorder.root!, gas, gasUsed: outcome.gasUsed } }
    } finally {
      events.off('beforeMessage', before)
      events.off('afterMessage', after)
    }
  }

  /** Runs `call` on `overlay` as if `from` had signed it and could pay for it. */
  async call(overlay: StateOverlay, context: BlockContext, call: UnsignedCall): Promise<EvmOutcome> {
    const data: TypedTxData = {
      type: 2,
      gasLimit: call.gasLimit,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      value: call.value,
      data: call.data,
      ...(call.to ? { to: call.to } : {}),
      ...(call.accessList ? { accessList: call.accessList } : {}),
    }
    const tx = createTx(data, { common: this.#common, freeze: false })
    return this.#run(overlay, { ...context, baseFeePerGas: 0n }, tx, call.from, { unsigned: true, impersonated: true })
  }

  async #run(
    overlay: StateOverlay,
    context: BlockContext,
    tx: TypedTransaction,
    sender: AddressHex,
    { unsigned, impersonated }: { unsigned: boolean; impersonated: boolean },
  ): Promise<EvmOutcome> {
    this.#state.use(overlay, impersonated ? sender : undefined)
    this.#evm.enter(context)
    const from = new Address(hexToBytes(sender))
    tx.getSenderAddress = () => from
    const block = createBlock(
      {
        header: {
          number: context.number,
          coinbase: context.beneficiary,
          gasLimit: context.gasLimit,
          timestamp: context.timestamp,
          mixHash: context.mixHash,
          baseFeePerGas: context.baseFeePerGas,
        },
      },
      { common: this.#common, skipConsensusFormatValidation: true, freeze: false },
    )
    const result = await runTx(this.#vm, {
      tx,
      block,
      skipNonce: unsigned,
      skipBalance: unsigned,
      skipHardForkValidation: true,
      skipBlockGasLimitValidation: true,
    })
    const { exceptionError, returnValue, logs } = result.execResult
    return {
      succeeded: exceptionError === undefined,
      gasUsed: result.totalGasSpent,
      logs: (logs ?? []).map(([address, topics, data]) => ({
        address: bytesToHex(address),
        topics: topics.map((topic) => bytesToHex(topic)),
        data,
      })),
      returned: returnValue,
      contractAddress: result.createdAddress?.toString(),
      exception: exceptionError?.error,
    }
  }
}
